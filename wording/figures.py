"""The figures of the last days in words, and what is drawn of them.

Guarantees: pure. What nobody knows is said to be so, and told as no number; nobody is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

from bot.domain.figures import DAYS, Collected, Figures, Slot
from bot.domain.message import Bars, Curve, Look, Plot
from bot.domain.tower import Tower
from wording.language import Words
from wording.sanitize import esc, plain

_HOUR = timedelta(hours=1)
_NOTHING = "–"
LONGEST_NAME = 60
"""Signs of a tower's name, where it stands alone."""
_ROOM = LONGEST_NAME + LONGEST_NAME // 2
"""The same with what tells it apart."""


def told(words: Words, figures: Figures, name: str, towers: list[Tower]) -> str:
    """What stands below the picture, or alone where nothing is known. `towers` are those that the
    figures are of, as far as they are known."""
    _ = words._
    lines = [f"📊 <b>{esc(name, _ROOM)}</b>"]
    if not figures:
        return "\n".join([*lines, _("No figures yet.")])
    lines.append(_span(words, figures, towers))
    lines += _sums(words, figures)
    if figures.fewest is not None:
        (day, hour), doors = figures.fewest
        country = towers[0].country if towers else None
        at = f"{words.weekday(day)} {words.time_of_day(time(hour), country)}"
        lines.append(
            _(
                "🚪 Fewest free: {free} of {count} doors, {time}",
                free=doors.free,
                count=doors.doors,
                time=at,
            )
        )
    lines += _notes(words, figures, towers)
    return "\n".join(lines)


def _sums(words: Words, figures: Figures) -> Iterator[str]:
    _, collected = words._, figures.collected
    if not figures.began:
        return
    yield _("📥 Booked: {count}", count=figures.booked)
    yield _("📤 Collected by their recipients: {count}", count=collected.count)
    if collected.mean is not None:
        hours = words.decimal(collected.mean / _HOUR)
        yield _("⏱ In the locker until then: {hours} h on average", hours=hours)


def _notes(words: Words, figures: Figures, towers: list[Tower]) -> Iterator[str]:
    _ = words._
    if figures.lacking:
        yield _("What is not known is left out; in the picture it is hatched.")
    if not towers or any(tower.zone is None for tower in towers):
        yield _("Days and hours are UTC where a tower's time zone is not known.")


def plot(words: Words, figures: Figures, name: str, towers: list[Tower]) -> Plot:
    """Booked, collected, hours in the locker and free doors, by day and by hour."""
    _, days = words._, [day.date for day in figures.days]
    legend = [(Look.RUNNING, _("today so far"))]
    if figures.lacking:
        legend.append((Look.UNKNOWN, _("nothing known")))
    collected = [day.collected for day in figures.days]
    counts = [None if each is None else each.count for each in collected]
    return Plot(
        title=plain(name, _ROOM),
        subtitle=_span(words, figures, towers),
        days=tuple((words.weekday_name(day), str(day.day)) for day in days),
        bars=(
            Bars(_("Booked"), _counted([day.booked for day in figures.days])),
            Bars(_("Collected by their recipients"), _counted(counts)),
            Bars(
                _("Hours in the locker until then, on average"),
                tuple(_waited(words, each) for each in collected),
            ),
        ),
        curve=Curve(
            _("Free doors by hour"),
            tuple(_hours(figures, days)),
            tuple((part, words.percent(part)) for part in (0.0, 0.5, 1.0)),
        ),
        legend=tuple(legend),
    )


def _counted(counts: list[int | None]) -> tuple[tuple[float | None, str], ...]:
    return tuple((count, "" if count is None else str(count)) for count in counts)


def _waited(words: Words, collected: Collected | None) -> tuple[float | None, str]:
    """Where nothing was collected there is no average, which is said."""
    if collected is None:
        return None, ""
    if collected.mean is None:
        return None, _NOTHING
    hours = collected.mean / _HOUR
    return hours, words.decimal(hours)


def _hours(figures: Figures, days: list[date]) -> Iterator[tuple[int, float | None]]:
    for number in range(24 * DAYS):
        slot: Slot = (days[number // 24], number % 24)
        if slot in figures.free:
            yield number, figures.free[slot].share
        elif slot in figures.missing:
            yield number, None


def _span(words: Words, figures: Figures, towers: list[Tower]) -> str:
    first, last = figures.days[0].date, figures.days[-1].date
    return words.days(first, last, towers[0] if towers else None)
