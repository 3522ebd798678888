"""PostgreSQL as the bot's database: a connection a step, and the server decides who was first.

Guarantees: a step sees one snapshot (REPEATABLE READ); if it writes a row that somebody else wrote
since, it is undone and taken again. What has to be unique is so by an index. (SERIALIZABLE would
also refuse steps that merely read one another's pages: measured, more than every second one.)
A step of a single statement is one round trip, and needs no such order (READ COMMITTED).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool

from bot.domain.ids import new_row_id
from bot.ports.database import Step
from bot.ports.replicas import Alone, News, Replicas
from bot.ports.signals import Saving, Signals
from storage.errors import Crossed, StorageUnavailable
from storage.postgres_connection import PostgresConnection, Raw, border
from storage.presence import Presence, present
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
        presence: Presence | None = None,
    ) -> None:
        self.replicas: Replicas = presence or Alone()
        self._new_lease = presence.new_lease if presence is not None else new_row_id
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
        urgent: bool = False,
    ) -> T:
        """`Database.run`."""
        take = self._take_alone if one_statement else self._take
        return await noted(lambda: take(self._runners, step), self._saving)

    async def look(self, step: Step[T], *, one_statement: bool = False) -> T:
        """`Database.look`."""
        take = self._take_alone if one_statement else self._take
        return await retried(lambda: take(self._lookers, step))

    async def glance(self, step: Step[T]) -> T:
        """`Database.glance`: a look like any other."""
        return await self.look(step, one_statement=True)

    async def _take(self, pool: Pool, step: Step[T]) -> T:
        with border():
            async with pool.connection() as raw:
                try:
                    with self._transaction(raw) as transaction:
                        result = await step(transaction)
                except StorageUnavailable as e:
                    if raw.closed:  # a restarted server, say; nothing has been committed yet
                        raise Crossed("the connection was lost half way") from e
                    raise
                await self._commit(raw, transaction)
        return result

    async def _take_alone(self, pool: Pool, step: Step[T]) -> T:
        """A step of a single statement, which commits itself. A caller who is cancelled meanwhile
        waits for how it ends, as at a commit."""
        with border():
            async with pool.connection() as raw:
                await raw.set_autocommit(True)
                try:
                    with self._transaction(raw) as transaction:
                        return await _finished(step(transaction), lambda: self._signal(transaction))
                finally:
                    if not raw.closed:
                        await raw.set_autocommit(False)

    @contextlib.contextmanager
    def _transaction(self, raw: Raw) -> Iterator[SqlTransaction]:
        signals = self._signals
        with contextlib.closing(PostgresConnection(raw)) as connection:
            if signals is None:
                yield SqlTransaction(connection, self._sealer)
            else:
                yield SqlTransaction(
                    connection,
                    self._sealer,
                    signals.lease,
                    self._new_lease,
                    crowded=signals.crowded,
                )

    async def _commit(self, raw: Raw, transaction: SqlTransaction) -> None:
        """Commit, and signal what became owed. A caller who is cancelled in the act waits for how
        it ends, so that whatever is committed is signalled, and nothing else."""
        await _finished(raw.commit(), lambda: self._signal(transaction))

    def _signal(self, transaction: SqlTransaction) -> None:
        owed = transaction.owed
        if not owed or self._signals is None:
            return
        self._signals.committed(owed)
        if any(card.lease is None for card in owed.cards.values()):
            self.replicas.tell(News.CARDS)
        if owed.live and not self.replicas.watches:
            self.replicas.tell(News.LOCKERS)


async def _finished(work: Awaitable[T], then: Callable[[], None]) -> T:
    """What `work` returns, once `then` was called. Cancelling waits for how it ends."""
    task = asyncio.ensure_future(work)
    try:
        done = await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,), timeout=_PATIENCE)
        if task.done() and not task.cancelled() and task.exception() is None:
            then()
        raise
    then()
    return done


async def _for_steps(raw: Raw) -> None:
    await raw.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)


async def _for_looks(raw: Raw) -> None:
    await _for_steps(raw)
    await raw.set_autocommit(True)
    await raw.execute("set default_transaction_read_only = on")  # for those that begin none, too
    await raw.set_autocommit(False)


@contextlib.asynccontextmanager
async def open_postgres(
    url: str, sealer: Sealer, signals: Signals | None = None, saving: Saving | None = None
) -> AsyncIterator[PostgresDatabase]:
    """The database at `url`, whose tables are there already. Whoever hears signals is one of the
    processes at work on it."""
    runners = Pool(
        url, min_size=1, max_size=_RUNNERS, timeout=_PATIENCE, open=False, configure=_for_steps
    )
    lookers = Pool(
        url, min_size=1, max_size=_LOOKERS, timeout=_PATIENCE, open=False, configure=_for_looks
    )
    with border():
        async with runners, lookers, contextlib.AsyncExitStack() as stack:
            presence = None
            if signals is not None:
                presence = await stack.enter_async_context(present(url, runners, signals))
            yield PostgresDatabase(runners, lookers, sealer, signals, saving, presence)
