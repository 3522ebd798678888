"""A copy of a SQLite database, taken while it is in use.

Guarantees: the target appears whole and checked, or not at all; nothing is overwritten, nothing
that lies in wait is followed, and the copy is its owner's alone (0600).
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from storage.errors import StorageBroken
from storage.new_file import new_file
from storage.progress import Progress, unheard
from storage.sqlite_thread import border
from storage.urls import sqlite_path

_PAGES = 1000  # copied between two words of progress


async def back_up(url: str, target: Path, progress: Progress = unheard) -> None:
    """Write a consistent copy of the database at `url` to the new file `target`.

    Raises StorageBroken for PostgreSQL (which has pg_dump), if there is no database, or if the
    copy is damaged; FileExistsError if `target` is there; StorageUnavailable on a full disk.
    """
    source = sqlite_path(url)
    if source is None:
        raise StorageBroken("PostgreSQL is backed up with its own tool: pg_dump DATABASE_URL")
    await asyncio.to_thread(_back_up, source, target, progress)


def _back_up(source: Path, target: Path, progress: Progress) -> None:
    if not source.exists():
        raise StorageBroken(f"there is no database {source}")
    with new_file(target) as copy:
        copy_checked(source, copy, progress)


def copy_checked(source: Path, copy: Path, progress: Progress) -> None:
    """One state of the database in `source`, checked, to the empty file `copy`. Raises
    StorageBroken where it is damaged, StorageUnavailable on a full disk."""
    with border():
        _copy(source, copy, progress)


def _copy(source: Path, copy: Path, progress: Progress) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(copy)) as copied:
        # One snapshot for all portions: without it each commit of the bot's would begin anew.
        original.execute("begin")
        original.execute("select count(*) from sqlite_master").fetchall()
        original.backup(
            copied,
            pages=_PAGES,
            progress=lambda _, left, total: progress(total - left, total),
        )
        # One file, without the log beside it that WAL would need.
        copied.execute("pragma journal_mode = delete")
        verdict = copied.execute("pragma integrity_check").fetchall()
    if verdict != [("ok",)]:
        raise StorageBroken(f"the copy of {source} is damaged: {verdict[0][0]}")
