"""What a long past costs: the same acts on an empty database and on one of a million parcels.

Two bots are put together in this process, each on its database, and take turns; both have the same
person with a few parcels, who is an operator too. A time is from the update being available to the
answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harbor import TOWER, StandIn, lockers
from benchmarks.loopback import serving
from benchmarks.past import TEMPLATE, copy_past
from benchmarks.report import Bench, Value
from benchmarks.telegram import Account, Telegram
from benchmarks.waiting import until

if TYPE_CHECKING:
    from bot.ports.database import Transaction
    from cli.assembly import Assembly

PARCELS, PEOPLE, UPDATES = 1_000_000, 100_000, 200_000
_LIVE, _OWN = 100, 20
_FILE = "taps.db"
_ME = 1_000_000
_A_DAY = timedelta(days=1)


async def begin(directory: Path) -> Path:
    """A database with what both have: one person's parcels that are over, and some in lockers."""
    from storage import open_database

    path = directory / _FILE
    async with open_database(f"sqlite:///{path}", keys=["a key for benchmarks"]) as database:
        await database.run(_own)
    return path


async def _own(tx: Transaction) -> None:
    from bot.domain.card import delivery_subject
    from bot.domain.delivery import Delivery
    from bot.domain.history import HistoryEntry, HistoryEvent
    from bot.domain.ids import DeliveryId, LockerId, MessageId, PersonId
    from bot.domain.lifecycle import State
    from bot.domain.person import Person
    from bot.domain.tower import Size
    from cli.system_clock import SystemClock

    now = SystemClock().now()
    me, stranger = PersonId(_ME), PersonId(_ME + 1)
    for person in (me, stranger):
        await tx.save_person(Person(person, "Ann"))
    await tx.open_update(0, me, now)
    over = [f"{number:010d}" for number in range(_OWN)]
    assert over[0] == TEMPLATE
    for number, name in enumerate([*over, *(f"zzzz{n:06d}" for n in range(_LIVE))]):
        past = number < _OWN
        sender, recipient = (me, stranger) if past or number < _OWN + 3 else (stranger, None)
        when = now - _A_DAY * 2
        delivery = Delivery(
            DeliveryId(name),
            sender=sender,
            recipient=recipient,
            tower=TOWER,
            size=Size.SMALL,
            state=State.COLLECTED if past else State.STORED,
            locker=LockerId(number + 1),
            locker_name="14",
            created_at=when,
            changed_at=when,
            reported_at=when,
            collected_at=when if past else None,
            collect_until=None if past else now + _A_DAY,
        )
        await tx.add_delivery(delivery)
        for event in (HistoryEvent.REQUESTED, HistoryEvent.DROPPED_OFF, HistoryEvent.COLLECTED):
            by = sender if event is HistoryEvent.REQUESTED else None
            await tx.record(HistoryEntry(delivery.id, when, event, by))
        for chat in (sender, recipient) if past else ():
            assert chat is not None
            await tx.mark(chat, delivery_subject(delivery.id), now=when)
    for card in await tx.lease_cards(now, now, 10_000):
        message = MessageId(card.id % 1_000_000_000)
        await tx.card_shown(card, message=message, form="text", digest="", at=now)


@dataclass(slots=True)
class Side:
    """A bot on one of the databases, and how long each act took."""

    bot: Assembly
    account: Account
    took: dict[str, list[float]] = field(default_factory=dict)

    async def timed(self, what: str, act: Callable[[], Awaitable[object]]) -> None:
        """Take down how long `act` lasts."""
        began = time.perf_counter()
        await act()
        self.took.setdefault(what, []).append(time.perf_counter() - began)

    async def says(self, words: str) -> None:
        """The person says this, and is answered."""
        before = len(self.account.waits)
        self.account.say(words)
        await self._answered(before)

    async def taps(self) -> None:
        """From the menu to the settings and back, a few times."""
        before = len(self.account.waits)
        self.account.begin(1)
        await self._answered(before + 20)
        self.account.end()
        await self._answered(len(self.account.waits) + self.account.unanswered - 1)

    async def _answered(self, before: int) -> None:
        await until(lambda: len(self.account.waits) > before, every=0)

    async def exported(self) -> None:
        """All that is held about the person."""
        from bot.domain.ids import PersonId
        from bot.usecases.export import held_about

        async def step(tx: Transaction) -> object:
            person = await tx.person(PersonId(_ME))
            assert person is not None
            return await held_about(tx, person, self.bot.clock.now())

        await self.bot.database.look(step)


