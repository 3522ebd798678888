"""Naming a parcel: its sender's word for it, which both people of the delivery read."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.delivery import MAX_PARCEL_NAME, Delivery
from bot.usecases.actor import Actor, check


async def name_parcel(act: Actor, delivery: Delivery, name: str | None) -> Delivery:
    """Call it so (None: by no name any more). Cards change in silence; no history says the word."""
    check(act, Action.NAME, delivery)
    named = replace(delivery, parcel_name=name[:MAX_PARCEL_NAME] if name else None)
    await act.tx.index_parcel(named)
    return await act.change(named)
