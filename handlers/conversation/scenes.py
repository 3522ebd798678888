"""A delivery with all that a screen may tell of it.

Guarantees: nothing is written; claims and codes are left out.
"""

from __future__ import annotations

from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId, TowerId
from bot.domain.person import Person
from bot.domain.tower import Tower
from bot.ports.database import Transaction
from handlers.conversation.questions import Screen
from wording.cards.scene import Scene


async def scene_of(screen: Screen, delivery: Delivery) -> Scene:
    """The delivery with its people and its history, as the screen's person may see it."""

    async def look(tx: Transaction) -> Scene:
        return Scene(
            delivery=delivery,
            reader=screen.person.id,
            words=screen.words,
            now=screen.now,
            policy=screen.sight.policy,
            tower=tower or nowhere(delivery.tower),
            bot="",
            sender=await tx.person(delivery.sender),
            recipient=await _person(tx, delivery.recipient),
            history=await tx.history(delivery.id),
        )

    tower = await screen.sight.towers.one(delivery.tower)
    return await screen.sight.database.look(look)


async def _person(tx: Transaction, person: PersonId | None) -> Person | None:
    return await tx.person(person) if person is not None else None


def nowhere(tower: TowerId) -> Tower:
    """A tower that Harbor no longer names: its id is all that is known."""
    return Tower(tower, tower.upper(), "", "", None, None, "UTC")
