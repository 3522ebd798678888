"""What a prompt is given, and the rows of buttons that all prompts share.

Guarantees: a prompt reads (the draft, the database, Harbor's last readings) and never writes, so it
may be asked again at any time; every screen gets its way back and its way to help from here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from telegram import Update

from bot.domain.delivery import PARTIES, Delivery
from bot.domain.ids import DeliveryId, TowerId
from bot.domain.message import Button, Key, Message, Place, press
from bot.domain.openers import Opener
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.domain.situation import Situation
from bot.domain.tower import Low, Tower, as_place, places
from bot.domain.waiting import Wait
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.usecases.situation import Surroundings, read_situation
from bot.workers.open_requests import OpenRequests
from bot.workers.towers import Towers
from wording.cards.scene import Scene
from wording.language import Words, speak
from wording.sanitize import NAME
from wording.tower_names import SHORT, told_apart

T = TypeVar("T")

PAGE = 6
"""Entries of a list on one screen: with the rows below it, a thumb reaches them all."""

Row = tuple[Button, ...]


class Tap(StrEnum):
    """What the buttons of screens say; they carry no delivery, and count in their own step only."""

    BACK = "prev"
    """To the step before; the argument is the step it was shown in, so that a double tap goes
    back one step and not two."""
    PAGE = "page"
    """To another page of the list."""
    NOTE_ONLY = "full"
    """A button that can only say why it does nothing."""
    RESEND = "resend"
    """Send again: the same tower and size as last time."""
    SHOW = "card"
    """A parcel of a list: its card comes below everything else; carries the delivery."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot itself is doing, as operators see it; `looked_at` is the watcher's last look."""

    harbor: bool
    database: bool
    looked_at: datetime | None
    cards_owed: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What prompts may read beside the draft; shared by all."""

    database: Database
    towers: Towers
    clock: Clock
    policy: Policy
    open_requests: OpenRequests
    health: Callable[[], Awaitable[Health]]
    locale: str = "en"

    def by_link(self, tower: Tower) -> bool:
        """Whether a drop-off that is booked there now is opened by a link."""
        return self.open_requests.openers_at(tower).drop_off is Opener.LINK

    def at_place(self, tower: Tower | None) -> bool:
        """Whether lockers are counted, and waited for, at all of its location."""
        return tower is not None and self.by_link(tower)

    async def waits(self, tower: TowerId, *, at_place: bool) -> list[Wait]:
        """Who waits for a locker there."""
        towers = await self.towers.beside(tower) if at_place else [tower]
        return await self.database.glance(lambda tx: tx.waits_at(towers))

    async def waiting_at(self, wait: Wait) -> Tower:
        """Where that is; one that nobody remembers goes by its id."""
        known = await self.place(wait.tower)
        return known or Surroundings(self.clock.now(), self.policy, {}).tower(wait.tower)

    def places(self, towers: Sequence[Tower]) -> list[Tower]:
        """The towers as they are offered: where Harbor picks the locker, a location is one."""
        linked = {tower.id for tower in towers if self.by_link(tower)}
        return places(towers, linked.__contains__)

    async def place(self, tower: TowerId) -> Tower | None:
        """The tower as it is offered, if it is known."""
        known = await self.towers.one(tower)
        return as_place(known) if known is not None and self.by_link(known) else known


@dataclass(frozen=True, slots=True)
class Screen:
    """One draft about to be shown to its person."""

    draft: Draft
    person: Person
    sight: Sight

    @property
    def words(self) -> Words:
        """The person's language."""
        return speak(self.person.language, self.sight.locale)

    @property
    def answers(self) -> Mapping[str, Any]:
        """What has been answered so far."""
        return self.draft.answers

    @property
    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.sight.clock.now()

    @property
    def operator(self) -> bool:
        """Whether this person looks after what is stuck, at some tower at least."""
        return self.sight.policy.operates(self.person.id)

    def looks_after(self, tower: TowerId | None) -> bool:
        """Whether this person is an operator of `tower`; None: of what is the matter at none."""
        return self.sight.policy.operates_at(self.person.id, tower)

    def view(self, html: str, *rows: Row) -> Message:
        """The question with its buttons, and below them the way back and the way to help."""
        return Message(html, (*(row for row in rows if row), self.way_out()))

    def way_out(self) -> Row:
        """Back one step, and help that returns to this very place."""
        back = Button(back_said(self.words), press(Tap.BACK, self.draft.step))
        return (back, Button(help_said(self.words), press(Place.HELP)))

    def keyed(self, html: str, key: Key) -> Message:
        """The question with a key that asks the phone for something, and the ways out as keys."""
        out = (Key(back_said(self.words)), Key(help_said(self.words)))
        return Message(html, keys=((key,), out))

    def pages(self, page: int, more: bool) -> Row:
        """Earlier and later pages, where there are any."""
        row = [Button("◀", press(Tap.PAGE, page - 1))] if page > 0 else []
        return (*row, Button("▶", press(Tap.PAGE, page + 1))) if more else tuple(row)

    def page_of(self, entries: Sequence[T]) -> tuple[int, Sequence[T], bool]:
        """The page asked for (the last one, if it is beyond), its entries, and if more follow."""
        last = max(0, (len(entries) - 1) // PAGE)
        page = min(max(0, number(self.answers.get("page"))), last)
        return page, entries[page * PAGE : (page + 1) * PAGE], page < last

    async def delivery(self) -> Delivery | None:
        """The delivery that the draft is about, if this person has to do with it."""
        wanted = self.answers.get("delivery")
        if not isinstance(wanted, str):
            return None
        found = await self.sight.database.look(lambda tx: tx.delivery(wanted))  # type: ignore[arg-type]  # DeliveryId out of JSON
        return found if found is not None and self._may_see(found) else None

    def _may_see(self, delivery: Delivery) -> bool:
        """Whoever has handed it on is asked about it no longer than nobody has it."""
        roles = delivery.roles_of(self.person.id)
        return (
            self.looks_after(delivery.tower)
            or bool(roles & PARTIES)
            or bool(roles and delivery.unclaimed)
        )

    async def place_of(self, delivery: Delivery) -> Tower | None:
        """Where its parcel is, or is to be put; None where no tower goes by that id."""
        tower = await self.sight.towers.one(delivery.tower)
        if tower is None:
            return None
        return Surroundings(self.now, self.sight.policy, {tower.id: tower}).place_of(delivery)

    async def called(self, place: Tower | None, most: int = NAME) -> str:
        """What a tower or a place is called, plain, apart from others that read the same; empty
        where there is none."""
        if place is None:
            return ""
        [name] = told_apart([place], (await self.sight.towers.all()).value, most)
        return name

    async def towers_of(
        self, deliveries: Collection[Delivery], most: int = SHORT
    ) -> Mapping[DeliveryId, str]:
        """What is called so where the parcel of each is, or is to be put, told apart; where no
        tower goes by that id, it is not among them."""
        towers = (await self.sight.towers.all()).value
        wanted = {delivery.tower for delivery in deliveries}
        known = {tower.id: tower for tower in towers if tower.id in wanted}
        there = Surroundings(self.now, self.sight.policy, known)
        found = [delivery for delivery in deliveries if delivery.tower in known]
        names = told_apart([there.place_of(delivery) for delivery in found], towers, most)
        return {delivery.id: name for delivery, name in zip(found, names, strict=True)}

    async def scene(self, delivery: Delivery) -> Scene:
        """The delivery with its people and its whole history, as this person may see it."""
        tower = await self.sight.towers.one(delivery.tower)
        towers = {} if tower is None else {tower.id: tower}
        known = Surroundings(self.now, self.sight.policy, towers)

        async def look(tx: Transaction) -> Situation | None:
            reader = self.person.id
            return await read_situation(tx, delivery.id, reader, known, whole_story=True)

        situation = await self.sight.database.look(look)
        assert situation is not None, "deliveries stay, and whoever reads this is here"
        return Scene(situation, self.words)


Prompt = Callable[[Screen], Awaitable[Message]]


def back_said(words: Words) -> str:
    """What the way back is called, on buttons and on keys."""
    return words._("‹ Back")


def low_said(words: Words, low: Low) -> str:
    """What the switch between any door and a low one is called, as it stands."""
    _ = words._
    return {
        Low.ANY: _("◻️ Any door, high or low"),
        Low.RATHER: _("✅ Rather a low door"),
        Low.ONLY: _("✅ Only a low door"),
    }[low]


def help_said(words: Words) -> str:
    """What the way to help is called."""
    return words._("❔ Help")


def changed_said(words: Words) -> str:
    """In answer to whoever was too late."""
    return words._("That has changed in the meantime. Here is how it stands now.")


def words_typed(update: Update) -> str:
    """What was typed, in one line."""
    assert update.effective_message is not None
    return " ".join((update.effective_message.text or "").split())


def number(value: object) -> int:
    """A page number out of a draft or a button; 0 for anything else."""
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 6 else 0
