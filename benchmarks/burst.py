"""5,000 parcels that come in at once, and 5,000 people who press Start within a minute.

The bot paces itself as its setting says, before a Telegram that refuses whatever is beyond its
limit (429); some people tap meanwhile, with a pause after each answer. Nobody else is at work on
the bot's processor.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bots import Contestant
from benchmarks.harbor import TOWER, StandIn, lockers
from benchmarks.loopback import Exchange, serving
from benchmarks.processes import at_work, pinned, two_cores
from benchmarks.report import Bench, Value
from benchmarks.telegram import Account, Person, Telegram, parameters
from benchmarks.waiting import until

if TYPE_CHECKING:
    from bot.ports.database import Database, Transaction

PARCELS = 5_000
NEWCOMERS = 5_000
_SENDERS, _RECIPIENTS, _STRANGERS = 2_000_000, 3_000_000, 4_000_000
_FILE = "burst.db"
_COUNTED = ("sendMessage", "sendPhoto", "editMessage", "deleteMessage")
_LATER = (
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1",'
    b'"parameters":{"retry_after":1}}'
)
_DONE = b'{"ok":true,"result":true}'
_SENT = (
    b'{"ok":true,"result":{"message_id":%d,"date":1750000000,'
    b'"chat":{"id":%d,"type":"private","first_name":"Ann"}}}'
)
_PORTION = 250
_PAGE = os.sysconf("SC_PAGE_SIZE")


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


FAST = Size(limit=300, setting=290, tapping=8, pause=0.4)
"""With half as much room below the limit as the default leaves below Telegram's."""
TELEGRAMS = Size(limit=30, setting=28, tapping=2, pause=1.0)
"""As Telegram is; the setting is the default."""


@dataclass(slots=True)
class Said:
    """What the bot has said to those who do not tap; `rings` are moments."""

    rings: list[float] = field(default_factory=list)
    rung: set[int] = field(default_factory=set)
    others: int = 0
    refused: int = 0


class Crowd(Account):
    """Some who tap, and many who are told, before a limit."""

    def __init__(self, size: Size) -> None:
        super().__init__(size.tapping)
        self._size = size
        self._recent: deque[float] = deque()
        self._ids = itertools.count(10_000_000)
        self.said = Said()
        self.counted: deque[float] = deque()
        self.greeted: dict[int, float] = {}

    def call(self, method: str, exchange: Exchange) -> None:
        """As a bot's other calls, but within the limit."""
        if not method.startswith(_COUNTED):
            super().call(method, exchange)
            return
        now = time.perf_counter()
        if not self._allowed(now):
            self.said.refused += 1
            exchange.answer(_LATER, b"429 Too Many Requests")
            return
        self.counted.append(now)
        said = parameters(exchange)
        chat = int(said["chat_id"])
        if chat in self._by_id:
            super().call(method, exchange)
        else:
            self._told(method, chat, said, now)
            exchange.answer(
                _DONE if method.startswith("delete") else _SENT % (next(self._ids), chat)
            )

    def _allowed(self, now: float) -> bool:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self._size.limit:
            return False
        self._recent.append(now)
        return True

    def _told(self, method: str, chat: int, said: dict[str, str], now: float) -> None:
        if chat >= _STRANGERS:
            self.greeted.setdefault(chat, now)
        elif method.startswith("send") and said.get("disable_notification") != "true":
            self.said.rings.append(now)
            self.said.rung.add(chat)
        else:
            self.said.others += 1

    def _tap(self, person: Person) -> None:
        tap = partial(super()._tap, person)
        asyncio.get_running_loop().call_later(self._size.pause, tap)

    def start(self, stranger: int) -> None:
        """Somebody new presses Start."""
        super()._tap(Person(_STRANGERS + stranger))


async def paced(url: str, token: str, directory: Path, *, harbor: str, setting: int) -> None:
    """Our bot as it is run, over the database that is there."""
    from benchmarks.settings import settings_for
    from cli.bootstrap import assembled
    from cli.logs import set_up_logging
    from cli.run import spare_the_collector
    from cli.system_clock import SystemClock

    set_up_logging("error", None)
    database = f"sqlite:///{directory}/{_FILE}"
    settings = settings_for(token, url, database, harbor, LOCKERBOT_MESSAGES_A_SECOND=setting)
    async with assembled(settings, SystemClock()) as assembly:
        spare_the_collector()
        await assembly.receiver.poll()


