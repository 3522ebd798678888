"""PostgreSQL as the bot's database: a connection a step, and the server decides who was first.

Guarantees: a step sees one snapshot (REPEATABLE READ); if it writes a row that somebody else wrote
since, it is undone and taken again. What has to be unique is so by an index. (SERIALIZABLE would
also refuse steps that merely read one another's pages: measured, more than every second one.)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool

from bot.ports.database import Step
from bot.ports.signals import Saving, Signals
from storage.errors import Crossed, StorageUnavailable
from storage.postgres_connection import PostgresConnection, Raw, border
from storage.retrying import noted, retried
from storage.sealing import Sealer
from storage.tables.transaction import SqlTransaction

T = TypeVar("T")

_RUNNERS, _LOOKERS = 8, 4
_PATIENCE = 10.0

Pool = AsyncConnectionPool[Raw]


class PostgresDatabase:
    """`bot.ports.database.Database` over a server; made by `open_postgres`."""

    shared = True

    def __init__(
        self,
        runners: Pool,
        lookers: Pool,
        sealer: Sealer,
        signals: Signals | None = None,
        saving: Saving | None = None,
    ) -> None:
        self._saving = saving
        self._runners = runners
        self._lookers = lookers
        self._sealer = sealer
        self._signals = signals

    async def run(
        self,
        step: Step[T],
        *,
        one_statement: bool = False,
        patient: bool = False,
        brief: bool = False,
    ) -> T:
        """`Database.run`."""
        return await noted(lambda: self._take(self._runners, step), self._saving)

    async def look(self, step: Step[T], *, one_statement: bool = False) -> T:
        """`Database.look`."""
        return await retried(lambda: self._take(self._lookers, step))

    async def glance(self, step: Step[T]) -> T:
        """`Database.glance`: a look like any other."""
        return await self.look(step, one_statement=True)

    async def _take(self, pool: Pool, step: Step[T]) -> T:
        lease = self._signals.lease if self._signals is not None else None
        with border():
            async with pool.connection() as raw:
                transaction = SqlTransaction(PostgresConnection(raw), self._sealer, lease)
                try:
                    result = await step(transaction)
                except StorageUnavailable as e:
                    if raw.closed:  # a restarted server, say; nothing has been committed yet
                        raise Crossed("the connection was lost half way") from e
                    raise
                await self._commit(raw, transaction)
        return result

    async def _commit(self, raw: Raw, transaction: SqlTransaction) -> None:
        """Commit, and signal what became owed. A caller who is cancelled in the act waits for how
        it ends, so that whatever is committed is signalled, and nothing else."""
        commit = asyncio.ensure_future(raw.commit())
        try:
            await asyncio.shield(commit)
        except asyncio.CancelledError:
            await asyncio.wait((commit,), timeout=_PATIENCE)
            if commit.done() and commit.exception() is None:
                self._signal(transaction)
            raise
        self._signal(transaction)

    def _signal(self, transaction: SqlTransaction) -> None:
        if transaction.owed and self._signals is not None:
            self._signals.committed(transaction.owed)


async def _for_steps(raw: Raw) -> None:
    await raw.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)


async def _for_looks(raw: Raw) -> None:
    await _for_steps(raw)
    await raw.set_read_only(True)


@contextlib.asynccontextmanager
async def open_postgres(
    url: str, sealer: Sealer, signals: Signals | None = None, saving: Saving | None = None
) -> AsyncIterator[PostgresDatabase]:
    """The database at `url`, whose tables are there already."""
    runners = Pool(
        url, min_size=1, max_size=_RUNNERS, timeout=_PATIENCE, open=False, configure=_for_steps
    )
    lookers = Pool(
        url, min_size=1, max_size=_LOOKERS, timeout=_PATIENCE, open=False, configure=_for_looks
    )
    with border():
        async with runners, lookers:
            yield PostgresDatabase(runners, lookers, sealer, signals, saving)
