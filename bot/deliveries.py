"""What a person can do to a delivery: the use cases, each one step of a transaction.

Guarantees: each checks on its own that the person may do it and that the delivery is as they saw it
(NotYours, Stale), changes nothing otherwise, and leaves what Harbor must do as a `want`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts import raise_alert, settle_alerts
from bot.codes import new_claim, new_delivery_id
from bot.happening import (
    happen,
    keep,
    show_code,
    take_code_away,
    tell,
    tell_of_one_visit,
)
from bot.lifecycle import Event, Illegal, State
from bot.model import (
    SCREEN,
    CodeKind,
    Delivery,
    DeliveryId,
    Moment,
    Person,
    PersonId,
    Role,
    Size,
    TowerId,
    Trouble,
    Want,
    delivery_subject,
)
from bot.ports import Transaction
from bot.terms import Terms

MAX_NOTE = 200
DOOR_REPORTS_TO_ALERT = 3


class NotYours(Exception):
    """No such delivery for this person (said alike whether it exists or not)."""


class Stale(Exception):
    """The delivery has changed since the button was shown; `delivery` is how it stands."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__("the delivery has changed since")
        self.delivery = delivery


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sender has chosen; `recipient` None means by claim."""

    tower: TowerId
    size: Size
    low: bool = False
    larger_allowed: bool = True
    note: str | None = None
    recipient: PersonId | None = None
    recipient_name: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, when, and on which terms: what every use case is told."""

    tx: Transaction
    person: PersonId
    now: datetime
    terms: Terms

    async def happen(self, delivery: Delivery, event: Event, **changes: object) -> Delivery:
        """`happening.happen` by this person."""
        return await happen(
            self.tx,
            delivery,
            event,
            now=self.now,
            terms=self.terms,
            by=self.person,
            **changes,  # type: ignore[arg-type]  # the fields of Delivery, by name
        )

    async def note(self, delivery: Delivery, event: str, detail: str | None = None) -> Delivery:
        """Save `delivery`, write `event` into its history and tell those concerned, silently."""
        after = await keep(self.tx, delivery, now=self.now, terms=self.terms)
        await self.tx.record(Moment(after.id, self.now, event, self.person, detail))
        await tell(self.tx, after, now=self.now)
        return after


async def the(
    act: Act, delivery: DeliveryId, *roles: Role, revision: int | None = None
) -> Delivery:
    """The delivery, if the person has one of `roles` (any, if none is named) in it.

    Operators find every delivery when no role is named. Raises NotYours; Stale when `revision`
    is not the present one.
    """
    found = await act.tx.delivery(delivery)
    if found is None:
        raise NotYours
    theirs = found.roles_of(act.person)
    allowed = bool(theirs & frozenset(roles or Role))
    if not allowed and (roles or act.person not in act.terms.operators):
        raise NotYours
    if revision is not None and found.revision != revision:
        raise Stale(found)
    return found


async def request(act: Act, sender: Person, wish: Wish) -> Delivery:
    """A new delivery out of a finished draft; the sender's screen becomes its card."""
    delivery = await _begin(act, sender.id, wish)
    if wish.recipient is None:
        await act.tx.save_claim(new_claim(delivery.id))
    await act.tx.save_person(replace(sender, last_tower=wish.tower, last_size=wish.size))
    await act.tx.move_card(sender.id, SCREEN, delivery_subject(delivery.id), now=act.now)
    return delivery


async def _begin(
    act: Act, sender: PersonId, wish: Wish, *, handed_over_by: PersonId | None = None
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
        want=Want.LOCKER,
        want_due=act.now,
        created_at=act.now,
        changed_at=act.now,
    )
    delivery = await act.tx.add_delivery(delivery)
    await act.tx.record(Moment(delivery.id, act.now, "requested", act.person, wish.size.value))
    return delivery


