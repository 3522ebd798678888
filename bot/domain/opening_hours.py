"""When a tower can be reached, by its opening hours in its own zone.

Guarantees: hours that Harbor does not tell, and hours in an unknown zone, are unknown (None), never
open or closed. A span that ends before it starts runs past midnight; one that ends at 23:59 ends at
midnight. Spans are told by the tower's own clock, also on a day on which the clocks change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.domain.tower import Hours, Tower

_MIDNIGHT = time(0, 0)
_LAST_MINUTE = time(23, 59)
_DAY = timedelta(days=1)
_AHEAD = 15
"""Days looked at: a week, and another for a span that the change of the clocks swallows."""
_TO_GET_THERE = timedelta(hours=1)


class Opening(NamedTuple):
    """A time in which a tower is open throughout: from `start`, up to but not at `end` (UTC)."""

    start: datetime
    end: datetime


def is_open(tower: Tower, at: datetime) -> bool | None:
    """Whether the tower is open at `at`; None when its hours are unknown."""
    if tower.hours is None or tower.zone is None:
        return None
    opening = _opening(tower, at)
    return opening is not None and opening.start <= at


def next_opening(tower: Tower, at: datetime) -> datetime | None:
    """The first moment from `at` on at which the tower is open: `at` itself while it is.

    None when its hours are unknown, or it never opens.
    """
    opening = _opening(tower, at)
    return None if opening is None else max(opening.start, at)


def closes_soon(tower: Tower, at: datetime) -> datetime | None:
    """When the tower closes, where it is open at `at` and that is within the hour."""
    opening = _opening(tower, at)
    if opening is None or opening.start > at or opening.end - at > _TO_GET_THERE:
        return None
    return opening.end


def collectable_by(tower: Tower | None, at: datetime) -> datetime:
    """`at` as the last moment to collect something from the tower.

    One that falls into closed hours moves to an hour after the next opening, and not beyond its
    end. Where hours are unknown nothing moves.
    """
    if tower is None:
        return at
    opening = _opening(tower, at - timedelta.resolution)  # closing time itself is not too late
    if opening is None or opening.start < at:
        return at
    return min(opening.start + _TO_GET_THERE, opening.end)


def is_whole_day(span: Hours) -> bool:
    """Whether the span is the whole day: from midnight to midnight."""
    return span.start == _MIDNIGHT and _ends_at_midnight(span)


def _opening(tower: Tower, at: datetime) -> Opening | None:
    """The opening that `at` falls into, else the next one; None when unknown, or there is none.

    What touches or overlaps is one opening; its end is exact where it comes within an hour.
    """
    found: Opening | None = None
    for start, end in _spans(tower, at):
        if found is None:
            found = Opening(start, end) if end > at else None
        elif start <= found.end:
            found = Opening(found.start, max(found.end, end))
        else:
            break
        if found is not None and found.end - max(found.start, at) > _TO_GET_THERE:
            break
    return found


def _spans(tower: Tower, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From the day before `at` on, by their start."""
    if tower.hours is None or tower.zone is None:
        return
    zone = ZoneInfo(tower.zone)
    today = at.astimezone(zone).date()
    for number in range(-1, _AHEAD):
        day = today + number * _DAY
        spans = sorted(_span(day, span, zone) for span in tower.hours.get(day.weekday(), ()))
        yield from (span for span in spans if span[0] < span[1])


def _span(day: date, span: Hours, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The span as it begins on that day; where a clock strikes twice it begins at the first stroke
    and ends at the second."""
    last, end = day, span.end
    if _ends_at_midnight(span) or span.end < span.start:
        last = day + _DAY
    if _ends_at_midnight(span):
        end = _MIDNIGHT
    start = datetime.combine(day, span.start, zone)
    return start.astimezone(UTC), datetime.combine(last, end, zone).replace(fold=1).astimezone(UTC)


def _ends_at_midnight(span: Hours) -> bool:
    return span.end == _MIDNIGHT or span.end.replace(second=0, microsecond=0) == _LAST_MINUTE
