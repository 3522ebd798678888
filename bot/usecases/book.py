"""Booking a drop-off: request a locker, another one, or give it up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.actions import Action, permitted
from bot.domain.card import SCREEN, delivery_subject
from bot.domain.claims import new_claim
from bot.domain.delivery import MAX_NOTE, Delivery, RequestKind, Role
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import PersonId, TowerId, new_delivery_id
from bot.domain.lifecycle import Event, Illegal, State
from bot.domain.person import Person
from bot.domain.tower import Size
from bot.usecases.actor import Actor, authorized, next_due, request_of_harbor
from bot.usecases.cards import take_code_away
from bot.usecases.transitions import save


@dataclass(frozen=True, slots=True)
class Booking:
    """What a sender has chosen; `recipient` None means by claim."""

    tower: TowerId
    size: Size
    low: bool = False
    larger_allowed: bool = True
    note: str | None = None
    recipient: PersonId | None = None
    recipient_name: str | None = None


async def request(act: Actor, sender: Person, wish: Booking) -> Delivery:
    """A new delivery out of a finished draft; the sender's screen becomes its card."""
    delivery = await _begin(act, sender.id, wish)
    if wish.recipient is None:
        await act.tx.save_claim(new_claim(delivery.id))
    await act.tx.save_person(replace(sender, last_tower=wish.tower, last_size=wish.size))
    await act.tx.move_card(sender.id, SCREEN, delivery_subject(delivery.id), now=act.now)
    return delivery


async def _begin(
    act: Actor, sender: PersonId, wish: Booking, *, handed_over_by: PersonId | None = None
) -> Delivery:
    """Written down, with its first line of history, and wanting a locker from now on."""
    delivery = Delivery(
        id=new_delivery_id(),
        sender=sender,
        tower=wish.tower,
        size=wish.size,
        low=wish.low,
        larger_allowed=wish.larger_allowed,
        note=wish.note[:MAX_NOTE] if wish.note else None,
        recipient=wish.recipient,
        recipient_name=wish.recipient_name,
        handed_over_by=handed_over_by,
        want=RequestKind.LOCKER,
        want_due=act.now,
        created_at=act.now,
        changed_at=act.now,
    )
    delivery = await act.tx.add_delivery(delivery)
    await act.tx.record(
        HistoryEntry(delivery.id, act.now, HistoryEvent.REQUESTED, act.person, wish.size.value)
    )
    return delivery


async def try_again(act: Actor, delivery: Delivery, *, tower: TowerId, size: Size) -> Delivery:
    """After NO_LOCKER or LAPSED: the same parcel once more (once), for the same recipient."""
    over = delivery.state in (State.NO_LOCKER, State.LAPSED, State.CANCELLED)
    if not over or delivery.successor is not None:
        raise Illegal(delivery.state, Event.RESERVED)
    return await _succeed(act, delivery, tower, size)


async def another_size(act: Actor, delivery: Delivery, size: Size) -> Delivery:
    """It doesn't fit: a locker of `size` is requested in place of this one, which is given back; if
    the parcel is in it already, its sender gets a code to take it out."""
    if not permitted(Action.SIZE, delivery, act.person, act.policy):
        raise Illegal(delivery.state, Event.CANCELLED)
    await act.tx.record(
        HistoryEntry(delivery.id, act.now, HistoryEvent.FITS_NOT, act.person, size.value)
    )
    if delivery.state is State.STORED:
        return await _taken_out_again(act, delivery, size)
    given_back = await cancel(act, delivery)
    return await _succeed(act, given_back, delivery.tower, size)


async def _taken_out_again(act: Actor, old: Delivery, size: Size) -> Delivery:
    """The parcel goes back to its sender's hands, its recipient and claim on to the successor."""
    await take_code_away(act.tx, old, now=act.now)
    new = await _succeed(act, old, old.tower, size)
    alone = await authorized(act, old.id, Role.SENDER)
    alone = replace(
        alone,
        taken_back=True,
        recipient=None,
        recipient_name=None,
        handed_over_by=None,
        code_until=None,
    )
    await request_of_harbor(act, alone, RequestKind.PICK_UP_TOKEN, show_to=old.sender)
    return new


async def _succeed(act: Actor, old: Delivery, tower: TowerId, size: Size) -> Delivery:
    """A successor takes over recipient, claim, note and card, so that a forwarded link holds."""
    wish = Booking(
        tower=tower,
        size=size,
        low=old.low,
        larger_allowed=old.larger_allowed,
        note=old.note,
        recipient=old.recipient,
        recipient_name=old.recipient_name,
    )
    new = await _begin(act, old.sender, wish, handed_over_by=old.handed_over_by)
    if (claim := await act.tx.claim(old.id)) is not None:
        await act.tx.drop_claim(old.id)
        await act.tx.save_claim(replace(claim, delivery=new.id))
    elif old.recipient is None:
        await act.tx.save_claim(new_claim(new.id))
    await save(act.tx, replace(old, successor=new.id), now=act.now, policy=act.policy)
    for card in await act.tx.cards_about(delivery_subject(old.id)):
        await act.tx.move_card(card.chat, card.subject, delivery_subject(new.id), now=act.now)
    return new


async def cancel(act: Actor, delivery: Delivery) -> Delivery:
    """The sender no longer wants the locker; a token that is out may still be used (late fact)."""
    await take_code_away(act.tx, delivery, now=act.now)
    return await act.transition(
        delivery,
        Event.CANCELLED,
        want=RequestKind.RELEASE,
        want_due=next_due(act, delivery),
        want_attempts=0,
        code_until=None,
    )