async def fill(directory: Path, parcels: int) -> None:
    """So many parcels that are about to be put in: each with a sender who is shown its code, and a
    recipient who waits for it."""
    from datetime import time as dt_time

    from benchmarks.settings import KEY
    from bot.domain.tower import Hours, Tower
    from storage import open_database

    week = {day: (Hours(dt_time(0), dt_time(23, 59)),) for day in range(7)}
    tower = Tower(TOWER, "Market", "Road 1", "Austin", 30.3, -97.7, "America/Chicago", week)
    async with open_database(f"sqlite:///{directory}/{_FILE}", keys=[KEY]) as database:
        await database.run(lambda tx: tx.save_towers([tower]))
        for first in range(1, parcels + 1, _PORTION):
            some = range(first, min(first + _PORTION, parcels + 1))
            await database.run(partial(_add, some=some))
            await _show_all(database)


async def _add(tx: Transaction, some: Sequence[int]) -> None:
    from bot.domain.card import code_subject, delivery_subject
    from bot.domain.codes import Code, CodeKind
    from bot.domain.delivery import Delivery
    from bot.domain.ids import DeliveryId, LockerId, PersonId
    from bot.domain.lifecycle import State
    from bot.domain.openers import Opener
    from bot.domain.person import Person as Known
    from bot.domain.tower import Size as Locker
    from cli.system_clock import SystemClock

    now = SystemClock().now()
    later = now + timedelta(hours=1)
    for number in some:
        sender, recipient = PersonId(_SENDERS + number), PersonId(_RECIPIENTS + number)
        parcel = DeliveryId(f"{number:010d}")
        await tx.save_person(Known(sender, "Ann"))
        await tx.save_person(Known(recipient, "Ben"))
        await tx.add_delivery(
            Delivery(
                parcel,
                sender=sender,
                tower=TOWER,
                size=Locker.SMALL,
                state=State.RENTED,
                recipient=recipient,
                locker=LockerId(number),
                locker_name="14",
                created_at=now,
                changed_at=now,
                held_until=later,
                code_until=later,
            )
        )
        code = Code(parcel, CodeKind.DROP_OFF, Opener.TOKEN, sender, "HARBOR://OPEN/1", later, True)
        await tx.save_code(code)
        for chat, subject in (
            (sender, delivery_subject(parcel)),
            (sender, code_subject(parcel)),
            (recipient, delivery_subject(parcel)),
        ):
            await tx.mark(chat, subject, now=now)


async def _show_all(database: Database) -> None:
    """As if every card had been shown."""
    from bot.domain.ids import MessageId
    from cli.system_clock import SystemClock

    now = SystemClock().now()

    async def step(tx: Transaction) -> None:
        for card in await tx.lease_cards(now, now, 3 * _PORTION):
            message = MessageId(card.id % 1_000_000_000)
            await tx.card_shown(card, message=message, form="text", digest="", at=now)

    await database.run(step)


@dataclass(slots=True)
class Memory:
    """How much of memory a process takes, in MB: at first, and at the most."""

    process: int
    first: float = 0.0
    most: float = 0.0

    def look(self) -> None:
        """Look now."""
        resident = int(Path(f"/proc/{self.process}/statm").read_text().split()[1]) * _PAGE / 2**20
        self.first = self.first or resident
        self.most = max(self.most, resident)

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Looked at four times a second while the block lasts."""
        self.look()
        looking = asyncio.create_task(self._again())
        try:
            yield
        finally:
            looking.cancel()
            self.look()

    async def _again(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            self.look()


async def measure(
    directory: Path, size: Size, core: int | None = None
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The row of the parcels, and the row of the newcomers."""
    await fill(directory, size.parcels)
    telegram, crowd = Telegram(), Crowd(size)
    harbor = StandIn({"assigned-lockers": lockers("rented", size.parcels, first=1)})
    async with serving(telegram) as url, serving(harbor) as harbor_url:
        bot = partial(paced, harbor=harbor_url, setting=size.setting)
        one = Contestant("lockerbot", "1:tap", bot)
        telegram.accounts[one.token] = crowd
        with at_work(one, url, directory, core), _memory() as memory:
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
    waits = [greeted[who] - at for who, at in enumerate(due, _STRANGERS) if who in greeted]
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


@contextlib.contextmanager
def _memory() -> Iterator[Memory]:
    """Of the bot's process, which is the only one there."""
    [child] = multiprocessing.active_children()
    assert child.pid is not None
    yield Memory(child.pid)


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
