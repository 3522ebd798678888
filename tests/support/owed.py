"""An outbox on a database, the chats that it shows cards in, and what is true of each card.

Guarantees: the chats are in memory and fail on demand; time stands still unless a test turns it;
what is marked on the database reaches the outbox as it does in the bot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.domain.card import SCREEN, Card, Lane
from bot.domain.ids import MessageId, PersonId
from bot.domain.message import Message
from bot.ports.database import Database, Transaction
from bot.ports.errors import MessageGone, TryLater
from bot.workers.outbox import Outbox
from bot.workers.signals import Signals
from handlers.telegram import messenger
from sandbox.clock import Clock
from tests.support.databases import listen

ANNA, BEN = PersonId(1), PersonId(2)
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
INSTEAD = Message("can't be shown")


@dataclass
class Chats:
    """Messages by chat and id; `failing` holds what the next calls raise, oldest first."""

    messages: dict[tuple[int, int], str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)
    gate: dict[int, asyncio.Event] = field(default_factory=dict)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    last: int = 0

    async def _called(self, what: str, chat: int) -> None:
        self.calls.append(what)
        self.called.set()
        if chat in self.gate:
            await self.gate[chat].wait()
        if self.failing:
            raise self.failing.pop(0)

    async def send(
        self, chat: PersonId, view: Message, *, silent: bool, lane: Lane = Lane.NEWS
    ) -> MessageId:
        await self._called("send silently" if silent else "send", chat)
        self.last += 1
        self.messages[chat, self.last] = view.html
        return MessageId(self.last)

    async def edit(
        self, chat: PersonId, message: MessageId, view: Message, *, lane: Lane = Lane.NEWS
    ) -> None:
        await self._called("edit", chat)
        if (chat, message) not in self.messages:
            raise MessageGone
        self.messages[chat, message] = view.html

    def digest(self, view: Message) -> str:
        return messenger.digest(view)

    async def remove(
        self, chat: PersonId, message: MessageId, form: str, *, lane: Lane = Lane.TIDYING
    ) -> None:
        await self._called("remove", chat)
        self.messages.pop((chat, message), None)

    def of(self, chat: PersonId) -> list[str]:
        return [text for (owner, _), text in self.messages.items() if owner == chat]


@dataclass
class Truth:
    """What is true now, by subject."""

    views: dict[str, Message | None] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    async def present(self, card: Card) -> tuple[Message | None, bool]:
        view = self.views.get(card.subject)
        if card.subject in self.broken:
            raise RuntimeError("a bug in what it says")
        return view, not card.ring

    async def instead(self, card: Card) -> Message:
        return INSTEAD


@dataclass
class Owed:
    """A bot's outbox on a database, which hears of what is marked there."""

    database: Database
    clock: Clock
    chats: Chats
    truth: Truth
    outbox: Outbox
    signals: Signals

    async def mark(
        self, chat: PersonId = ANNA, subject: str = SCREEN, *, ring: bool = False
    ) -> None:
        now = self.clock.now()
        await self.database.run(lambda tx: tx.mark(chat, subject, now=now, ring=ring))

    async def turn(self) -> None:
        await turned(self.outbox)

    async def pulled(self) -> Outbox:
        """The plug is pulled on the bot, and what it held stays held; another that starts then."""
        self.signals.take_cards()
        again = self.another()
        await again.recover()
        return again

    def another(self, database: Database | None = None) -> Outbox:
        """Another process's outbox, which hears of nothing that is marked here."""
        return Outbox(database or self.database, self.chats, self.truth, self.clock, Signals())

    def watched(self) -> Watched:
        """The outbox at work on a database that is watched, as all of it sees it from now on."""
        watched: Any = Watched(self.database)
        self.outbox._database = self.outbox._showing._database = watched
        return watched

    async def card(self, chat: PersonId = ANNA, subject: str = SCREEN) -> Card:
        card = await self.database.look(lambda tx: tx.card(chat, subject))
        assert card is not None
        return card


def owed_on(database: Database) -> Owed:
    """An outbox on a database where nothing is owed yet; the screen is to say "one"."""
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    signals = Signals()
    listen(database, signals)
    outbox = Outbox(database, chats, truth, clock, signals)
    return Owed(database, clock, chats, truth, outbox, signals)


class Watched:
    """A database whose steps are counted, and fail while it is `broken`."""

    def __init__(self, database: Database) -> None:
        self._database, self.shared = database, database.shared
        self.replicas = database.replicas
        self.runs, self.broken = 0, False

    async def look(self, step: Any, *, one_statement: bool = False) -> Any:
        return await self._database.look(step, one_statement=one_statement)

    async def run(self, step: Any, **asked: bool) -> Any:
        self.runs += 1
        if self.broken:
            raise TryLater("disk full")
        return await self._database.run(step, **asked)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.001)


async def turned(outbox: Outbox) -> None:
    for _ in range(10):
        await outbox.turn()
        await outbox.settle()


async def replaced_by(owed: Owed, message: int) -> None:
    """Anna's screen is sent anew, which is written down, and no more is done."""
    await owed.mark()
    await owed.turn()
    await owed.mark(ring=True)
    [card] = owed.signals.take_cards()
    owed.chats.messages[ANNA, message] = "new"

    async def step(tx: Transaction) -> None:
        await tx.card_shown(card, message=MessageId(message), form="text", digest="new")
        assert card.message is not None
        await tx.take_away(ANNA, card.message, card.form, now=owed.clock.now())

    await owed.database.run(step)
