"""More parcels than any list shows at once, written straight into the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from bot.domain.card import delivery_subject
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import LockerId, PersonId, new_delivery_id
from bot.domain.lifecycle import State
from bot.domain.tower import Size
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from tests.support.core import TOWER
from tests.support.phones import Phone

MANY = 60


class World(Protocol):
    """A database, and the time of day in it."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


async def sixty_parcels(
    world: World, sender: PersonId, recipient: PersonId, state: State
) -> list[Delivery]:
    """From one to the other, all in `state`, each with a line of history."""
    return await parcels(world, sender, recipient, state, MANY)


async def parcels(
    world: World, sender: PersonId, recipient: PersonId, state: State, many: int
) -> list[Delivery]:
    """As `sixty_parcels`, but so many."""
    now = world.clock.now()

    def parcel(number: int) -> Delivery:
        return Delivery(
            new_delivery_id(),
            sender,
            TOWER,
            Size.SMALL,
            state=state,
            recipient=recipient,
            locker=LockerId(1000 + number),
            locker_name=str(1000 + number),
            created_at=now,
            changed_at=now,
            collect_until=now + timedelta(days=3),
        )

    async def step(tx: Transaction) -> list[Delivery]:
        made = [await tx.add_delivery(parcel(number)) for number in range(many)]
        for delivery in made:
            await tx.record(HistoryEntry(delivery.id, now, "requested", sender))
        return made

    return await world.database.run(step)


async def cards_owed(world: World, who: PersonId, deliveries: list[Delivery]) -> int:
    """How many of the deliveries have a card that is owed to somebody."""

    async def look(tx: Transaction) -> int:
        found = [await tx.card(who, delivery_subject(delivery.id)) for delivery in deliveries]
        return sum(card is not None and card.wanted > card.shown for card in found)

    return await world.database.look(look)


async def entries(phone: Phone, word: str) -> int:
    """How many buttons with `word` a list has, page after page."""
    count = sum(word in label for label in await phone.labels())
    while "▶" in await phone.labels():
        await phone.press("▶")
        count += sum(word in label for label in await phone.labels())
    return count
