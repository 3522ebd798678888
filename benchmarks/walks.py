"""Three walks through the running bot, counted in steps: `python -m benchmarks.walks`.

Guarantees: a walk begins and ends with a bot that is quiet and owes nobody anything, and nothing is
counted that would have happened without it. Figures are medians of several walks, each in a bot of
its own, after one that warms up; which of two loops comes first is chance, so that hops and
statements differ by one or two from walk to walk. Writes build/walks.json. `--trace N` prints
instead what went to the database on walk N, hop by hop.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks.counting import Counter, Tally
from benchmarks.report import Bench, Value, keep, show
from benchmarks.town import MARKET, Town, town
from cli.logs import set_up_logging

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("bot", "cli", "handlers", "harbor", "pictures", "storage", "transport", "web", "wording")
"""Where the functions stand that are counted."""

BUILD = Path("build")  # on a real disk, as a database is

WALKS = (
    "from the menu to the settings",
    "from Get drop-off code to the code",
    "from the parcel in its locker to the other phone",
)
HOW = "Medians of {}; SQLite, polling. A ROLLBACK ends a read, and is no statement here."

_BOOKING = ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
_UNTIL_THE_WATCHER_LOOKS = 6.0  # seconds; nothing else falls due in them
_WIDTH = 120
_LONG = 100


async def walk(here: Town) -> list[Tally]:
    """All three, one after another: Anna looks at her settings, then sends Ben a parcel."""
    anna, ben = await here.person("Anna"), await here.person("Ben")
    counting = here.counter.counting

    await here.open(anna)
    with counting() as to_the_settings:
        await here.tap(anna, "Settings")

    await here.open(anna)
    for label in _BOOKING:
        await here.tap(anna, label)
    await here.open(ben, await here.reads(anna, r"https://t\.me/\S+\?start=c_[\w-]+"))
    with counting() as to_the_code:
        await here.tap(anna, "Get drop-off code")

    code, before = await here.reads(anna, r"HARBOR://OPEN/[0-9A-F/]+"), await here.rings(ben)
    with counting() as to_the_other_phone:
        await here.put_in(code)
        await here.turn(_UNTIL_THE_WATCHER_LOOKS)
    assert await here.rings(ben) == before + 1, "the other phone has not rung"
    return [to_the_settings, to_the_code, to_the_other_phone]


async def once(place: Path) -> list[Tally]:
    """The walks in a bot of their own; its database lies in `place`."""
    counter = Counter(ROOT, PRODUCT)
    with tempfile.TemporaryDirectory(dir=place, prefix="walks-") as folder:
        async with town(Path(folder), counter) as here:
            return await walk(here)


async def warm(place: Path, times: int) -> list[list[Tally]]:
    """The walks so many times, after one that warms up."""
    await once(place)
    return [await once(place) for _ in range(times)]


def rows(seen: Sequence[Sequence[Tally]]) -> list[dict[str, Value]]:
    """One for each walk."""
    return [_row(name, same) for name, same in zip(WALKS, zip(*seen, strict=True), strict=True)]


def _row(name: str, same: Sequence[Tally]) -> dict[str, Value]:
    def median(of: Callable[[Tally], int]) -> int:
        return statistics.median_low(of(tally) for tally in same)

    return {
        "walk": name,
        "files": median(lambda tally: len(tally.files)),
        "calls": median(lambda tally: tally.calls),
        "hops": median(lambda tally: len(tally.hops)),
        "statements": median(lambda tally: tally.statements),
        "rollbacks": median(lambda tally: tally.rollbacks),
    }


def trace(tally: Tally) -> str:
    """Every hop: its thread, who asked for it, and the beginning of each statement in it."""
    lines: list[str] = []
    for number, hop in enumerate(tally.hops, start=1):
        lines.append(f"{number}. thread {hop.thread}, for {hop.asked_by}")
        lines += [f"    {_short(sql)}" for sql in hop.statements] or ["    (no statement)"]
    if tally.inline:
        lines += ["On the spot:", *(f"    {_short(sql)}" for sql in tally.inline)]
    return "\n".join(lines)


def _short(sql: str) -> str:
    line = " ".join(sql.split())
    return re.sub(r"^select [^(]{20,}? from ", "select … from ", line)[:_LONG]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.walks", description=__doc__)
    numbers = range(1, len(WALKS) + 1)
    parser.add_argument("--trace", type=int, choices=numbers, help="print the SQL of this walk")
    parser.add_argument("--times", type=int, default=3, help="how often each is walked")
    asked = parser.parse_args()
    set_up_logging("warning", None)
    BUILD.mkdir(exist_ok=True)
    if asked.trace:
        [seen] = uvloop.run(warm(BUILD, times=1))
        print(trace(seen[asked.trace - 1]))
        return
    found = rows(uvloop.run(warm(BUILD, asked.times)))
    bench = Bench("Three walks", HOW.format(asked.times), found)
    show(bench, Console(width=None if sys.stdout.isatty() else _WIDTH))
    keep({"walks": bench}, BUILD / "walks.json")


if __name__ == "__main__":
    main()
