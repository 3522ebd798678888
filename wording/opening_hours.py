"""A tower's opening hours in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.opening_hours import _all_day, _left_of_yesterday, is_open
from bot.domain.tower import Tower
from wording.language import Words


def hours_line(tower: Tower, at: datetime, words: Words) -> str:
    """`Open now · today 07:00–21:00`, `Closed now · …`, or that nobody knows."""
    _ = words._
    if tower.hours is None:
        return _("Opening hours unknown")
    local = at.astimezone(ZoneInfo(tower.zone))
    spans = [*_left_of_yesterday(tower.hours, local), *tower.hours.get(local.weekday(), ())]
    if any(_all_day(span) for span in spans):
        return _("Open all day")
    said = ", ".join(f"{span.start:%H:%M}–{span.end:%H:%M}" for span in spans)
    if is_open(tower, at):
        return _("Open now · today {hours}", hours=said)
    return _("Closed now · today {hours}", hours=said) if said else _("Closed today")
