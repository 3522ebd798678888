"""Reads what a card or screen may speak of, and decides who sees what.

Guarantees: whoever has no part in a delivery gets neither its claim, its code nor its history into
their situation; nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.actions import roles_of
from bot.domain.closures import Closure, closure_of
from bot.domain.codes import CodeKind
from bot.domain.delivery import PARTIES, Delivery, Role, Turn
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.lifecycle import LIVE, State
from bot.domain.openers import Opener
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.situation import AlertSituation, Links, Situation, waits_beside
from bot.domain.tower import Tower, as_place
from bot.ports.database import Database, Transaction
from bot.ports.deliveries import DeliveryReading

_CODES_IN = frozenset({State.RESERVED, State.RENTED, State.STORED})
_STORIES_OF = frozenset(
    {
        State.STORED,
        State.COLLECTED,
        State.RELEASING,
        State.CANCELLED,
        State.LAPSED,
        State.CLOSED,
    }
)


@dataclass(frozen=True)
class Surroundings:
    """What is known beside the delivery itself. `towers` are all those remembered."""

    now: datetime
    policy: Policy
    towers: Mapping[TowerId, Tower]
    links: Links = field(default_factory=Links)

    def tower(self, tower: TowerId) -> Tower:
        """The tower; one that nobody remembers goes by its id."""
        if (known := self.towers.get(tower)) is not None:
            return known
        return Tower(tower, f"{tower[:4]}…{tower[-4:]}", "", "", None, None, None)

    def waited_at(self, tower: TowerId) -> Tower:
        """Where somebody waits for a locker: where a link opens the door, any tower of the
        location."""
        by_link = self.policy.openers_at(tower).drop_off is Opener.LINK
        return as_place(self.tower(tower)) if by_link else self.tower(tower)

    def place_of(self, delivery: Delivery) -> Tower:
        """Where its parcel is, or is to be put: while Harbor has yet to pick the locker, any tower
        of the location."""
        tower = self.tower(delivery.tower)
        by_link = delivery.opener(CodeKind.DROP_OFF, self.policy) is Opener.LINK
        return as_place(tower) if by_link and delivery.locker is None else tower

    def closure_of(self, delivery: Delivery, closures: Iterable[Closure]) -> Closure | None:
        """Which of them keeps a locker from being booked for it."""
        by_link = delivery.opener(CodeKind.DROP_OFF, self.policy) is Opener.LINK
        tower, towers = self.tower(delivery.tower), self.towers.values()
        return closure_of(tower, towers, closures, at_place=by_link)

    @property
    def zones(self) -> bool:
        """Whether towers stand in several time zones."""
        return len({tower.zone for tower in self.towers.values()}) > 1


async def read_situation(
    tx: Transaction,
    delivery: DeliveryId,
    reader: PersonId,
    known: Surroundings,
    *,
    whole_story: bool = False,
) -> Situation | None:
    """The delivery as `reader` may see it; None where either is gone.

    Its history is read where a card has room for it, with `whole_story` in every state.
    """
    read = await tx.read_delivery(delivery, reader)
    if read is None or read.reader is None:
        return None
    situation = await with_stories(tx, _situation(read, read.reader, known), whole=whole_story)
    if not _wants_locker(situation):
        return situation
    return replace(situation, closure=known.closure_of(situation.delivery, await tx.closures()))


async def read_card(
    database: Database,
    delivery: DeliveryId,
    reader: PersonId,
    known: Surroundings,
    *,
    stories: bool = True,
) -> Situation | None:
    """The situation that `reader`'s card about a delivery shows; None where either is gone.

    Most cards take one statement; what is prepared, and what opens a door in a visit to several,
    one more. What happens between that and the `stories` (history, companions) of a parcel that is
    in its locker puts the card out of date again; so does it where the tower of what is prepared is
    closed or opened.
    """
    read = await database.glance(lambda tx: tx.read_delivery(delivery, reader))
    if read is None or read.reader is None:
        return None
    situation = _situation(read, read.reader, known)
    if _wants_locker(situation):
        closures = await database.glance(lambda tx: tx.closures())
        return replace(situation, closure=known.closure_of(situation.delivery, closures))
    if not stories and situation.delivery.turn is Turn.NOW:
        theirs = await database.glance(lambda tx: tx.deliveries_of(reader, live=True))
        return _told_with(situation, [], theirs)
    if not stories or not _has_stories(situation):
        return situation
    found = situation.delivery
    history = database.glance(lambda tx: tx.history(found.id))
    if not _has_companions(situation):
        return replace(situation, history=await history)
    live = database.glance(lambda tx: tx.deliveries_of(reader, live=True))
    return _told_with(situation, *await asyncio.gather(history, live))


def _situation(read: DeliveryReading, reader: Person, known: Surroundings) -> Situation:
    """What of the reading is for these eyes."""
    delivery = read.delivery
    concerned = _may_know(delivery, reader.id, known.policy)
    claimable = delivery.forwarded_by(reader.id) and delivery.unclaimed and delivery.state in LIVE
    code = read.code if concerned and delivery.state in _CODES_IN else None
    return Situation(
        delivery=delivery,
        reader=reader,
        now=known.now,
        policy=known.policy,
        tower=known.place_of(delivery),
        links=known.links,
        sender=read.sender,
        recipient=read.recipient,
        recipient_told=_told(read, reader),
        claim=read.claim if claimable else None,
        code=code if code is not None and code.holder == reader.id else None,
        elsewhere=known.tower(delivery.elsewhere) if delivery.elsewhere else None,
        zones=known.zones,
        more_prepared=_more_prepared(read, reader),
    )


def _may_know(delivery: Delivery, reader: PersonId, policy: Policy) -> bool:
    """Whether its door and its history are the reader's business."""
    return bool(roles_of(delivery, reader, policy) & (PARTIES | {Role.OPERATOR}))


