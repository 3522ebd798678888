"""The one place where what people read (`tests/golden`) is asked of the project.

Whoever moves or renames something in the project mends it here: the imports, and the few functions
below them, each of which says one thing the project can do. The cases and the books know no more of
the project than this module and `tests.support.scenes` tell.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain.alerts import (
    Alert,
    AlertKind,
    Unheard,
    door_left_out,
    door_reported,
    gone_unasked,
    guessed_by_many,
    guessing,
    harbor_away,
    limit_reached,
    no_links,
    nobody_heard,
    not_collected,
    not_saved,
    odd_status,
    orphan,
    problem_reported,
    unheld,
    unreadable,
)
from bot.domain.business import Business
from bot.domain.closures import Closure
from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import Delivery, NoPhoto, RequestKind, Role, Trouble, Turn
from bot.domain.figures import Doors
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import LIVE, Event, State
from bot.domain.limits import Limit
from bot.domain.message import Ask, Button, Key, Message, Plot, Sheet
from bot.domain.openers import Opener, Openers
from bot.domain.person import WRITTEN, WRITTEN_ABOUT, Draft, Person
from bot.domain.policy import Policy
from bot.domain.practice import Stage
from bot.domain.situation import AlertSituation
from bot.domain.tower import Hours, Locker, LockerStatus, Low, Size, Tower
from bot.domain.waiting import PROMISED, Wait, Waiting
from bot.ports.database import Transaction
from bot.ports.errors import TryLater
from bot.workers.open_requests import OpenRequests
from bot.workers.towers import Towers
from handlers.app import questions
from handlers.conversation.dialogue import NOTICE, state_of
from handlers.conversation.questions import Health, Sight
from handlers.conversation.screens import Screens
from handlers.telegram.callback_data import encode, parse
from handlers.telegram.links import links_to
from handlers.telegram.messenger import LONGEST_CAPTION
from sandbox.clock import Clock
from tests.support.databases import opened
from wording import slip
from wording.cards import code as code_message
from wording.cards import group
from wording.cards.alert import _STANDS, alert_card
from wording.cards.concern import Concern
from wording.cards.delivery import delivery_card
from wording.cards.group import group_alert
from wording.cards.photo import photo_card
from wording.cards.recipient import RECIPIENT
from wording.cards.scene import Scene, map_url
from wording.cards.sender import SENDER
from wording.cards.wait import wait_card
from wording.language import LANGUAGES, Words, speak
from wording.sanitize import capital

__all__ = [
    "LANGUAGES",
    "LIVE",
    "NOTICE",
    "PROMISED",
    "WRITTEN",
    "WRITTEN_ABOUT",
    "Alert",
    "AlertKind",
    "AlertSituation",
    "Business",
    "Button",
    "Closure",
    "CodeKind",
    "Concern",
    "Delivery",
    "DeliveryId",
    "Doors",
    "Draft",
    "Event",
    "Health",
    "HistoryEntry",
    "Hours",
    "Key",
    "Limit",
    "Locker",
    "LockerId",
    "LockerStatus",
    "Low",
    "Message",
    "NoPhoto",
    "Opener",
    "Openers",
    "Person",
    "PersonId",
    "Plot",
    "Policy",
    "RequestKind",
    "Role",
    "Scene",
    "Sheet",
    "Size",
    "Stage",
    "State",
    "Tower",
    "TowerId",
    "Town",
    "Trouble",
    "Turn",
    "Unheard",
    "Waiting",
    "alert_card",
    "alert_kinds",
    "asks",
    "capital",
    "card_table",
    "code_card",
    "delivery_card",
    "does",
    "door_left_out",
    "door_reported",
    "gone_unasked",
    "group_alert",
    "group_card",
    "guessed_by_many",
    "guessing",
    "harbor_away",
    "in_language",
    "limit_reached",
    "map_url",
    "no_links",
    "nobody_heard",
    "not_collected",
    "not_saved",
    "odd_status",
    "open_town",
    "orphan",
    "photo_card",
    "place_of",
    "places",
    "problem_reported",
    "slip_card",
    "speak",
    "unheld",
    "unreadable",
    "wait_card",
]

_DRAFTS_ONLY = frozenset({"prev"})
"""Buttons whose argument says where they were shown, which is nothing that anybody reads."""


# -- what there is to be read


def card_table() -> frozenset[tuple[Role, State]]:
    """Every card of a delivery: whose, and of which state."""
    return frozenset(
        {(Role.SENDER, state) for state in SENDER}
        | {(Role.RECIPIENT, state) for state in RECIPIENT}
    )


def alert_kinds() -> frozenset[str]:
    """Every kind of alert that has words of its own."""
    return frozenset(_STANDS)


def places() -> frozenset[str]:
    """Every place of the conversation that has a question: "send/size"."""
    return frozenset(questions())


def place_of(draft: Draft) -> str:
    """Where a draft stands."""
    return state_of(draft)


# -- cards that are told something by the messenger's edge


def code_card(scene: Scene) -> Message | None:
    """The protected message with a code, as Telegram has room for it."""
    return code_message.code_card(scene, LONGEST_CAPTION)


def slip_card(scene: Scene) -> Message | None:
    """The slip, in the scene's language and for a reader of it."""
    return slip.slip_card(scene, scene.words, LONGEST_CAPTION)


