"""From the start of the process to the first update handled, with 10,000 parcels in their lockers.

Telegram holds one update ready: somebody has said /start. It is handled when the answer has arrived
there. Beside it aiogram's echo, started likewise, in turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harbor import StandIn, lockers
from benchmarks.look import fill
from benchmarks.loopback import serving
from benchmarks.processes import resident
from benchmarks.report import Bench, Value
from benchmarks.telegram import Account, Telegram
from benchmarks.waiting import until
from bot.domain.tower import LockerStatus
from storage import open_database

# A program that is installed is compiled once, whatever this environment says.
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
_KEY = "a key for benchmarks"
_LATE = 300.0
_UPDATES = itertools.count(1, 1000)
OURS = "from harbor_lockerbot import main; import sys; sys.argv = ['lockerbot', 'run']; main()"
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
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            *(url if each == "URL" else each for each in arguments),
            env={**os.environ, **_COMPILED, **environment, "TELEGRAM_API_URL": url},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await until(lambda: account.waits, seconds=_LATE, every=0.002)
            wall = time.perf_counter() - began
            account.end()
            cpu, memory = _used(process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
    return Start(wall, cpu, memory)


def _used(pid: int) -> tuple[float, float]:
    """Seconds of processor and megabytes resident, as Linux counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK"), resident(pid)


def environment(database: str, harbor: str) -> dict[str, str]:
    """What our bot is started with."""
    return {
        "TELEGRAM_BOT_TOKEN": "1:start",
        "DATABASE_URL": database,
        "LOCKERBOT_SECRET_KEY": _KEY,
        "LOCKERBOT_OPENER": "token",
        "HARBOR_API_URL": harbor,
        "HARBOR_ACCOUNTS_URL": harbor,
        "HARBOR_CLIENT_ID": "bench",
        "HARBOR_CLIENT_SECRET": "bench",
        "PORT": "0",
        "PUBLIC_URL": "",
    }


async def measure(directory: Path, *, live: int, times: int) -> list[dict[str, Value]]:
    """A row for each: medians of so many starts, after one that warms up."""
    harbor = StandIn({"assigned-lockers": lockers(LockerStatus.OCCUPIED.value, live, first=1)})
    database = f"sqlite:///{directory}/start.db"
    async with open_database(database, keys=[_KEY]) as opened:
        await fill(opened, live, 0)
    async with serving(harbor) as at:
        ours = environment(database, at)
        echo = {"TELEGRAM_BOT_TOKEN": "2:start"}
        found: dict[str, list[Start]] = {"lockerbot": [], "aiogram echo": []}
        for _ in range(times + 1):
            found["lockerbot"].append(await once(OURS, (), ours))
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
