"""One look of the watcher, however many deliveries are live: one Harbor request, and what it costs.

The bot is at work as `lockerbot run` assembles it, with an outbox that shows and rings. Nothing has
changed, which is what nearly every look finds; or Harbor says of some lockers that a parcel lies in
them now; or we have saved as many deliveries ourselves. Beside them aiohttp, which gets the same
answer, has it read as JSON, and makes nothing of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.bots import ours
from benchmarks.harbor import TOWER, StandIn, listed
from benchmarks.loopback import Exchange, serving
from benchmarks.report import Bench, Value
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, LockerId, PersonId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.tower import LockerStatus, Size
from cli.system_clock import SystemClock

if TYPE_CHECKING:
    from bot.ports.database import Database, Transaction
    from cli.assembly import Assembly

CHANGED = 500
_AT_ONCE = 500
_TICK = 0.002
_CALM = 0.3
_WHEN_TOLD = {"LOCKERBOT_WATCH_SECONDS": 3600.0}
_DONE = b'{"ok":true,"result":true}'
_SENT = (
    b'{"ok":true,"result":{"message_id":7,"date":1750000000,"chat":{"id":1,"type":"private",'
    b'"first_name":"Ann"},"text":"x"}}'
)


@dataclass(frozen=True, slots=True)
class Look:
    """Seconds: until all was concluded, of this process' processor, and the longest for which the
    loop stood still; from the answer to the first ring's arrival at Telegram, if it rang."""

    requests: int
    wall: float
    cpu: float
    stall: float
    ring: float | None = None


class Counterparties:
    """A Harbor whose list of our lockers can be changed; a Telegram that notes the first ring."""

    def __init__(self) -> None:
        self.harbor = StandIn()
        self.requests = self.sent = 0
        self.answered_at = 0.0
        self.rung_at: float | None = None

    def at_harbor(self, exchange: Exchange) -> None:
        """Answer as Harbor."""
        if exchange.path.partition("?")[0].endswith("assigned-lockers"):
            self.requests += 1
            self.answered_at = time.perf_counter()
        self.harbor(exchange)

    def at_telegram(self, exchange: Exchange) -> None:
        """Answer as Telegram; nobody says anything there, so that a poll is never answered."""
        method = exchange.path.rpartition("/")[2]
        if method == "sendMessage":
            self.sent += 1
            self.rung_at = self.rung_at or time.perf_counter()
        if method == "getMe":
            me = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
            exchange.answer(json.dumps({"ok": True, "result": me}).encode())
        elif method != "getUpdates":
            exchange.answer(_SENT if method in ("sendMessage", "editMessageText") else _DONE)


async def fill(database: Database, count: int, rented: int) -> None:
    """So many deliveries, each with a locker of its own, the first of them `rented` and the others
    with a parcel in it; those who are to hear of one are known."""
    at = SystemClock().now() - timedelta(minutes=1)

    async def one(tx: Transaction, number: int) -> None:
        sender, recipient = PersonId(number), PersonId(number + count)
        if number <= rented:
            await tx.save_person(Person(sender, "Ann"))
            await tx.save_person(Person(recipient, "Ben"))
        await tx.add_delivery(
            Delivery(
                DeliveryId(f"{number:010d}"),
                sender=sender,
                tower=TOWER,
                size=Size.SMALL,
                state=State.RENTED if number <= rented else State.STORED,
                recipient=recipient,
                locker=LockerId(number),
                locker_name="14",
                created_at=at,
                changed_at=at,
                reported_at=at,
            )
        )

    async def some(tx: Transaction, numbers: Iterable[int]) -> None:
        for number in numbers:
            await one(tx, number)

    for first in range(1, count + 1, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count + 1))
        await database.run(lambda tx, numbers=numbers: some(tx, numbers))  # type: ignore[misc]  # bound now


