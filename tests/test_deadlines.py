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
