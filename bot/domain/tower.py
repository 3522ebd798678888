"""Towers and lockers as Harbor describes them, in immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
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

    `zone` is a tz database name, None where nobody knows it; `country` is an ISO 3166 code of two
    letters, None where Harbor names none that is known.
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
