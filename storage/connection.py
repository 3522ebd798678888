"""What SQL needs of a database, whichever it is; each subject's methods stand on this alone.

Guarantees: SQL is written with `?` for every value, in the dialect that SQLite (3.35 and later)
and PostgreSQL share, and never contains a value itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

from storage.sealing import Sealer

Row = Sequence[Any]
Statement = tuple[str, Sequence[Any]]
T = TypeVar("T")

CHUNK = 500
"""How many rows or keys one statement names at most."""


class Connection(Protocol):
    """A connection inside a transaction."""

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run a statement whose result nobody reads.

        It may travel with the next fetch, and has run when the step is over; so may its error.
        """
        ...

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        ...

    async def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        """Every row."""
        ...


class Session(Protocol):
    """A connection outside any transaction, for those who begin and end them themselves."""

    async def fetch_last(self, statements: Sequence[Statement]) -> Sequence[Row]:
        """Run all of `statements`; the rows of the last. None is run after one that fails."""
        ...

    async def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        ...

    async def close(self) -> None: ...


class Subject:
    """Methods about one subject, mixed into `storage.transaction.SqlTransaction`."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._db = connection
        self._sealer = sealer


@cache
def marks(count: int) -> str:
    """`?, ?, ?` for `count` values."""
    return ", ".join("?" * count)


@cache
def tuples(rows: int, width: int) -> str:
    """`(?, ?), (?, ?)` for that many rows of that many values."""
    return ", ".join([f"({marks(width)})"] * rows)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """`items` in portions that one statement can name."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
