"""Reporting a door or a problem."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.alerts import door_reported, problem_key, problem_reported
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.domain.history import HistoryEvent
from bot.usecases.actor import Actor, check
from bot.usecases.alerts import amend_alert, raise_alert
from bot.usecases.closing import leave_out_if_reported

DOOR_REPORTS_TO_ALERT = 3


async def door_did_not_open(act: Actor, delivery: Delivery) -> Delivery:
    """Write down that the code did not open the door; the third report tells the operators, and
    reports by several people leave the door out of booking."""
    check(act, Action.DOOR, delivery)
    delivery = await act.note(
        replace(delivery, door_reports=delivery.door_reports + 1), HistoryEvent.DOOR_DID_NOT_OPEN
    )
    if delivery.door_reports == DOOR_REPORTS_TO_ALERT:
        await raise_alert(act.tx, door_reported(act.now, delivery), act.policy)
    return await leave_out_if_reported(act, delivery)


async def report_problem(act: Actor, delivery: Delivery, text: str) -> Delivery:
    """Pass a person's words on to the operators, with the delivery they are about.

    An alert of it that stands says the latest words; it rings again, and is unseen again, where an
    operator had seen the words before them. All words are in the history.
    """
    check(act, Action.PROBLEM, delivery)
    words = text[:MAX_NOTE]
    delivery = replace(delivery, problem_reported=True)
    delivery = await act.note(delivery, HistoryEvent.PROBLEM, words)
    standing = await act.tx.alert(problem_key(delivery))
    if standing is None or not standing.stands:
        alert = problem_reported(act.now, delivery, act.person, words)
        await raise_alert(act.tx, alert, act.policy)
        return delivery
    alert = problem_reported(act.now, delivery, act.person, words, standing.reports + 1)
    await amend_alert(
        act.tx,
        alert.key,
        act.policy,
        now=act.now,
        ring=standing.seen_at is not None,
        seen_at=None,
        seen_by=None,
        person=alert.person,
        detail=alert.detail,
        ends_at=alert.ends_at,
    )
    return delivery
