"""The bot at 20 taps a second for a long time: what it holds of memory, and how long a tap takes.

Taps come at fixed times, from people who take turns, whether or not the last one was answered.
SOAK_SECONDS says how long; an hour, if nothing does. Its peer is itself at the first point.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bots import CONTESTANTS
from benchmarks.loopback import serving
from benchmarks.processes import at_work
from benchmarks.report import Bench, Value
from benchmarks.telegram import Account, Telegram
from benchmarks.waiting import until

A_SECOND = 20
PEOPLE = 2000
_POINTS = 12


@dataclass(frozen=True, slots=True)
class Point:
    """So many seconds after the beginning: megabytes resident, and the taps since the last."""

    at: float
    memory: float
    waits: Sequence[float]
    lost: int
    cpu: float


async def soak(directory: Path, seconds: float, *, points: int = _POINTS) -> list[Point]:
    """Tap for so long; the curve."""
    telegram, ours = Telegram(), CONTESTANTS[0]
    account = telegram.accounts[ours.token] = Account(PEOPLE)
    found: list[Point] = []
    async with serving(telegram) as url:
        with at_work(ours, url, directory, None) as meter:
            await until(lambda: account.reached, every=0.05)
            began, tapped = time.perf_counter(), 0
            for point in range(1, points + 1):
                account.waits.clear()
                used = await meter.seconds()
                ends = began + seconds * point / points
                while (due := began + tapped / A_SECOND) < ends:
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    account.tap(tapped % PEOPLE)
                    tapped += 1
                memory, used = await meter.megabytes(), await meter.seconds() - used
                at = time.perf_counter() - began
                found.append(Point(at, memory, tuple(account.waits), account.unanswered, used))
    return found


async def bench(directory: Path, *, seconds: float | None = None) -> Bench:
    """A row for each point of the curve."""
    lasting = seconds or float(os.environ.get("SOAK_SECONDS", "3600"))
    with tempfile.TemporaryDirectory(dir=directory, prefix="soak-") as place:
        points = await soak(Path(place), lasting)
    how = f"{A_SECOND} taps a second of {PEOPLE} people in turn, for {lasting:g} s"
    return Bench("Soak", how, [_row(point, points[0]) for point in points])


def _row(point: Point, first: Point) -> dict[str, Value]:
    waits = sorted(point.waits)
    return {
        "after s": round(point.at),
        "resident MB": point.memory,
        "to the first": point.memory / first.memory,
        "taps": len(waits),
        "unanswered": point.lost,
        "p50 ms": statistics.median(waits) * 1e3 if waits else None,
        "p99 ms": waits[int(len(waits) * 0.99)] * 1e3 if waits else None,
        "CPU ms/tap": point.cpu / len(waits) * 1e3 if waits else None,
    }
