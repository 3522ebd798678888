"""Booking a drop-off: prepare it, request a locker, another one, or give it up.

Guarantees: whatever wants a locker at a tower that is closed for booking changes nothing; a
prepared parcel holds no locker and wants none, until its sender is at the tower; where Harbor picks
the locker for a link, the one that is given up is given back before another is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.actions import Action
from bot.domain.card import SCREEN, delivery_subject, slip_subjects
from bot.domain.codes import CodeKind
from bot.domain.deadlines import next_deadline
from bot.domain.delivery import (
    MAX_NOTE,
    MAX_PARCEL_NAME,
    Delivery,
    HarborRequest,
    RequestKind,
    Role,
)
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import PersonId, TowerId, new_delivery_id
from bot.domain.lifecycle import LIVE, Event, State
from bot.domain.limits import Limit
from bot.domain.openers import BY_TOKEN, Opener, Openers
from bot.domain.person import Person
from bot.domain.recipient import NOBODY, Recipient
from bot.domain.tower import Low, Size
from bot.ports.signals import Change
from bot.usecases.actor import Actor, NotPermitted, ask_of_harbor, check
from bot.usecases.cards import take_code_away, tell, tell_of_one_visit, tell_of_the_next
from bot.usecases.claims import make_claim
from bot.usecases.closing import open_for_booking
from bot.usecases.codes import ask_drop_off_code
from bot.usecases.collect import fetch_back
from bot.usecases.limits import may_hold_longer, within_limits
from bot.usecases.recipients import picked
from bot.usecases.transitions import save
from bot.usecases.waiting import use_turn


@dataclass(frozen=True, slots=True)
class Booking:
    """What a sender has chosen; `recipient`, whom they have picked, None means by claim.

    `openers`: what opens the tower's doors at present; the delivery keeps them.
    """

    tower: TowerId
    size: Size
    openers: Openers = BY_TOKEN
    low: Low = Low.ANY
    larger_allowed: bool = True
    note: str | None = None
    parcel_name: str | None = None
    recipient: PersonId | None = None
    recipient_name: str | None = None


async def request(act: Actor, sender: Person, wish: Booking, *, card: str = SCREEN) -> Delivery:
    """A new delivery out of a finished draft, for which a locker is wanted now; the sender's `card`
    becomes its own. What comes as a link is shown to them at once. Raises OverLimit, and
    ClosedForBooking."""
    await open_for_booking(act, wish.tower, wish.openers.drop_off)
    await within_limits(act)
    at_once = wish.openers.drop_off is Opener.LINK
    delivery = await _booked(act, sender, wish, _locker_wanted(act, shown=at_once), card)
    await use_turn(act.tx, delivery, now=act.now)
    return delivery


async def prepare(act: Actor, sender: Person, wish: Booking) -> Delivery:
    """A new delivery out of a finished draft, for which no locker is wanted yet. Raises
    ClosedForBooking."""
    await open_for_booking(act, wish.tower, wish.openers.drop_off)
    return await _booked(act, sender, wish, None)


async def _booked(
    act: Actor,
    sender: Person,
    wish: Booking,
    wanted: HarborRequest | None,
    card: str = SCREEN,
) -> Delivery:
    chosen = await picked(act, wish.recipient, wish.recipient_name)
    wish = await _as_low_as_needed(act, chosen, wish)
    delivery = await _begin(act, chosen, wish, wanted=wanted)
    if delivery.unclaimed:
        await make_claim(act.tx, delivery.id)
    await act.tx.save_person(replace(sender, last_tower=wish.tower, last_size=wish.size))
    await act.tx.move_card(sender.id, card, delivery_subject(delivery.id), now=act.now)
    if wanted is None:
        await tell(act.tx, delivery, now=act.now)  # no worker will: its recipient sees it is coming
    return delivery


async def _as_low_as_needed(act: Actor, chosen: Recipient, wish: Booking) -> Booking:
    """A recipient who is known, and who needs a low door, counts as much as the sender."""
    recipient = await act.tx.person(chosen.id) if chosen.id is not None else None
    return wish if recipient is None else replace(wish, low=max(wish.low, recipient.low_locker))


def _locker_wanted(act: Actor, *, shown: bool) -> HarborRequest:
    """A locker is asked for; `shown`: its code is shown to this person as soon as there is one."""
    return HarborRequest.made(RequestKind.LOCKER, act.now, act.person if shown else None)


async def _begin(
    act: Actor,
    chosen: Recipient,
    wish: Booking,
    *,
    wanted: HarborRequest | None,
    state: State | None = None,
    handed_over_by: PersonId | None = None,
) -> Delivery:
    """Written down, with its first line of history: wanting a locker, or else prepared. Its sender
    is whoever acts."""
    state = state or (State.PREPARED if wanted is None else State.REQUESTED)
    prepared = state is State.PREPARED
    delivery = Delivery(
        id=new_delivery_id(),
        sender=act.person,
        tower=wish.tower,
        size=wish.size,
        state=state,
        low=wish.low,
        larger_allowed=wish.larger_allowed,
        note=wish.note[:MAX_NOTE] if wish.note else None,
        parcel_name=wish.parcel_name[:MAX_PARCEL_NAME] if wish.parcel_name else None,
        handed_over_by=handed_over_by,
        request=wanted,
        held_until=act.now + act.policy.prepared if prepared else None,
        created_at=act.now,
        changed_at=act.now,
        drop_off_opener=wish.openers.drop_off,
        pick_up_opener=wish.openers.pick_up,
    )
    delivery = chosen.on(delivery)
    delivery = replace(delivery, deadline_at=next_deadline(delivery, act.policy))
    delivery = await act.tx.add_delivery(delivery)
    if delivery.parcel_name:
        await act.tx.index_parcel(delivery)
    event = HistoryEvent.PREPARED if prepared else HistoryEvent.REQUESTED
    entry = HistoryEntry(delivery.id, act.now, event, act.person, wish.size.value)
    await act.tx.record(entry, Change.to(delivery, event, act.now))
    if prepared:
        await tell_of_the_next(act.tx, delivery, begins=True, now=act.now)
    return delivery


async def at_tower(act: Actor, delivery: Delivery) -> Delivery:
    """The sender of a prepared parcel stands at the tower: a locker, and its code, at once."""
    check(act, Action.AT_TOWER, delivery)
    await _not_closed(act, delivery)
    await within_limits(act)
    return await act.transition(
        delivery,
        Event.REQUESTED,
        detail=delivery.size.value,
        request=_locker_wanted(act, shown=True),
        held_until=None,
        reminders_sent=0,
    )


async def next_parcel(act: Actor, delivery: Delivery) -> Delivery:
    """The same for the oldest parcel that this person has prepared for the tower of `delivery`.

    Raises NotPermitted where there is none.
    """
    check(act, Action.NEXT, delivery)
    waiting = await act.tx.prepared_at(act.person, delivery.tower)
    if not waiting:
        raise NotPermitted(Action.NEXT, delivery)
    return await at_tower(act, waiting[0])


async def one_more(act: Actor, delivery: Delivery) -> Delivery:
    """Prepare one more parcel like this one; its card comes below everything else."""
    check(act, Action.ONE_MORE, delivery)
    await _not_closed(act, delivery)
    chosen = await picked(act, delivery.recipient, delivery.recipient_name)
    more = await _begin(act, chosen, _wish_of(act, delivery), wanted=None)
    if more.unclaimed:
        await make_claim(act.tx, more.id)
    await tell(act.tx, more, now=act.now, rouse=frozenset({Role.SENDER}))
    return more


def _wish_of(act: Actor, delivery: Delivery) -> Booking:
    """What its sender chose then, but for whom: the caller says who collects."""
    return Booking(
        tower=delivery.tower,
        size=delivery.size,
        openers=Openers(
            drop_off=delivery.opener(CodeKind.DROP_OFF, act.policy),
            pick_up=delivery.opener(CodeKind.PICK_UP, act.policy),
        ),
        low=delivery.low,
        larger_allowed=delivery.larger_allowed,
        note=delivery.note,
        parcel_name=delivery.parcel_name,
    )


async def try_again(act: Actor, delivery: Delivery) -> Delivery:
    """The same parcel once more, after no locker was found, or its reservation is over; one that
    never had a locker is prepared again."""
    check(act, Action.AGAIN, delivery)
    await _not_closed(act, delivery)
    if not delivery.to_prepare_again:
        await within_limits(act)
    sender = await act.tx.person(delivery.sender)
    wish = _wish_of(act, delivery)
    if sender is not None:  # what they have set since counts
        chosen = Recipient.of(delivery)
        wish = await _as_low_as_needed(act, chosen, replace(wish, low=sender.low_locker))
    return await _succeed(act, delivery, wish)


async def try_elsewhere(act: Actor, delivery: Delivery) -> Delivery:
    """The same parcel at the tower that was offered instead."""
    check(act, Action.ELSEWHERE, delivery)
    assert delivery.elsewhere is not None, "the table asks for it"
    there = act.policy.openers_at(delivery.elsewhere)
    await open_for_booking(act, delivery.elsewhere, there.drop_off)
    if not delivery.to_prepare_again:
        await within_limits(act)
    return await _succeed(
        act, delivery, replace(_wish_of(act, delivery), tower=delivery.elsewhere, openers=there)
    )


async def new_drop_off_code(act: Actor, delivery: Delivery) -> Delivery:
    """A new token for the same door; or a new link where the one there was is of no more use.

    For a link Harbor picks a locker anew, perhaps another one: the first is given back.
    """
    check(act, Action.NEW_DROP_OFF_CODE, delivery)
    if delivery.opener(CodeKind.DROP_OFF, act.policy) is Opener.TOKEN:
        await may_hold_longer(act, delivery)
        return await ask_drop_off_code(act, delivery, fresh=True)
    return await _replaced(act, delivery)


async def another_door(act: Actor, delivery: Delivery) -> Delivery:
    """The same parcel in another locker, since the door of this one is left out of booking; the
    locker is given back before another is asked for."""
    check(act, Action.ANOTHER_DOOR, delivery)
    return await _replaced(act, delivery, HistoryEvent.ANOTHER_DOOR)


async def _replaced(act: Actor, delivery: Delivery, event: HistoryEvent | None = None) -> Delivery:
    """The same parcel in whichever locker is to be had, instead of the one it has; `event` is then
    written into its history."""
    await _not_closed(act, delivery)
    await within_limits(act, (Limit.BOOKINGS,))
    if event is not None:
        await act.record(delivery, event)
    wish = _wish_of(act, delivery)
    return await _succeed(act, delivery, wish, await give_up(act, delivery))


async def _not_closed(act: Actor, delivery: Delivery) -> None:
    """Raises ClosedForBooking where no other locker is to be booked at its tower."""
    await open_for_booking(act, delivery.tower, delivery.opener(CodeKind.DROP_OFF, act.policy))


async def another_size(act: Actor, delivery: Delivery, size: Size | None) -> Delivery:
    """The same parcel in a locker of `size`; the one it has is given up first.

    A parcel that is said to be in (the door was closed on it, or on nothing) is fetched back with a
    pick-up code. Raises NotPermitted for no size, too: which one has to be asked first.
    """
    check(act, Action.SIZE, delivery)
    if size is None:
        raise NotPermitted(Action.SIZE, delivery)
    if delivery.state is State.PREPARED:
        resized = replace(delivery, size=size)
        return await act.note(resized, HistoryEvent.PREPARED, size.value)
    await _not_closed(act, delivery)
    await within_limits(act, (Limit.BOOKINGS,) if delivery.state in LIVE else tuple(Limit))
    if delivery.state in LIVE:
        await act.record(delivery, HistoryEvent.FITS_NOT, size.value)
    if delivery.state is State.STORED:
        return await _taken_out_again(act, delivery, size)
    given_up = await give_up(act, delivery) if delivery.state in LIVE else delivery
    return await _succeed(act, delivery, replace(_wish_of(act, delivery), size=size), given_up)


async def _taken_out_again(act: Actor, old: Delivery, size: Size) -> Delivery:
    """The parcel goes back to its sender's hands, its recipient and claim on to the successor."""
    new = await _succeed(act, old, replace(_wish_of(act, old), size=size))
    kept = await act.tx.delivery(old.id)
    assert kept is not None
    if old.photo is not None or old.no_photo is not None:  # it shows the parcel, wherever that is
        pictured = replace(new, photo=old.photo, no_photo=old.no_photo)
        new = await save(act.tx, pictured, now=act.now, policy=act.policy, seen=False)
    nobodys = NOBODY.on(replace(kept, handed_over_by=None, photo=None))
    taken = await fetch_back(act, nobodys)
    if old.recipient is not None:
        await tell_of_one_visit(act.tx, taken, old.recipient, now=act.now)
    await ask_of_harbor(act, taken, RequestKind.PICK_UP_TOKEN, by=act.person)
    return new


