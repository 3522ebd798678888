"""Where a parcel's tower stands, as a pin on a map."""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.card import map_subject
from bot.domain.delivery import Delivery
from bot.usecases.actor import Actor, check


async def show_map(act: Actor, delivery: Delivery) -> None:
    """The pin comes below everything else. A chat has one of a delivery."""
    check(act, Action.MAP, delivery)
    await act.tx.mark(act.person, map_subject(delivery.id), now=act.now, ring=True)
