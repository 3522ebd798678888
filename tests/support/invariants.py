"""What must be so whatever went before: each check returns what is wrong, in words.

`at_any_time` holds at every moment; `once_quiet` when nobody has done anything for a while, Harbor
and Telegram answer, and every tower has been synced.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.card import Card, delivery_subject, slip_subjects
from bot.domain.claims import claim_payload
from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import Delivery, Turn
from bot.domain.ids import LockerId, PersonId
from bot.domain.lifecycle import LIVE, State
from bot.domain.message import Message
from bot.domain.observations import Door, places
from bot.domain.policy import Policy
from bot.ports.database import Database, Transaction
from bot.ports.lockers import Lockers
from tests.support.memory_chat import MemoryChat

PresentAt = Callable[[Card, datetime], Awaitable[Message | None]]
"""What the presenter says of a card, had it been asked at that moment."""


@dataclass
class World:
    """What is looked at; people without a message have no part in anything."""

    database: Database
    lockers: Lockers
    chat: MemoryChat
    policy: Policy
    present: PresentAt

    async def deliveries(self) -> list[Delivery]:
        """All of them, ended ones too."""

        async def look(tx: Transaction) -> list[Delivery]:
            found: dict[str, Delivery] = {}
            for person in self.chat.messages:
                for live in (True, False):
                    theirs = await tx.deliveries_of(person, live=live)
                    found |= {delivery.id: delivery for delivery in theirs}
            return list(found.values())

        return await self.database.look(look)


async def at_any_time(world: World) -> list[str]:
    """Codes are their holders' alone, and no two parcels share a locker."""
    deliveries = await world.deliveries()
    return [
        *_one_parcel_a_locker(deliveries),
        *_each_code_one_reader(world.chat),
        *_one_turn_a_tower(deliveries),
        *await _codes_are_their_holders(world, deliveries),
    ]


async def once_quiet(world: World, now: datetime) -> list[str]:
    """All that was owed has been done, and what is shown is so."""
    deliveries = await world.deliveries()
    return [
        *await at_any_time(world),
        *await _nothing_owed(world),
        *await _everybody_knows(world, deliveries),
        *await _cards_are_true(world, deliveries),
        *await _claims_are_their_senders(world, deliveries),
        *await _somebody_can_come(world, deliveries),
        *await _who_handed_it_on_knows_no_door(world, deliveries),
        *await _every_locker_has_its_delivery(world, deliveries, now),
    ]


def _one_parcel_a_locker(deliveries: Iterable[Delivery]) -> list[str]:
    doors = Counter(_door(d) for d in deliveries if d.state in LIVE and d.locker is not None)
    return [
        f"{times} live deliveries have locker {door}" for door, times in doors.items() if times > 1
    ]


def _one_turn_a_tower(deliveries: Iterable[Delivery]) -> list[str]:
    """Of those who fetch several, each is at one door of a tower at a time."""
    now = [delivery for delivery in deliveries if delivery.turn is Turn.NOW]
    turns = Counter((delivery.collector, delivery.tower) for delivery in now)
    return [
        *(f"{times} turns at once for {whose}" for whose, times in turns.items() if times > 1),
        *(f"its turn while {each.state}" for each in now if each.state is not State.STORED),
    ]


def _each_code_one_reader(chat: MemoryChat) -> list[str]:
    return [f"a code was shown to {sorted(who)}" for who in chat.codes.values() if len(who) > 1]


async def _codes_are_their_holders(world: World, deliveries: Sequence[Delivery]) -> list[str]:
    async def look(tx: Transaction) -> list[tuple[Delivery, Code | None]]:
        return [(delivery, await tx.code(delivery.id)) for delivery in deliveries]

    wrong = []
    for delivery, code in await world.database.look(look):
        if code is None:
            continue
        drop_off = code.kind is CodeKind.DROP_OFF
        entitled = delivery.sender if drop_off else delivery.collector
        if code.holder != entitled:
            wrong.append(f"{code.holder} holds a code of {delivery.id}, which is {entitled}'s")
        if not {entitled} >= world.chat.codes.get(code.text, set()):
            wrong.append(f"the code of {delivery.id} was shown to somebody else")
    return wrong


async def _nothing_owed(world: World) -> list[str]:
    counts = await world.database.look(lambda tx: tx.counts())
    owed = {"cards": counts.cards_owed, "requests": counts.requests_owed}
    return [f"{number} {what} are owed still" for what, number in owed.items() if number]


async def _everybody_knows(world: World, deliveries: Iterable[Delivery]) -> list[str]:
    """Whoever has a part in a live delivery, and can be written to, has its card before them."""
    unaware = []
    for delivery in (d for d in deliveries if d.state in LIVE and d.successor is None):
        subject = delivery_subject(delivery.id)
        recipient = None if delivery.awaited else delivery.recipient
        for who in {delivery.sender, recipient} - {None} - world.chat.blocked:
            assert who is not None
            card = await _card(world, who, subject)
            if card is None or card.message not in world.chat.messages[who]:
                unaware.append(f"{who} has no card of {delivery.id} ({delivery.state.value})")
    return unaware


