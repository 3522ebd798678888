"""`lockerbot figures`: the last days in figures, a line a day, or as a picture, too.

Guarantees: reads only; nobody is named. The picture appears whole or not at all, is its owner's
alone (0600), and takes the place of no other file; its words are those of `LOCKERBOT_LOCALE`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.domain.figures import Day, Figures
from bot.domain.tower import Tower
from bot.ports.database import Transaction
from bot.ports.errors import Refused
from bot.usecases.figures import of_last_days
from cli.database import as_it_is
from cli.settings import Settings
from storage.new_file import new_file
from wording.figures import plot
from wording.language import speak

_HOUR = timedelta(hours=1)
_UNKNOWN, _NOTHING = "not known", "-"


async def figures(
    settings: Settings, tower: str, target: Path | None, console: Console | None = None
) -> None:
    """Print them, and write `target`. Raises BadSetting, Refused where there is no such tower or no
    database, and OSError where the file can't be written or is there already."""
    async with as_it_is(settings) as database:
        found, towers = await database.look(lambda tx: _read(tx, tower, datetime.now(UTC)))
    if target is not None:
        from pictures import figures as picture

        words = speak(settings.locale)
        told = plot(words, found, towers[0].name if tower else words._("All towers"), towers)
        with new_file(target) as path:
            path.write_bytes(picture.drawn(*astuple(told)))
    out = console or Console(soft_wrap=True, highlight=False)
    out.print(_table(found))
    out.print("days and hours are each tower's own; UTC where its zone is not known")


async def _read(tx: Transaction, tower: str, now: datetime) -> tuple[Figures, list[Tower]]:
    towers = [each for each in await tx.towers() if tower in ("", each.id)]
    if tower and not towers:
        raise Refused(f"no tower {tower} is known here")
    return await of_last_days(tx, towers, now=now), towers


def _table(found: Figures) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("day", "booked", "collected", "hours in the locker", "fewest doors free"):
        table.add_column(head, no_wrap=True)
    for day in found.days:
        table.add_row(*map(Text, _row(found, day)))
    return table


def _row(found: Figures, day: Day) -> Iterator[str]:
    yield day.date.isoformat()
    yield _UNKNOWN if day.booked is None else str(day.booked)
    yield _UNKNOWN if day.collected is None else str(day.collected.count)
    mean = day.collected.mean if day.collected else None
    yield _NOTHING if mean is None else f"{mean / _HOUR:.1f}"
    fewest = found.fewest_on([day.date])
    if fewest is None:
        yield _UNKNOWN
        return
    (_, hour), doors = fewest
    yield f"{doors.free} of {doors.doors} at {hour:02}:00"
