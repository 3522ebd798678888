"""Distances between towers and to a person, as the crow flies."""

from __future__ import annotations

from datetime import timedelta
from math import ceil, cos, hypot, radians

from bot.domain.ids import TowerId
from bot.domain.tower import Tower

WALKING = 5.0
"""Kilometres that somebody walks in an hour."""
DETOUR = 1.3
"""By how much a way is longer than the straight line: an estimate."""
_FAR_TO_WALK = timedelta(hours=1)


def on_foot(straight: float) -> timedelta | None:
    """About how long it takes to walk there, in whole minutes, by the straight line in kilometres;
    None where that is more than an hour, or nobody knows."""
    if straight == float("inf"):
        return None
    walk = timedelta(minutes=max(1, ceil(straight * DETOUR / WALKING * 60)))
    return walk if walk <= _FAR_TO_WALK else None


def nearest(towers: list[Tower], to: TowerId) -> list[Tower]:
    """The other towers, the nearest to `to` first; towers without coordinates come last."""
    here = next((tower for tower in towers if tower.id == to), None)
    others = [tower for tower in towers if tower.id != to]
    if here is None or here.latitude is None or here.longitude is None:
        return others
    return by_distance(others, here.latitude, here.longitude)


def by_distance(towers: list[Tower], latitude: float, longitude: float) -> list[Tower]:
    """`towers` by their distance from a point, those without coordinates last."""
    return sorted(towers, key=lambda tower: kilometres(tower, latitude, longitude))


def kilometres(tower: Tower, latitude: float, longitude: float) -> float:
    """How far a tower is, as the crow flies; infinite when it has no coordinates."""
    if tower.latitude is None or tower.longitude is None:
        return float("inf")
    north = tower.latitude - latitude
    east = ((tower.longitude - longitude + 180) % 360 - 180) * cos(radians(latitude))
    return hypot(north, east) * 111.2
