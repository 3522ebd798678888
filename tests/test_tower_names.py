"""Towers by names that tell them apart: the city behind a name that another has, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.codes import CodeKind
from bot.domain.ids import TowerId
from bot.domain.lifecycle import State
from bot.domain.tower import Tower, as_place, digits_apart
from tests.support.project import (
    AlertSituation,
    Concern,
    alert_card,
    code_card,
    delivery_card,
    gone_unasked,
    slip_card,
    speak,
)
from tests.support.scenes import ANNA, BEN, NOW, PAGED, TOWER, a_code, a_delivery, a_scene
from wording.cards.place import map_card
from wording.sanitize import read_out
from wording.tower_names import LONGEST, SHORT, name_alone, told_apart

STATION = replace(TOWER, name="Main Station", city="Madrid", address="Atocha 1", location=None)
LONG = "Central Railway Station, north"
HALL = "Market hall at the old harbour"


def named(number: int, **of: Any) -> Tower:
    return replace(STATION, id=TowerId(f"{number:016x}"), **of)


def at_one(name: str, *numbers: int) -> list[Tower]:
    """Towers of one location, named as Harbor's lockers name them."""
    place = {"location": numbers[0], "location_name": name}
    there = [named(each, **place) for each in numbers]
    ids = [tower.id for tower in there]
    return [replace(each, name=f"{name} · {digits_apart(each.id, ids)}") for each in there]


def test_a_name_that_is_there_once_stands_alone() -> None:
    towers = [named(1), named(2, name="Market")]
    assert told_apart(towers, towers) == ["Main Station", "Market"]


def test_where_names_repeat_the_city_tells_them_apart_whatever_is_shown() -> None:
    there = named(2, city="Sevilla", name="main station ")
    told = told_apart([named(1)], [named(1), there, named(3, name="Market")])
    assert told == ["Main Station, Madrid"]
    assert told_apart([there], [named(1), there]) == ["main station, Sevilla"]


def test_where_the_city_is_the_same_too_the_street_does() -> None:
    towers = [named(1), named(2, address="Chamartín 9"), named(3, city="Sevilla")]
    assert told_apart(towers, towers) == [
        "Main Station, Atocha 1",
        "Main Station, Chamartín 9",
        "Main Station, Sevilla",
    ]
    there = named(4, city="Sevilla", address="Chamartín 9")
    same_street = replace(towers[2], address="Atocha 1")
    assert told_apart([towers[0], same_street, there], [*towers[:2], same_street, there]) == [
        f"Main Station · {number:04x}" for number in (1, 3, 4)
    ]


def test_what_is_unknown_is_left_out() -> None:
    nowhere = [named(1, city=""), named(2, city="Madrid")]
    assert told_apart(nowhere, nowhere) == ["Main Station", "Main Station, Madrid"]


@pytest.mark.parametrize("location", [None, 7])
def test_where_nothing_else_does_the_last_digits_of_the_id_tell_them_apart(
    location: int | None,
) -> None:
    pair = [named(0x10A, location=location), named(0x20B, location=location)]
    assert told_apart(pair, pair) == ["Main Station · 010a", "Main Station · 020b"]
    assert told_apart(pair[:1], pair) == ["Main Station · 010a"]
    far = [named(0x1010A, location=location), named(0x2010A, location=location)]
    assert told_apart(far, far) == ["Main Station · 0001010a", "Main Station · 0002010a"]


def test_a_place_is_no_namesake_of_its_own_towers_and_each_of_those_keeps_its_digits() -> None:
    for name in ("Station", LONG):
        pair = at_one(name, 1, 2)
        assert told_apart([as_place(pair[0])], pair) == [name]
        assert told_apart(pair, pair) == [f"{name} · 0001", f"{name} · 0002"]
    assert told_apart([as_place(pair[0])], pair, SHORT) == ["Central Railway Station…"]
    same_digits = at_one("Station", 0x10001, 0x20001)
    assert told_apart(same_digits, same_digits) == ["Station · 00010001", "Station · 00020001"]
    elsewhere = named(9, name="Station", city="Sevilla", location=9, location_name="Station")
    pair = at_one("Station", 1, 2)
    assert told_apart([as_place(pair[0]), pair[1], elsewhere], [*pair, elsewhere]) == [
        "Station, Madrid",
        "Station · 0002",
        "Station, Sevilla",
    ]


