"""What a step of the conversation is given, and what it can leave behind.

Guarantees: `tx`, `person`, `draft` and `now` belong to the one transaction that is open; whatever a
step leaves (words, cards marked, deliveries saved) takes effect only once that has been committed,
and a step that is taken again starts clean.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from telegram.ext import CallbackContext, ExtBot
from telegram.request import BaseRequest

from bot.domain.card import SCREEN
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.message import Press
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.messenger import Poke
from bot.usecases.actor import Actor
from handlers.conversation.turns import Turns
from handlers.telegram.answers import Answers

Touched = tuple[PersonId, str]
"""A card by its chat and subject."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences that the machinery itself says, each as a function of a language."""

    failed: Callable[[str], str]
    """Something went wrong on our side, nothing was lost, please try again."""
    stale: Callable[[str], str]
    """That button is out of date; this is how things stand."""


@dataclass(slots=True)
class Wiring:
    """What every step may use beside its transaction: the application's `bot_data`.

    `poke_outbox` hears of the cards just marked, `poke_worker` that a delivery was saved.
    """

    database: Database
    clock: Clock
    policy: Policy
    phrases: Phrases
    poke_outbox: Callable[[Collection[Touched]], Any]
    poke_worker: Poke
    locale: str = "en"
    turns: Turns = field(default_factory=Turns)
    answers: Answers = field(default_factory=Answers)
    connections: list[BaseRequest] = field(default_factory=list)


class RecordingTransaction:
    """A transaction that remembers whom a commit concerns, so that nobody has to look for it."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.touched: set[Touched] = set()
        self.deliveries_saved = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def mark(
        self, chat: PersonId, subject: str, *, now: datetime, ring: bool = False
    ) -> None:
        """`Transaction.mark`."""
        self.touched.add((chat, subject))
        await self._tx.mark(chat, subject, now=now, ring=ring)

    async def move_card(self, chat: PersonId, subject: str, to: str, *, now: datetime) -> None:
        """`Transaction.move_card`."""
        self.touched.add((chat, to))
        await self._tx.move_card(chat, subject, to, now=now)

    async def add_delivery(self, delivery: Delivery) -> Delivery:
        """`Transaction.add_delivery`."""
        self.deliveries_saved = True
        return await self._tx.add_delivery(delivery)

    async def save_delivery(self, delivery: Delivery) -> Delivery:
        """`Transaction.save_delivery`."""
        self.deliveries_saved = True
        return await self._tx.save_delivery(delivery)


class Context(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], Wiring]):
    """One update on its way through a step."""

    tx: Transaction
    person: Person
    draft: Draft
    now: datetime
    press: Press | None
    said: str | None
    alert: bool
    screen: bool
    ring: bool

    def begin(self, tx: Transaction, draft: Draft, now: datetime) -> None:
        """A transaction has been opened; whatever an earlier attempt left is forgotten."""
        self._recording = RecordingTransaction(tx)
        self.tx = cast(Transaction, self._recording)
        self.draft, self.now = draft, now
        self.press, self.said, self.alert = None, None, False
        self.screen, self.ring = True, False

    @property
    def wiring(self) -> Wiring:
        """What is shared by all steps."""
        return self.bot_data

    @property
    def act(self) -> Actor:
        """This person, here and now, for the use cases of `bot.deliveries` and `bot.claims`."""
        return Actor(self.tx, self.person.id, self.now, self.wiring.policy)

    @property
    def touched(self) -> frozenset[Touched]:
        """The cards that this step has put out of date."""
        return frozenset(self._recording.touched)

    @property
    def deliveries_saved(self) -> bool:
        """Whether the worker may have something to do."""
        return self._recording.deliveries_saved

    def say(self, text: str, *, alert: bool = False) -> None:
        """One plain sentence: a toast where a button was pressed (`alert`: to be closed by hand),
        else a notice above the present question."""
        self.said, self.alert = text, alert

    def keep_screen(self) -> None:
        """The screen stays as it is: what the step has to show is shown by other cards."""
        self.screen = False

    def ring_screen(self) -> None:
        """Show the screen as a new message below everything else, though a button was pressed."""
        self.ring = True

    async def mark(self, subject: str = SCREEN, *, ring: bool = False) -> None:
        """This person's card about `subject` is out of date."""
        await self.tx.mark(self.person.id, subject, now=self.now, ring=ring)
