"""Whose a parcel becomes by being picked, when they come, and how they refuse.

Guarantees: whoever has refused is never made a recipient by a pick; whoever is awaited becomes one
by their own id when they open the bot, and nobody else does in their place.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.card import delivery_subject
from bot.domain.deadlines import reminders_of_newcomer
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEvent
from bot.domain.ids import PersonId, in_browser
from bot.domain.lifecycle import LIVE
from bot.domain.person import Person
from bot.domain.recipient import NOBODY, Reach, Recipient, reach
from bot.ports.database import Transaction
from bot.usecases.actor import Actor
from bot.usecases.transitions import save


async def reach_of(tx: Transaction, person: PersonId, *, by: PersonId) -> Reach:
    """What becomes of it if `by` picks `person`."""
    if person == by:
        return Reach.HERE
    return reach(await tx.person(person), refused=await tx.refused(person, by))


async def picked(
    act: Actor, person: PersonId | None, name: str | None, *, by: PersonId | None = None
) -> Recipient:
    """Who is to collect, after `by` (whoever acts) has picked `person`; None: whoever claims it, as
    for somebody in a browser, which has only the parcel that was claimed in it."""
    by = by or act.person
    if person is None or in_browser(person):
        return replace(NOBODY, name=name)
    if person == by:
        return Recipient(person, name)
    found = await reach_of(act.tx, person, by=by)
    if found is Reach.REFUSES:
        return Recipient(None, name, declined=True)
    return Recipient(person, name, picked_by=by, awaited=found is Reach.AWAITED)


async def bind(act: Actor, person: Person, delivery: Delivery) -> Delivery:
    """It is theirs from now on: they have claimed it, or were awaited and are here. The claim is
    used up."""
    await act.tx.drop_claim(delivery.id)
    came = delivery.awaited and delivery.recipient == person.id
    claimed = Recipient(person.id, person.name, picked_by=delivery.picked_by if came else None)
    handed = delivery.handed_over_by if delivery.handed_over_by != person.id else None
    bound = claimed.on(replace(delivery, handed_over_by=handed))
    if came:
        sent = reminders_of_newcomer(delivery, act.policy, act.now)
        bound = replace(bound, reminders_sent=sent)
    return await act.note(bound, HistoryEvent.CLAIMED)


async def arrive(act: Actor, person: Person) -> None:
    """Somebody has opened the bot who had not, or had left it: what was kept for them is theirs,
    and comes below everything else. Of what is over nothing is shown."""
    for delivery in await act.tx.awaiting(person.id):
        if delivery.state in LIVE:
            bound = await bind(act, person, delivery)
            ring = bound.collector == person.id
            await act.tx.mark(person.id, delivery_subject(bound.id), now=act.now, ring=ring)
        else:
            await act.tx.drop_claim(delivery.id)
            here = replace(delivery, awaited=False, recipient_name=person.name)
            await save(act.tx, here, now=act.now, policy=act.policy, seen=False)


async def refuse(act: Actor, sender: PersonId) -> None:
    """Whoever acts takes nothing any more that `sender` picks them for."""
    await act.tx.refuse(act.person, sender, act.now)


async def allow(act: Actor, sender: PersonId) -> None:
    """They may pick them again."""
    await act.tx.allow(act.person, sender)
