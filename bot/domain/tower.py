"""Towers and lockers as Harbor describes them, in immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Hours:
    """One span of opening hours, the tower's local time."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Tower:
    """A tower with the address of its location; `zone` is a tz database name."""

    id: TowerId
    name: str
    address: str
    city: str
    latitude: float | None
    longitude: float | None
    zone: str
    hours: Mapping[int, tuple[Hours, ...]] | None = None  # weekday (Monday 0) → spans; None unknown
    location: int | None = None


@dataclass(frozen=True, slots=True)
class Locker:
    """A locker as Harbor's server sees it; `size` None is a type we have no name for."""

    id: LockerId
    name: str
    tower: TowerId
    status: LockerStatus
    size: Size | None
    low: bool = False
