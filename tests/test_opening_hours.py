"""Opening hours: when a tower can be reached, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.opening_hours import closes_soon, collectable_by, is_open, next_opening
from bot.domain.tower import Hours, Tower
from tests.support.scenes import TOWER
from wording.language import speak
from wording.opening_hours import closed_line, hours_label, hours_line, week_line
from wording.sanitize import read_out

MONDAY, TUESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 1, 3, 4, 5, 6
DAY = Hours(time(7), time(21))
NIGHT = Hours(time(18), time(2))
ALWAYS = Hours(time(0), time(23, 59, 59))
BERLIN, CHICAGO, MADRID = "Europe/Berlin", "America/Chicago", "Europe/Madrid"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

Week = dict[int, tuple[Hours, ...]]
WORKDAYS: Week = dict.fromkeys(range(5), (DAY,))
EVERY_NIGHT: Week = dict.fromkeys(range(7), (NIGHT,))


def a_tower(hours: Week | None, zone: str | None = MADRID, country: str | None = None) -> Tower:
    return replace(TOWER, hours=hours, zone=zone, country=country)


def local(written: str, zone: str = MADRID) -> datetime:
    """`2026-10-02 12:00` by the clock of that zone; the first stroke where it strikes twice."""
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shown(at: datetime | None, zone: str = MADRID) -> str | None:
    return None if at is None else f"{at.astimezone(ZoneInfo(zone)):%a %d %H:%M}"


@pytest.mark.parametrize(
    ("hours", "clock", "opened", "said"),
    [
        (None, "12:00", None, "Opening hours unknown"),
        ({}, "12:00", False, "Closed"),
        ({FRIDAY: (DAY,)}, "07:00", True, "Open now · today 07:00–21:00"),
        ({FRIDAY: (DAY,)}, "20:59", True, "Open now · today 07:00–21:00 · closes at 21:00"),
        ({FRIDAY: (DAY,)}, "06:59", False, "Closed now, opens at 07:00"),
        ({FRIDAY: (DAY,)}, "21:00", False, "Closed now, opens 9\u00a0Oct 07:00"),
        ({FRIDAY: (DAY,), SATURDAY: (DAY,)}, "22:00", False, "Closed now, opens Saturday 07:00"),
        (WORKDAYS, "22:00", False, "Closed now, opens Monday 07:00"),
        ({FRIDAY: (ALWAYS,)}, "12:00", True, "Open all day"),
        ({FRIDAY: (Hours(time(0), time(0)),)}, "23:59", True, "Open all day"),
        ({FRIDAY: (NIGHT,)}, "23:00", True, "Open now · today 18:00–02:00"),
        (
            {FRIDAY: (Hours(time(18), time(23, 59)),)},
            "23:59",
            True,
            "Open now · today 18:00–23:59 · closes at 00:00",
        ),
        ({THURSDAY: (NIGHT,)}, "00:59", True, "Open now · today 00:00–02:00"),
        ({THURSDAY: (NIGHT,)}, "02:00", False, "Closed now, opens Thursday 18:00"),
        (EVERY_NIGHT, "00:59", True, "Open now · today 00:00–02:00, 18:00–02:00"),
        (EVERY_NIGHT, "12:00", False, "Closed now, opens at 18:00"),
    ],
)
def test_what_is_said_on_a_friday_agrees_with_what_is_open(
    hours: Week | None, clock: str, opened: bool | None, said: str
) -> None:
    tower, at = a_tower(hours), local(f"2026-10-02 {clock}")
    assert (is_open(tower, at), read_out(hours_line(tower, at, speak("en")))) == (opened, said)


@pytest.mark.parametrize("hours", [None, WORKDAYS, dict.fromkeys(range(7), (ALWAYS,))])
def test_in_an_unknown_zone_hours_are_unknown(hours: Week | None) -> None:
    tower, at = a_tower(hours, zone=None), local("2026-10-03 12:00")
    assert is_open(tower, at) is None
    assert next_opening(tower, at) is None
    assert collectable_by(tower, at) == at
    assert hours_line(tower, at, speak("en")) == "Opening hours unknown"
    assert closed_line(tower, at, speak("en")) is None
    assert week_line(tower, speak("en")) is None


@pytest.mark.parametrize(
    ("hours", "zone", "at", "opens"),
    [
        (WORKDAYS, MADRID, "2026-10-02 22:00", "Mon 05 07:00"),
        (WORKDAYS, MADRID, "2026-10-02 12:00", "Fri 02 12:00"),  # it is open
        ({MONDAY: (DAY,)}, MADRID, "2026-10-05 21:00", "Mon 12 07:00"),
        (EVERY_NIGHT, MADRID, "2026-10-03 02:00", "Sat 03 18:00"),
        ({}, MADRID, "2026-10-02 12:00", None),
        (dict.fromkeys(range(7), ()), MADRID, "2026-10-02 12:00", None),
        (None, MADRID, "2026-10-02 12:00", None),
        # The clocks go forward at 02:00: what opens at 02:30 opens at 03:30.
        ({SUNDAY: (Hours(time(2, 30), time(5)),)}, CHICAGO, "2026-03-08 01:00", "Sun 08 03:30"),
        ({SUNDAY: (Hours(time(2, 30), time(5)),)}, BERLIN, "2026-03-29 01:00", "Sun 29 03:30"),
        # What would open and close within the hour that is left out opens a week later.
        ({SUNDAY: (Hours(time(2), time(3)),)}, CHICAGO, "2026-03-08 01:00", "Sun 15 02:00"),
        ({SUNDAY: (Hours(time(7), time(9)),)}, CHICAGO, "2026-03-07 23:00", "Sun 08 07:00"),
        # The clocks go back: 07:00 is an hour further away.
        ({SUNDAY: (Hours(time(7), time(9)),)}, CHICAGO, "2026-10-31 23:00", "Sun 01 07:00"),
        ({SUNDAY: (Hours(time(7), time(9)),)}, BERLIN, "2026-10-24 23:00", "Sun 25 07:00"),
    ],
)
def test_the_next_opening_is_told_by_the_towers_clock(
    hours: Week | None, zone: str, at: str, opens: str | None
) -> None:
    assert shown(next_opening(a_tower(hours, zone), local(at, zone)), zone) == opens


def test_a_day_on_which_the_clocks_change_is_longer_or_shorter() -> None:
    week: Week = {SUNDAY: (Hours(time(0, 30), time(7)),)}
    for zone, saturday, hours in (
        (CHICAGO, "2026-03-07 12:00", 5.5),
        (CHICAGO, "2026-10-31 12:00", 7.5),
        (BERLIN, "2026-03-28 12:00", 5.5),
        (BERLIN, "2026-10-24 12:00", 7.5),
    ):
        tower = a_tower(week, zone)
        opens = next_opening(tower, local(saturday, zone))
        assert opens is not None
        assert is_open(tower, opens + timedelta(hours=hours) - MINUTE)
        assert not is_open(tower, opens + timedelta(hours=hours))


def test_hours_that_end_as_they_begin_are_none() -> None:
    tower = a_tower({FRIDAY: (Hours(time(9), time(9)),)})
    assert is_open(tower, local("2026-10-02 09:00")) is False
    assert next_opening(tower, local("2026-10-02 08:00")) is None


def test_yesterday_is_the_towers_own_where_utc_has_tomorrow() -> None:
    nearly_a_day = a_tower({THURSDAY: (Hours(time(20), time(19, 30)),)}, CHICAGO)
    evening = local("2026-10-02 19:15", CHICAGO)  # Saturday in UTC
    assert is_open(nearly_a_day, evening)
    assert not is_open(nearly_a_day, evening + timedelta(minutes=15))


def test_where_the_clock_strikes_twice_it_stays_open_until_the_second_stroke() -> None:
    tower = a_tower({SUNDAY: (Hours(time(0), time(1, 30)),)}, CHICAGO)
    midnight = local("2026-11-01 00:00", CHICAGO)
    assert is_open(tower, midnight + 2 * HOUR + timedelta(minutes=29))
    assert not is_open(tower, midnight + 2 * HOUR + timedelta(minutes=30))


times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
weeks = st.dictionaries(
    st.integers(0, 6), st.lists(st.builds(Hours, times, times), max_size=3).map(tuple)
)
zones = st.sampled_from([BERLIN, CHICAGO, MADRID, "Asia/Kathmandu", "Australia/Lord_Howe"])
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def by_the_clock_on_the_wall(tower: Tower, at: datetime) -> bool:
    """The rules told anew, without a thought of the clocks being changed."""
    there = at.astimezone(ZoneInfo(str(tower.zone)))
    for ago in (0, 1):
        for span in (tower.hours or {}).get((there.weekday() - ago) % 7, ()):
            now = timedelta(days=ago, hours=there.hour, minutes=there.minute)
            start, end = (timedelta(hours=t.hour, minutes=t.minute) for t in (span.start, span.end))
            if span.end == time(23, 59):
                end = timedelta(days=1)
            elif span.end < span.start or span.end == time(0):
                end += timedelta(days=1)
            if start <= now < end:
                return True
    return False


@given(weeks, zones, moments)
def test_the_next_opening_is_open_and_none_is_earlier(hours: Week, zone: str, at: datetime) -> None:
    tower = a_tower(hours, zone)
    opens = next_opening(tower, at)
    if opens is None:
        assert not any(is_open(tower, at + number * HOUR) for number in range(8 * 24))
        return
    assert opens >= at
    assert is_open(tower, opens)
    assert opens == at or not is_open(tower, opens - timedelta.resolution)
    closed = (opens - at) // 7
    assert not any(is_open(tower, at + number * closed) for number in range(7) if closed)


@given(weeks, zones, moments)
def test_a_tower_is_open_by_the_clock_on_its_wall(hours: Week, zone: str, at: datetime) -> None:
    changes = {(at + days * 24 * HOUR).astimezone(ZoneInfo(zone)).utcoffset() for days in (-2, 2)}
    if len(changes) == 1:
        assert is_open(a_tower(hours, zone), at) == by_the_clock_on_the_wall(
            a_tower(hours, zone), at
        )


# -- how long something can be collected


@pytest.mark.parametrize(
    ("hours", "by", "moved"),
    [
        (WORKDAYS, "2026-10-02 12:00", "Fri 02 12:00"),
        (WORKDAYS, "2026-10-02 21:00", "Fri 02 21:00"),  # the last moment of the day
        (WORKDAYS, "2026-10-02 21:01", "Mon 05 08:00"),
        (WORKDAYS, "2026-10-05 07:00", "Mon 05 08:00"),  # nobody is there by then
        (WORKDAYS, "2026-10-05 07:01", "Mon 05 07:01"),
        ({MONDAY: (Hours(time(7), time(7, 30)),)}, "2026-10-04 12:00", "Mon 05 07:30"),
        (
            {MONDAY: (Hours(time(7), time(7, 30)), Hours(time(7, 30), time(9)))},
            "2026-10-04 12:00",
            "Mon 05 08:00",
        ),
        (EVERY_NIGHT, "2026-10-03 03:00", "Sat 03 19:00"),
        (None, "2026-10-03 03:00", "Sat 03 03:00"),
        ({}, "2026-10-03 03:00", "Sat 03 03:00"),
    ],
)
def test_the_time_to_collect_never_ends_while_the_tower_is_closed(
    hours: Week | None, by: str, moved: str
) -> None:
    assert shown(collectable_by(a_tower(hours), local(by))) == moved


def test_a_tower_that_nobody_knows_moves_nothing() -> None:
    assert collectable_by(None, local("2026-10-03 03:00")) == local("2026-10-03 03:00")


@given(weeks, zones, moments)
def test_the_time_to_collect_is_never_shortened_and_ends_after_the_tower_opened(
    hours: Week, zone: str, at: datetime
) -> None:
    tower = a_tower(hours, zone)
    by = collectable_by(tower, at)
    assert by >= at
    if next_opening(tower, at) is not None:
        assert is_open(tower, by - timedelta.resolution)
        assert collectable_by(tower, by) == by


# -- on a card


def test_a_card_says_until_when_a_tower_is_closed_and_nothing_while_it_is_open() -> None:
    words, tower = speak("en"), a_tower(WORKDAYS)
    for at, said in (
        ("2026-10-02 06:00", "Closed until 07:00"),
        ("2026-10-02 22:00", "Closed until Monday 07:00"),
    ):
        assert read_out(closed_line(tower, local(at), words) or "") == said
    assert closed_line(tower, local("2026-10-02 12:00"), words) is None
    assert closed_line(a_tower(None), local("2026-10-02 22:00"), words) is None
    assert closed_line(a_tower({}), local("2026-10-02 22:00"), words) == "Closed"


@pytest.mark.parametrize(
    ("hours", "zone", "said"),
    [
        (WORKDAYS, MADRID, "closed until Monday 07:00"),
        ({SATURDAY: (DAY,)}, MADRID, None),
        ({}, MADRID, "closed"),
        (None, MADRID, "hours unknown"),
        (WORKDAYS, None, "hours unknown"),
    ],
)
def test_a_button_says_what_there_is_to_say_of_the_hours(
    hours: Week | None, zone: str | None, said: str | None
) -> None:
    at = local("2026-10-03 12:00")
    assert hours_label(a_tower(hours, zone), at, speak("en")) == said


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (dict.fromkeys(range(7), (DAY,)), "Daily 07:00–21:00"),
        (dict.fromkeys(range(7), (ALWAYS,)), "Open all day"),
        (WORKDAYS, "Mon–Fri 07:00–21:00"),
        (
            WORKDAYS | {SATURDAY: (ALWAYS,), SUNDAY: (Hours(time(9), time(12)), NIGHT)},
            "Mon–Fri 07:00–21:00 · Sat all day · Sun 09:00–12:00, 18:00–02:00",
        ),
        (
            {MONDAY: (DAY,), TUESDAY: (DAY,), FRIDAY: (DAY,)},
            "Mon–Tue 07:00–21:00 · Fri 07:00–21:00",
        ),
        ({}, None),
        (None, None),
    ],
)
def test_a_card_tells_the_hours_of_the_whole_week(hours: Week | None, said: str | None) -> None:
    assert week_line(a_tower(hours), speak("en")) == said


def test_hours_are_told_by_the_clock_of_the_towers_country() -> None:
    tower, at = a_tower(WORKDAYS, CHICAGO, "US"), local("2026-10-02 22:00", CHICAGO)
    assert read_out(hours_line(tower, at, speak("en"))) == "Closed now, opens Monday 7:00\u00a0AM"
    assert week_line(tower, speak("en")) == "Mon–Fri 7:00\u00a0AM–9:00\u00a0PM"


def test_in_its_last_hour_a_screen_says_how_long_it_is_open_still() -> None:
    tower, words = a_tower({FRIDAY: (DAY,)}), speak("en")
    said = hours_line(tower, local("2026-10-02 20:20"), words)
    closes = int(local("2026-10-02 21:00").timestamp())
    assert f'closes <tg-time unix="{closes}" format="r">at 21:00</tg-time>' in said
    assert closes_soon(tower, local("2026-10-02 20:00")) is not None
    for at in ("2026-10-02 19:59", "2026-10-02 21:00", "2026-10-02 06:30"):
        assert closes_soon(tower, local(at)) is None
    assert closes_soon(a_tower(None), local("2026-10-02 20:20")) is None
    night = a_tower({FRIDAY: (NIGHT,), SATURDAY: (Hours(time(2), time(9)),)})
    assert closes_soon(night, local("2026-10-03 01:30")) is None  # it opens as it closes
    brief = a_tower({FRIDAY: (Hours(time(9), time(9, 30)),)})
    assert shown(closes_soon(brief, local("2026-10-02 09:00"))) == "Fri 02 09:30"
    assert closes_soon(brief, local("2026-10-02 08:59")) is None


@pytest.mark.parametrize("last", [time(23, 59), time(23, 59, 59), time(23, 59, 59, 999_999)])
def test_whatever_stands_for_the_last_minute_of_a_day_it_is_open_up_to_midnight(last: time) -> None:
    tower = a_tower({FRIDAY: (Hours(time(18), last),)})
    midnight = local("2026-10-03 00:00")
    assert is_open(tower, midnight - timedelta.resolution)
    assert not is_open(tower, midnight)
