"""Figures of the last days: whose days they are, and what is known and what is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.figures import Collected, Doors, Figures, Seen, figures, week
from bot.domain.ids import TowerId
from bot.domain.message import Look
from bot.domain.tower import Tower
from wording.figures import plot, told
from wording.language import LANGUAGES, speak

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=99)
AUSTIN, BERLIN = "America/Chicago", "Europe/Berlin"


def tower(name: str = "Market", zone: str | None = BERLIN, country: str | None = None) -> Tower:
    return Tower(TowerId("aa"), name, "", "", None, None, zone, country=country)


def of(*seen: Seen, first: datetime | None = LONG_AGO, zone: str = BERLIN, **more: dict) -> Figures:
    return figures(
        week([zone], NOW), first, more.get("booked", {}), more.get("collected", {}), seen
    )


def test_the_days_are_the_towers_own_and_the_last_is_today_where_that_is_furthest_on() -> None:
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    berlin, austin = week([BERLIN], late), week([AUSTIN], late)
    assert (berlin.days[0], berlin.days[-1]) == (date(2026, 2, 25), date(2026, 3, 3))
    assert (austin.days[0], austin.days[-1]) == (date(2026, 2, 24), date(2026, 3, 2))
    assert berlin.starts[BERLIN][-2] == datetime(2026, 3, 2, 23, tzinfo=UTC)
    both = week([BERLIN, AUSTIN], late)
    assert both.days == berlin.days
    assert both.starts[AUSTIN][0] == datetime(2026, 2, 25, 6, tzinfo=UTC)
    assert week([], late).days == austin.days, "of no tower they are UTC"


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 24)])
def test_where_the_clock_is_turned_no_hour_is_missing_that_never_was(day: date, hours: int) -> None:
    now = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)
    shown = week([BERLIN], now)
    assert len([slot for slot in shown.hours if slot[0] == day]) == hours
    first, end = shown.starts[BERLIN][0], shown.starts[BERLIN][-1]
    every = [first + timedelta(hours=n) for n in range((end - first) // timedelta(hours=1))]
    seen = [Seen(at, BERLIN, Doors(1, 2)) for at in every if at <= now]
    assert not figures(shown, LONG_AGO, {}, {}, seen).missing


def test_days_before_the_first_booking_have_no_figures_and_later_ones_nought() -> None:
    found = of(first=NOW - timedelta(days=2), booked={5: 3})
    assert [day.booked for day in found.days] == [None] * 4 + [0, 3, 0]
    assert [day.collected for day in found.days] == [None] * 4 + [Collected()] * 3
    assert found.booked == 3
    assert found.lacking


def test_an_hour_in_which_no_doors_were_seen_is_missing_and_one_without_free_doors_is_not() -> None:
    full = Seen(NOW.replace(hour=10, minute=0), BERLIN, Doors(0, 8))
    none_usable = Seen(NOW.replace(hour=11, minute=0), BERLIN, Doors(0, 0))
    found = of(full, none_usable)
    today = date(2026, 3, 2)
    assert found.free == {(today, 11): Doors(0, 8)}
    assert (today, 12) in found.missing
    assert (today, 17) in found.missing
    assert (today, 18) not in found.missing, "it is not over"
    assert found.fewest == ((today, 11), Doors(0, 8))


def test_an_hour_is_missing_from_the_first_of_the_first_day_to_the_last_that_is_over() -> None:
    shown = week([BERLIN], NOW.replace(minute=0))
    assert min(shown.hours) == (date(2026, 2, 24), 0)
    assert max(shown.hours) == (date(2026, 3, 2), 17), "it has just gone by"


def test_of_hours_with_as_few_free_doors_the_latest_is_told_and_of_none_no_hour() -> None:
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    half, few = Doors(4, 8), Doors(1, 4)
    seen = [half, few, Doors(2, 8), Doors(2, 2)]
    found = of(*(Seen(at + timedelta(hours=n), BERLIN, each) for n, each in enumerate(seen)))
    sunday = date(2026, 3, 1)
    assert found.fewest == ((sunday, 11), Doors(2, 8))
    assert found.fewest_on([date(2026, 3, 2)]) is None
    assert of().fewest is None


def test_a_day_that_ends_as_the_bot_begins_has_no_figures() -> None:
    begins = datetime(2026, 3, 1, 23, tzinfo=UTC)  # midnight in Berlin
    assert [day.booked for day in of(first=begins).days] == [None] * 6 + [0]
    just_before = of(first=begins - timedelta.resolution)
    assert [day.booked for day in just_before.days] == [None] * 5 + [0, 0]


def test_doors_of_several_zones_are_told_by_their_own_clocks() -> None:
    at = datetime(2026, 3, 1, 17, tzinfo=UTC)
    days = week([BERLIN, AUSTIN], NOW)
    here, there = Seen(at, BERLIN, Doors(1, 4)), Seen(at, AUSTIN, Doors(3, 4))
    later = Seen(at + timedelta(hours=7), AUSTIN, Doors(2, 4))
    found = figures(days, LONG_AGO, {}, {}, [here, there, later])
    sunday = date(2026, 3, 1)
    assert found.free == {(sunday, 18): Doors(3, 8), (sunday, 11): Doors(3, 4)}


def test_of_half_an_hours_zone_every_hour_has_its_place() -> None:
    zone = "Asia/Kolkata"
    days = week([zone], NOW)
    hours = range(7 * 24)
    start = days.starts[zone][0] + timedelta(minutes=30)
    seen = [Seen(start + timedelta(hours=n), zone, Doors(1, 2)) for n in hours]
    assert len(figures(days, LONG_AGO, {}, {}, seen).free) == len(hours)


def test_the_average_is_of_those_alone_of_which_it_is_known_since_when_they_lay_there() -> None:
    one = Collected(3, 2, timedelta(hours=10))
    assert one.mean == timedelta(hours=5)
    assert Collected(2, 0).mean is None
    found = of(collected={0: one, 6: Collected(1, 1, timedelta(hours=8))})
    assert (found.collected.count, found.collected.mean) == (4, timedelta(hours=6))


# -- in words, and drawn


def test_where_only_doors_are_known_nothing_is_said_of_parcels() -> None:
    seen = Seen(NOW.replace(hour=10, minute=0), BERLIN, Doors(2, 8))
    said = told(speak("en"), of(seen, first=None), "Market", [tower()])
    assert "2 of 8 doors" in said
    assert "Booked" not in said


def test_where_nothing_is_known_there_is_a_sentence_and_no_picture() -> None:
    nothing = of(first=None)
    assert not nothing
    assert told(speak("en"), nothing, "Market", [tower()]) == "📊 <b>Market</b>\nNo figures yet."


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_told_says_what_is_not_known_and_names_a_tower_safely(language: str) -> None:
    words = speak(language)
    seen = Seen(NOW.replace(hour=10, minute=0), BERLIN, Doors(2, 8))
    said = told(words, of(seen, booked={6: 5}), "<b>" + "x" * 500, [tower()])
    assert "&lt;b&gt;" in said
    assert len(said) < 700
    assert words._("What is not known is left out; in the picture it is hatched.") in said
    assert words._("📥 Booked: {count}", count=5) in said
    assert "UTC" not in said
    assert "UTC" in told(words, of(seen), "x", [tower(zone=None)])


def test_hours_are_told_as_the_towers_country_does() -> None:
    seen = Seen(datetime(2026, 3, 1, 21, tzinfo=UTC), AUSTIN, Doors(2, 8))
    said = told(speak("en"), of(seen, zone=AUSTIN), "x", [tower(zone=AUSTIN, country="US")])
    said = said.replace("\u00a0", " ")
    assert "2 of 8 doors, Sun 1 3:00 PM" in said
    assert "Feb 24 – Mar 2" in said


def test_a_gap_is_drawn_as_a_gap_and_nothing_collected_has_no_average() -> None:
    seen = Seen(datetime(2026, 3, 2, 8, tzinfo=UTC), BERLIN, Doors(0, 8))
    drawn = plot(
        speak("en"),
        of(seen, first=NOW - timedelta(days=1), booked={6: 5}),
        "Market",
        [tower()],
    )
    booked, _, waited = (bars.bars for bars in drawn.bars)
    assert booked == (*[(None, "")] * 5, (0, "0"), (5, "5"))
    assert waited == (*[(None, "")] * 5, (None, "–"), (None, "–"))
    hours = dict(drawn.curve.hours)
    assert hours[6 * 24 + 9] == 0.0
    assert hours[6 * 24 + 8] is None
    assert max(hours) == 6 * 24 + 17, "of hours to come nothing is said"
    assert [look for look, _ in drawn.legend] == [Look.RUNNING, Look.UNKNOWN]
    assert len(drawn.days) == 7
