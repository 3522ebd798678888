"""Whether a tower can be reached at a moment, by its opening hours in its own zone.

Guarantees: what Harbor says nothing about is unknown (None), never open or closed; a span that ends
before it starts runs past midnight.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.tower import Hours, Tower

_WHOLE_DAY = (time(0, 0), time(23, 59))


def is_open(tower: Tower, at: datetime) -> bool | None:
    """Whether the tower is open at `at`; None when its hours are unknown."""
    if tower.hours is None:
        return None
    local = at.astimezone(ZoneInfo(tower.zone))
    clock = local.time()
    today = [*_left_of_yesterday(tower.hours, local), *tower.hours.get(local.weekday(), ())]
    return any(
        _all_day(span)
        or span.start <= clock <= span.end
        or (span.end < span.start <= clock)  # the rest of it is tomorrow's morning
        for span in today
    )


def _left_of_yesterday(hours: Mapping[int, tuple[Hours, ...]], local: datetime) -> list[Hours]:
    """What is still to come of the spans that began yesterday, as spans of today."""
    yesterday = hours.get((local - timedelta(days=1)).weekday(), ())
    return [
        Hours(time(0), span.end)
        for span in yesterday
        if span.end < span.start and local.time() < span.end
    ]


def _all_day(span: Hours) -> bool:
    return (span.start.replace(second=0), span.end.replace(second=0)) == _WHOLE_DAY or (
        span.start == span.end == time(0, 0)
    )