async def acted(side: Side) -> None:
    """Everything once."""
    from bot.workers.retention import Retention

    retention = Retention(side.bot.database, side.bot.clock, side.bot.policy)
    await side.timed("tap, 20 of them", side.taps)
    await side.timed("/parcels", lambda: side.says("/parcels"))
    await side.timed("/ops", lambda: side.says("/ops"))
    await side.says("/start")
    await side.timed("look, 100 live", side.bot.watcher.look)
    await side.timed(f"export, {_OWN + 3} parcels", side.exported)
    await side.timed("retention", retention.turn)


@contextlib.asynccontextmanager
async def side(url: str, token: str, directory: Path, harbor: str) -> AsyncIterator[Side]:
    """The bot on the database in `directory`, which polls."""
    from benchmarks.settings import settings_for
    from cli.bootstrap import assembled
    from cli.system_clock import SystemClock
    from handlers.telegram.rate_limit import RateLimit

    database = f"sqlite:///{directory}/{_FILE}"
    more = {"operator_chat_ids": [_ME], "LOCKERBOT_WATCH_SECONDS": 3600}
    settings = settings_for(token, url, database, harbor, **more)
    clock = SystemClock()
    pace = RateLimit(clock, overall=None, a_chat=None)
    began = time.perf_counter()
    async with assembled(settings, clock, pace=pace) as bot:
        took = time.perf_counter() - began
        polling = asyncio.create_task(bot.receiver.poll())
        account = Account(1)
        yield Side(bot, account, {"start, to the loops": [took]})
        bot.receiver.stop()
        await polling


async def compare(
    directory: Path, *, parcels: int, people: int, updates: int, rounds: int
) -> list[dict[str, Value]]:
    """One row for each act: medians of the rounds, and the median of their ratios."""
    from cli.logs import set_up_logging

    set_up_logging("error", None)
    telegram = Telegram()
    occupied = lockers("occupied", _LIVE, first=_OWN + 1)
    harbor = StandIn({"assigned-lockers": occupied})
    places = {name: directory / name for name in ("empty", "full")}
    for name, place in places.items():
        place.mkdir()
        path = await begin(place)
        if name == "full":
            copy = partial(copy_past, parcels=parcels, people=people, updates=updates)
            await asyncio.to_thread(copy, path)
    starts: dict[str, list[float]] = {name: [] for name in places}
    async with serving(telegram) as url, serving(harbor) as harbor_url:
        for _ in range(rounds):
            for name, place in places.items():
                token = f"{len(telegram.accounts) + 1}:{name}"
                telegram.accounts[token] = Account(1)
                async with side(url, token, place, harbor_url) as one:
                    starts[name] += one.took["start, to the loops"]
        async with contextlib.AsyncExitStack() as stack:
            sides: dict[str, Side] = {}
            for name, place in places.items():
                token = f"{len(telegram.accounts) + 1}:tap-{name}"
                account = telegram.accounts[token] = Account(1)
                one = await stack.enter_async_context(side(url, token, place, harbor_url))
                sides[name] = replace(one, account=account, took={})
                await sides[name].says("/start")
            for _ in range(rounds + 1):
                for each in sides.values():
                    await acted(each)
    took = {name: each.took for name, each in sides.items()}
    for name, times in starts.items():
        took[name]["start, to the loops"] = [0.0, *times]
    return [_row(what, took) for what in took["empty"]]


def _row(what: str, took: Mapping[str, Mapping[str, list[float]]]) -> dict[str, Value]:
    empty, full = took["empty"][what][1:], took["full"][what][1:]  # the first one warms up
    return {
        "act": what,
        "empty ms": statistics.median(empty) * 1e3,
        "full ms": statistics.median(full) * 1e3,
        "full/empty": statistics.median(full) / statistics.median(empty),
    }


async def bench(directory: Path, *, rounds: int = 5) -> Bench:
    """The rows; both databases lie in `directory`."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="growth-") as place:
        rows = await compare(
            Path(place), parcels=PARCELS, people=PEOPLE, updates=UPDATES, rounds=rounds
        )
    return Bench(
        "Growth",
        f"medians of {rounds} turns; {PARCELS:,} past parcels of {PEOPLE:,} people beside none;"
        " SQLite, polling, one person at a time",
        rows,
    )