async def _succeed(
    act: Actor, old: Delivery, wish: Booking, given_up: Delivery | None = None
) -> Delivery:
    """A successor takes over recipient, claim, note, name and card, so that a forwarded link holds.

    `given_up` is how `old` stands now, where it has changed.
    """
    over = given_up or old
    by_link = wish.openers.drop_off is Opener.LINK
    if old.to_prepare_again:
        state, wanted = State.PREPARED, None
    else:
        state, wanted = State.REQUESTED, _locker_wanted(act, shown=by_link)
    if by_link and over.asks is RequestKind.RELEASE:
        wanted = None  # asked for by `transitions.save` when the first locker is given back
    chosen = await _still_picked(act, old)
    new = await _begin(
        act, chosen, wish, wanted=wanted, state=state, handed_over_by=old.handed_over_by
    )
    if (claim := await act.tx.claim(old.id)) is not None:
        await act.tx.drop_claim(old.id)
        await act.tx.save_claim(replace(claim, delivery=new.id))
    elif new.unclaimed:
        await make_claim(act.tx, new.id)
    over = replace(over, successor=new.id)
    await save(act.tx, over, now=act.now, policy=act.policy)
    of_old = (delivery_subject(old.id), *slip_subjects(old.id))
    of_new = (delivery_subject(new.id), *slip_subjects(new.id))
    becomes = dict(zip(of_old, of_new, strict=True))
    for card in await act.tx.cards_about(*of_old):
        await act.tx.move_card(card.chat, card.subject, becomes[card.subject], now=act.now)
    return new


async def _still_picked(act: Actor, old: Delivery) -> Recipient:
    """Whoever is to collect; where the parcel was given up in between, whoever was picked may have
    refused since."""
    if old.state in LIVE or old.picked_by is None:
        return Recipient.of(old)
    return await picked(act, old.recipient, old.recipient_name, by=old.picked_by)


async def cancel(act: Actor, delivery: Delivery) -> Delivery:
    """The sender no longer wants the locker; a token that is out may still be used (late fact)."""
    check(act, Action.CANCEL, delivery)
    if delivery.state is State.PREPARED:
        return await act.transition(delivery, Event.CANCELLED, held_until=None)
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
