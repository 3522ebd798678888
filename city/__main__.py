"""`python -m city --days 7 --parcels 10000 --seed 1` (`make city`): a page, and exit code 1 for any
parcel that is not accounted for.

What doesn't fit into `--minutes` of the machine's time is left out, and said.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.report import machine
from city.drawing import Value, page, plot
from city.plan import HOUR, drawn
from city.run import Days
from city.world import world

BUILD = Path("build")
_ALLOWED = 28 * 3600
"""Calls that Telegram takes in an hour, at the setting's default."""
_KEPT = 20
_COMPARED = (
    *("at", "parcels", "seconds it took", "rings", "not accounted for", "calls a parcel"),
    *("ring after Harbor knew, median s", "most doors in use", "database MB"),
)


async def lived(
    days: int, parcels: int, seed: int, seconds: float, place: Path
) -> tuple[Days, Any]:
    """The run, and the world as it was at its end."""
    plan = drawn(days, parcels, seed)
    with tempfile.TemporaryDirectory(dir=place, prefix="city-") as folder:
        async with world(Path(folder), plan.towers, seed) as it:
            run = Days(it, plan, Path(folder), time.monotonic() + seconds)
            await run.all_of_it()
    return run, it


def figures(run: Days, it: Any) -> dict[str, Value]:
    """What is compared from run to run."""
    known = [x.rung - x.synced for x in run.lives if x.rung is not None and x.synced is not None]
    whole = [x.rung - x.put_in for x in run.lives if x.rung is not None and x.put_in is not None]
    share = max((count / _ALLOWED for count in it.calls.values()), default=0.0)
    last = run.samples[-1]
    return {
        "parcels": len(run.plan.parcels),
        "days of the city": round(it.now / HOUR / 24, 1),
        "seconds it took": last.spent,
        "towers": run.plan.towers,
        "people": len(
            {x.parcel.sender for x in run.lives} | {x.parcel.recipient for x in run.lives}
        ),
        "complete": "yes" if run.complete else "no: the machine's time was over",
        **dict(sorted(run.ended.items())),
        **{f"left off, {why}": count for why, count in sorted(run.left_off.items())},
        "rings": len(whole),
        "ring after Harbor knew, median s": _cut(known, 50),
        "ring after Harbor knew, 99 of 100 within s": _cut(known, 99),
        "ring after Harbor knew, longest s": max(known, default=None),
        "ring after the door closed, median s": _cut(whole, 50),
        "calls to Telegram": sum(it.calls.values()),
        "calls a parcel": sum(it.calls.values()) / max(1, len(whole)),
        "busiest hour, share of Telegram's budget": share,
        "most doors in use": max(sample.doors for sample in run.samples),
        "database MB": last.database,
        "memory MB (with both sandboxes)": last.memory,
        "not accounted for": len(run.wrong),
    }


def _cut(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def drawn_page(
    run: Days, it: Any, told: dict[str, Value], before: Sequence[dict[str, Value]]
) -> str:
    """The page; `before`: the figures of earlier runs."""
    late = [(x.put_in / HOUR, x.rung - x.put_in) for x in run.lives if x.rung and x.put_in]
    plots = [
        plot(
            "Calls to Telegram in each hour, as a share of what it allows",
            [(float(hour), count / _ALLOWED) for hour, count in sorted(it.calls.items())],
            "of 28/s",
        ),
        plot("Doors in use", [(float(x.hour), float(x.doors)) for x in run.samples], "doors"),
        plot("From the closed door to the ring, each parcel", sorted(late), "s"),
        plot("Database", [(float(x.hour), x.database) for x in run.samples], "MB"),
        plot("Memory, with both sandboxes", [(float(x.hour), x.memory) for x in run.samples], "MB"),
        plot("The machine's time", [(float(x.hour), x.spent) for x in run.samples], "s"),
    ]
    runs: list[dict[str, Value]] = [{name: each.get(name) for name in _COMPARED} for each in before]
    return page("A city's days", told, plots, runs, run.wrong)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m city", description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--parcels", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    run, it = uvloop.run(lived(asked.days, asked.parcels, asked.seed, asked.minutes * 60, BUILD))
    told = {**machine(), **figures(run, it)}
    kept = BUILD / "city.json"
    before = json.loads(kept.read_text("utf-8")) if kept.exists() else []
    runs = [*before, told][-_KEPT:]
    kept.write_text(json.dumps(runs, indent=1), "utf-8")
    (BUILD / "city.html").write_text(drawn_page(run, it, told, runs), "utf-8")
    for name, value in told.items():
        print(f"{name}: {value:,.4g}" if isinstance(value, float) else f"{name}: {value}")
    for line in run.wrong[:40]:
        print(f"WRONG: {line}", file=sys.stderr)
    print(f"see {BUILD / 'city.html'}")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
