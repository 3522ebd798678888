"""One look of the watcher, however many deliveries are live: one Harbor request, and what it costs.

All parcels are in their lockers and nothing has changed, which is what nearly every look finds.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks.harbor import TOWER, StandIn, access, lockers
from benchmarks.loopback import serving_apart
from benchmarks.report import Bench, Value
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, LockerId, PersonId
from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.domain.tower import LockerStatus, Size
from bot.ports.database import Database, Transaction
from bot.ports.lockers import Lockers
from bot.workers.signals import Signals
from bot.workers.watcher import Watcher
from cli.system_clock import SystemClock
from harbor.client import Harbor
from harbor.connection import LIMITS
from harbor.lockers import HarborLockers
from harbor.transport import Transport
from storage import open_database

_AT_ONCE = 500
_TICK = 0.002


@dataclass(frozen=True, slots=True)
class Look:
    """Seconds of wall time and of this process' CPU; the longest that the loop stood still."""

    requests: int
    wall: float
    cpu: float
    stall: float


class Counting(Transport):
    """The client's own transport, which counts."""

    def __init__(self) -> None:
        super().__init__(LIMITS)
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Count, and send."""
        self.requests += 1
        return await super().handle_async_request(request)


async def fill(database: Database, count: int) -> None:
    """So many parcels in their lockers, each in one of its own."""
    at = datetime(2030, 1, 7, tzinfo=UTC)

    def parcel(number: int) -> Delivery:
        return Delivery(
            DeliveryId(f"{number:010d}"),
            sender=PersonId(number),
            tower=TOWER,
            size=Size.SMALL,
            state=State.STORED,
            recipient=PersonId(number + count),
            locker=LockerId(number),
            locker_name="14",
            created_at=at,
            changed_at=at,
            reported_at=at,
        )

    async def some(tx: Transaction, first: int) -> None:
        for number in range(first, min(first + _AT_ONCE, count + 1)):
            await tx.add_delivery(parcel(number))

    for first in range(1, count + 1, _AT_ONCE):
        await database.run(lambda tx, first=first: some(tx, first))  # type: ignore[misc]  # bound now


@asynccontextmanager
async def watching(
    directory: Path, url: str, count: int, transport: Transport
) -> AsyncIterator[Watcher]:
    """A watcher over `count` live deliveries, all of them assigned to us at the Harbor at `url`."""
    async with (
        open_database(f"sqlite:///{directory}/look.db", keys=["a key for benchmarks"]) as database,
        Harbor(access(url), transport=transport) as harbor,
    ):
        await fill(database, count)
        port: Lockers = HarborLockers(harbor)
        yield Watcher(database, port, SystemClock(), Policy(), Signals())


async def look(watcher: Watcher, live: int, transport: Counting) -> Look:
    """One look, which must find `live` deliveries."""
    ticking = asyncio.create_task(_longest_stall())
    await asyncio.sleep(_TICK * 5)
    transport.requests = 0
    wall, cpu = time.perf_counter(), time.process_time()
    found = await watcher.look()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    await asyncio.sleep(_TICK * 5)
    ticking.cancel()
    assert found == live, f"{found} deliveries were looked at, not {live}"
    return Look(transport.requests, wall, cpu, await ticking)


async def _longest_stall() -> float:
    longest, last = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(_TICK)
            longest, last = max(longest, time.perf_counter() - last - _TICK), time.perf_counter()
    except asyncio.CancelledError:
        return longest


async def measure(directory: Path, live: int, times: int) -> dict[str, Value]:
    """One row: medians of so many looks, after one that warms up."""
    occupied = lockers(LockerStatus.OCCUPIED.value, live, first=1)
    transport = Counting()
    with serving_apart(StandIn({"assigned-lockers": occupied})) as url:
        async with watching(directory, url, live, transport) as watcher:
            await look(watcher, live, transport)
            looks = [await look(watcher, live, transport) for _ in range(times)]
    return _row(live, len(occupied), looks)


async def bench(directory: Path, *, live: int = 10_000, times: int = 5) -> Bench:
    """The row; the database lies in `directory`."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="look-") as place:
        row = await measure(Path(place), live, times)
    return Bench("One look of the watcher", f"medians of {times} looks; SQLite", [row])


def _row(live: int, answer: int, looks: Sequence[Look]) -> dict[str, Value]:
    return {
        "live deliveries": live,
        "Harbor requests": max(look.requests for look in looks),
        "answer kB": answer / 1000,
        "wall ms": statistics.median(look.wall for look in looks) * 1e3,
        "CPU ms": statistics.median(look.cpu for look in looks) * 1e3,
        "CPU µs/delivery": statistics.median(look.cpu for look in looks) * 1e6 / live,
        "longest stall ms": statistics.median(look.stall for look in looks) * 1e3,
    }
