"""Raising and settling alerts within the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bot.domain.alerts import Alert
from bot.domain.delivery import Delivery
from bot.domain.policy import Policy
from bot.ports.database import Transaction
from bot.usecases.cards import tell_operators

_ABOUT_WHAT_LASTS = ("odd", "door", "overdue")
"""Kinds of alert that are over once their delivery is."""


async def raise_alert(
    tx: Transaction, key: str, policy: Policy, *, now: datetime, **detail: Any
) -> bool:
    """Raise an alert in the caller's transaction; True when it is news."""
    if not await tx.raise_alert(Alert(key, now, detail=detail)):
        return False
    await tell_operators(tx, key, policy, now=now)
    return True


async def settle_alerts(
    tx: Transaction,
    delivery: Delivery,
    policy: Policy,
    *,
    now: datetime,
    kinds: Collection[str] = _ABOUT_WHAT_LASTS,
) -> None:
    """What was alarming about the delivery is over (with the delivery itself, usually)."""
    for alert in await tx.alerts():
        kind = alert.key.partition(":")[0]
        if kind in kinds and alert.detail.get("delivery") == delivery.id:
            await tx.clear_alert(alert.key, now)
            await tell_operators(tx, alert.key, policy, now=now)
