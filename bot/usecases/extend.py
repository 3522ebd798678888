"""More time: hold the locker longer, or let the parcel wait longer."""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.alerts import AlertKind
from bot.domain.delivery import Delivery, RequestKind
from bot.domain.lifecycle import Event, State
from bot.domain.opening_hours import collectable_by
from bot.usecases.actor import Actor, ask_of_harbor, check
from bot.usecases.alerts import end_alerts_about
from bot.usecases.limits import may_hold_longer


async def more_time(act: Actor, delivery: Delivery) -> Delivery:
    """Hold the locker longer, by a drop-off token: Harbor's table knows no second reservation.

    In STORED it is our own storage deadline that moves, a few times at most; a parcel that is
    prepared stays so from now on for as long as a new one. Raises OverLimit.
    """
    check(act, Action.MORE_TIME, delivery)
    if delivery.state is State.PREPARED:
        until = act.now + act.policy.prepared
        return await act.transition(delivery, Event.EXTENDED, held_until=until, reminders_sent=0)
    if delivery.state is State.STORED:
        return await let_wait(act, delivery, extensions=delivery.extensions + 1)
    await may_hold_longer(act, delivery)
    code = await act.tx.code(delivery.id)
    shown = code is not None and code.revealed
    return await ask_of_harbor(
        act, delivery, RequestKind.DROP_OFF_TOKEN, by=act.person if shown else None
    )


async def let_wait(act: Actor, delivery: Delivery, **changes: object) -> Delivery:
    """Move the storage deadline on by one extension, from now if it has passed; no limit holds.

    It never falls into the tower's closed hours.
    """
    until = max(delivery.collect_until or act.now, act.now) + act.policy.extension
    overdue = frozenset({AlertKind.OVERDUE})
    await end_alerts_about(act.tx, delivery, act.policy, now=act.now, kinds=overdue)
    return await act.transition(
        delivery,
        Event.EXTENDED,
        collect_until=collectable_by(await act.tx.tower(delivery.tower), until),
        reminders_sent=min(delivery.reminders_sent, 1),  # the last one is due anew, not the first
        overdue_at=None,
        **changes,
    )
