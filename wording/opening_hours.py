"""A tower's opening hours in words.

Guarantees: "open" and "closed" are said only of known hours in a known zone. What stands on a card,
which may be read much later, names days by their names and says nothing of now that ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from bot.domain.opening_hours import closes_soon, is_open, is_whole_day, next_opening
from bot.domain.tower import Hours, Tower
from wording.language import Words
from wording.moments import moment, relative
from wording.sanitize import read_out

_DAY = timedelta(days=1)


def hours_line(tower: Tower, at: datetime, words: Words) -> str:
    """For a screen, read at once: `Open now · today 07:00–21:00`, `Closed now, opens tomorrow
    06:00`, or that nobody knows. The last hour says how long it is open still."""
    _ = words._
    opened = is_open(tower, at)
    if opened is None or tower.hours is None or tower.zone is None:
        return _("Opening hours unknown")
    if not opened:
        return _closed_now(tower, at, words)
    local = at.astimezone(ZoneInfo(tower.zone))
    today = tower.hours.get(local.weekday(), ())
    if any(is_whole_day(span) for span in today):
        return _("Open all day")
    left = [  # of the night that began yesterday
        Hours(time(0), span.end)
        for span in tower.hours.get((local - _DAY).weekday(), ())
        if local.time() < span.end < span.start
    ]
    spans = ", ".join(_span(span, tower, words) for span in (*left, *today))
    line = _("Open now · today {hours}", hours=spans)
    closes = closing_line(tower, at, words)
    return f"{line} · {closes}" if closes else line


def closing_line(tower: Tower, at: datetime, words: Words) -> str | None:
    """For what is read at once: `closes in 40 minutes` on a phone that lets it tick, and else
    `closes at 22:00`; None but in the last hour."""
    ends = closes_soon(tower, at)
    if ends is None:
        return None
    said = words._("at {time}", time=words.clock(ends, tower))
    return words._("closes {when}", when=relative(ends, said))


def _closed_now(tower: Tower, at: datetime, words: Words) -> str:
    _ = words._
    opens = next_opening(tower, at)
    if opens is None:
        return _("Closed")
    zone = ZoneInfo(tower.told_zone)
    days = (opens.astimezone(zone).date() - at.astimezone(zone).date()).days
    when = moment(words, opens, tower, now=at)
    if days == 0:
        return _("Closed now, opens at {time}", time=when)
    return _("Closed now, opens {moment}", moment=when)


def hours_label(tower: Tower, at: datetime, words: Words) -> str | None:
    """For a button: `closed until Friday 06:00`, `hours unknown`, `closes at 22:00` in the last
    hour; None while it is open."""
    _ = words._
    opened = is_open(tower, at)
    if opened is None:
        return _("hours unknown")
    if opened:
        closes = closing_line(tower, at, words)
        return read_out(closes) if closes else None
    opens = next_opening(tower, at)
    if opens is None:
        return _("closed")
    return _("closed until {moment}", moment=words.moment(opens, tower, now=at))


def closed_line(tower: Tower, at: datetime, words: Words) -> str | None:
    """For a card: `Closed until Friday 06:00`; None while it is open, and where nobody knows."""
    if tower.hours is None or tower.zone is None:
        return None
    opens = next_opening(tower, at)
    if opens is None:
        return words._("Closed")
    if opens <= at:
        return None
    return words._("Closed until {moment}", moment=moment(words, opens, tower, now=at))


def week_line(tower: Tower, words: Words) -> str | None:
    """For a card: `Mon–Fri 07:00–21:00 · Sat 09:00–14:00`, or `Open all day`; days without hours
    are left out. None where nobody knows."""
    if tower.hours is None or tower.zone is None:
        return None
    _ = words._
    week = [tower.hours.get(day, ()) for day in range(7)]
    if all(any(is_whole_day(span) for span in spans) for spans in week):
        return _("Open all day")
    told = [_day(spans, tower, words) for spans in week]
    if len(set(told)) == 1 and told[0]:
        return _("Daily {hours}", hours=told[0])
    return " · ".join(_runs(told, words)) or None


def _day(spans: Sequence[Hours], tower: Tower, words: Words) -> str:
    if any(is_whole_day(span) for span in spans):
        return words._("all day")
    return ", ".join(_span(span, tower, words) for span in spans)


def _runs(week: Sequence[str], words: Words) -> Iterator[str]:
    """Days in a row that have the same hours, named by the first and the last."""
    names = get_day_names("abbreviated", "stand-alone", words.locale)
    for hours, run in groupby(range(7), week.__getitem__):
        days = [*run]
        if hours:
            ends = dict.fromkeys((names[days[0]], names[days[-1]]))
            yield f"{'–'.join(ends)} {hours}"


def _span(span: Hours, tower: Tower, words: Words) -> str:
    return "–".join(words.time_of_day(at, tower.country) for at in (span.start, span.end))
