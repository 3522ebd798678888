"""What whoever has claimed a parcel may do to it on its page, beside opening the door."""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.ids import DeliveryId
from bot.usecases.actor import Actor, authorized
from bot.usecases.extend import more_time
from bot.usecases.report import report_problem


async def report(act: Actor, delivery: DeliveryId, words: str) -> None:
    """Tell the operators of a problem, in these words."""
    await report_problem(act, await authorized(act, delivery, Action.PROBLEM), words)


async def ask_more_time(act: Actor, delivery: DeliveryId) -> None:
    """Have it wait longer."""
    await more_time(act, await authorized(act, delivery, Action.MORE_TIME))
