"""`lockerbot export`: records of deliveries, or of what happened to them, for a span of time.

Guarantees: reads only; the file appears whole or not at all, is its owner's alone (0600), and takes
the place of no other; no more of it than a portion is held at once.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from bot.domain.records import RecordForm, RecordKind, period
from bot.ports.errors import Refused
from bot.usecases.records import Wanted, taken
from cli.settings import Settings
from storage import open_database, sqlite_path


async def export(
    settings: Settings, target: Path, kind: RecordKind, form: RecordForm, since: str, until: str
) -> None:
    """Write the file. Raises BadSetting, Refused where there is no such span or no database, and
    OSError where the file can't be written or is there already."""
    settings.need("LOCKERBOT_SECRET_KEY")
    try:
        wanted = Wanted(kind, form, period(since, until, now=datetime.now(UTC)))
    except ValueError as error:
        raise Refused(str(error)) from None
    path = sqlite_path(settings.database_url)
    if path is not None and not path.exists():
        raise Refused(f"there is no database at {path}")
    with appearing(target) as file:
        async with open_database(
            settings.database_url, keys=settings.keys, migrate=False
        ) as database:
            async for part in taken(database, wanted):
                file.write(part)


@contextlib.contextmanager
def appearing(target: Path) -> Iterator[TextIO]:
    """A new file that is `target` once the block has ended well, and gone if it has not.

    Raises FileExistsError where `target` is there.
    """
    if target.exists():
        raise FileExistsError(f"{target} is there already and will not be overwritten")
    # A name that nobody can foresee, made anew, and open to its owner alone.
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails if somebody else made the target meanwhile.
        os.link(name, target)
    finally:
        Path(name).unlink(missing_ok=True)
