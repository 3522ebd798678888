"""Connections to SQLite: its settings, its errors, and the thread that each has.

Guarantees: WAL with synchronous=FULL, so what is committed survives a power cut; foreign keys are
on; whatever SQLite raises arrives as an error of ours, with the cause; a new file is its owner's
alone (0600, and so are the files that SQLite lays beside it), and one that anybody could read or
write becomes so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import aiosqlite

from storage.connection import Row, Statement, Then
from storage.errors import Crossed, StorageBroken, StorageUnavailable

_BUSY_MILLISECONDS = 5000
_BORNE, _AT_ONCE = (f"pragma busy_timeout = {wait}" for wait in (_BUSY_MILLISECONDS, 0))
STATEMENTS = 256  # that a connection keeps prepared
_A_TURN = 0.02  # seconds
_TURNS = 100
_BESIDE = ("-wal", "-shm")

_SETTINGS = (
    _BORNE,
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


Checked = tuple[str, Sequence[Any], Then | None]
"""A statement, its values, and who is to see its rows before the next statement runs."""


class _Batch(str):
    """Statements that travel to the thread as one: what a `_Batching` connection executes."""

    statements: Sequence[Checked]

    @classmethod
    def of(cls, statements: Sequence[Checked]) -> Self:
        """A batch; its text says only what it is."""
        batch = cls("batch")
        batch.statements = statements
        return batch


@dataclass(frozen=True, slots=True)
class _Answers:
    """The rows of each statement of a batch, in the shape of a cursor."""

    rows: list[list[Row]]

    def fetchall(self) -> list[list[Row]]:
        return self.rows


class _Batching(sqlite3.Connection):
    """sqlite3's connection, which takes a batch where it takes a statement.

    aiosqlite makes one hop to its thread for each call; a batch makes one for many statements.
    """

    def at_once(self, statements: Sequence[Checked]) -> list[list[Row]] | None:
        """Run them on the caller's thread; None, and nothing was run, where that would have to wait
        for somebody else's transaction."""
        if self.in_transaction:  # whoever has begun to write waits for nobody
            return self._run(statements)
        super().execute(_AT_ONCE)
        try:
            return self._run(statements)
        except sqlite3.OperationalError as e:
            if self.in_transaction or e.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return None
        finally:
            super().execute(_BORNE)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if not isinstance(sql, _Batch):
            return super().execute(sql, parameters)
        return _Answers(self._run(sql.statements))

    def _run(self, statements: Sequence[Checked]) -> list[list[Row]]:
        found = []
        for each, values, check in statements:
            rows = super().execute(each, values).fetchall()
            if check is not None:
                check(rows)
            found.append(rows)
        return found


class Thread:
    """One connection to SQLite on a thread of its own, in autocommit mode: transactions begin and
    end where we say so. Made by `connect`."""

    def __init__(self, connection: aiosqlite.Connection, raw: _Batching) -> None:
        self._connection, self._raw = connection, raw
        self._ending: set[asyncio.Task[None]] = set()

    async def run(self, statements: Sequence[Checked]) -> list[list[Row]]:
        """Run all of `statements` in one hop; the rows of each.

        None runs after one that fails, or whose check raises.
        """
        with border():
            found = await self._connection.execute_fetchall(_Batch.of(statements))
        return cast("list[list[Row]]", found)

    def at_once(self, statements: Sequence[Checked]) -> list[list[Row]] | None:
        """Run them on the caller's thread, as `run` does; None, and nothing was run, where that
        would have to wait. For whoever has nothing under way on the connection's own thread."""
        with border():
            return self._raw.at_once(statements)

    async def fetch_last(self, statements: Sequence[Statement]) -> list[Row]:
        """`storage.connection.Session.fetch_last`."""
        return (await self.run([(*statement, None) for statement in statements]))[-1]

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    async def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        with border():
            await self._connection.rollback()

    def rollback_soon(self, then: Callable[[], None]) -> None:
        """Undo the transaction and call `then`; nobody waits for it."""

        def ended(task: asyncio.Task[None]) -> None:
            self._ending.discard(task)
            then()

        task = asyncio.create_task(self.rollback(), name="end of a look")
        self._ending.add(task)
        task.add_done_callback(ended)

    async def close(self) -> None:
        """Wait for what is under way, and close."""
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._connection.close()


async def connect(path: Path, *, settings: Sequence[str] = _SETTINGS) -> Thread:
    """A connection to the file `path`. Raises StorageUnavailable, StorageBroken."""
    await asyncio.to_thread(_keep_private, path)
    await asyncio.to_thread(_try_to_open, path)
    made: list[_Batching] = []

    def make(*args: Any, **how: Any) -> _Batching:
        made.append(_Batching(*args, **how))
        return made[0]

    with border():
        connection = await aiosqlite.connect(
            path,
            isolation_level=None,
            cached_statements=STATEMENTS,
            factory=make,
            check_same_thread=False,  # SQLite lets one thread in after another: see `at_once`
        )
        thread = Thread(connection, made[0])
    try:
        for setting in settings:
            await _apply(thread, setting)
    except BaseException:
        await thread.close()
        raise
    return thread


def _keep_private(path: Path) -> None:
    """Never opens a file that is there: to close it again would give up SQLite's own locks on it.
    What can't be done is left to SQLite, which says why."""
    with contextlib.suppress(OSError):
        real = path.resolve()
        with contextlib.suppress(FileExistsError):
            os.close(os.open(real, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        for each in (real, *(real.with_name(real.name + end) for end in _BESIDE)):
            if each.exists() and stat.S_IMODE(each.stat().st_mode) & stat.S_IRWXO:
                each.chmod(0o600)


def _try_to_open(path: Path) -> None:
    """aiosqlite leaves its thread behind when a connection can't be made: tried first."""
    with border():
        sqlite3.connect(path).close()


async def _apply(thread: Thread, setting: str) -> None:
    """Going over to WAL needs the file alone for a moment, and SQLite's busy time-out does not
    cover that: of several that start at once, each waits for its turn here."""
    for _ in range(_TURNS):
        with contextlib.suppress(StorageUnavailable):
            await thread.fetch_last([(setting, ())])
            return
        await asyncio.sleep(_A_TURN)
    await thread.fetch_last([(setting, ())])
