"""More time: hold the locker longer, or let the parcel wait longer."""

from __future__ import annotations

from bot.domain.actions import extensions_left
from bot.domain.alerts import AlertKind
from bot.domain.delivery import Delivery, RequestKind
from bot.domain.lifecycle import Event, Illegal, State
from bot.usecases.actor import Actor, request_of_harbor
from bot.usecases.alerts import end_alerts_about


async def more_time(act: Actor, delivery: Delivery) -> Delivery:
    """Hold the locker longer, by a drop-off token: Harbor's table knows no second reservation.

    In STORED it is our own storage deadline that moves: see `extend`.
    """
    if delivery.state is State.STORED:
        return await extend(act, delivery)
    if delivery.state not in (State.RESERVED, State.RENTED):
        raise Illegal(delivery.state, Event.DROP_OFF_ISSUED)
    if delivery.want is RequestKind.DROP_OFF_TOKEN:
        return delivery  # the code that is under way holds the locker no less long
    code = await act.tx.code(delivery.id)
    shown = code is not None and code.revealed
    return await request_of_harbor(
        act, delivery, RequestKind.DROP_OFF_TOKEN, show_to=act.person if shown else None
    )


async def extend(act: Actor, delivery: Delivery) -> Delivery:
    """Move the storage deadline on, a few times at most (Illegal after that)."""
    if delivery.collect_until is None or not extensions_left(delivery, act.policy):
        raise Illegal(delivery.state, Event.EXTENDED)
    return await let_wait(act, delivery, extensions=delivery.extensions + 1)


async def let_wait(act: Actor, delivery: Delivery, **changes: object) -> Delivery:
    """Move the storage deadline on by one extension, from now if it has passed; no limit holds."""
    until = delivery.collect_until or act.now
    overdue = frozenset({AlertKind.OVERDUE})
    await end_alerts_about(act.tx, delivery, act.policy, now=act.now, kinds=overdue)
    return await act.transition(
        delivery,
        Event.EXTENDED,
        collect_until=max(until, act.now) + act.policy.extension,
        reminders_sent=min(delivery.reminders_sent, 1),  # the last one is due anew, not the first
        overdue_at=None,
        **changes,
    )