def _more_prepared(read: DeliveryReading, reader: Person) -> bool:
    this_one = read.delivery.state is State.PREPARED
    return reader.id == read.delivery.sender and read.prepared > this_one


def _told(read: DeliveryReading, reader: Person) -> bool:
    """Said where somebody else's card says so: on the sender's, once the parcel is in."""
    if read.delivery.state is not State.STORED or read.delivery.recipient in (None, reader.id):
        return False
    if read.recipient_card is None:
        return False
    message, ring_owed = read.recipient_card
    return message is not None and not ring_owed


def _wants_locker(situation: Situation) -> bool:
    """Whether the reader has yet to ask for its locker, which its tower may be closed for."""
    return situation.delivery.state is State.PREPARED and situation.sends


def _has_stories(situation: Situation) -> bool:
    concerned = _may_know(situation.delivery, situation.reader.id, situation.policy)
    return concerned and situation.delivery.state in _STORIES_OF


def _has_companions(situation: Situation) -> bool:
    delivery = situation.delivery
    return delivery.state is State.STORED and delivery.collector == situation.reader.id


def _told_with(
    situation: Situation, history: list[HistoryEntry], theirs: list[Delivery]
) -> Situation:
    """The situation with its history and what else of `theirs` waits for its reader there."""
    reader = situation.reader.id
    beside = [each for each in theirs if waits_beside(each, situation.delivery, reader)]
    return replace(situation, history=history, companions=beside)


async def with_stories(tx: Transaction, situation: Situation, *, whole: bool) -> Situation:
    """History and companions, where the card has room for them and the reader may know."""
    delivery, reader = situation.delivery, situation.reader.id
    if not _has_stories(situation) and not (
        whole and _may_know(delivery, reader, situation.policy)
    ):
        return situation
    if not _has_companions(situation):
        return replace(situation, history=await tx.history(delivery.id))
    both = await asyncio.gather(tx.history(delivery.id), tx.deliveries_of(reader, live=True))
    return _told_with(situation, *both)


async def read_alert(
    tx: Transaction, key: str, operator: PersonId, known: Surroundings
) -> AlertSituation | None:
    """The alert with what it is about; None for whoever is no operator where it is the matter."""
    alert = await tx.alert(key)
    if alert is None:
        return None
    delivery = await tx.delivery(alert.delivery) if alert.delivery else None
    tower = delivery.tower if delivery else alert.tower
    if not (known.policy.operates_at(operator, tower) or operator == known.policy.operator_group):
        return None
    return AlertSituation(
        alert=alert,
        now=known.now,
        delivery=delivery,
        tower=known.tower(tower) if tower else None,
        sender=await tx.person(delivery.sender) if delivery else None,
        seen_by=await tx.person(alert.seen_by) if alert.seen_by else None,
        policy=known.policy,
    )
