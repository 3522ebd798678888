"""Connections to SQLite: its settings, its errors, and as few hops to its thread as can be.

Guarantees: WAL with synchronous=FULL, so what is committed survives a power cut; foreign keys are
on; whatever SQLite raises arrives as an error of ours, with the cause.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite

from storage.connection import Row, Statement
from storage.errors import Crossed, StorageBroken, StorageUnavailable

_BUSY_MILLISECONDS = 5000
_A_TURN = 0.02  # seconds
_TURNS = 100

_SETTINGS = (
    f"pragma busy_timeout = {_BUSY_MILLISECONDS}",
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma trusted_schema = off",
)

_TAKEN = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}


@contextlib.contextmanager
def border() -> Iterator[None]:
    """SQLite's errors become ours; a primary result code decides (sqlite.org/rescode.html)."""
    try:
        yield
    except sqlite3.Error as e:
        code = getattr(e, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code in _TAKEN:
            raise Crossed(str(e)) from e
        if code & 0xFF in _PASSING:
            raise StorageUnavailable(f"the database can't be used now: {e}") from e
        raise StorageBroken(f"the database refuses: {e}") from e


class Thread(aiosqlite.Connection):
    """aiosqlite's connection with one call more: many statements for one hop to its thread."""

    async def fetch_last(self, statements: Sequence[Statement]) -> list[Row]:
        """Run all of `statements`; the rows of the last. None is run after one that fails."""

        def run() -> list[Row]:
            rows: list[Row] = []
            for sql, values in statements:
                rows = self._conn.execute(sql, values).fetchall()
            return rows

        with border():
            found: list[Row] = await self._execute(run)  # type: ignore[no-untyped-call]  # theirs
        return found

    def rollback_soon(self) -> None:
        """Undo the transaction before anything that is asked later; nobody waits for it."""
        self._tx.put_nowait((None, self._conn.rollback))

    async def ended(self) -> None:
        """Wait for a thread whose connection could not be made; its loop must outlive it."""
        await asyncio.to_thread(self._thread.join)


async def connect(path: Path, *, settings: Sequence[str] = _SETTINGS) -> Thread:
    """A connection in autocommit mode: transactions begin and end where we say so."""
    connector: Callable[[], sqlite3.Connection] = partial(
        sqlite3.connect, path, isolation_level=None, cached_statements=256
    )
    with border():
        thread = Thread(connector, iter_chunk_size=64)
        try:
            await thread
        except BaseException:
            await thread.ended()
            raise
    try:
        for setting in settings:
            await _apply(thread, setting)
    except BaseException:
        await thread.close()
        raise
    return thread


async def _apply(thread: Thread, setting: str) -> None:
    """Going over to WAL needs the file alone for a moment, and SQLite's busy time-out does not
    cover that: of several that start at once, each waits for its turn here."""
    for _ in range(_TURNS):
        with contextlib.suppress(StorageUnavailable):
            await thread.fetch_last([(setting, ())])
            return
        await asyncio.sleep(_A_TURN)
    await thread.fetch_last([(setting, ())])


class SqliteConnection:
    """`storage.connection.Connection`: whatever nobody reads travels with the next fetch."""

    def __init__(self, thread: Thread) -> None:
        self._thread = thread
        self._ahead: list[Statement] = []
        self._touched = False

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        self._ahead.append((sql, values))

    async def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        self._ahead.append((sql, values))
        return await self.flush()

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        rows = await self.fetch_all(sql, values)
        return rows[0] if rows else None

    async def flush(self) -> Sequence[Row]:
        """Run what is waiting; the rows of the last statement."""
        if not self._ahead:
            return []
        statements, self._ahead, self._touched = self._ahead, [], True
        return await self._thread.fetch_last(statements)

    @property
    def touched(self) -> bool:
        """Whether anything has gone to the thread."""
        return self._touched
