"""What a step of the conversation is given, and what it can leave behind.

Guarantees: `tx`, `person`, `draft` and `now` belong to the one transaction that is open; whatever a
step leaves (words, cards marked, deliveries saved) takes effect only once that has been committed,
and a step that is taken again starts clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telegram.ext import CallbackContext, ExtBot
from telegram.request import BaseRequest

from bot.domain.card import SCREEN
from bot.domain.ids import MessageId
from bot.domain.message import Press
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.ports.calls import Calls
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.people import Opening
from bot.usecases.actor import Actor
from bot.usecases.closing import ClosedForBooking
from bot.usecases.limits import OverLimit
from bot.workers.open_requests import OpenRequests
from handlers.conversation.turns import Turns
from handlers.telegram.answers import Answers
from handlers.telegram.unsaved import Unsaved
from wording.language import Words, speak


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences that the machinery itself says, each as a function of a language."""

    failed: Callable[[str], str]
    """Something went wrong on our side, nothing was lost, please try again."""
    stale: Callable[[str], str]
    """That button is out of date; this is how things stand."""
    unsaved: Callable[[str], str]
    """That is not saved yet; please try again in a minute."""
    over_limit: Callable[[str, OverLimit], str]
    """So many are the most; what to do."""
    closed: Callable[[str, ClosedForBooking, Iterable[Tower]], str]
    """Nothing can be booked at that tower, which is told apart from all others; what its operators
    say of it."""


@dataclass(slots=True)
class Wiring:
    """What every step may use beside its transaction: the application's `bot_data`."""

    database: Database
    clock: Clock
    policy: Policy
    open_requests: OpenRequests
    phrases: Phrases
    locale: str = "en"
    turns: Turns = field(default_factory=Turns)
    answers: Answers = field(default_factory=Answers)
    connections: list[BaseRequest] = field(default_factory=list)
    calls: Calls = field(default_factory=Calls)
    """What was asked of Telegram."""
    failed: int = 0
    """How many steps have failed, for a fault of our own."""
    unsaved: Unsaved = field(init=False)

    def __post_init__(self) -> None:
        self.unsaved = Unsaved(self.answers)


class Context(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], Wiring]):
    """One update on its way through a step."""

    tx: Transaction
    person: Person
    draft: Draft
    now: datetime
    screen_message: MessageId | None
    press: Press | None
    said: str | None
    said_until: datetime | None
    alert: bool
    screen: bool
    ring: bool

    def begin(self, tx: Transaction, opening: Opening, now: datetime) -> None:
        """A transaction has been opened; whatever an earlier attempt left is forgotten."""
        self.tx, self.draft, self.now = tx, opening.draft, now
        self.screen_message = opening.screen
        self.press, self.said, self.alert = None, None, False
        self.said_until = None
        self.screen, self.ring = True, False

    @property
    def wiring(self) -> Wiring:
        """What is shared by all steps."""
        return self.bot_data

    @property
    def act(self) -> Actor:
        """This person, here and now, for `bot.usecases`."""
        return Actor(self.tx, self.person.id, self.now, self.wiring.policy)

    @property
    def words(self) -> Words:
        """The voice in which this person is spoken to, as they have it at this moment."""
        return speak(self.person.language, self.wiring.locale)

    def say(self, text: str, *, alert: bool = False, until: datetime | None = None) -> None:
        """One plain sentence: a toast where a button was pressed (`alert`: to be closed by hand),
        else a notice above the present question, with how long it is `until` then."""
        self.said, self.alert, self.said_until = text, alert, until

    async def say_closed(self, closed: ClosedForBooking) -> None:
        """Why nothing can be booked, as an alert."""
        phrase, towers = self.wiring.phrases.closed, await self.tx.towers()
        self.say(phrase(self.person.language, closed, towers), alert=True)

    def keep_screen(self) -> None:
        """The screen stays as it is: what the step has to show is shown by other cards."""
        self.screen = False

    def ring_screen(self) -> None:
        """Show the screen as a new message below everything else, though a button was pressed."""
        self.ring = True

    async def mark(self, subject: str = SCREEN, *, ring: bool = False) -> None:
        """This person's card about `subject` is out of date."""
        await self.tx.mark(self.person.id, subject, now=self.now, ring=ring)
