"""A copy of a SQLite database, taken while it is in use.

Guarantees: the target appears whole and checked, or not at all; nothing is overwritten, nothing
that lies in wait is followed, and the copy is its owner's alone (0600).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from storage.errors import StorageBroken
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
    if target.exists():
        raise FileExistsError(f"{target} is there already and will not be overwritten")
    with copied_beside(target, source, progress) as copy:
        # A link, unlike a rename, fails if somebody else made the target meanwhile.
        os.link(copy, target)
        sync(target.parent)


@contextmanager
def copied_beside(target: Path, source: Path, progress: Progress) -> Iterator[Path]:
    """One state of the database in `source`, checked and on the disk, in a file beside `target`
    that is gone after the block if it is still there. Raises StorageBroken where it is damaged,
    StorageUnavailable on a full disk."""
    # A name that nobody can foresee, made anew: whoever may write to the folder can't be waiting.
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    copy = Path(name)
    try:
        with border():
            _copy(source, copy, progress)
        sync(copy)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


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


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
