"""What operators alone can do to a delivery, and to a locker that belongs to none.

Guarantees: as in `bot.deliveries`; done by anybody else, each raises NotYours and changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.delivery import MAX_NOTE, Delivery, HarborRequest, RequestKind
from bot.domain.lifecycle import Event
from bot.usecases.actor import Actor, NotYours
from bot.usecases.alerts import settle_alerts
from bot.usecases.cards import take_code_away, tell_operators


async def close(act: Actor, delivery: Delivery, reason: str) -> Delivery:
    """An operator ends a delivery, whatever its state; the locker is given back where it can be."""
    if act.person not in act.policy.operators:
        raise NotYours
    await take_code_away(act.tx, delivery, now=act.now)
    await act.tx.drop_claim(delivery.id)
    await settle_alerts(act.tx, delivery, act.policy, now=act.now)
    held = delivery.locker is not None or delivery.candidate is not None
    return await act.transition(
        delivery,
        Event.CLOSED,
        detail=reason[:MAX_NOTE],
        request=HarborRequest.made(RequestKind.RELEASE, act.now) if held else None,
        code_until=None,
    )


async def release_orphan(act: Actor, key: str) -> None:
    """An operator wants the stray locker of an alert given back; the watcher does it."""
    if act.person not in act.policy.operators:
        raise NotYours
    alert = await act.tx.alert(key)
    if alert is not None and alert.cleared_at is None:
        await act.tx.save_alert(replace(alert, detail={**alert.detail, "release": True}))
        await tell_operators(act.tx, key, act.policy, now=act.now)
