"""What SQL needs of a database, whichever it is; each subject's methods stand on this alone.

Guarantees: SQL is written with `?` for every value, in the dialect that SQLite (3.35 and later)
and PostgreSQL share, and never contains a value itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Protocol, TypeVar

from bot.domain.ids import PersonId, new_row_id
from bot.ports.errors import Conflict
from bot.ports.signals import Owed
from storage.sealing import Sealer

Row = Sequence[Any]
Statement = tuple[str, Sequence[Any]]
Then = Callable[[Sequence[Row]], None]
T = TypeVar("T")

CHUNK = 500
"""How many rows or keys one statement names at most."""


class Connection(Protocol):
    """A connection inside a transaction.

    `skip_locked` ends a select whose rows are to be written at once: those that another is writing
    are passed over. It is empty where there is one writer. `lateral`: whether a select in a join
    may name what stands before it.
    """

    skip_locked: str
    lateral: bool

    async def execute(
        self,
        sql: str,
        values: Sequence[Any] = (),
        *,
        note: Then | None = None,
        check: Then | None = None,
    ) -> None:
        """Run a statement that nobody waits for; `note` and `check` are told its rows.

        It may travel with the next fetch, and has run when the step is over; so may its error, and
        whatever `check` raises, which fails the step. `check` is told before anything else runs,
        perhaps on another thread; `note` raises nothing, and may be told after the commit.
        """
        ...

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        ...

    async def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        """Every row. Fetches that are under way at once may travel together."""
        ...


class Session(Protocol):
    """A connection outside any transaction, for those who begin and end them themselves."""

    async def fetch_last(self, statements: Sequence[Statement]) -> Sequence[Row]:
        """Run all of `statements`; the rows of the last. None is run after one that fails."""
        ...

    async def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...


class Subject:
    """Methods about one subject, mixed into `storage.tables.transaction.SqlTransaction`.

    `owed` collects what the transaction makes owed; `lease` is how long a marked card is leased
    for, if this process shows cards, and `new_lease` makes the number of a lease; `crowded` as in
    `bot.ports.signals.Signals`.
    """

    def __init__(
        self,
        connection: Connection,
        sealer: Sealer,
        lease: timedelta | None = None,
        new_lease: Callable[[], int] = new_row_id,
        *,
        crowded: bool = False,
    ) -> None:
        self._db = connection
        self._sealer = sealer
        self._lease = lease
        self._new_lease = new_lease
        self._crowded = crowded
        self._leases: set[int] = set()
        self._answering: PersonId | None = None
        self.owed = Owed()


def unless_written(conflict: str) -> Then:
    """A `check` for a statement that returns what it wrote: nothing written raises Conflict."""

    def check(rows: Sequence[Row]) -> None:
        if not rows:
            raise Conflict(conflict)

    return check


@cache
def marks(count: int) -> str:
    """`?, ?, ?` for `count` values."""
    return ", ".join("?" * count)


@cache
def tuples(rows: int, width: int) -> str:
    """`(?, ?), (?, ?)` for that many rows of that many values."""
    return ", ".join([f"({marks(width)})"] * rows)


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """`items` in portions that one statement can name."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
