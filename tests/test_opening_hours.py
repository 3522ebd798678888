"""Opening hours: what stands on a card must agree with whether the tower can be reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.domain.opening_hours import is_open
from bot.domain.tower import Hours
from tests.support.scenes import TOWER
from wording.language import speak
from wording.opening_hours import hours_line

THURSDAY, FRIDAY = 3, 4
DAY = Hours(time(7), time(21))
NIGHT = Hours(time(18), time(2))


def told(hours: dict[int, tuple[Hours, ...]] | None, clock: time) -> tuple[bool | None, str]:
    """Whether the tower is open on that Friday at `clock`, its own time, and what is said of it."""
    tower = replace(TOWER, hours=hours)
    at = datetime.combine(datetime(2026, 10, 2), clock, ZoneInfo(tower.zone))
    return is_open(tower, at), hours_line(tower, at, speak("en"))


@pytest.mark.parametrize(
    ("hours", "clock", "opened", "said"),
    [
        (None, time(12), None, "Opening hours unknown"),
        ({}, time(12), False, "Closed today"),
        ({FRIDAY: (DAY,)}, time(12), True, "Open now · today 07:00–21:00"),
        ({FRIDAY: (DAY,)}, time(22), False, "Closed now · today 07:00–21:00"),
        ({FRIDAY: (Hours(time(0), time(23, 59, 59)),)}, time(12), True, "Open all day"),
        ({FRIDAY: (Hours(time(0), time(0)),)}, time(12), True, "Open all day"),
        ({FRIDAY: (NIGHT,)}, time(23), True, "Open now · today 18:00–02:00"),
    ],
)
def test_what_is_said_agrees_with_what_is_open(
    hours: dict[int, tuple[Hours, ...]] | None, clock: time, opened: bool | None, said: str
) -> None:
    assert told(hours, clock) == (opened, said)


def test_a_night_that_began_yesterday_counts_for_as_long_as_it_runs() -> None:
    assert told({THURSDAY: (NIGHT,)}, time(1)) == (True, "Open now · today 00:00–02:00")
    assert told({THURSDAY: (NIGHT,)}, time(2)) == (False, "Closed today")
    both = {THURSDAY: (NIGHT,), FRIDAY: (NIGHT,)}
    assert told(both, time(1)) == (True, "Open now · today 00:00–02:00, 18:00–02:00")
    assert told(both, time(12)) == (False, "Closed now · today 18:00–02:00")
