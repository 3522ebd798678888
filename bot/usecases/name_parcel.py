"""Naming a parcel: its sender's word for it, which both people of the delivery read."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.delivery import MAX_PARCEL_NAME, Delivery
from bot.usecases.actor import Actor, check
from bot.usecases.cards import tell
from bot.usecases.transitions import save


async def name_parcel(act: Actor, delivery: Delivery, name: str | None) -> Delivery:
    """Call it so (None: by no name any more). Cards change in silence; no history says the word."""
    check(act, Action.NAME, delivery)
    named = replace(delivery, parcel_name=name[:MAX_PARCEL_NAME] if name else None)
    after = await save(act.tx, named, now=act.now, policy=act.policy)
    await act.tx.index_parcel(after.id, after.parcel_name)
    await tell(act.tx, after, now=act.now)
    return after
