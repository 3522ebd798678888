"""Lets time happen: reminders, deadlines, codes that run out.

Guarantees: a deadline is taken in one transaction that also sets the next one, so that a restart
neither loses nor repeats it; one that fails holds up no other, and is tried again later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.alerts import not_collected
from bot.domain.deadlines import Deadline, deadlines, quiet_until
from bot.domain.delivery import Delivery, Role
from bot.domain.ids import PersonId
from bot.domain.lifecycle import Event
from bot.domain.policy import Policy
from bot.domain.rings import RINGS, Call, Sound, roused
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import Conflict, TryLater
from bot.usecases.alerts import raise_alert
from bot.usecases.cards import take_code_away, tell
from bot.usecases.transitions import save, transition
from bot.workers.loop import Dues
from bot.workers.signals import Signals

log = structlog.get_logger()

_AT_ONCE = 100
_AFTER_FAILURE = timedelta(minutes=5)


class Reminders:
    """See the module; `turn` takes every deadline that is due."""

    def __init__(self, database: Database, clock: Clock, policy: Policy, signals: Signals) -> None:
        self._database, self._clock, self._policy = database, clock, policy
        self._signals = signals
        self._dues = Dues(clock.now())

    async def turn(self) -> datetime | None:
        """Take what is due; say when the next deadline is."""
        now = self._clock.now()
        self._dues.take(self._signals.deadlines, now)
        await self._dues.when_come(now, self._look)
        return self._dues.next

    async def _look(self, now: datetime) -> None:
        due = await self._database.look(
            lambda tx: tx.deliveries_due(now, _AT_ONCE), one_statement=True
        )
        for delivery in due:
            await self._take(delivery)
        if due:
            self._dues.add(now)
        await self._dues.look_ahead(self._database, now, lambda tx: tx.next_deadline())

    async def _take(self, delivery: Delivery) -> None:
        try:
            await self._database.run(partial(self._ring, seen=delivery))
        except TryLater:
            raise
        except Conflict:
            log.debug("deadline_overtaken", delivery=delivery.id)
        except Exception:
            log.exception("deadline_failed", delivery=delivery.id)
            await self._database.run(partial(self._put_off, seen=delivery))

    async def _put_off(self, tx: Transaction, seen: Delivery) -> None:
        current = await tx.delivery(seen.id)
        if current is not None:
            later = self._clock.now() + _AFTER_FAILURE
            await tx.save_delivery(replace(current, deadline_at=later))

    async def _ring(self, tx: Transaction, seen: Delivery) -> None:
        now = self._clock.now()
        current = await tx.delivery(seen.id)
        if current is None or current.deadline_at is None or current.deadline_at > now:
            return
        due = [alarm for at, alarm in deadlines(current, self._policy) if at <= now]
        if not due:
            await save(tx, current, now=now, policy=self._policy, seen=False)
            return
        if Deadline.CODE_OVER in due:
            await take_code_away(tx, current, now=now)
            current = replace(current, code_until=None)
        await self._sound(tx, current, due, now)

    async def _sound(
        self, tx: Transaction, current: Delivery, due: list[Deadline], now: datetime
    ) -> None:
        """The weightiest of what is due speaks for the rest."""
        if Deadline.PREPARED_OVER in due:
            await self._forget(tx, current, now)
        elif Deadline.OVERDUE in due:
            await self._overdue(tx, current, now)
        elif Deadline.LAST_REMINDER in due:
            whom = _collecting(current)
            rouse = roused(Call.LAST_REMINDER, frozenset({whom} if whom else ()))
            await self._remind(tx, current, now, sent=2, rouse=rouse)
        elif Deadline.FIRST_REMINDER in due:
            await self._first_reminder(tx, current, now, Call.FIRST_REMINDER, current.collector)
        elif Deadline.AWAITED in due:
            await self._first_reminder(tx, current, now, Call.AWAITED, current.sender)
        elif Deadline.HOLD_OVER in due:
            await self._remind(tx, current, now, sent=2)
        elif Deadline.HOLD_ENDING in due:
            await self._remind(tx, current, now, sent=1, rouse=roused(Call.HOLD_ENDING))
        elif Deadline.PREPARED_ENDING in due:
            await self._remind(tx, current, now, sent=1, rouse=roused(Call.PREPARED_ENDING))
        else:
            await self._remind(tx, current, now, sent=current.reminders_sent)

    async def _remind(
        self,
        tx: Transaction,
        current: Delivery,
        now: datetime,
        *,
        sent: int,
        rouse: frozenset[Role] = frozenset(),
    ) -> None:
        after = await save(tx, replace(current, reminders_sent=sent), now=now, policy=self._policy)
        await tell(tx, after, now=now, rouse=rouse)

    async def _first_reminder(
        self,
        tx: Transaction,
        current: Delivery,
        now: datetime,
        call: Call,
        whom: PersonId | None,
    ) -> None:
        """As the table has it: put off to the end of their quiet hours, not where reminders are
        off."""
        ring = RINGS[call]
        reminded = await tx.person(whom) if whom else None
        if reminded is not None:
            tower = await tx.tower(current.tower)
            zone = tower.told_zone if tower else "UTC"
            until = quiet_until(reminded, zone, now) if ring.sound is Sound.PUT_OFF else None
            if until is not None:
                rest = [at for at, alarm in deadlines(current, self._policy) if at > now]
                await tx.save_delivery(replace(current, deadline_at=min([until, *rest])))
                return
        wanted = reminded is not None and (reminded.reminders or not ring.optional)
        role = Role.SENDER if whom == current.sender else Role.RECIPIENT
        roles = frozenset({role} if wanted and current.fetcher is None else ())
        await self._remind(tx, current, now, sent=1, rouse=roused(call, roles))

    async def _forget(self, tx: Transaction, current: Delivery, now: datetime) -> None:
        forgotten = Event.FORGOTTEN
        await transition(tx, current, forgotten, now=now, policy=self._policy, held_until=None)

    async def _overdue(self, tx: Transaction, current: Delivery, now: datetime) -> None:
        late = await transition(
            tx,
            current,
            Event.OVERDUE,
            now=now,
            policy=self._policy,
            overdue_at=now,
            reminders_sent=2,
        )
        await raise_alert(tx, not_collected(now, late), self._policy)


def _collecting(delivery: Delivery) -> Role | None:
    """Who is reminded; nobody, when an operator fetches it."""
    if delivery.fetcher is not None:
        return None
    return Role.SENDER if delivery.taken_back else Role.RECIPIENT
