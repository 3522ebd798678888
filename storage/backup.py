"""A copy of a SQLite database, taken while it is in use.

Guarantees: the target appears whole and checked, or not at all; nothing is overwritten, nothing
that lies in wait is followed, and the copy is its owner's alone (0600).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from storage.errors import StorageBroken
from storage.sqlite_connection import border
from storage.urls import sqlite_path


async def back_up(url: str, target: Path) -> None:
    """Write a consistent copy of the database at `url` to the new file `target`.

    Raises StorageBroken for PostgreSQL (which has pg_dump), if there is no database, or if the
    copy is damaged; FileExistsError if `target` is there; StorageUnavailable on a full disk.
    """
    source = sqlite_path(url)
    if source is None:
        raise StorageBroken("PostgreSQL is backed up with its own tool: pg_dump DATABASE_URL")
    await asyncio.to_thread(_back_up, source, target)


def _back_up(source: Path, target: Path) -> None:
    if not source.exists():
        raise StorageBroken(f"there is no database {source}")
    if target.exists():
        raise FileExistsError(f"{target} is there already and will not be overwritten")
    # A name that nobody can foresee, made anew: whoever may write to the folder can't be waiting.
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    growing = Path(name)
    try:
        with border():
            _copy(source, growing)
        _sync(growing)
        # A link, unlike a rename, fails if somebody else made the target meanwhile.
        os.link(growing, target)
        _sync(target.parent)
    finally:
        growing.unlink(missing_ok=True)


def _copy(source: Path, copy: Path) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(copy)) as copied:
        original.backup(copied)
        # One file, without the log beside it that WAL would need.
        copied.execute("pragma journal_mode = delete")
        verdict = copied.execute("pragma integrity_check").fetchall()
    if verdict != [("ok",)]:
        raise StorageBroken(f"the copy of {source} is damaged: {verdict[0][0]}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
