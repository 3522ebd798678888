"""From the start of the process to the first update handled, with 10,000 parcels in their lockers.

Telegram holds one update ready: somebody has said /start. It is handled when the answer has arrived
there. Beside it aiogram's echo, started likewise, in turns.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harbor import StandIn, lockers
from benchmarks.look import fill
from benchmarks.loopback import serving
from benchmarks.processes import INSTALLED, program, resident, used
from benchmarks.report import Bench, Value
from benchmarks.settings import KEY, environment_for
from benchmarks.telegram import Account, Telegram
from benchmarks.waiting import until
from bot.domain.tower import LockerStatus
from storage import open_database

_LATE = 300.0
_UPDATES = itertools.count(1, 1000)
_ECHO = """
import asyncio, sys, uvloop
from pathlib import Path
from benchmarks.bots import aiogram_echo
uvloop.run(aiogram_echo(sys.argv[1], sys.argv[2], Path()))
"""


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds until the first answer, of them on a processor; megabytes resident then."""

    wall: float
    cpu: float
    memory: float


async def once(code: str, arguments: Sequence[str], environment: dict[str, str]) -> Start:
    """Start such a Python between a Telegram that has an update ready, and see it answered."""
    telegram, account = Telegram(), Account(1, first=next(_UPDATES))  # never one that is known
    token = environment["TELEGRAM_BOT_TOKEN"]
    telegram.accounts[token] = account
    async with serving(telegram) as url:
        account.begin(1)
        began = time.perf_counter()
        words = [url if each == "URL" else each for each in arguments]
        given = {**environment, "TELEGRAM_API_URL": url}
        async with program(code, words, given) as process:
            await until(lambda: account.waits, seconds=_LATE, every=0.002)
            wall = time.perf_counter() - began
            account.end()
            return Start(wall, used(process), resident(process))


async def measure(directory: Path, *, live: int, times: int) -> list[dict[str, Value]]:
    """A row for each: medians of so many starts, after one that warms up."""
    harbor = StandIn({"assigned-lockers": lockers(LockerStatus.OCCUPIED.value, live, first=1)})
    database = f"sqlite:///{directory}/start.db"
    async with open_database(database, keys=[KEY]) as opened:
        await fill(opened, live, 0)
    async with serving(harbor) as at:
        ours = environment_for("1:start", database, at)
        echo = {"TELEGRAM_BOT_TOKEN": "2:start"}
        found: dict[str, list[Start]] = {"lockerbot": [], "aiogram echo": []}
        for _ in range(times + 1):
            found["lockerbot"].append(await once(INSTALLED, (), ours))
            found["aiogram echo"].append(await once(_ECHO, ("URL", "2:start"), echo))
    return [
        _row(name, live if name == "lockerbot" else 0, each[1:]) for name, each in found.items()
    ]


def _row(name: str, live: int, starts: Sequence[Start]) -> dict[str, Value]:
    return {
        "bot": name,
        "live deliveries": live,
        "first update handled after s": statistics.median(each.wall for each in starts),
        "CPU s": statistics.median(each.cpu for each in starts),
        "resident MB": statistics.median(each.memory for each in starts),
    }


async def bench(directory: Path, *, live: int = 10_000, times: int = 5) -> Bench:
    """The rows; the database lies in `directory`."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="start-") as place:
        rows = await measure(Path(place), live=live, times=times)
    return Bench(
        "Start", f"medians of {times} starts, in turns, after one each that warms up", rows
    )
