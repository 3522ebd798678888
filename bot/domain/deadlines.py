"""What time alone brings about: a table of alarms and the next one due.

Guarantees: pure functions of a delivery and the policy; `next_deadline` is what a saved delivery
carries in `deadline_at`, so no alarm can be forgotten by a restart.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.delivery import Delivery
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.policy import Policy


class Deadline(StrEnum):
    """Why a delivery is looked at though nobody has done anything."""

    PREPARED_ENDING = "prepared_ending"
    PREPARED_OVER = "prepared_over"
    HOLD_ENDING = "hold_ending"
    HOLD_OVER = "hold_over"
    CODE_OVER = "code_over"
    AWAITED = "awaited"
    """Whoever was picked has not opened the bot since the parcel is in: for its sender, instead of
    the first reminder."""
    FIRST_REMINDER = "first_reminder"
    LAST_REMINDER = "last_reminder"
    OVERDUE = "overdue"


def deadlines(delivery: Delivery, policy: Policy) -> list[tuple[datetime, Deadline]]:
    """All that is still to ring for `delivery`, the earliest first."""
    due: list[tuple[datetime, Deadline]] = []
    if delivery.state is State.PREPARED and delivery.held_until:
        if delivery.reminders_sent == 0:
            due.append((delivery.held_until - policy.prepared_warning, Deadline.PREPARED_ENDING))
        due.append((delivery.held_until, Deadline.PREPARED_OVER))
    if delivery.state in (State.RESERVED, State.RENTED) and delivery.held_until:
        if delivery.reminders_sent == 0:
            due.append((delivery.held_until - policy.hold_warning, Deadline.HOLD_ENDING))
        if delivery.reminders_sent <= 1:
            due.append((delivery.held_until, Deadline.HOLD_OVER))
    if delivery.code_until:
        due.append((delivery.code_until, Deadline.CODE_OVER))
    if delivery.state is State.STORED:
        due += _while_stored(delivery, policy)
    return sorted(due)


def _while_stored(delivery: Delivery, policy: Policy) -> list[tuple[datetime, Deadline]]:
    if delivery.reported_at is None or delivery.collect_until is None:
        return []
    due: list[tuple[datetime, Deadline]] = []
    last = delivery.collect_until - policy.last_reminder
    first = delivery.reported_at + policy.first_reminder
    if delivery.reminders_sent == 0 and delivery.awaited and not delivery.recalled:
        soon = min(delivery.reported_at + policy.awaited_reminder, delivery.collect_until)
        due.append((soon, Deadline.AWAITED))
    elif delivery.reminders_sent == 0 and first < last:
        due.append((first, Deadline.FIRST_REMINDER))
    if delivery.reminders_sent <= 1 and last > delivery.reported_at:
        due.append((last, Deadline.LAST_REMINDER))
    if delivery.overdue_at is None:
        due.append((delivery.collect_until, Deadline.OVERDUE))
    return due


def reminders_of_newcomer(delivery: Delivery, policy: Policy, now: datetime) -> int:
    """How many reminders count as sent to whoever was awaited, and has come: that of the sender
    does not, if their own first one is still ahead."""
    if delivery.reported_at is None or now >= delivery.reported_at + policy.first_reminder:
        return delivery.reminders_sent
    return 0 if delivery.reminders_sent == 1 else delivery.reminders_sent


def next_deadline(delivery: Delivery, policy: Policy) -> datetime | None:
    """When `delivery` must be looked at next, None for never."""
    due = deadlines(delivery, policy)
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
