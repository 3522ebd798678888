"""What a transaction of SQLite's is given: as few hops to the connection's thread as can be.

Guarantees: statements run in the order in which they were asked for, and none once the step has
ended; whatever SQLite raises arrives as an error of ours.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.connection import Row, Then
from storage.errors import STEP_OVER, StorageClosed
from storage.sqlite_thread import STATEMENTS, Checked, Thread, border


class SqliteConnection:
    """`storage.connection.Connection`: statements gather until somebody waits for rows, and then
    travel together; so do the fetches of tasks that wait at the same time.

    Of a `brief` step the first that gather, and those that are left at its end, are run at once.
    """

    skip_locked = ""
    lateral = False

    def __init__(self, thread: Thread, *, brief: bool = False) -> None:
        self._thread, self._brief = thread, brief
        self._gathered: list[tuple[Checked, Then | None]] = []
        self._travelling: asyncio.Future[None] | None = None
        self._touched = self._ended = False

    async def execute(
        self,
        sql: str,
        values: Sequence[Any] = (),
        *,
        note: Then | None = None,
        check: Then | None = None,
    ) -> None:
        self._gather((sql, values, check), note)

    async def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        found: list[Sequence[Row]] = []
        self._gather((sql, values, None), found.append)
        if self._brief and not self._touched:
            self._run_at_once()
        await self.flush()
        if not found:  # it was left when the step ended
            raise StorageClosed(STEP_OVER)
        return found[0]

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        rows = await self.fetch_all(sql, values)
        return rows[0] if rows else None

    def _gather(self, statement: Checked, note: Then | None) -> None:
        if self._ended:
            raise StorageClosed(STEP_OVER)
        self._gathered.append((statement, note))

    def close(self) -> None:
        """The step has ended, whether well or not: what it has left running gets no further."""
        self._ended = True
        self._gathered.clear()

    def finish(self) -> None:
        """The step is over: nothing but what it has left is still to be run, and that at once where
        it can be."""
        if self._brief and self._gathered and self._travelling is None:
            self._run_at_once()

    def _run_at_once(self) -> None:
        gathered, before = self._gathered, self._touched
        self._gathered, self._touched = [], True
        answers = self._thread.at_once([statement for statement, _ in gathered])
        if answers is None:  # then they travel
            self._gathered, self._touched = gathered, before
        else:
            _tell(gathered, answers)

    async def flush(self) -> None:
        """Run what has gathered, and tell whoever is to be told."""
        while self._gathered or self._travelling is not None:
            if self._travelling is None:
                await self._travel()
            else:
                await asyncio.shield(self._travelling)

    async def _travel(self) -> None:
        """For all that have asked; whoever was the first waits until those who are ready have."""
        self._travelling = arrival = asyncio.get_running_loop().create_future()
        try:
            await asyncio.sleep(0)
            gathered, self._gathered, self._touched = self._gathered, [], True
            answers = await self._thread.run([statement for statement, _ in gathered])
            _tell(gathered, answers)
        except BaseException as error:
            arrival.set_exception(error)
            arrival.exception()  # it need not concern anybody else
            raise
        finally:
            self._travelling = None
            if not arrival.done():
                arrival.set_result(None)

    @property
    def touched(self) -> bool:
        """Whether anything has gone to the thread."""
        return self._touched


def _tell(
    gathered: Sequence[tuple[Checked, Then | None]], answers: Sequence[Sequence[Row]]
) -> None:
    for (_, then), rows in zip(gathered, answers, strict=True):
        if then is not None:
            then(rows)


class InlineConnection:
    """`storage.connection.Connection` that reads on the caller's own thread, and waits for nobody:
    a database that is locked is StorageUnavailable at once."""

    skip_locked = ""
    lateral = False

    def __init__(self, path: Path) -> None:
        with border():
            self._raw = sqlite3.connect(
                path, timeout=0, isolation_level=None, cached_statements=STATEMENTS
            )
            self._raw.execute("pragma query_only = on")

    async def execute(
        self,
        sql: str,
        values: Sequence[Any] = (),
        *,
        note: Then | None = None,
        check: Then | None = None,
    ) -> None:
        rows = await self.fetch_all(sql, values)
        for then in (check, note):
            if then is not None:
                then(rows)

    async def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        with border():
            return self._raw.execute(sql, values).fetchall()

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        rows = await self.fetch_all(sql, values)
        return rows[0] if rows else None

    def close(self) -> None:
        """Close the file."""
        self._raw.close()
