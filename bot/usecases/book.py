"""Booking a drop-off: request a locker, another one, or give it up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.actions import Action
from bot.domain.card import SCREEN, delivery_subject
from bot.domain.claims import new_claim
from bot.domain.delivery import MAX_NOTE, Delivery, HarborRequest, RequestKind
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import PersonId, TowerId, new_delivery_id
from bot.domain.lifecycle import LIVE, Event, State
from bot.domain.person import Person
from bot.domain.tower import Size
from bot.usecases.actor import Actor, NotPermitted, ask_of_harbor, check
from bot.usecases.cards import take_code_away
from bot.usecases.collect import fetch_back
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
        request=HarborRequest.made(RequestKind.LOCKER, act.now),
        created_at=act.now,
        changed_at=act.now,
    )
    delivery = await act.tx.add_delivery(delivery)
    await act.tx.record(
        HistoryEntry(delivery.id, act.now, HistoryEvent.REQUESTED, act.person, wish.size.value)
    )
    return delivery


async def try_again(act: Actor, delivery: Delivery) -> Delivery:
    """The same parcel once more, after no locker was found, or its reservation is over."""
    check(act, Action.AGAIN, delivery)
    return await _succeed(act, delivery, delivery.tower, delivery.size)


async def try_elsewhere(act: Actor, delivery: Delivery) -> Delivery:
    """The same parcel at the tower that was offered instead."""
    check(act, Action.ELSEWHERE, delivery)
    assert delivery.elsewhere is not None, "the table asks for it"
    return await _succeed(act, delivery, delivery.elsewhere, delivery.size)


async def another_size(act: Actor, delivery: Delivery, size: Size | None) -> Delivery:
    """The same parcel in a locker of `size`; the one it has is given up first.

    A parcel that is said to be in (the door was closed on it, or on nothing) is fetched back with a
    pick-up code. Raises NotPermitted for no size, too: which one has to be asked first.
    """
    check(act, Action.SIZE, delivery)
    if size is None:
        raise NotPermitted(Action.SIZE, delivery)
    if delivery.state in LIVE:
        await act.record(delivery, HistoryEvent.FITS_NOT, size.value)
    if delivery.state is State.STORED:
        return await _taken_out_again(act, delivery, size)
    given_up = await give_up(act, delivery) if delivery.state in LIVE else delivery
    return await _succeed(act, delivery, delivery.tower, size, given_up)


async def _taken_out_again(act: Actor, old: Delivery, size: Size) -> Delivery:
    """The parcel goes back to its sender's hands, its recipient and claim on to the successor."""
    new = await _succeed(act, old, old.tower, size)
    kept = await act.tx.delivery(old.id)
    assert kept is not None
    nobodys = replace(kept, recipient=None, recipient_name=None, handed_over_by=None)
    taken = await fetch_back(act, nobodys)
    await ask_of_harbor(act, taken, RequestKind.PICK_UP_TOKEN, by=act.person)
    return new


async def _succeed(
    act: Actor, old: Delivery, tower: TowerId, size: Size, given_up: Delivery | None = None
) -> Delivery:
    """A successor takes over recipient, claim, note and card, so that a forwarded link holds.

    `given_up` is how `old` stands now, where it has changed.
    """
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
    over = replace(given_up or old, successor=new.id)
    await save(act.tx, over, now=act.now, policy=act.policy)
    for card in await act.tx.cards_about(delivery_subject(old.id)):
        await act.tx.move_card(card.chat, card.subject, delivery_subject(new.id), now=act.now)
    return new


async def cancel(act: Actor, delivery: Delivery) -> Delivery:
    """The sender no longer wants the locker; a token that is out may still be used (late fact)."""
    check(act, Action.CANCEL, delivery)
    return await give_up(act, delivery)


async def give_up(act: Actor, delivery: Delivery) -> Delivery:
    """Have the locker given back, whoever asks for it: the caller has checked that they may."""
    await take_code_away(act.tx, delivery, now=act.now)
    return await act.transition(
        delivery,
        Event.CANCELLED,
        request=HarborRequest.made(RequestKind.RELEASE, act.now),
        code_until=None,
    )
