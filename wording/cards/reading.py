"""Reads what a card may speak of, in one look at the database.

Guarantees: whoever has no part in a delivery gets neither its claim nor its code into their scene;
nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.alerts import Alert
from bot.domain.card import Card
from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, TowerId
from bot.domain.lifecycle import LIVE, State
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.ports.database import Transaction
from wording.cards.alert import Concern
from wording.cards.scene import Scene
from wording.language import speak

_CODES_IN = frozenset({State.RESERVED, State.RENTED, State.STORED})
_STORIES_OF = frozenset({State.STORED, State.COLLECTED, State.CLOSED})


@dataclass(frozen=True)
class Sources:
    """What is known beside the delivery itself. `towers` are all those remembered."""

    now: datetime
    policy: Policy
    towers: Mapping[TowerId, Tower]
    bot: str
    locale: str

    def tower(self, tower: TowerId) -> Tower:
        """The tower; one that nobody remembers goes by its id."""
        nameless = Tower(tower, f"{tower[:4]}…{tower[-4:]}", "", "", None, None, "UTC")
        return self.towers.get(tower, nameless)

    @property
    def zones(self) -> bool:
        """Whether towers stand in several time zones."""
        return len({tower.zone for tower in self.towers.values()}) > 1


async def read_scene(tx: Transaction, card: Card, known: Sources) -> tuple[Scene, Person] | None:
    """The delivery of the card's subject as the chat's person may see it, and that person."""
    delivery = await tx.delivery(DeliveryId(card.subject.partition(":")[2]))
    reader = await tx.person(card.chat)
    if delivery is None or reader is None:
        return None
    sender = reader if delivery.sender == reader.id else await tx.person(delivery.sender)
    scene = Scene(
        delivery=delivery,
        reader=reader.id,
        words=speak(reader.language, known.locale),
        now=known.now,
        policy=known.policy,
        tower=known.tower(delivery.tower),
        bot=known.bot,
        sender=sender,
        recipient=await _recipient(tx, delivery, reader, sender),
        claim=await _claim(tx, delivery, reader),
        code=await _code(tx, delivery, reader),
        elsewhere=known.tower(delivery.elsewhere) if delivery.elsewhere else None,
        zones=known.zones,
    )
    return await _with_stories(tx, scene), reader


async def _with_stories(tx: Transaction, scene: Scene) -> Scene:
    """History and companions, where the card has room for them."""
    delivery = scene.delivery
    if not delivery.roles_of(scene.reader):
        return scene
    if delivery.state in _STORIES_OF:
        scene = replace(scene, history=await tx.history(delivery.id))
    if delivery.state is State.STORED and scene.collects:
        theirs = await tx.deliveries_of(scene.reader, live=True)
        others = [other for other in theirs if _waits_beside(other, scene)]
        scene = replace(scene, companions=others)
    return scene


def _waits_beside(other: Delivery, scene: Scene) -> bool:
    waits = other.state is State.STORED and other.collector == scene.reader
    return waits and other.tower == scene.delivery.tower and other.id != scene.delivery.id


async def _recipient(
    tx: Transaction, delivery: Delivery, reader: Person, sender: Person | None
) -> Person | None:
    if delivery.recipient is None:
        return None
    met = {person.id: person for person in (reader, sender) if person is not None}
    return met.get(delivery.recipient) or await tx.person(delivery.recipient)


async def _claim(tx: Transaction, delivery: Delivery, reader: Person) -> Claim | None:
    forwards = reader.id in (delivery.sender, delivery.handed_over_by)
    if not forwards or delivery.recipient is not None or delivery.state not in LIVE:
        return None
    return await tx.claim(delivery.id)


async def _code(tx: Transaction, delivery: Delivery, reader: Person) -> Code | None:
    if delivery.state not in _CODES_IN or not delivery.roles_of(reader.id):
        return None
    code = await tx.code(delivery.id)
    return code if code is not None and code.holder == reader.id else None


async def read_concern(tx: Transaction, card: Card, known: Sources) -> Concern | None:
    """The alert of the card's subject with what it is about; None for who is no operator."""
    alert = await tx.alert(card.subject.partition(":")[2])
    if alert is None or card.chat not in known.policy.operators:
        return None
    operator = await tx.person(card.chat)
    delivery = await _delivery_of(tx, alert)
    tower = delivery.tower if delivery else alert.detail.get("tower")
    return Concern(
        alert=alert,
        words=speak(operator.language if operator else None, known.locale),
        now=known.now,
        delivery=delivery,
        tower=known.tower(TowerId(str(tower))) if tower else None,
        sender=await tx.person(delivery.sender) if delivery else None,
    )


async def _delivery_of(tx: Transaction, alert: Alert) -> Delivery | None:
    named = alert.detail.get("delivery")
    return await tx.delivery(DeliveryId(str(named))) if named else None
