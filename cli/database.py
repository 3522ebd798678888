"""The database as it is, for a command that only reads."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from bot.ports.database import Database
from bot.ports.errors import Refused
from cli.settings import Settings
from storage import open_database, sqlite_path


@contextlib.asynccontextmanager
async def as_it_is(settings: Settings) -> AsyncIterator[Database]:
    """Made and migrated by nobody here. Raises BadSetting, and Refused where there is none."""
    settings.need("LOCKERBOT_SECRET_KEY")
    path = sqlite_path(settings.database_url)
    if path is not None and not path.exists():
        raise Refused(f"there is no database at {path}")
    async with open_database(settings.database_url, keys=settings.keys, migrate=False) as database:
        yield database
