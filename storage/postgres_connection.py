"""Connections to PostgreSQL: how `?` becomes its placeholder, and its errors ours.

Guarantees: no statement of a step runs once that has ended; whatever PostgreSQL raises arrives as
an error of ours, with the cause.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, LiteralString

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from storage.connection import Row, Statement, Then
from storage.errors import (
    STEP_OVER,
    Crossed,
    StorageBroken,
    StorageClosed,
    StorageUnavailable,
)

Raw = psycopg.AsyncConnection[TupleRow]

_FIRST_COME = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
_PASSING = (psycopg.OperationalError, psycopg.InterfaceError)


@contextlib.contextmanager
def border() -> Iterator[None]:
    """PostgreSQL's errors become ours (appendix A of its manual)."""
    try:
        yield
    except _FIRST_COME as e:
        raise Crossed(e.diag.message_primary or "two steps crossed") from e
    except _PASSING as e:
        said = " ".join(str(e).split())  # libpq says it in several lines
        raise StorageUnavailable(f"the database can't be used now: {said}") from e
    except psycopg.Error as e:
        raise StorageBroken(f"the database refuses: {e.diag.message_primary or e}") from e


@cache
def native(sql: str) -> LiteralString:
    """`sql` with psycopg's placeholders."""
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresConnection:
    """`storage.connection.Connection` over a connection that is in a transaction."""

    skip_locked = "for update skip locked"
    lateral = True

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._turn = asyncio.Lock()
        self._ended = False

    def close(self) -> None:
        """The step has ended, whether well or not: what it has left running gets no further."""
        self._ended = True

    async def _run(self, sql: str, values: Sequence[Any]) -> psycopg.AsyncCursor[TupleRow]:
        async with self._turn:  # psycopg's own would let them in when the step is over
            if self._ended:
                raise StorageClosed(STEP_OVER)
            return await self._raw.execute(native(sql), values)

    async def execute(
        self,
        sql: str,
        values: Sequence[Any] = (),
        *,
        note: Then | None = None,
        check: Then | None = None,
    ) -> None:
        then = check or note
        with border():
            cursor = await self._run(sql, values)
            rows = await cursor.fetchall() if then is not None else ()
        if then is not None:
            then(rows)

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        with border():
            return await (await self._run(sql, values)).fetchone()

    async def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        with border():
            return await (await self._run(sql, values)).fetchall()


class PostgresSession:
    """`storage.connection.Session` over a connection of its own."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    async def fetch_last(self, statements: Sequence[Statement]) -> Sequence[Row]:
        with border():
            for sql, values in statements:
                cursor = await self._raw.execute(native(sql), values)
            return await cursor.fetchall() if cursor.description else []

    async def rollback(self) -> None:
        with border():
            await self._raw.rollback()

    async def close(self) -> None:
        await self._raw.close()


async def connect(url: str) -> PostgresSession:
    """A connection in autocommit mode: transactions begin and end where we say so."""
    with border():
        return PostgresSession(await psycopg.AsyncConnection.connect(url, autocommit=True))
