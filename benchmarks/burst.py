"""5,000 parcels that come in at once, and 5,000 people who press Start within a minute.

The bot paces itself as its setting says, before a Telegram that refuses whatever is beyond its
limit (429); some people tap meanwhile, with a pause after each answer. Nobody else is at work on
the bot's processor.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bots import Contestant
from benchmarks.crowd import STRANGERS, Crowd
from benchmarks.harbor import StandIn, lockers
from benchmarks.loopback import serving
from benchmarks.memory import Memory, memory_of_the_bot
from benchmarks.parcels import fill
from benchmarks.processes import at_work, pinned, two_cores
from benchmarks.report import Bench, Value
from benchmarks.telegram import Telegram
from benchmarks.waiting import until

PARCELS = 5_000
NEWCOMERS = 5_000
_FILE = "burst.db"


@dataclass(frozen=True, slots=True)
class Size:
    """How great a burst: Telegram's limit a second, the bot's setting, how many people tap (and
    what pause each makes), and over how many seconds newcomers come."""

    limit: int
    setting: int
    tapping: int
    pause: float
    parcels: int = PARCELS
    newcomers: int = NEWCOMERS
    within: float = 60.0


FAST = Size(limit=300, setting=297, tapping=8, pause=0.4)
TELEGRAMS = Size(limit=30, setting=28, tapping=2, pause=1.0)
"""As Telegram is; the setting is the default."""


async def paced(url: str, token: str, directory: Path, *, harbor: str, setting: int) -> None:
    """Our bot as it is run, over the database that is there."""
    from benchmarks.settings import settings_for
    from cli.bootstrap import assembled
    from cli.logs import set_up_logging
    from cli.memory import few_arenas, spare_the_collector
    from cli.system_clock import SystemClock

    set_up_logging("error", None)
    few_arenas()
    database = f"sqlite:///{directory}/{_FILE}"
    settings = settings_for(token, url, database, harbor, LOCKERBOT_MESSAGES_A_SECOND=setting)
    async with assembled(settings, SystemClock()) as assembly:
        spare_the_collector()
        await assembly.receiver.poll()


async def measure(
    directory: Path, size: Size, core: int | None = None
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The row of the parcels, and the row of the newcomers."""
    await fill(f"sqlite:///{directory}/{_FILE}", size.parcels)
    telegram = Telegram()
    crowd = Crowd(size.tapping, pause=size.pause, limit=size.limit)
    harbor = StandIn({"assigned-lockers": lockers("rented", size.parcels, first=1)})
    async with serving(telegram) as url, serving(harbor) as harbor_url:
        bot = partial(paced, harbor=harbor_url, setting=size.setting)
        one = Contestant("lockerbot", "1:tap", bot)
        telegram.accounts[one.token] = crowd
        with at_work(one, url, directory, core), memory_of_the_bot() as memory:
            await until(lambda: bool(crowd.calls["getUpdates"]))
            crowd.begin(size.tapping)
            await until(lambda: len(crowd.waits) >= 4 * size.tapping)
            alone, idle = list(crowd.waits), len(crowd.counted)
            crowd.waits.clear()
            async with memory.watched():
                harbor.answers["assigned-lockers"] = lockers("occupied", size.parcels, first=1)
                with contextlib.suppress(TimeoutError):  # the row says how many there were
                    await until(
                        lambda: len(crowd.said.rung) == 2 * size.parcels, seconds=_patience(size)
                    )
            parcels = _row(size, crowd, memory, list(crowd.waits), alone, idle)
            with contextlib.suppress(TimeoutError):
                await until(lambda: _quiet(crowd), seconds=_patience(size))
            crowd.waits.clear()
            newcomers = await _greet(size, crowd, memory)
            crowd.end()
    return parcels, newcomers


def _patience(size: Size) -> float:
    return 120 + 6 * max(size.parcels, size.newcomers) / size.setting


def _quiet(crowd: Crowd) -> bool:
    """Whether all that was to be tidied up has been."""
    untold = crowd.said.others < 3 * len(crowd.said.rung) / 2
    return not untold and time.perf_counter() - crowd.counted[-1] > 0


async def _greet(size: Size, crowd: Crowd, memory: Memory) -> dict[str, Value]:
    """Newcomers at fixed times; each is shown the first screen."""
    refused, due = crowd.said.refused, []
    memory.first = memory.most = 0.0
    async with memory.watched():
        began = time.perf_counter()
        for number in range(size.newcomers):
            due.append(began + number * size.within / size.newcomers)
            await asyncio.sleep(max(0.0, due[-1] - time.perf_counter()))
            crowd.start(number)
        with contextlib.suppress(TimeoutError):
            await until(lambda: len(crowd.greeted) == size.newcomers, seconds=_patience(size))
    ended = time.perf_counter()
    greeted = crowd.greeted
    waits = [greeted[who] - at for who, at in enumerate(due, STRANGERS) if who in greeted]
    return {
        "what": f"{size.newcomers:,} press Start within {size.within:g} s",
        "came": len(waits),
        "limit/s": size.limit,
        "said/s": len(waits) / (ended - began),
        "of the rate": len(waits) / (ended - began) / size.setting,
        "429": crowd.said.refused - refused,
        "last after s": max(waits),
        "tap p50 ms": _cut(crowd.waits, 50),
        "tap p99 ms": _cut(crowd.waits, 99),
        "alone p99 ms": None,
        "memory +MB": memory.most - memory.first,
    }


def _row(
    size: Size,
    crowd: Crowd,
    memory: Memory,
    waits: Sequence[float],
    alone: Sequence[float],
    idle: int,
) -> dict[str, Value]:
    """What the rings were; taps spend the same calls, so the rate is that of both."""
    rings = crowd.said.rings
    took = rings[-1] - rings[0]
    spent = sum(rings[0] <= at <= rings[-1] for at in list(crowd.counted)[idle:])
    answers = sum(1 for _ in waits)
    return {
        "what": f"{size.parcels:,} parcels in, {2 * size.parcels:,} rings",
        "came": len(crowd.said.rung),
        "limit/s": size.limit,
        "said/s": len(rings) / took,
        "of the rate": (len(rings) + min(answers, spent - len(rings))) / took / size.setting,
        "429": crowd.said.refused,
        "last after s": took,
        "tap p50 ms": _cut(waits, 50),
        "tap p99 ms": _cut(waits, 99),
        "alone p99 ms": _cut(alone, 99),
        "memory +MB": memory.most - memory.first,
    }


def _cut(waits: Sequence[float], percent: int) -> float | None:
    if len(waits) < 2:
        return None
    return statistics.quantiles(waits, n=100, method="inclusive")[percent - 1] * 1e3


async def bench(directory: Path, size: Size = FAST) -> Bench:
    """The rows; the database lies in `directory`."""
    mine, theirs = two_cores()
    with tempfile.TemporaryDirectory(dir=directory, prefix="burst-") as place, pinned(mine):
        rows = await measure(Path(place), size, theirs)
    return Bench(
        "A burst",
        f"one run; {size.tapping} people tap meanwhile, {size.pause:g} s after each answer; of the"
        " rate: rings and answers to taps, of what the setting allows; SQLite, polling",
        list(rows),
    )
