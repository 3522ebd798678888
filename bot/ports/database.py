"""Durable storage, as the core asks for it.

What is asked of an implementation stands in each docstring; the core relies on nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from bot.ports.alerts import Alerts
from bot.ports.browsers import Browsers
from bot.ports.cards import Cards
from bot.ports.closures import Closures
from bot.ports.codes import Codes
from bot.ports.deliveries import Deliveries
from bot.ports.figures import Figures
from bot.ports.people import People
from bot.ports.records import Records
from bot.ports.replicas import Replicas
from bot.ports.search import Search
from bot.ports.upkeep import Upkeep
from bot.ports.vouched import Vouched
from bot.ports.waits import Waits

T = TypeVar("T")


class Transaction(
    People,
    Browsers,
    Deliveries,
    Search,
    Records,
    Figures,
    Codes,
    Cards,
    Alerts,
    Closures,
    Vouched,
    Waits,
    Upkeep,
    Protocol,
):
    """Everything a step may read and write. All of it is committed together, or none.

    Reads that are awaited together (`asyncio.gather`) may go to the database together. What the
    transaction makes owed is signalled after its commit: see `bot.ports.signals`.
    """


Step = Callable[[Transaction], Awaitable[T]]


class Database(Protocol):
    """Durable storage: SQLite or PostgreSQL."""

    @property
    def shared(self) -> bool:
        """Whether other processes may be at work on it at the same time."""
        ...

    @property
    def replicas(self) -> Replicas:
        """The processes that are."""
        ...

    async def run(
        self,
        step: Step[T],
        *,
        one_statement: bool = False,
        patient: bool = False,
        brief: bool = False,
        urgent: bool = False,
    ) -> T:
        """Take `step` in one transaction and return only after it has been committed durably.

        A step that raises is rolled back and its error passed on; one that meets Conflict is taken
        again (a few times). Steps make no network call. Several waiting steps may share a commit.
        `one_statement` promises that the step makes a single one, which commits itself; `patient`
        lets it wait a few milliseconds for others to share a commit with. `brief` promises that
        what it reads first, and what it has left to be written at its end, are a few rows that an
        index finds: those may be run on the spot, like a `glance`. `urgent`: somebody waits to see
        what becomes of it; where steps are taken one after another, it goes ahead of others.
        """
        ...

    async def look(self, step: Step[T], *, one_statement: bool = False) -> T:
        """Read only, a consistent snapshot, never waiting for a writer.

        `one_statement` promises that the step makes a single one, which is a snapshot by itself.
        """
        ...

    async def glance(self, step: Step[T]) -> T:
        """Look with a single statement that finds a few rows by an index.

        It may be answered on the spot, while nothing else goes on in the event loop: that takes
        some microseconds, and less than to ask another thread.
        """
        ...
