"""What operators alone can do: to a delivery, to a locker that belongs to none, to an alert.

Guarantees: done by anybody else, each raises NotYours and changes nothing; what the table of
actions forbids raises Illegal. A reason is written into the delivery's history, where those
concerned read it. Nothing here leaves a parcel in a locker that nobody can open.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action, concerns, permitted
from bot.domain.alerts import Alert, AlertKind
from bot.domain.delivery import MAX_NOTE, Delivery, RequestKind, Role
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import new_delivery_id
from bot.domain.lifecycle import Event, Illegal, State
from bot.domain.tower import LockerStatus, Size
from bot.usecases.actor import Actor, NotYours, next_due, request_of_harbor
from bot.usecases.alerts import amend_alert, end_alert
from bot.usecases.book import cancel
from bot.usecases.cards import take_code_away
from bot.usecases.collect import open_again
from bot.usecases.extend import let_wait
from bot.usecases.transitions import save

_BOTH = frozenset({Role.SENDER, Role.RECIPIENT})
_WOULD_BE: dict[Action, Event] = {
    Action.RELEASE_OK: Event.CANCELLED,
    Action.END_OK: Event.CLOSED,
    Action.FETCH_OK: Event.PICK_UP_ISSUED,
    Action.HOLD_OK: Event.EXTENDED,
    Action.GIVE_OK: Event.EXTENDED,
}


def _check(act: Actor, action: Action, delivery: Delivery) -> None:
    if not concerns(action, delivery, act.person, act.policy):
        raise NotYours
    if permitted(action, delivery, act.person, act.policy) is None:
        raise Illegal(delivery.state, _WOULD_BE[action])


def _words(reason: str) -> str | None:
    """The reason as it is kept; None where there is none."""
    return " ".join(reason.split())[:MAX_NOTE] or None


async def release(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """An operator gives the locker of a delivery back at Harbor; it is thereby cancelled."""
    _check(act, Action.RELEASE_OK, delivery)
    if delivery.state is State.RELEASING:
        delivery = await request_of_harbor(act, delivery, RequestKind.RELEASE, show_to=None)
    else:
        delivery = await cancel(act, delivery)
    event = HistoryEvent.RELEASED_BY_OPERATOR
    return await act.note(delivery, event, _words(reason), rouse=_BOTH)


async def close(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """An operator ends a delivery that holds no parcel; its locker is given back if it has one."""
    _check(act, Action.END_OK, delivery)
    await take_code_away(act.tx, delivery, now=act.now)
    await act.tx.drop_claim(delivery.id)
    held = delivery.locker is not None or delivery.candidate is not None
    return await act.transition(
        delivery,
        Event.CLOSED,
        detail=_words(reason),
        want=RequestKind.RELEASE if held else None,
        want_due=next_due(act, delivery) if held else None,
        want_attempts=0,
        code_until=None,
    )


async def fetch(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """An operator fetches the parcel out: they collect from now on, and are shown the code."""
    _check(act, Action.FETCH_OK, delivery)
    await take_code_away(act.tx, delivery, now=act.now)
    await act.tx.drop_claim(delivery.id)
    event = HistoryEvent.FETCHED_BY_OPERATOR
    taken = replace(delivery, fetcher=act.person, code_until=None)
    taken = await act.note(taken, event, _words(reason), rouse=_BOTH)
    return await request_of_harbor(act, taken, RequestKind.PICK_UP_TOKEN, show_to=act.person)


async def hold(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """An operator lets the parcel wait longer, beyond any limit."""
    _check(act, Action.HOLD_OK, delivery)
    return await let_wait(act, delivery, detail=_words(reason))


async def give(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """An operator lets somebody else collect: there is a new claim, which they and the sender can
    pass on; whoever could collect until now no longer can."""
    _check(act, Action.GIVE_OK, delivery)
    event = HistoryEvent.GIVEN_BY_OPERATOR
    return await open_again(act, delivery, event, _words(reason), rouse=frozenset({Role.SENDER}))


async def see(act: Actor, key: str) -> None:
    """An operator has seen an alert: the first of them is remembered; some alerts end by it."""
    alert = await _standing(act, key)
    if alert is None or alert.seen_at is not None:
        return
    await amend_alert(act.tx, key, act.policy, now=act.now, seen_at=act.now, seen_by=act.person)
    if alert.lifetime.until_seen:
        await end_alert(act.tx, key, act.policy, now=act.now)


async def release_orphan(act: Actor, key: str) -> None:
    """An operator wants the orphan locker of an alert given back; the reconciler does it."""
    alert = await _standing(act, key)
    if alert is not None and alert.status is not LockerStatus.OCCUPIED:
        await amend_alert(
            act.tx,
            key,
            act.policy,
            now=act.now,
            ring=True,
            owner=act.person,
            release=True,
            refused=False,
        )


async def fetch_orphan(act: Actor, key: str) -> Delivery | None:
    """An operator fetches out what lies in an orphan locker: it becomes a delivery of theirs, and
    the alert is over. None where there is nothing (any more) to fetch."""
    alert = await _standing(act, key)
    if alert is None or alert.kind is not AlertKind.ORPHAN:
        return None
    if alert.tower is None or alert.locker is None or alert.status is not LockerStatus.OCCUPIED:
        return None
    if await act.tx.live_at(alert.tower, alert.locker):
        return None
    found = await _found(act, alert)
    await end_alert(act.tx, key, act.policy, now=act.now)
    return await request_of_harbor(act, found, RequestKind.PICK_UP_TOKEN, show_to=act.person)


async def _found(act: Actor, alert: Alert) -> Delivery:
    """A parcel that belonged to nobody, as a delivery that the operator sends and fetches."""
    assert alert.tower is not None
    size = alert.detail.get("size")
    delivery = Delivery(
        id=new_delivery_id(),
        sender=act.person,
        tower=alert.tower,
        size=Size(size) if size in list(Size) else Size.MEDIUM,
        state=State.STORED,
        locker=alert.locker,
        locker_name=alert.locker_name or str(alert.locker),
        created_at=act.now,
        reported_at=act.now,
        collect_until=act.now + act.policy.storage,
        fetcher=act.person,
    )
    delivery = await act.tx.add_delivery(delivery)
    event = HistoryEvent.FOUND_BY_OPERATOR
    await act.tx.record(HistoryEntry(delivery.id, act.now, event, act.person))
    return await save(act.tx, delivery, now=act.now, policy=act.policy, seen=False)


async def _standing(act: Actor, key: str) -> Alert | None:
    if act.person not in act.policy.operators:
        raise NotYours
    alert = await act.tx.alert(key)
    return alert if alert is not None and alert.stands else None
