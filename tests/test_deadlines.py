"""Quiet hours on clocks that are put forward and back, and that every alarm comes to an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.deadlines import deadlines, next_deadline, quiet_until
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.policy import Policy
from tests.support.databases import a_delivery

BERLIN = "Europe/Berlin"
NIGHT = Person(PersonId(1), "Anna", quiet_from=time(22), quiet_until=time(7))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
times = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-06-01T20:00", "2026-06-02T05:00"),  # 22:00 sharp
        ("2026-06-01T21:59", "2026-06-02T05:00"),  # a minute to midnight
        ("2026-06-01T22:00", "2026-06-02T05:00"),  # midnight
        ("2026-03-28T23:00", "2026-03-29T05:00"),  # the night that is an hour shorter
        ("2026-10-24T22:00", "2026-10-25T06:00"),  # and the one that is longer
    ],
)
def test_a_night_ends_in_the_morning_of_its_own_day(now: str, ends: str) -> None:
    assert quiet_until(NIGHT, BERLIN, at(now)) == at(ends)


@pytest.mark.parametrize("now", ["2026-06-01T19:59", "2026-06-02T05:00", "2026-06-02T12:00"])
def test_the_day_is_not_quiet(now: str) -> None:
    assert quiet_until(NIGHT, BERLIN, at(now)) is None


@given(moments, times, times, st.sampled_from([BERLIN, "America/Chicago", "Asia/Kathmandu"]))
def test_quiet_hours_always_end_and_never_in_the_past(
    now: datetime, start: time, end: time, zone: str
) -> None:
    person = replace(NIGHT, quiet_from=start, quiet_until=end)
    until = quiet_until(person, zone, now)
    assert until is None or now < until <= now + timedelta(hours=25)


def test_a_delivery_without_a_deadline_has_no_alarm() -> None:
    assert [next_deadline(a_delivery("a", state=state), Policy()) for state in State] == [
        None
    ] * len(State)


@given(moments, st.integers(1, 1000), st.integers(0, 2))
def test_what_has_rung_rings_no_more(heard: datetime, hours: int, sent: int) -> None:
    ends = heard + timedelta(hours=hours)
    stored = a_delivery(
        "a", state=State.STORED, reported_at=heard, collect_until=ends, reminders_sent=sent
    )
    due = deadlines(stored, Policy())
    assert due == sorted(due)
    assert len(due) <= 3 - sent
    assert all(moment > heard for moment, _ in due)
    assert deadlines(replace(stored, reminders_sent=2, overdue_at=ends), Policy()) == []


PREPARED, RESERVED, RENTED, STORED = State.PREPARED, State.RESERVED, State.RENTED, State.STORED
ENDS = at("2026-06-10T12:00")
HEARD = at("2026-06-01T12:00")
WAITS = {"reported_at": HEARD, "collect_until": ENDS}


@pytest.mark.parametrize(
    ("state", "facts", "alarms"),
    [
        (PREPARED, {"held_until": ENDS}, "06-09 12:00 prepared_ending, 06-10 12:00 prepared_over"),
        (PREPARED, {"held_until": ENDS, "reminders_sent": 1}, "06-10 12:00 prepared_over"),
        (RESERVED, {"held_until": ENDS}, "06-10 11:58 hold_ending, 06-10 12:00 hold_over"),
        (RENTED, {"held_until": ENDS}, "06-10 11:58 hold_ending, 06-10 12:00 hold_over"),
        (RENTED, {"held_until": ENDS, "reminders_sent": 1}, "06-10 12:00 hold_over"),
        (RENTED, {"held_until": ENDS, "reminders_sent": 2}, ""),
        (State.RELEASING, {"held_until": ENDS}, ""),
        (RESERVED, {"code_until": HEARD}, "06-01 12:00 code_over"),
        (
            STORED,
            {**WAITS, "code_until": HEARD},
            "06-01 12:00 code_over, 06-02 12:00 first_reminder, 06-10 06:00 last_reminder, "
            "06-10 12:00 overdue",
        ),
        (STORED, {**WAITS, "reminders_sent": 1}, "06-10 06:00 last_reminder, 06-10 12:00 overdue"),
        (STORED, {**WAITS, "reminders_sent": 2}, "06-10 12:00 overdue"),
        (STORED, {**WAITS, "reminders_sent": 2, "overdue_at": ENDS}, ""),
        (STORED, {"collect_until": ENDS}, ""),
        (STORED, {"reported_at": HEARD}, ""),
        # Who was picked has not come: their sender is reminded, after twelve hours.
        (
            STORED,
            {**WAITS, "awaited": True},
            "06-02 00:00 awaited, 06-10 06:00 last_reminder, 06-10 12:00 overdue",
        ),
        (
            STORED,
            {"reported_at": HEARD, "collect_until": HEARD + timedelta(hours=3), "awaited": True},
            "06-01 15:00 awaited, 06-01 15:00 overdue",
        ),
        (
            STORED,
            {**WAITS, "awaited": True, "reminders_sent": 1},
            "06-10 06:00 last_reminder, 06-10 12:00 overdue",
        ),
        (
            STORED,
            {**WAITS, "awaited": True, "taken_back": True},
            "06-02 12:00 first_reminder, 06-10 06:00 last_reminder, 06-10 12:00 overdue",
        ),
        # Too short a wait for both reminders, and for any.
        (
            STORED,
            {"reported_at": HEARD, "collect_until": HEARD + timedelta(hours=30)},
            "06-02 12:00 last_reminder, 06-02 18:00 overdue",
        ),
        (
            STORED,
            {"reported_at": HEARD, "collect_until": HEARD + timedelta(hours=6)},
            "06-01 18:00 overdue",
        ),
    ],
)
def test_each_alarm_rings_at_its_time_and_the_next_is_the_earliest(
    state: State, facts: dict[str, object], alarms: str
) -> None:
    delivery = a_delivery("a", state=state, **facts)
    due = deadlines(delivery, Policy())
    assert ", ".join(f"{moment:%m-%d %H:%M} {which}" for moment, which in due) == alarms
    assert next_deadline(delivery, Policy()) == (due[0][0] if due else None)


def test_whoever_has_set_half_of_their_quiet_hours_or_none_has_none() -> None:
    now = at("2026-06-01T23:00")
    for start, end in ((time(22), None), (None, time(7)), (time(7), time(7)), (None, None)):
        assert quiet_until(replace(NIGHT, quiet_from=start, quiet_until=end), BERLIN, now) is None


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-06-01T11:00:00", "2026-06-01T12:30"),  # 13:00 in Berlin
        ("2026-06-01T12:29:59", "2026-06-01T12:30"),
        ("2026-06-01T12:30:00", None),
        ("2026-06-01T10:59:59", None),
    ],
)
def test_hours_that_end_on_the_day_they_begin_end_to_the_minute(now: str, ends: str | None) -> None:
    nap = replace(NIGHT, quiet_from=time(13), quiet_until=time(14, 30))
    assert quiet_until(nap, BERLIN, at(now)) == (at(ends) if ends else None)


def test_the_end_of_quiet_hours_has_no_seconds() -> None:
    now = at("2026-06-01T21:59:31.000007")
    assert quiet_until(NIGHT, BERLIN, now) == at("2026-06-02T05:00")
