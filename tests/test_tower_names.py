"""Towers on buttons: the city behind a name that another has, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.ids import TowerId
from bot.domain.tower import Tower
from tests.support.scenes import TOWER
from wording.tower_names import told_apart

STATION = replace(TOWER, name="Main Station", city="Madrid", address="Atocha 1", location=None)


def named(number: int, **of: Any) -> Tower:
    return replace(STATION, id=TowerId(f"{number:016x}"), **of)


def test_a_name_that_is_there_once_stands_alone() -> None:
    towers = [named(1), named(2, name="Market")]
    assert list(told_apart(towers, towers).values()) == ["Main Station", "Market"]


def test_where_names_repeat_the_city_tells_them_apart_whatever_is_shown() -> None:
    there = named(2, city="Sevilla", name="main station ")
    told = told_apart([named(1)], [named(1), there, named(3, name="Market")])
    assert told == {named(1).id: "Main Station, Madrid"}
    assert told_apart([there], [named(1), there])[there.id] == "main station, Sevilla"


def test_where_the_city_is_the_same_too_the_street_does() -> None:
    towers = [named(1), named(2, address="Chamartín 9"), named(3, city="Sevilla")]
    assert list(told_apart(towers, towers).values()) == [
        "Main Station, Atocha 1",
        "Main Station, Chamartín 9",
        "Main Station, Sevilla",
    ]


def test_towers_of_one_location_are_no_namesakes_and_what_is_unknown_is_left_out() -> None:
    pair = [named(1, location=7), named(2, location=7)]
    assert set(told_apart(pair, pair).values()) == {"Main Station"}
    nowhere = [named(1, city=""), named(2, city="Madrid")]
    assert told_apart(nowhere, nowhere)[nowhere[0].id] == "Main Station"