async def try_again(act: Act, delivery: Delivery, *, tower: TowerId, size: Size) -> Delivery:
    """After NO_LOCKER or LAPSED: the same parcel once more (once), for the same recipient."""
    over = delivery.state in (State.NO_LOCKER, State.LAPSED, State.CANCELLED)
    if not over or delivery.successor is not None:
        raise Illegal(delivery.state, Event.RESERVED)
    return await _succeed(act, delivery, tower, size)


async def another_size(act: Act, delivery: Delivery, size: Size) -> Delivery:
    """It doesn't fit: this locker is given back, and one of `size` requested in its place."""
    await cancel(act, replace(delivery, trouble=Trouble.FITS_NOT))
    given_back = await the(act, delivery.id, Role.SENDER)
    return await _succeed(act, given_back, delivery.tower, size)


async def _succeed(act: Act, old: Delivery, tower: TowerId, size: Size) -> Delivery:
    """A successor takes over recipient, claim, note and card, so that a forwarded link holds."""
    wish = Wish(
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
    await keep(act.tx, replace(old, successor=new.id), now=act.now, terms=act.terms)
    for card in await act.tx.cards_about(delivery_subject(old.id)):
        await act.tx.move_card(card.chat, card.subject, delivery_subject(new.id), now=act.now)
    return new


async def cancel(act: Act, delivery: Delivery) -> Delivery:
    """The sender no longer wants the locker; a token that is out may still be used (late fact)."""
    await take_code_away(act.tx, delivery, now=act.now)
    return await act.happen(
        delivery,
        Event.CANCELLED,
        want=Want.RELEASE,
        want_due=next_due(act, delivery),
        want_attempts=0,
        code_until=None,
    )


async def ask_drop_off_code(act: Act, delivery: Delivery, *, fresh: bool = False) -> Delivery:
    """Show the drop-off code; have one issued if there is none yet (or `fresh` is asked)."""
    if delivery.state not in (State.RESERVED, State.RENTED):
        raise Illegal(delivery.state, Event.DROP_OFF_ISSUED)
    return await _ask_code(act, delivery, CodeKind.DROP_OFF, Want.DROP_OFF_TOKEN, fresh=fresh)


async def ask_pick_up_code(act: Act, delivery: Delivery, *, fresh: bool = False) -> Delivery:
    """Show the pick-up code to the one collector; NotYours for anybody else."""
    if delivery.state is not State.STORED:
        raise Illegal(delivery.state, Event.PICK_UP_ISSUED)
    if delivery.collector != act.person:
        raise NotYours
    return await _ask_code(act, delivery, CodeKind.PICK_UP, Want.PICK_UP_TOKEN, fresh=fresh)


async def _ask_code(
    act: Act, delivery: Delivery, kind: CodeKind, want: Want, *, fresh: bool
) -> Delivery:
    code = await act.tx.code(delivery.id)
    usable = code and code.kind is kind and code.holder == act.person and code.expires_at > act.now
    if code and usable and not fresh:
        await act.tx.save_code(replace(code, revealed=True))
        await tell(act.tx, delivery, now=act.now)  # the card says whether a code is out
        await show_code(act.tx, delivery, act.person, now=act.now, ring=True)
        return delivery
    if delivery.want is want and delivery.want_by == act.person:
        return delivery  # it is under way: a second tap asks for nothing more
    return await _wish(act, delivery, want, show_to=act.person)


def next_due(act: Act, delivery: Delivery) -> datetime:
    """Now; while somebody is at work on what was wanted before, when they are through with it."""
    return max(act.now, delivery.want_due or act.now)


async def _wish(act: Act, delivery: Delivery, want: Want, *, show_to: PersonId | None) -> Delivery:
    after = replace(
        delivery,
        want=want,
        want_due=next_due(act, delivery),
        want_attempts=0,
        want_by=show_to,
        trouble=None,
    )
    after = await keep(act.tx, after, now=act.now, terms=act.terms)
    await tell(act.tx, after, now=act.now)
    return after


async def more_time(act: Act, delivery: Delivery) -> Delivery:
    """Hold the locker longer, by a drop-off token: Harbor's table knows no second reservation.

    In STORED it is our own storage deadline that moves: see `extend`.
    """
    if delivery.state is State.STORED:
        return await extend(act, delivery)
    if delivery.state not in (State.RESERVED, State.RENTED):
        raise Illegal(delivery.state, Event.DROP_OFF_ISSUED)
    if delivery.want is Want.DROP_OFF_TOKEN:
        return delivery  # the code that is under way holds the locker no less long
    code = await act.tx.code(delivery.id)
    shown = code is not None and code.revealed
    return await _wish(act, delivery, Want.DROP_OFF_TOKEN, show_to=act.person if shown else None)


def extensions_left(delivery: Delivery, terms: Terms) -> int:
    """How often the storage deadline may still be moved."""
    return max(0, terms.extensions - delivery.extensions)


async def extend(act: Act, delivery: Delivery) -> Delivery:
    """Move the storage deadline on, a few times at most (Illegal after that)."""
    if delivery.collect_until is None or not extensions_left(delivery, act.terms):
        raise Illegal(delivery.state, Event.EXTENDED)
    await settle_alerts(act.tx, delivery, act.terms, now=act.now, kinds=("overdue",))
    return await act.happen(
        delivery,
        Event.EXTENDED,
        collect_until=max(delivery.collect_until, act.now) + act.terms.extension,
        extensions=delivery.extensions + 1,
        reminders_sent=min(delivery.reminders_sent, 1),  # the last one is due anew, not the first
        overdue_at=None,
    )


async def hand_over(act: Act, delivery: Delivery) -> Delivery:
    """Somebody else shall collect: the old link, code and recipient no longer count."""
    if delivery.state not in (State.REQUESTED, State.RESERVED, State.RENTED, State.STORED):
        raise Illegal(delivery.state, Event.EXTENDED)
    before = {delivery.recipient, delivery.handed_over_by} - {None, delivery.sender}
    if delivery.state is State.STORED:
        await take_code_away(act.tx, delivery, now=act.now)
        delivery = replace(delivery, code_until=None, taken_back=False, want=None)
    await act.tx.save_claim(new_claim(delivery.id))
    forwards = None if act.person == delivery.sender else act.person
    open_again = replace(delivery, recipient=None, recipient_name=None, handed_over_by=forwards)
    after = await act.note(open_again, "handed_over")
    for person in before:
        assert person is not None
        await act.tx.mark(person, delivery_subject(after.id), now=act.now)
        await tell_of_one_visit(act.tx, after, person, now=act.now)
    return after


async def take_back(act: Act, delivery: Delivery) -> Delivery:
    """The sender fetches the parcel back: the claim is over, and they are the collector."""
    if delivery.state is not State.STORED or delivery.taken_back:
        raise Illegal(delivery.state, Event.COLLECTED)
    await take_code_away(act.tx, delivery, now=act.now)
    await act.tx.drop_claim(delivery.id)
    taken = replace(delivery, taken_back=True, code_until=None, want=None)
    return await act.note(taken, "taken_back")


async def door_did_not_open(act: Act, delivery: Delivery) -> Delivery:
    """Write down that the code did not open the door; the third report tells the operators."""
    delivery = await act.note(
        replace(delivery, door_reports=delivery.door_reports + 1), "door_did_not_open"
    )
    if delivery.door_reports == DOOR_REPORTS_TO_ALERT:
        await raise_alert(
            act.tx, f"door:{delivery.id}", act.terms, now=act.now, delivery=delivery.id
        )
    return delivery


async def report_problem(act: Act, delivery: Delivery, text: str) -> Delivery:
    """Pass a person's words on to the operators, with the delivery they are about."""
    delivery = await act.note(delivery, "problem", text[:MAX_NOTE])
    key = f"problem:{delivery.id}:{delivery.revision}"
    await raise_alert(
        act.tx, key, act.terms, now=act.now, delivery=delivery.id, text=text[:MAX_NOTE]
    )
    return delivery
