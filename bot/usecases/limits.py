"""Limits of one person: checked before anything is written.

Guarantees: operators of all towers have none; whoever reaches one is told which, and operators hear
of it once.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.domain.alerts import limit_reached
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEvent
from bot.domain.limits import BOOKINGS_WITHIN, Limit
from bot.usecases.actor import Actor
from bot.usecases.alerts import raise_alert


class OverLimit(Exception):
    """One more is not allowed: `most` of `limit` are there.

    `longer`: it is one locker that has been held longer that often.
    """

    def __init__(self, limit: Limit, most: int, *, longer: bool) -> None:
        super().__init__(f"no more than {most} {limit.value}")
        self.limit, self.most, self.longer = limit, most, longer


async def within_limits(act: Actor, limits: Collection[Limit] = tuple(Limit)) -> None:
    """Raises OverLimit where this person may not book one more locker."""
    if act.person in act.policy.operators:
        return
    sent = await act.tx.sent(act.person, act.now - BOOKINGS_WITHIN)
    there = {Limit.HOLDS: sent.holds, Limit.BOOKINGS: sent.bookings, Limit.LIVE: sent.live}
    for limit, count in there.items():
        if limit in limits and count >= act.policy.limits.of(limit):
            await _refuse(act, limit)


async def may_hold_longer(act: Actor, delivery: Delivery) -> None:
    """Raises OverLimit where so many tokens have been issued to hold this one locker."""
    most = act.policy.limits.of(Limit.HOLDS)
    if act.person in act.policy.operators:
        return
    history = await act.tx.history(delivery.id)
    if sum(entry.event is HistoryEvent.DROP_OFF_ISSUED for entry in history) >= most:
        await _refuse(act, Limit.HOLDS, longer=True)


async def _refuse(act: Actor, limit: Limit, *, longer: bool = False) -> None:
    most = act.policy.limits.of(limit)
    known_as = act.tx.known_as(act.person)
    alert = limit_reached(act.now, act.person, known_as, limit, most)
    await raise_alert(act.tx, alert, act.policy)
    raise OverLimit(limit, most, longer=longer)
