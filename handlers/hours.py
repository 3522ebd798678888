"""Whether a tower can be reached now, by its opening hours in its own zone.

Guarantees: what Harbor says nothing about is unknown (None), never open or closed; a span that ends
before it starts runs past midnight.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.model import Hours, Tower
from handlers.words import Words

_WHOLE_DAY = (time(0, 0), time(23, 59))


def is_open(tower: Tower, at: datetime) -> bool | None:
    """Whether the tower is open at `at`; None when its hours are unknown."""
    if tower.hours is None:
        return None
    local = at.astimezone(ZoneInfo(tower.zone))
    today, clock = tower.hours.get(local.weekday(), ()), local.time()
    yesterday = tower.hours.get((local - timedelta(days=1)).weekday(), ())
    return _within(today, clock) or any(s.end < s.start and clock < s.end for s in yesterday)


def hours_line(tower: Tower, at: datetime, words: Words) -> str:
    """`Open now · today 07:00–21:00`, `Closed now · …`, or that nobody knows."""
    _ = words._
    if tower.hours is None:
        return _("Opening hours unknown")
    local = at.astimezone(ZoneInfo(tower.zone))
    spans = tower.hours.get(local.weekday(), ())
    if any(_all_day(span) for span in spans):
        return _("Open all day")
    said = ", ".join(f"{span.start:%H:%M}–{span.end:%H:%M}" for span in spans)
    if is_open(tower, at):
        return _("Open now · today {hours}", hours=said or "24:00")
    return _("Closed now · today {hours}", hours=said) if said else _("Closed today")


def _within(spans: Iterable[Hours], clock: time) -> bool:
    return any(
        span.start <= clock <= span.end
        if span.start <= span.end
        else clock >= span.start  # the rest of it is tomorrow's morning
        for span in spans
    )


def _all_day(span: Hours) -> bool:
    return (span.start.replace(second=0), span.end.replace(second=0)) == _WHOLE_DAY or (
        span.start == span.end == time(0, 0)
    )
