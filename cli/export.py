"""`lockerbot export`: records of deliveries, or of what happened to them, for a span of time.

Guarantees: reads only; the file appears whole or not at all, is its owner's alone (0600), and takes
the place of no other; no more of it than a portion is held at once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from bot.domain.records import RecordForm, RecordKind, period
from bot.usecases.records import Wanted, taken
from cli.complaints import BadSetting
from cli.database import as_it_is
from cli.settings import Settings
from storage.new_file import new_file


async def export(
    settings: Settings, target: Path, kind: RecordKind, form: RecordForm, since: str, until: str
) -> None:
    """Write the file. Raises BadSetting (for what is no span of time, too), Refused where there is
    no database, and OSError where the file can't be written or is there already."""
    try:
        wanted = Wanted(kind, form, period(since, until, now=datetime.now(UTC)))
    except ValueError as error:
        raise BadSetting(str(error)) from None
    async with as_it_is(settings) as database:
        with new_file(target) as path, writing(path) as file:
            async for part in taken(database, wanted):
                file.write(part)


def writing(path: Path) -> TextIO:
    """The file as it is written: line ends as they come, and nothing that UTF-8 can't hold."""
    return path.open("w", encoding="utf-8", errors="replace", newline="")
