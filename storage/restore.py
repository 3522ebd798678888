"""Putting a backup in the place of a SQLite database.

Guarantees: what is put there is whole, checked, of a version that this code can read, and its
owner's alone (0600); at each moment there is a database, the old one or the new. The old one is
kept beside it under a name of its own, with whatever its write-ahead log held. Nothing is touched
while anybody has the database open.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from storage.backup import copy_checked
from storage.errors import StorageBroken
from storage.migrating import applied_to_file, pending
from storage.new_file import beside, sync
from storage.progress import Progress, unheard
from storage.urls import sqlite_path

_LOGS = ("-wal", "-journal")


class InUse(StorageBroken):
    """Somebody has the database open."""


async def restore(url: str, source: Path, progress: Progress = unheard) -> Path | None:
    """Put a copy of `source` in the place of the database at `url`.

    Says where the old database is now, None where there was none. Raises StorageBroken (InUse
    among it) where that is refused, StorageUnavailable on a full disk.
    """
    target = sqlite_path(url)
    if target is None:
        raise StorageBroken("PostgreSQL is restored with its own tool: pg_restore or psql")
    return await asyncio.to_thread(_restore, source, target, progress)


def _restore(source: Path, target: Path, progress: Progress) -> Path | None:
    if not source.is_file():
        raise StorageBroken(f"there is no file {source}: name a file that `backup` has written")
    if target.exists() and source.samefile(target):
        raise StorageBroken(f"{source} is the database itself: name a backup of it")
    if not target.parent.is_dir():
        raise StorageBroken(f"there is no folder {target.parent}: make it first")
    target = target.resolve()
    pending(_applied(source))
    with beside(target) as copy:
        copy_checked(source, copy, progress)
        sync(copy)
        with alone(target) if target.exists() else contextlib.nullcontext():
            kept = _put_aside(target)
            os.replace(copy, target)
        sync(target.parent)
    return kept


def _applied(source: Path) -> list[str]:
    try:
        applied = applied_to_file(source)
    except StorageBroken as error:
        raise StorageBroken(f"{source} can't be read as a database: {error}") from error
    if not applied:
        raise StorageBroken(f"{source} is no database of the bot's: name one `backup` has written")
    return applied


@contextlib.contextmanager
def alone(target: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the database while nobody else has it open, or can open it; what its
    write-ahead log holds is in it, unless it is too damaged for that. Raises InUse."""
    with closing(sqlite3.connect(target, timeout=0, isolation_level=None)) as old:
        try:
            old.execute("pragma journal_mode = delete")
            old.execute("begin exclusive")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise InUse(f"{target} is in use: stop the bot first") from error
        except sqlite3.DatabaseError:
            pass  # damaged: the more reason to replace it
        yield old


def _put_aside(target: Path) -> Path | None:
    kept = target.with_name(f"{target.name}.{time.strftime('%Y%m%d-%H%M%S')}.replaced")
    was = target.exists()
    if was:
        os.link(target, kept)  # which, unlike a rename, leaves a database in its place meanwhile
        kept.chmod(0o600)
    for end in _LOGS:
        with contextlib.suppress(FileNotFoundError):
            os.rename(target.with_name(target.name + end), kept.with_name(kept.name + end))
    target.with_name(target.name + "-shm").unlink(missing_ok=True)
    return kept if was else None
