"""`lockerbot run` at 20 taps a second for a long time: what it holds of memory, and how long a tap
takes, paced as it is before Telegram.

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

from benchmarks.harbor import StandIn
from benchmarks.loopback import serving
from benchmarks.processes import INSTALLED, program, resident, used
from benchmarks.report import Bench, Value
from benchmarks.settings import environment_for
from benchmarks.telegram import Account, Telegram
from benchmarks.waiting import until

A_SECOND = 20
PEOPLE = 2000
_POINTS = 12
_TOKEN = "1:tap"


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
    telegram, account = Telegram(), Account(PEOPLE)
    telegram.accounts[_TOKEN] = account
    found: list[Point] = []
    async with serving(telegram) as url, serving(StandIn()) as harbor:
        given = environment_for(_TOKEN, f"sqlite:///{directory}/soak.db", harbor)
        async with program(INSTALLED, (), {**given, "TELEGRAM_API_URL": url}) as bot:
            await until(lambda: account.reached, every=0.05)
            began, tapped = time.perf_counter(), 0
            for point in range(1, points + 1):
                account.waits.clear()
                before = used(bot)
                ends = began + seconds * point / points
                while (due := began + tapped / A_SECOND) < ends:
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    account.tap(tapped % PEOPLE)
                    tapped += 1
                at, spent = time.perf_counter() - began, used(bot) - before
                lost = account.unanswered
                found.append(Point(at, resident(bot), tuple(account.waits), lost, spent))
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
