"""What towers have done in the last days, in figures.

Guarantees: pure values, in which there is no person. Days and hours are those that each tower's own
clock shows, UTC where its zone is unknown. What nobody knows has no figure (None), which is not
nought: days before the bot was at work, hours in which no doors were seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.ids import TowerId

DAYS = 7
"""How many days are told of; the last is the present one."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)

Slot = tuple[date, int]
"""An hour of a day, as a clock on the wall shows it."""
Zoned = Mapping[str, Sequence[TowerId]]
"""Towers by their zones."""


@dataclass(frozen=True, slots=True)
class Week:
    """The days that are told of. `starts` has, by zone, when each begins, and when the last ends;
    `hours` are those that are over, wherever a clock has shown them."""

    days: tuple[date, ...]
    starts: Mapping[str, tuple[datetime, ...]]
    hours: frozenset[Slot]


def week(zones: Iterable[str], now: datetime) -> Week:
    """The days up to the present one where that is furthest on; of no zone at all, in UTC."""
    there = {zone: ZoneInfo(zone) for zone in set(zones) or {"UTC"}}
    today = max(now.astimezone(zone).date() for zone in there.values())
    days = tuple(today - _DAY * (DAYS - 1 - n) for n in range(DAYS))
    bounds = (*days, today + _DAY)
    starts = {
        name: tuple(datetime.combine(day, time(), zone).astimezone(UTC) for day in bounds)
        for name, zone in there.items()
    }
    hours = frozenset(
        _slot(at, zone)
        for name, zone in there.items()
        for at in _hours(starts[name][0], min(now, starts[name][-1]))
    )
    return Week(days, starts, hours)


def _hours(since: datetime, until: datetime) -> Iterator[datetime]:
    while since + _HOUR <= until:
        yield since
        since += _HOUR


def _slot(at: datetime, zone: ZoneInfo) -> Slot:
    local = at.astimezone(zone)
    return local.date(), local.hour


@dataclass(frozen=True, slots=True)
class Collected:
    """How many parcels their recipients have collected, and how long `timed` of them had lain in
    their lockers, all together: of the others it is not known since when."""

    count: int = 0
    timed: int = 0
    waited: timedelta = timedelta()

    def __add__(self, other: Collected) -> Collected:
        return Collected(
            self.count + other.count, self.timed + other.timed, self.waited + other.waited
        )

    @property
    def mean(self) -> timedelta | None:
        """How long one lay there on average."""
        return self.waited / self.timed if self.timed else None


@dataclass(frozen=True, slots=True)
class Doors:
    """How many doors that can be used were seen, and how many of them were free."""

    free: int
    doors: int

    def __add__(self, other: Doors) -> Doors:
        return Doors(self.free + other.free, self.doors + other.doors)

    @property
    def share(self) -> float:
        """The part of them that was free; of none there is no part."""
        return self.free / self.doors


@dataclass(frozen=True, slots=True)
class Seen:
    """The doors of all towers of a zone that were seen in the hour that begins `at`."""

    at: datetime
    zone: str
    doors: Doors


@dataclass(frozen=True, slots=True)
class Day:
    """One day. What was booked and collected is None before the bot was at work."""

    date: date
    booked: int | None
    collected: Collected | None


@dataclass(frozen=True, slots=True)
class Figures:
    """`free` has the hours in which doors were seen; `missing` are those that are over, and in
    which none were."""

    days: tuple[Day, ...]
    free: Mapping[Slot, Doors]
    missing: frozenset[Slot]

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.free) or self.began

    @property
    def began(self) -> bool:
        """Whether the bot was at work on any of these days."""
        return any(day.booked is not None for day in self.days)

    @property
    def lacking(self) -> bool:
        """Whether anything of these days is not known."""
        return bool(self.missing) or any(day.booked is None for day in self.days)

    @property
    def booked(self) -> int:
        """In all of the days."""
        return sum(day.booked or 0 for day in self.days)

    @property
    def collected(self) -> Collected:
        """In all of the days."""
        return sum((day.collected for day in self.days if day.collected), Collected())

    @property
    def fewest(self) -> tuple[Slot, Doors] | None:
        """In all of the days, see `fewest_on`."""
        return self.fewest_on([day.date for day in self.days])

    def fewest_on(self, days: Collection[date]) -> tuple[Slot, Doors] | None:
        """The hour in which the smallest part of the doors was free, the latest of several; None
        where none were seen."""
        known = [slot for slot in self.free if slot[0] in days]
        hours = [(slot, self.free[slot]) for slot in sorted(known, reverse=True)]
        return min(hours, key=lambda each: each[1].share, default=None)


def figures(
    week: Week,
    first: datetime | None,
    booked: Mapping[int, int],
    collected: Mapping[int, Collected],
    seen: Collection[Seen],
) -> Figures:
    """Put together: by the number of the day what was booked and collected, since the bot's `first`
    booking of all."""
    days = []
    for number, day in enumerate(week.days):
        over = max(starts[number + 1] for starts in week.starts.values())
        known = first is not None and first < over
        days.append(
            Day(
                day,
                booked.get(number, 0) if known else None,
                collected.get(number, Collected()) if known else None,
            )
        )
    free: dict[Slot, Doors] = {}
    for each in seen:
        slot = _slot(each.at, ZoneInfo(each.zone))
        if each.doors.doors and slot[0] in week.days:
            free[slot] = free.get(slot, Doors(0, 0)) + each.doors
    return Figures(tuple(days), free, week.hours - free.keys())
