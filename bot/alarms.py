"""What time alone brings about: a table of alarms and the next one due.

Guarantees: pure functions of a delivery and the terms; `next_alarm` is what a saved delivery
carries in `alarm_at`, so no alarm can be forgotten by a restart.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.lifecycle import State
from bot.model import Delivery, Person
from bot.terms import Terms


class Alarm(StrEnum):
    """Why a delivery is looked at though nobody has done anything."""

    HOLD_ENDING = "hold_ending"
    HOLD_OVER = "hold_over"
    CODE_OVER = "code_over"
    FIRST_REMINDER = "first_reminder"
    LAST_REMINDER = "last_reminder"
    OVERDUE = "overdue"


def alarms(delivery: Delivery, terms: Terms) -> list[tuple[datetime, Alarm]]:
    """All that is still to ring for `delivery`, the earliest first."""
    due: list[tuple[datetime, Alarm]] = []
    if delivery.state in (State.RESERVED, State.RENTED) and delivery.held_until:
        if delivery.reminders_sent == 0:
            due.append((delivery.held_until - terms.hold_warning, Alarm.HOLD_ENDING))
        if delivery.reminders_sent <= 1:
            due.append((delivery.held_until, Alarm.HOLD_OVER))
    if delivery.code_until:
        due.append((delivery.code_until, Alarm.CODE_OVER))
    if delivery.state is State.STORED:
        due += _while_stored(delivery, terms)
    return sorted(due)


def _while_stored(delivery: Delivery, terms: Terms) -> list[tuple[datetime, Alarm]]:
    if delivery.heard_at is None or delivery.collect_until is None:
        return []
    due: list[tuple[datetime, Alarm]] = []
    last = delivery.collect_until - terms.last_reminder
    first = delivery.heard_at + terms.first_reminder
    if delivery.reminders_sent == 0 and first < last:
        due.append((first, Alarm.FIRST_REMINDER))
    if delivery.reminders_sent <= 1 and last > delivery.heard_at:
        due.append((last, Alarm.LAST_REMINDER))
    if delivery.overdue_at is None:
        due.append((delivery.collect_until, Alarm.OVERDUE))
    return due


def next_alarm(delivery: Delivery, terms: Terms) -> datetime | None:
    """When `delivery` must be looked at next, None for never."""
    due = alarms(delivery, terms)
    return due[0][0] if due else None


def quiet_until(person: Person, zone: str, now: datetime) -> datetime | None:
    """The end of the person's quiet hours if `now` falls in them (the tower's local time)."""
    start, end = person.quiet_from, person.quiet_until
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(ZoneInfo(zone))
    if not _within(start, end, local.time()):
        return None
    ends = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    if ends <= local:
        ends += timedelta(days=1)
    return ends.astimezone(now.tzinfo)


def _within(start: time, end: time, moment: time) -> bool:
    if start < end:
        return start <= moment < end
    return moment >= start or moment < end
