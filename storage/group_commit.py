"""One writer for SQLite, whose waiting steps share a commit.

Guarantees: each step stands in a savepoint of its own, so one that fails leaves the others; nobody
is told anything, not even of an error, before the commit that makes it true; when that commit
fails, it has failed for everybody in it; what a step made owed is signalled after the commit, even
if whoever asked for the step no longer waits. Urgent steps go first (`line`), and what they share
is committed as soon as no other of them waits. A patient step that is alone waits a moment for
others to share its commit with, as each costs the disk a flush.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.ports.database import Step
from bot.ports.signals import Owed, Signals
from storage.connection import Statement
from storage.errors import StorageClosed, StorageUnavailable
from storage.line import Line
from storage.sealing import Sealer
from storage.sqlite_connection import SqliteConnection
from storage.sqlite_thread import Thread
from storage.tables.transaction import SqlTransaction

T = TypeVar("T")

STEPS_A_COMMIT = 64
SECONDS_A_COMMIT = 0.02
SECONDS_FOR_COMPANY = 0.002
_COMMIT: Statement = ("commit", ())


@dataclass(eq=False, slots=True)
class _Waiting:
    """A step in the queue, whom to tell, and what."""

    step: Step[Any]
    one_statement: bool
    patient: bool
    brief: bool
    urgent: bool
    told: asyncio.Future[Any]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    result: Any = None
    error: BaseException | None = None
    owed: Owed | None = None

    def tell(self, error: BaseException | None = None) -> None:
        if self.told.done():
            return
        if (error := error or self.error) is None:
            self.told.set_result(self.result)
        elif isinstance(error, asyncio.CancelledError):
            self.told.cancel()
        else:
            self.told.set_exception(error)


class Writer:
    """Takes the waiting steps one after another, many to a commit."""

    def __init__(self, thread: Thread, sealer: Sealer, signals: Signals | None = None) -> None:
        self._thread = thread
        self._sealer = sealer
        self._signals = signals
        self._line: Line[_Waiting] = Line(asyncio.get_running_loop().time)
        self._closed = False
        self._serving = asyncio.create_task(self._serve(), name="sqlite writer")

    async def run(
        self,
        step: Step[T],
        *,
        one_statement: bool = False,
        patient: bool = False,
        brief: bool = False,
        urgent: bool = False,
    ) -> T:
        """Queue `step`. A caller who is cancelled before its turn takes the step along."""
        if self._closed:
            raise StorageClosed("the database has been closed")
        told = asyncio.get_running_loop().create_future()
        waiting = _Waiting(step, one_statement, patient, brief, urgent, told)
        self._line.put(waiting, urgent=urgent)
        result: T = await told
        return result

    async def close(self) -> None:
        """Finish what is queued, then stop."""
        self._closed = True
        self._line.wake()
        await self._serving
        await self._thread.close()

    async def _serve(self) -> None:
        while self._line or not self._closed:
            if not self._line:
                await self._line.somebody()
                continue
            taken: list[_Waiting] = []
            error: BaseException | None = None
            try:
                await self._share_a_commit(self._line.take(), taken)
            except BaseException as e:  # whatever it was, those who wait must hear of it
                error = e
                await self._thread.rollback()
            for waiting in taken:
                if error is None and waiting.error is None:
                    self._signal(waiting.owed)
            for waiting in taken:  # who shows cards is to know of all by the time it is told
                waiting.tell(error)

    def _signal(self, owed: Owed | None) -> None:
        if owed and self._signals is not None:
            self._signals.committed(owed)

    async def _share_a_commit(self, first: _Waiting, taken: list[_Waiting]) -> None:
        if first.patient and not self._line and not self._closed:
            await self._company()
        if row := self._row(first):
            await self._take_singles(row, taken)
            return
        ends = asyncio.get_running_loop().time() + SECONDS_A_COMMIT
        waiting: _Waiting | None = first
        while waiting is not None:
            if not waiting.told.done():
                taken.append(waiting)
                await self._take(waiting, f"step_{len(taken)}")
                if not self._thread.in_transaction:  # it took its commit along, or was undone
                    return
            if len(taken) == STEPS_A_COMMIT or asyncio.get_running_loop().time() > ends:
                break
            waiting = self._line.take() if self._shares(waiting) else None
        if self._thread.in_transaction:
            await self._thread.fetch_last([_COMMIT])

    def _shares(self, waiting: _Waiting) -> bool:
        """Whether whoever waits next shares its commit."""
        return self._line.urgent if waiting.urgent else bool(self._line)

    async def _company(self) -> None:
        """Until somebody comes, but no longer than a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_FOR_COMPANY):
                await self._line.somebody()

    def _row(self, first: _Waiting) -> list[_Waiting]:
        """The steps of one statement that wait in a row; none if the only one is patient and can
        share the commit of what is behind it."""
        row = [first] if first.one_statement else []
        while 0 < len(row) < STEPS_A_COMMIT:
            following = self._line.first()
            if following is None or not following.one_statement:
                break
            row.append(self._line.take())
        return [] if row == [first] and first.patient and self._line else row

    async def _take_singles(self, row: Sequence[_Waiting], taken: list[_Waiting]) -> None:
        """Steps of one statement: all of them and their commit are one hop.

        If one of them fails, each is taken by itself.
        """
        row = [waiting for waiting in row if not waiting.told.done()]
        taken += row
        if len(row) == 1:
            await self._take_alone(row[0])
        elif row:
            await self._take_together(row)

    async def _take_alone(self, waiting: _Waiting) -> None:
        """A single statement commits itself."""
        with contextlib.closing(SqliteConnection(self._thread)) as connection:
            try:
                waiting.result = await self._whole(waiting, connection)
            except BaseException as e:
                waiting.error = e

    async def _take_together(self, row: list[_Waiting]) -> None:
        with contextlib.closing(SqliteConnection(self._thread)) as connection:
            await connection.execute("begin immediate")
            tasks = [
                asyncio.create_task(self._whole(waiting, connection), context=waiting.context)
                for waiting in row
            ]
            # Behind the statements of all, which gather before the first of them travels.
            tasks.append(asyncio.create_task(connection.execute(*_COMMIT)))
            results = await asyncio.gather(*tasks, return_exceptions=True)
            if not any(isinstance(result, BaseException) for result in results):
                for waiting, result in zip(row, results, strict=False):
                    waiting.result = result
                await connection.flush()
                return
        await self._thread.rollback()
        for waiting in row:
            await self._take_alone(waiting)

    async def _take(self, waiting: _Waiting, savepoint: str) -> None:
        """Take one step; if it fails, undo it and nothing else."""
        shared = self._thread.in_transaction
        connection = SqliteConnection(self._thread, brief=waiting.brief)
        await connection.execute(f"savepoint {savepoint}" if shared else "begin immediate")
        # In a task of its own, so that the caller's context variables are there.
        whole = self._whole(waiting, connection, commit=True)
        try:
            with contextlib.closing(connection):  # before it is undone
                waiting.result = await asyncio.create_task(whole, context=waiting.context)
        except BaseException as e:
            waiting.error = e
            if not shared:
                await self._thread.rollback()
            elif connection.touched:
                await self._undo(savepoint, e)

    async def _whole(
        self, waiting: _Waiting, connection: SqliteConnection, *, commit: bool = False
    ) -> Any:
        """The step with all that it left to be run; with its commit, too, where nobody is there to
        share that. Nothing is committed behind a statement that fails, or whose check does."""
        lease = self._signals.lease if self._signals is not None else None
        crowded = self._signals is not None and self._signals.crowded
        transaction = SqlTransaction(connection, self._sealer, lease, crowded=crowded)
        result = await waiting.step(transaction)
        connection.finish()
        if commit and not self._shares(waiting):
            await connection.execute(*_COMMIT)
        await connection.flush()
        waiting.owed = transaction.owed
        return result

    async def _undo(self, savepoint: str, error: BaseException) -> None:
        if not self._thread.in_transaction:  # a full disk, say: SQLite has undone everything
            why = error if isinstance(error, StorageUnavailable) else "it gave the transaction up"
            raise StorageUnavailable(str(why)) from error
        await self._thread.fetch_last([(f"rollback to {savepoint}", ())])