def group_card(words: Words, bot: str) -> Message:
    """What a group is told by the bot of this name."""
    return group.group_card(words, links_to(bot).open_with("group"))


# -- what a button does


def does(button: Button) -> tuple[str, str]:
    """How a button works (`press`, `url` or `copy`), and what it says then: for `press`, the verb
    and what it is about; the delivery and its revision are left out."""
    if button.url is not None:
        return "url", button.url
    if button.copy is not None:
        return "copy", button.copy
    pressed = button.press
    assert pressed is not None, button
    assert parse(encode(pressed)) == pressed
    arg = "" if pressed.verb in _DRAFTS_ONLY or pressed.arg is None else f" {pressed.arg}"
    return "press", f"{pressed.verb}{arg}"


def asks(key: Key) -> str | None:
    """What a key asks the phone for; None where it only types its own words."""
    return None if key.ask is Ask.TEXT else key.ask.value


# -- in which language


def in_language(person: Person, language: str) -> Person:
    """The same person, who reads `language`."""
    return replace(person, language=language)


# -- what a conversation is shown


@dataclass(frozen=True, eq=False)
class Town:
    """All that a screen may read beside its draft; `policy` is with the `operators` in it.

    `known` are the towers that the database remembers, `towers` those that Harbor tells of.
    `away` says that Harbor can't be reached; with `away_for`, that it could until so long ago.
    """

    now: datetime
    towers: Sequence[Tower] = ()
    known: Sequence[Tower] | None = None
    lockers: Sequence[Locker] = ()
    away: bool = False
    away_for: timedelta | None = None
    people: Sequence[Person] = ()
    deliveries: Sequence[Delivery] = ()
    history: Sequence[HistoryEntry] = ()
    alerts: Sequence[Alert] = ()
    closures: Sequence[Closure] = ()
    health: Health = field(default_factory=lambda: Health(True, True, None, 0))
    operators: Iterable[PersonId] = ()
    policy: Policy = field(default_factory=Policy)
    codes: Sequence[Code] = ()
    refusals: Sequence[tuple[PersonId, PersonId]] = ()
    waits: Sequence[Wait] = ()
    seen: Sequence[tuple[datetime, TowerId, Doors]] = ()


class _Harbor:
    """Harbor's lists of a town, for as long as it can be reached."""

    def __init__(self, town: Town) -> None:
        self._town, self.away = town, town.away

    async def towers(self) -> list[Tower]:
        self._reach()
        return list(self._town.towers)

    async def lockers(self, tower: TowerId) -> list[Locker]:
        self._reach()
        return [locker for locker in self._town.lockers if locker.tower == tower]

    def unanswered(self) -> Collection[int]:
        return ()

    def _reach(self) -> None:
        if self.away:
            raise TryLater("away")


@contextlib.asynccontextmanager
async def open_town(town: Town) -> AsyncIterator[Screens]:
    """The screens of a town, over a database of its own: `await screens(draft, person)`."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/lockerbot.db"
        async with opened(url) as database:
            await database.run(lambda tx: _fill(tx, town))
            span = town.away_for or timedelta()
            clock, harbor = Clock(town.now - span, stopped=True), _Harbor(town)
            towers = Towers(database, harbor, clock)  # type: ignore[arg-type]  # all it asks for
            await towers.load()
            if town.away_for is not None:
                for tower in (await towers.all()).value:
                    await towers.free(tower.id)
                harbor.away = True
                clock.turn(span.total_seconds())

            async def health() -> Health:
                return town.health

            policy = replace(town.policy, operators=frozenset(town.operators))
            links = OpenRequests(database, clock, policy)
            yield Screens(Sight(database, towers, clock, policy, links, health), questions())


async def _fill(tx: Transaction, town: Town) -> None:
    await tx.save_towers(town.towers if town.known is None else town.known)
    for person in town.people:
        await tx.save_person(person)
    for delivery in town.deliveries:
        await tx.add_delivery(replace(delivery, locker=_a_door_of_its_own(delivery)))
    for code in town.codes:
        await tx.save_code(code)
    for person_id, refused in town.refusals:
        await tx.refuse(person_id, refused, town.now)
    for wait in town.waits:
        await tx.add_wait(wait)
    for moment in town.history:
        await tx.record(moment)
    for alert in town.alerts:
        await tx.raise_alert(alert)
    for closure in town.closures:
        await tx.close(closure)
    for hour, tower, doors in town.seen:
        await tx.note_doors(hour, {tower: doors})


def _a_door_of_its_own(delivery: Delivery) -> LockerId | None:
    """What cards name is the door's label; two live deliveries can't have one locker."""
    return None if delivery.locker is None else LockerId(int(delivery.id, 36))