async def _cards_are_true(world: World, deliveries: Iterable[Delivery]) -> list[str]:
    """What was shown is what would be shown now, had the clock stood still since."""
    wrong = []
    subjects = [
        subject
        for d in deliveries
        for subject in (delivery_subject(d.id), f"code:{d.id}", *slip_subjects(d.id))
    ]
    for subject in subjects:
        for card in await world.database.look(lambda tx, of=subject: tx.cards_about(of)):  # type: ignore[misc]  # bound now
            shown = world.chat.messages[card.chat].get(card.message) if card.message else None
            if shown is None or card.chat in world.chat.blocked:
                continue
            true = await world.present(card, shown.at)
            if true is None or true != shown.view:
                wrong.append(
                    f"{card.chat} is shown of {subject}:\n{shown.view.html}\nbut so it is:\n"
                    f"{true.html if true else None}"
                )
    return wrong


async def _claims_are_their_senders(world: World, deliveries: Iterable[Delivery]) -> list[str]:
    """A claim that can still be used is before the eyes of those alone who may forward it."""
    wrong = []
    for delivery in deliveries:
        claim = await world.database.look(lambda tx, of=delivery: tx.claim(of.id))  # type: ignore[misc]  # bound now
        for chat, messages in world.chat.messages.items():
            forwards = chat in (delivery.sender, delivery.handed_over_by)
            told = any(claim and claim_payload(claim) in s.view.html for s in messages.values())
            if told and not forwards:
                wrong.append(f"{chat} is shown the claim of {delivery.id}")
    return wrong


async def _somebody_can_come(world: World, deliveries: Iterable[Delivery]) -> list[str]:
    """What is nobody's yet has a claim, and nothing else has; nobody is waited for who is here."""

    async def look(tx: Transaction, delivery: Delivery) -> tuple[bool, bool]:
        person = await tx.person(delivery.recipient) if delivery.recipient else None
        here = person is not None and person.reachable
        return await tx.claim(delivery.id) is not None, here

    wrong = []
    for delivery in deliveries:
        apart = delivery.taken_back or delivery.fetcher is not None or delivery.successor
        if delivery.state not in LIVE or apart:
            continue
        claim, here = await world.database.look(lambda tx, of=delivery: look(tx, of))  # type: ignore[misc]  # bound now
        if claim is not delivery.unclaimed:
            wrong.append(f"{delivery.id} has {'a' if claim else 'no'} claim ({delivery.state})")
        if delivery.awaited and here:
            wrong.append(f"{delivery.id} waits for {delivery.recipient}, who is here")
    return wrong


async def _who_handed_it_on_knows_no_door(
    world: World, deliveries: Iterable[Delivery]
) -> list[str]:
    wrong = []
    for delivery in deliveries:
        who, door = delivery.handed_over_by, f"ocker {delivery.locker_name}"
        if who is None or who in world.policy.operators or delivery.locker_name is None:
            continue
        if who in (delivery.sender, delivery.recipient):
            wrong.append(f"{who} has handed {delivery.id} on to themselves, or is its sender")
        card = await _card(world, who, delivery_subject(delivery.id))
        shown = world.chat.messages[who].get(card.message) if card and card.message else None
        if shown is not None and who not in world.chat.blocked and door in shown.view.html:
            wrong.append(f"{who} has handed {delivery.id} on, and is shown its door")
    return wrong


async def _every_locker_has_its_delivery(
    world: World, deliveries: Iterable[Delivery], now: datetime
) -> list[str]:
    """Ours at Harbor is what a live delivery has; else an operator knows, or it ended just now.
    Nothing is on its way back any more: a phone has been at every tower since it was given back."""
    here: dict[Door, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        for door in places(delivery):
            here[door].append(delivery)
    alerts = {alert.key for alert in await world.database.look(lambda tx: tx.alerts())}
    wrong = []
    for locker in await world.lockers.assigned():
        had = here[locker.tower, locker.id]
        live = [d for d in had if d.state in LIVE and d.locker == locker.id]
        fresh = any(d.changed_at and now - d.changed_at < world.policy.drop_off for d in had)
        reported = f"orphan:{locker.tower}/{locker.id}" in alerts
        if len(live) != 1 and not (reported or fresh):
            wrong.append(f"locker {locker.id} is {locker.status.value} and nobody's")
    held = {(locker.tower, locker.id) for locker in await world.lockers.assigned()}
    astray = [d.id for d in deliveries if d.state is State.STORED and _door(d) not in held]
    return [*wrong, *(f"{id} is said to be in a locker that is not ours" for id in astray)]


def _door(delivery: Delivery) -> Door:
    return delivery.tower, delivery.locker or LockerId(0)


async def _card(world: World, chat: PersonId, subject: str) -> Card | None:
    return await world.database.look(lambda tx: tx.card(chat, subject))
