"""Distances: how far a tower is, and which is the nearest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.geography import by_distance, kilometres, nearest, on_foot
from bot.domain.ids import TowerId
from bot.domain.tower import Tower
from tests.support.scenes import TOWER


def at(latitude: float | None, longitude: float | None, name: str = "0a") -> Tower:
    return replace(TOWER, id=TowerId(name), latitude=latitude, longitude=longitude)


@pytest.mark.parametrize(
    ("tower", "here", "far"),
    [
        (at(40.0, -3.0), (40.0, -3.0), 0),
        (at(41.0, -3.0), (40.0, -3.0), 111.2),
        (at(60.0, 11.0), (60.0, 10.0), 55.6),
        (at(0.0, 179.5), (0.0, -179.5), 111.2),  # across the date line
        (at(0.0, -179.5), (0.0, 179.5), 111.2),
    ],
)
def test_distances_are_as_the_crow_flies(
    tower: Tower, here: tuple[float, float], far: float
) -> None:
    assert kilometres(tower, *here) == pytest.approx(far, rel=0.001, abs=0.01)


@pytest.mark.parametrize(
    ("straight", "minutes"),
    [(0.0, 1), (0.5, 8), (1.0, 16), (3.84, 60), (3.85, None), (float("inf"), None)],
)
def test_a_walk_is_a_third_longer_than_the_line_and_told_up_to_an_hour(
    straight: float, minutes: int | None
) -> None:
    assert on_foot(straight) == (None if minutes is None else timedelta(minutes=minutes))


def test_towers_without_coordinates_come_last() -> None:
    near, far, lost = at(40.1, -3.0, "0b"), at(42.0, -3.0, "0c"), at(None, None, "0d")
    assert by_distance([lost, far, near], 40.0, -3.0) == [near, far, lost]
    assert nearest([lost, far, at(40.0, -3.0), near], TowerId("0a")) == [near, far, lost]
    assert nearest([lost, far, near], lost.id) == [far, near]


def test_from_a_tower_half_of_whose_coordinates_are_missing_the_order_stays() -> None:
    near, far = at(40.1, -3.0, "0b"), at(42.0, -3.0, "0c")
    for here in (at(None, -3.0), at(40.0, None)):
        assert nearest([far, here, near], here.id) == [far, near]
    assert nearest([far, near], TowerId("0a")) == [far, near]
    assert kilometres(at(None, -3.0), 40.0, -3.0) == float("inf")
    assert kilometres(at(40.0, None), 40.0, -3.0) == float("inf")
