"""The use cases on a real database and nothing else: no Harbor, no loops, a moment that is said.

For tests of what an act writes: who is told of it, and aloud or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.card import SCREEN, code_subject, delivery_subject
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, LockerId, MessageId, PersonId
from bot.domain.lifecycle import Event, State
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.ports.database import Database
from bot.usecases.actor import Actor
from bot.usecases.observed import conclude
from bot.usecases.transitions import transition
from tests.support.scenes import ANNA, BEN, CARA, NOW, TOWER, a_delivery

OLGA, OTTO = Person(PersonId(9), "Olga"), Person(PersonId(8), "Otto")
PEOPLE = {person.id: person.name for person in (ANNA, BEN, CARA, OLGA, OTTO)}
POLICY = Policy(operators=frozenset({OLGA.id, OTTO.id}))
LONG_AFTER = NOW + timedelta(days=999)


@dataclass
class Desk:
    """`act` does what a tap would; `owed` says whose messages are out of date since `shown`."""

    database: Database
    policy: Policy = POLICY
    now: datetime = NOW

    async def keep(self, *deliveries: Delivery, **facts: Any) -> Delivery:
        """Deliveries as they are, with everybody; a card of each for sender and recipient, and a
        screen for everybody, all shown. The first, as it is kept."""

        async def step(tx: Any) -> Delivery:
            for person in (ANNA, BEN, CARA, OLGA, OTTO):
                await tx.save_person(person)
                await tx.mark(person.id, SCREEN, now=NOW)
            kept = [await tx.add_delivery(replace(each, **facts)) for each in deliveries]
            for each in kept:
                for who in {each.sender, each.recipient, each.handed_over_by} - {None}:
                    await tx.mark(who, delivery_subject(each.id), now=NOW)
                    await tx.mark(who, code_subject(each.id), now=NOW)
            return kept[0]

        first = await self.database.run(step)
        await self.shown()
        return first

    async def act(self, who: Person, act: Callable[..., Any], *about: Any, **more: Any) -> Any:
        """Let `who` take an act in a transaction of its own."""

        async def step(tx: Any) -> Any:
            return await act(Actor(tx, who.id, self.now, self.policy), *about, **more)

        return await self.database.run(step)

    async def befall(self, delivery: Delivery, event: Event, **changes: Any) -> Delivery:
        """Let an event happen by itself."""
        return await self._run(transition, delivery, event, **changes)

    async def observe(self, delivery: Delivery, event: Event, **more: Any) -> Delivery:
        """Let an observed event happen."""
        return await self._run(conclude, delivery, event, **more)

    async def _run(self, step: Callable[..., Any], *about: Any, **more: Any) -> Delivery:
        found: Delivery = await self.database.run(
            lambda tx: step(tx, *about, now=self.now, policy=self.policy, **more)
        )
        return found

    async def look(self, read: Callable[[Any], Any]) -> Any:
        """What is kept."""
        return await self.database.look(read)

    async def shown(self) -> None:
        """Everything that is owed has been shown."""

        async def step(tx: Any) -> None:
            for card in await tx.lease_cards(LONG_AFTER, LONG_AFTER, 1000):
                message = card.message or MessageId(card.id % 2**31)
                await tx.card_shown(card, message=message, form="text", digest="x")

        await self.database.run(step)

    async def owed(self) -> set[str]:
        """Whose messages about what are out of date: "Anna delivery:a", "Ben code:b rings"."""

        async def step(tx: Any) -> set[str]:
            cards = [card for who in PEOPLE for card in await tx.cards_of(who)]
            return {
                f"{PEOPLE[card.chat]} {card.subject}{' rings' if card.ring else ''}"
                for card in cards
                if card.owed
            }

        found: set[str] = await self.look(step)
        return found

    async def history(self, delivery: Delivery) -> list[HistoryEntry]:
        """The delivery's history."""
        found: list[HistoryEntry] = await self.look(lambda tx: tx.history(delivery.id))
        return found

    async def alerts(self) -> list[str]:
        """The keys of the alerts that stand."""
        return sorted(alert.key for alert in await self.look(lambda tx: tx.alerts()))

    async def now_of(self, delivery: Delivery) -> Delivery:
        """The delivery as it stands."""
        found = await self.look(lambda tx: tx.delivery(delivery.id))
        assert isinstance(found, Delivery)
        return found


def one(state: State, name: str = "a", **facts: Any) -> Delivery:
    """From Anna, for Ben, in a locker of its own where it has one."""
    made = replace(a_delivery(state), id=DeliveryId(name), **facts)
    if made.locker is not None and "locker" not in facts:
        made = replace(made, locker=LockerId(100 + ord(name[0])))
    return made


def asks(delivery: Delivery) -> tuple[Any, ...]:
    """What is asked of Harbor, for whom, since when."""
    found = delivery.request
    return () if found is None else (found.kind, found.by, found.run_at)


__all__ = ["ANNA", "BEN", "CARA", "NOW", "OLGA", "OTTO", "POLICY", "TOWER", "Desk", "asks", "one"]
