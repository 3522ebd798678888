"""Reporting a door or a problem."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.usecases.actor import Actor, check
from bot.usecases.alerts import raise_alert

DOOR_REPORTS_TO_ALERT = 3


async def door_did_not_open(act: Actor, delivery: Delivery) -> Delivery:
    """Write down that the code did not open the door; the third report tells the operators."""
    check(act, Action.DOOR, delivery)
    delivery = await act.note(
        replace(delivery, door_reports=delivery.door_reports + 1), "door_did_not_open"
    )
    if delivery.door_reports == DOOR_REPORTS_TO_ALERT:
        await raise_alert(
            act.tx, f"door:{delivery.id}", act.policy, now=act.now, delivery=delivery.id
        )
    return delivery


async def report_problem(act: Actor, delivery: Delivery, text: str) -> Delivery:
    """Pass a person's words on to the operators, with the delivery they are about."""
    check(act, Action.PROBLEM, delivery)
    delivery = await act.note(delivery, "problem", text[:MAX_NOTE])
    key = f"problem:{delivery.id}:{delivery.revision}"
    await raise_alert(
        act.tx, key, act.policy, now=act.now, delivery=delivery.id, text=text[:MAX_NOTE]
    )
    return delivery
