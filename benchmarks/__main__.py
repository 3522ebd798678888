"""`python -m benchmarks [name …]`: measures, prints tables, and writes build/bench.json.

Names are `taps`, `page`, `look`, `harbor_transport`, `search` and `storage`; none means all, which
takes nine minutes or so. `--rounds 1` gives a first impression.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks import harbor_transport, look, page, search, storage, taps
from benchmarks.report import Bench, keep, machine, show

BUILD = Path("build")  # on a real disk, as a database is; /tmp may well be memory

_WIDTH = 120

BENCHES: Mapping[str, Callable[[Path, int], Awaitable[Bench]]] = {
    "taps": lambda place, rounds: taps.bench(place, rounds=rounds),
    "page": lambda place, rounds: page.bench(place, rounds=rounds),
    "look": lambda place, rounds: look.bench(place, times=rounds),
    "harbor_transport": lambda _, rounds: harbor_transport.bench(rounds=min(rounds, 3)),
    "search": lambda place, rounds: search.bench(place, rounds=rounds),
    "storage": lambda place, rounds: storage.bench(place, rounds=rounds),
}


async def measure(names: list[str], rounds: int, place: Path) -> dict[str, Bench]:
    """One after another, so that none disturbs another; each is shown as soon as it is there."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()))
    found: dict[str, Bench] = {}
    for name in names:
        found[name] = await BENCHES[name](place, rounds)
        show(found[name], console)
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=" | ".join(BENCHES))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(BENCHES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    BUILD.mkdir(exist_ok=True)
    names = asked.names or list(BENCHES)
    keep(uvloop.run(measure(names, asked.rounds, BUILD)), BUILD / "bench.json")


if __name__ == "__main__":
    main()
