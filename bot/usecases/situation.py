"""Reads what a card or screen may speak of, and decides who sees what.

Guarantees: whoever has no part in a delivery gets neither its claim, its code nor its history into
their situation; nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.actions import roles_of
from bot.domain.card import delivery_subject
from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.lifecycle import LIVE, State
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.situation import AlertSituation, Links, Situation, waits_beside
from bot.domain.tower import Tower
from bot.ports.database import Transaction

_CODES_IN = frozenset({State.RESERVED, State.RENTED, State.STORED})
_STORIES_OF = frozenset(
    {State.STORED, State.COLLECTED, State.RELEASING, State.CANCELLED, State.CLOSED}
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
        nameless = Tower(tower, f"{tower[:4]}…{tower[-4:]}", "", "", None, None, "UTC")
        return self.towers.get(tower, nameless)

    @property
    def zones(self) -> bool:
        """Whether towers stand in several time zones."""
        return len({tower.zone for tower in self.towers.values()}) > 1


async def read_situation(
    tx: Transaction,
    delivery: Delivery,
    reader: Person,
    known: Surroundings,
    *,
    whole_story: bool = False,
) -> Situation:
    """The delivery as `reader` may see it. Its history is read where a card has room for it, with
    `whole_story` in every state."""
    sender = reader if delivery.sender == reader.id else await tx.person(delivery.sender)
    return Situation(
        delivery=delivery,
        reader=reader,
        now=known.now,
        policy=known.policy,
        tower=known.tower(delivery.tower),
        links=known.links,
        sender=sender,
        recipient=await _recipient(tx, delivery, reader, sender),
        recipient_told=await _recipient_told(tx, delivery, reader),
        claim=await _claim(tx, delivery, reader),
        code=await _code(tx, delivery, reader, known.policy),
        history=await _history(tx, delivery, reader, known.policy, whole_story),
        companions=await _companions(tx, delivery, reader),
        elsewhere=known.tower(delivery.elsewhere) if delivery.elsewhere else None,
        zones=known.zones,
    )


async def read_card(
    tx: Transaction, delivery: DeliveryId, reader: PersonId, known: Surroundings
) -> Situation | None:
    """The situation that `reader`'s card about a delivery shows; None where either is gone."""
    found, person = await tx.delivery(delivery), await tx.person(reader)
    if found is None or person is None:
        return None
    return await read_situation(tx, found, person, known)


async def _recipient(
    tx: Transaction, delivery: Delivery, reader: Person, sender: Person | None
) -> Person | None:
    if delivery.recipient is None:
        return None
    met = {person.id: person for person in (reader, sender) if person is not None}
    return met.get(delivery.recipient) or await tx.person(delivery.recipient)


async def _recipient_told(tx: Transaction, delivery: Delivery, reader: Person) -> bool:
    """Read where somebody else's card says so: on the sender's, once the parcel is in."""
    recipient = delivery.recipient
    if delivery.state is not State.STORED or recipient is None or recipient == reader.id:
        return False
    card = await tx.card(recipient, delivery_subject(delivery.id))
    return card is not None and card.told


async def _claim(tx: Transaction, delivery: Delivery, reader: Person) -> Claim | None:
    forwards = reader.id in (delivery.sender, delivery.handed_over_by)
    if not forwards or delivery.recipient is not None or delivery.state not in LIVE:
        return None
    return await tx.claim(delivery.id)


async def _code(tx: Transaction, delivery: Delivery, reader: Person, policy: Policy) -> Code | None:
    if delivery.state not in _CODES_IN or not roles_of(delivery, reader.id, policy):
        return None
    code = await tx.code(delivery.id)
    return code if code is not None and code.holder == reader.id else None


async def _history(
    tx: Transaction, delivery: Delivery, reader: Person, policy: Policy, whole: bool
) -> list[HistoryEntry]:
    room = whole or delivery.state in _STORIES_OF
    if not room or not roles_of(delivery, reader.id, policy):
        return []
    return await tx.history(delivery.id)


async def _companions(tx: Transaction, delivery: Delivery, reader: Person) -> list[Delivery]:
    if delivery.state is not State.STORED or delivery.collector != reader.id:
        return []
    theirs = await tx.deliveries_of(reader.id, live=True)
    return [other for other in theirs if waits_beside(other, delivery, reader.id)]


async def read_alert(
    tx: Transaction, key: str, operator: PersonId, known: Surroundings
) -> AlertSituation | None:
    """The alert with what it is about; None for who is no operator."""
    alert = await tx.alert(key)
    if alert is None or operator not in known.policy.operators:
        return None
    delivery = await tx.delivery(alert.delivery) if alert.delivery else None
    tower = delivery.tower if delivery else alert.tower
    return AlertSituation(
        alert=alert,
        now=known.now,
        delivery=delivery,
        tower=known.tower(tower) if tower else None,
        sender=await tx.person(delivery.sender) if delivery else None,
        seen_by=await tx.person(alert.seen_by) if alert.seen_by else None,
    )