class Ticking:
    """How long the loop stood still at most, while the block lasted."""

    longest = 0.0

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Watch it."""
        self.longest = 0.0
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        while True:
            last = time.perf_counter()
            await asyncio.sleep(_TICK)
            self.longest = max(self.longest, time.perf_counter() - last - _TICK)


async def _measured(work: Callable[[], Awaitable[object]], there: Counterparties) -> Look:
    there.requests, there.rung_at = 0, None
    ticking = Ticking()
    with ticking.watched():
        await asyncio.sleep(_TICK * 5)
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        await asyncio.sleep(_TICK * 5)
    ring = None if there.rung_at is None else there.rung_at - there.answered_at
    return Look(there.requests, wall, cpu, ticking.longest, ring)


async def measure(
    directory: Path, live: int, times: int, changed: int = CHANGED
) -> list[dict[str, Value]]:
    """Three rows and the peer's: medians of so many looks each, after two that warm up."""
    there = Counterparties()
    statuses = {
        number: (LockerStatus.RENTED if number <= times * changed else LockerStatus.OCCUPIED).value
        for number in range(1, live + 1)
    }
    looks: dict[str, list[Look]] = {}
    async with (
        serving(there.at_telegram) as telegram,
        serving(there.at_harbor) as harbor,
        ours(telegram, "1:look", directory, there.at_harbor, **_WHEN_TOLD) as (_, bot),
    ):
        polling = asyncio.create_task(bot.receiver.poll())
        await bot.receiver.introduced.wait()
        await fill(bot.database, live, times * changed)
        there.harbor.answers["assigned-lockers"] = listed(statuses)  # else they would be orphans
        for _ in range(2):
            await _look(bot, live)
        for turn in range(times):
            first = turn * changed + 1
            looks.setdefault("nothing changed", []).append(
                await _measured(lambda: _look(bot, live), there)
            )
            theirs = range(first, first + changed)
            statuses |= dict.fromkeys(theirs, LockerStatus.OCCUPIED.value)
            there.harbor.answers["assigned-lockers"] = listed(statuses)
            looks.setdefault(f"{changed} parcels put in", []).append(
                await _measured(lambda: _look(bot, live), there)
            )
            await _calm(there)
            await _save(bot.database, theirs)
            await _calm(there)
            looks.setdefault(f"{changed} records saved", []).append(
                await _measured(lambda: _look(bot, live), there)
            )
            looks.setdefault("peer: aiohttp, json.loads", []).append(
                await _measured(lambda: _peer(harbor), there)
            )
        bot.receiver.stop()
        await polling
    return [_row(name, live, each) for name, each in looks.items()]


async def _look(bot: Assembly, live: int) -> None:
    found = await bot.watcher.look()
    assert found == live, f"{found} deliveries were looked at, not {live}"


async def _peer(harbor: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{harbor}/api/v1/assigned-lockers") as answer,
    ):
        assert json.loads(await answer.read())


async def _save(database: Database, numbers: Iterable[int]) -> None:
    async def step(tx: Transaction) -> None:
        for number in numbers:
            delivery = await tx.delivery(DeliveryId(f"{number:010d}"))
            assert delivery is not None
            await tx.save_delivery(replace(delivery, door_reports=delivery.door_reports + 1))

    await database.run(step)


async def _calm(there: Counterparties) -> None:
    """Until nothing has been sent for a while."""
    before = -1
    while before != there.sent:
        before = there.sent
        await asyncio.sleep(_CALM)


async def bench(directory: Path, *, live: int = 10_000, times: int = 5) -> Bench:
    """The rows; the database lies in `directory`."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="look-") as place:
        rows = await measure(Path(place), live, times)
    how = (
        f"medians of {times} looks, the kinds taking turns; SQLite; both counterparties in the same"
        " process; first ring: from Harbor's answer to its arrival at Telegram"
    )
    return Bench("One look of the watcher", how, rows)


def _row(name: str, live: int, looks: Sequence[Look]) -> dict[str, Value]:
    rings = [look.ring for look in looks if look.ring is not None]
    return {
        "look": name,
        "live deliveries": live,
        "Harbor requests": max(look.requests for look in looks),
        "wall ms": statistics.median(look.wall for look in looks) * 1e3,
        "CPU ms": statistics.median(look.cpu for look in looks) * 1e3,
        "longest stall ms": statistics.median(look.stall for look in looks) * 1e3,
        "first ring ms": statistics.median(rings) * 1e3 if rings else None,
    }
