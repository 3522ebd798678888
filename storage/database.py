"""Opening the database that a DATABASE_URL names."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from bot.ports.signals import Saving, Signals
from storage import migrating
from storage.errors import StorageBroken
from storage.sealing import Sealer
from storage.sqlite import SqliteDatabase, open_sqlite
from storage.urls import sqlite_path

if TYPE_CHECKING:
    from storage.postgres import PostgresDatabase


@contextlib.asynccontextmanager
async def open_database(
    url: str,
    *,
    keys: Sequence[str],
    migrate: bool = True,
    signals: Signals | None = None,
    saving: Saving | None = None,
) -> AsyncIterator[SqliteDatabase | PostgresDatabase]:
    """The database at `url` (`sqlite:///file`, `postgresql://…`), closed when the block ends.

    `keys` are the strings of LOCKERBOT_SECRET_KEY, the sealing one first. Without `migrate` a
    database that is not up to date is refused. `signals` hears of every commit that made something
    owed, `saving` of whether steps can be committed. Raises StorageBroken or StorageUnavailable.
    """
    sealer, path = Sealer(keys), sqlite_path(url)
    if migrate:
        await migrating.migrate(url)
    elif missing := await migrating.missing(url):
        raise StorageBroken(f"the database lacks {', '.join(missing)}: run `lockerbot migrate`")
    async with (
        open_sqlite(path, sealer, signals, saving)
        if path
        else _open_postgres(url, sealer, signals, saving) as database
    ):
        yield database


def _open_postgres(
    url: str, sealer: Sealer, signals: Signals | None, saving: Saving | None
) -> AbstractAsyncContextManager[PostgresDatabase]:
    """Its driver is not loaded where SQLite will do."""
    from storage.postgres import open_postgres

    return open_postgres(url, sealer, signals, saving)
