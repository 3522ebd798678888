"""Raising and ending alerts within the caller's transaction.

Guarantees: an alert that lasts no longer than its delivery ends with it; one that waits to be seen
has a last day once its delivery is over; operators are told of every beginning and every end.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.alerts import Alert, AlertKind, last_day
from bot.domain.card import photo_subject
from bot.domain.delivery import Delivery
from bot.domain.policy import Policy
from bot.ports.database import Transaction
from bot.usecases.cards import tell_operators


async def raise_alert(tx: Transaction, alert: Alert, policy: Policy) -> bool:
    """Raise an alert in the caller's transaction; True when it is news."""
    if not await tx.raise_alert(alert):
        return False
    await tell_operators(tx, alert, policy, now=alert.raised_at)
    return True


async def end_alert(tx: Transaction, key: str, policy: Policy, *, now: datetime) -> bool:
    """It is over; True when it stood until now."""
    if not await tx.clear_alert(key, now):
        return False
    alert = await tx.alert(key)
    assert alert is not None, "it has just been written"
    await tell_operators(tx, alert, policy, now=now)
    return True


async def amend_alert(
    tx: Transaction, key: str, policy: Policy, *, now: datetime, ring: bool = False, **changes: Any
) -> None:
    """Change fields of an alert, if it stands; its cards say so, and ring only if that is asked."""
    before = await tx.alert(key)
    after = replace(before, **changes) if before is not None and before.stands else before
    if after is None or after == before:
        return
    await tx.save_alert(after)
    await tell_operators(tx, after, policy, now=now, ring=ring)


async def end_alerts_about(
    tx: Transaction,
    delivery: Delivery,
    policy: Policy,
    *,
    now: datetime,
    kinds: Collection[AlertKind],
) -> None:
    """What was alarming about the delivery, of these kinds, has been put right."""
    for alert in await tx.alerts_about(delivery.id):
        if alert.kind in kinds:
            await end_alert(tx, alert.key, policy, now=now)


async def settle_alerts(
    tx: Transaction, delivery: Delivery, policy: Policy, *, now: datetime
) -> None:
    """The delivery is over: so are the alerts that last as long; the others have a last day."""
    for alert in await tx.alerts_about(delivery.id):
        if alert.lifetime.with_delivery:
            await end_alert(tx, alert.key, policy, now=now)
        elif alert.ends_at is None:
            await tx.save_alert(replace(alert, ends_at=last_day(alert.kind, now)))


async def revive_alerts(tx: Transaction, delivery: Delivery) -> None:
    """The delivery is under way again: a problem that was reported of it stands till it is seen."""
    for alert in await tx.alerts_about(delivery.id):
        if alert.kind is AlertKind.PROBLEM:
            await tx.save_alert(replace(alert, ends_at=None))


async def end_what_has_run_out(tx: Transaction, policy: Policy, *, now: datetime) -> None:
    """Alerts whose last day has come, and that nobody has seen, are over. With one of a reported
    problem goes what operators were shown for it."""
    for alert in await tx.alerts_run_out(now):
        await end_alert(tx, alert.key, policy, now=now)
        about = await tx.delivery(alert.delivery) if alert.delivery else None
        if about is not None and about.problem_reported and alert.kind is AlertKind.PROBLEM:
            await tx.save_delivery(replace(about, problem_reported=False))
            await tx.mark_about(photo_subject(about.id), now=now)
