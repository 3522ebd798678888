"""`python -m benchmarks [name …]`: measures, prints tables, and writes build/bench.json.

Without a name all of `BENCHES` are measured, with `--long` all of `LONG`; a name may be one of
either. What build/bench.json holds of others stays there. `--rounds 1` gives a first impression.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks import (
    booking,
    burst,
    growth,
    harbor_transport,
    look,
    page,
    replicas,
    search,
    soak,
    start,
    storage,
    taps,
)
from benchmarks.report import Bench, keep, machine, show

BUILD = Path("build")  # on a real disk, as a database is; /tmp may well be memory

_WIDTH = 160

Measure = Callable[[Path, int], Awaitable[Bench]]
"""Measures in a folder on the disk, so many rounds."""

BENCHES: Mapping[str, Measure] = {
    "taps": lambda place, rounds: taps.bench(place, rounds=rounds),
    "webhook": lambda place, rounds: taps.bench_hooked(place, rounds=rounds),
    "page": lambda place, rounds: page.bench(place, rounds=rounds),
    "booking": lambda place, rounds: booking.bench(place, rounds=rounds),
    "look": lambda place, rounds: look.bench(place, times=rounds),
    "burst": lambda place, _: burst.bench(place),
    "start": lambda place, rounds: start.bench(place, times=rounds),
    "harbor_transport": lambda _, rounds: harbor_transport.bench(rounds=min(rounds, 3)),
    "replicas": lambda place, _: replicas.bench(place),
    "storage": lambda place, rounds: storage.bench(place, rounds=rounds),
}
"""Of `make bench`: a quarter of an hour at most for all of them."""

LONG: Mapping[str, Measure] = {
    "growth": lambda place, rounds: growth.bench(place, rounds=rounds),
    "search": lambda place, rounds: search.bench(place, rounds=rounds),
    "burst_at_30": lambda place, _: burst.bench(place, burst.TELEGRAMS),
    "soak": lambda place, _: soak.bench(place),
}
"""Of `make bench-long`: each as long as it takes."""

ALL: Mapping[str, Measure] = {**BENCHES, **LONG}


async def measure(names: list[str], rounds: int, place: Path) -> None:
    """One after another, so that none disturbs another; each is shown and kept as soon as it is
    there."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()))
    for name in names:
        began, clock = machine(), time.monotonic()
        found = await ALL[name](place, rounds)
        show(found, console)
        console.print(f"{name} took {time.monotonic() - clock:.0f} s")
        keep({name: found}, place / "bench.json", began)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=" | ".join(ALL))
    parser.add_argument("--long", action="store_true", help="the long ones")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(ALL):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    BUILD.mkdir(exist_ok=True)
    names = asked.names or list(LONG if asked.long else BENCHES)
    uvloop.run(measure(names, asked.rounds, BUILD))


if __name__ == "__main__":
    main()
