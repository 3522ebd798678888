"""People find their own parcels: by name, person, tower and door.

Guarantees: nobody finds a parcel they have nothing to do with; of what is over the latest
`MOST_FOUND` are looked through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.person import Person
from bot.domain.search import MOST_FOUND, Glimpse, is_meant, parts_of, tower_words
from bot.ports.database import Transaction


async def search_own(tx: Transaction, person: PersonId, query: str) -> list[Delivery]:
    """Parcels sent or received by `person` of which the words of `query` are said: live ones first,
    then the latest change first."""
    live, ended, towers = await asyncio.gather(
        tx.deliveries_of(person, live=True),
        tx.deliveries_of(person, live=False, limit=MOST_FOUND),
        tx.towers(),
    )
    theirs = [*live, *ended]
    ids = {
        who for each in theirs for who in (each.sender, each.recipient) if who not in (None, person)
    }
    found = await asyncio.gather(*(tx.person(PersonId(who)) for who in ids if who is not None))
    known = {other.id: other for other in found if other is not None}
    parts = parts_of(query, {tower.id: tower_words(tower) for tower in towers})
    return [each for each in theirs if is_meant(_glimpse(each, known), parts)]


def _glimpse(delivery: Delivery, known: Mapping[PersonId, Person]) -> Glimpse:
    """By what its people find it: nobody's id or username, and not by their own name."""
    others = (known.get(delivery.sender), known.get(delivery.recipient or delivery.sender))
    names = (*(each.name for each in others if each), delivery.recipient_name, delivery.parcel_name)
    return Glimpse(
        delivery.id,
        delivery.tower,
        delivery.locker_name,
        delivery.changed_at,
        people=(),
        names=tuple(filter(None, names)),
        called=(),
    )
