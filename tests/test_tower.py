"""Sizes, zones and places: what is offered where Harbor picks the locker, and where it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.ids import TowerId
from bot.domain.tower import (
    Low,
    Size,
    Tower,
    as_place,
    beside,
    digits_apart,
    following,
    known_zone,
    places,
)
from tests.support.scenes import OTHER, TOWER

FIRST = replace(TOWER, location=7, location_name="Station")
SECOND = replace(FIRST, id=TowerId("00000000000000ab"), name="Main Station, back")
MARKET = replace(OTHER, location=8, location_name="Market hall")


def test_taps_lead_from_any_door_over_rather_low_to_low_only_and_round() -> None:
    assert [following(low) for low in (Low.ANY, Low.RATHER, Low.ONLY)] == [
        Low.RATHER,
        Low.ONLY,
        Low.ANY,
    ]


def test_each_size_but_the_largest_has_a_larger_one() -> None:
    assert [size.larger() for size in Size] == [Size.MEDIUM, Size.LARGE, Size.X_LARGE, None]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("0100000000010001", "0001"),
        ("0100000000010002", "0001"),
        ("0100000000020001", "00010001"),
        ("0200000000010001", "0100000000010001"),
    ],
)
def test_of_an_id_as_few_digits_are_told_as_tell_it_apart(other: str, told: str) -> None:
    tower = TowerId("0100000000010001")
    assert digits_apart(tower, [TowerId(other), tower]) == told


@pytest.mark.parametrize("name", ["", "Europe/Nowhere", "../../etc/passwd", "Europe", "\0"])
def test_what_names_no_zone_is_none(name: str) -> None:
    assert known_zone(name) is None


def test_a_zone_is_known_by_its_name_and_what_has_none_is_told_in_utc() -> None:
    assert known_zone("Europe/Madrid") == "Europe/Madrid"
    assert TOWER.told_zone == "Europe/Madrid"
    assert replace(TOWER, zone=None).told_zone == "UTC"


def test_towers_stand_side_by_side_at_one_location_that_is_known() -> None:
    assert beside(FIRST, SECOND)
    assert beside(TOWER, TOWER)
    assert not beside(FIRST, MARKET)
    assert not beside(TOWER, OTHER)  # nobody knows where either stands


def test_a_place_goes_by_its_locations_name_where_there_is_one() -> None:
    assert as_place(SECOND) == replace(SECOND, name="Station")
    assert as_place(TOWER) == TOWER


@pytest.mark.parametrize(
    ("by_link", "offered"),
    [
        ((), (FIRST, MARKET, SECOND)),
        ((FIRST, SECOND, MARKET), (as_place(FIRST), as_place(MARKET))),
        # A tower of tokens beside one of links is a place of its own.
        ((SECOND,), (FIRST, MARKET, as_place(SECOND))),
        ((FIRST,), (as_place(FIRST), MARKET, SECOND)),
    ],
)
def test_where_harbor_picks_the_locker_a_location_is_offered_once(
    by_link: tuple[Tower, ...], offered: tuple[Tower, ...]
) -> None:
    links = {tower.id for tower in by_link}
    assert places([FIRST, MARKET, SECOND], links.__contains__) == [*offered]
