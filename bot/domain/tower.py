"""Towers and lockers as Harbor describes them, in immutable values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

from bot.domain.ids import LockerId, TowerId


class LockerStatus(StrEnum):
    """Harbor's six locker statuses (harbor.md §4.2), and one for whatever else it may say."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    RENTED = "rented"
    OCCUPIED = "occupied"
    DECLINED = "declined"
    OUT_OF_SERVICE = "out_of_service"
    UNKNOWN = "unknown"


HELD = frozenset({LockerStatus.RESERVED, LockerStatus.RENTED})
"""Kept for somebody, with nothing in it yet."""


class Low(IntEnum):
    """Whether a low door is wanted: one that can be reached from a wheelchair."""

    ANY = 0
    """Any door will do."""
    RATHER = 1
    """A low one where one is free; else any of the size."""
    ONLY = 2
    """A low one or none."""


def following(low: Low) -> Low:
    """What a tap makes of it: any, rather low, only low, and round again."""
    return Low((low + 1) % len(Low))


class Size(StrEnum):
    """Harbor's locker types, smallest first."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    X_LARGE = "x-large"

    def larger(self) -> Size | None:
        """The next larger size, None for the largest."""
        following = list(Size)[list(Size).index(self) + 1 :]
        return following[0] if following else None


FEWEST_DIGITS = 4
"""So many digits of a tower's id are told at least."""


def known_zone(name: str) -> str | None:
    """`name` if the tz database has a zone of that name, else None."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
    return name


@dataclass(frozen=True, slots=True)
class Hours:
    """One span of opening hours, the tower's local time."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Tower:
    """A tower with the address of its location.

    `name` tells it from the others at its location, which is called `location_name`. `zone` is a tz
    database name, None where nobody knows it; `country` is an ISO 3166 code of two letters, None
    where neither Harbor nor the settings name one that is known.
    """

    id: TowerId
    name: str
    address: str
    city: str
    latitude: float | None
    longitude: float | None
    zone: str | None
    hours: Mapping[int, tuple[Hours, ...]] | None = None  # weekday (Monday 0) → spans; None unknown
    location: int | None = None
    location_name: str | None = None
    country: str | None = None

    @property
    def told_zone(self) -> str:
        """The zone in which times at the tower are told: UTC where its own is unknown."""
        return self.zone or "UTC"


@dataclass(frozen=True, slots=True)
class Locker:
    """A locker as Harbor's server sees it; `size` None is a type we have no name for."""

    id: LockerId
    name: str
    tower: TowerId
    status: LockerStatus
    size: Size | None
    low: bool = False


def beside(tower: Tower, other: Tower) -> bool:
    """Whether both stand at one location, where Harbor picks among their lockers for a link."""
    return tower.id == other.id or (tower.location is not None and tower.location == other.location)


def digits_apart(tower: TowerId, others: Iterable[TowerId]) -> str:
    """The last digits of a tower's id, as few as tell it from the `others`: 4, or 8, or all."""
    theirs = [other for other in others if other != tower]
    fit = (
        few for few in (FEWEST_DIGITS, 8) if tower[-few:] not in {other[-few:] for other in theirs}
    )
    return tower[-next(fit, len(tower)) :]


def at_location_of(tower: TowerId, towers: Iterable[Tower]) -> list[Tower]:
    """Those of `towers` that stand where it does, itself among them; none where it is none of
    them."""
    known = list(towers)
    here = next((each for each in known if each.id == tower), None)
    return [] if here is None else [each for each in known if beside(each, here)]


def as_place(tower: Tower) -> Tower:
    """The tower as the place where it stands: under its location's name."""
    return replace(tower, name=tower.location_name or tower.name)


def places(towers: Iterable[Tower], by_link: Callable[[TowerId], bool]) -> list[Tower]:
    """The towers as they are offered: where Harbor picks the locker, each location is one place,
    which goes by the first of its towers."""
    offered: list[Tower] = []
    for tower in towers:
        if not by_link(tower.id):
            offered.append(tower)
        elif not any(by_link(other.id) and beside(tower, other) for other in offered):
            offered.append(as_place(tower))
    return offered