def test_names_that_are_the_same_once_they_are_cut_are_told_apart_too() -> None:
    """What tells one apart stands there whole: the name gives way to it."""
    north, south = named(1, name=LONG), named(2, name=f"{LONG[:-5]}south", address="Chamartín 9")
    assert told_apart([north, south], [north, south]) == [LONG, f"{LONG[:-5]}south"]
    assert told_apart([north, south], [north, south], SHORT) == [
        "Central Railway Station…, Atocha 1",
        "Central Railway Statio…, Chamartín 9",
    ]
    for first, second in (
        ("a" * 23 + "bcd", "a" * 23 + "xyz"),
        ("🏢" * 12 + "bcd", "🏢" * 12 + "xyz"),
    ):
        towers = [named(1, name=first), named(2, name=second, city="Sevilla")]
        for tower in towers:
            [name] = told_apart([tower], towers, SHORT)
            assert name.endswith(f"…, {tower.city}")
    pair = at_one(LONG, 1, 2)
    assert told_apart(pair, pair, SHORT) == ["Central Railway… · 0001", "Central Railway… · 0002"]


def test_of_a_long_name_that_stands_alone_the_digits_are_not_what_is_cut() -> None:
    first, second = at_one(f"{HALL}, the upper end", 1, 2)
    assert name_alone(first) == "Market hall at the old harbour,… · 0001"
    assert name_alone(second, SHORT) == "Market hall at t… · 0002"
    assert name_alone(as_place(first), SHORT) == "Market hall at the old…"
    assert name_alone(named(1, name="Hall · 0001"), SHORT) == "Hall · 0001"
    own_id = f"{1:016x}"
    assert name_alone(named(1, name=own_id)) == own_id
    from_the_right, _ = at_one("א" * 40, 1, 2)
    assert name_alone(from_the_right) == f"\u2068{'א' * 32}…\u2069 · 0001"
    assert told_apart([first], [first]) == [name_alone(first)]


def test_names_that_differ_only_where_they_give_way_to_their_digits_are_told_apart() -> None:
    upper, lower = (at_one(f"{'a' * 19}{end}", 1, 2)[0] for end in "xy")
    lower = replace(lower, id=TowerId(f"9{lower.id[1:]}"), location=9, city="Sevilla")
    told = [told_apart([tower], [upper, lower], SHORT)[0] for tower in (upper, lower)]
    assert told == [f"{'a' * 16}… · 0001, Madrid", f"{'a' * 16}… · 0001, Sevilla"]


@pytest.mark.parametrize("state", State)
def test_whatever_says_a_tower_beside_its_address_says_which_at_that_location(
    state: State,
) -> None:
    there, _ = at_one("Central Railway Station of Madrid, at the northern concourse", 1, 2)
    parcel, about = a_delivery(state), {"tower": there, "zones": True}
    cards = [
        *(delivery_card(a_scene(parcel, reader, **about)) for reader in (ANNA, BEN)),
        *(map_card(a_scene(parcel, reader, **about)) for reader in (ANNA, BEN)),
        *(
            code_card(a_scene(parcel, ANNA, code=a_code(kind, ANNA.id), **about))
            for kind in CodeKind
        ),
        slip_card(a_scene(replace(parcel, recipient=None), ANNA, claim=PAGED, **about)),
        alert_card(
            Concern(AlertSituation(gone_unasked(NOW, parcel), NOW, parcel, there), speak("en"))
        ),
    ]
    lines = [
        line
        for card in filter(None, cards)
        for line in (*read_out(card.html).splitlines(), *([card.venue.title] if card.venue else []))
        if "Central" in line
    ]
    assert len(lines) > 1
    assert all(" · 0001" in line for line in lines)


def test_names_that_are_the_same_once_they_have_given_way_are_told_apart_by_digits() -> None:
    city = "San Sebastián de los Reyes"
    north, south = (named(n, name=f"Central Station {n}st gate", city=city) for n in (1, 2))
    among = [
        north,
        south,
        *(replace(each, id=TowerId(f"9{each.id[1:]}"), city="Sevilla") for each in (north, south)),
    ]
    assert told_apart([north, south], among, SHORT) == [
        "Central Station… · 0001",
        "Central Station… · 0002",
    ]
    assert told_apart([north], among, SHORT) == [f"Central Sta…, {city}"]


def test_no_two_that_are_shown_read_alike_and_none_is_too_long() -> None:
    endings = ("", "Atocha 1", "A street that is so long that it is cut where it stands")
    towers = [
        named(number, name=name, city=city, address=address)
        for number, (name, city, address) in enumerate(
            (name, city, address)
            for name in ("Main Station", "main station", LONG, HALL, f"{HALL} itself", "")
            for city in endings
            for address in endings
        )
    ]
    for most in (SHORT, 40):
        told = told_apart(towers, towers, most)
        assert len({name.casefold() for name in told}) == len(towers)
        assert max(map(len, told)) <= LONGEST
    assert told_apart([towers[3], towers[3]], towers)[0] == told_apart([towers[3]], towers)[0]
