"""The processes at work on one database, as the core asks after them.

A process is known by its session with the database. When that has ended, whatever ended it, what
the process held is anybody's: the others take it over, and count what it may have sent.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class News(StrEnum):
    """What one process tells the others."""

    CARDS = "cards"
    """Cards are owed whose turn nobody has taken."""
    REQUESTS = "requests"
    """So are requests of Harbor."""
    DEADLINES = "deadlines"
    """A deadline has been set."""
    LOCKERS = "lockers"
    """A delivery that has a locker was saved: the watcher is to look."""
    PUSH = "push"
    """Harbor has pushed, and it was verified: the watcher is to look now."""
    HINT = "hint"
    """Somebody has pushed who may be Harbor."""


class Replicas(Protocol):
    """Who else is at work on the database."""

    @property
    def size(self) -> int:
        """How many processes there are, this one included."""
        ...

    @property
    def watches(self) -> bool:
        """Whether this process is the one that watches Harbor's lockers."""
        ...

    @property
    def looked_at(self) -> datetime | None:
        """When whoever watches has last looked; None: not that anybody here knows."""
        ...

    def looked(self, at: datetime) -> None:
        """This process has looked."""
        ...

    def holds(self, lease: int | None) -> bool:
        """Whether a lease that this process took is still fenced: not where its session has ended
        since, so that another process may have taken over."""
        ...

    def tell(self, *news: News) -> None:
        """Let the others know soon. It may be lost: they look by themselves from time to time."""
        ...


class Hears(Protocol):
    """Who is told what the others do."""

    def heard(self, news: Collection[News]) -> None:
        """Another process has told this."""
        ...

    def taken_over(self, sends: int) -> None:
        """What a process held that is gone is anybody's now; it may have sent so many messages."""
        ...


class Alone:
    """`Replicas` where no other process can be."""

    size, watches = 1, True

    def __init__(self) -> None:
        self.looked_at: datetime | None = None

    def looked(self, at: datetime) -> None:
        """`Replicas.looked`."""
        self.looked_at = at

    def holds(self, lease: int | None) -> bool:
        """`Replicas.holds`: a process that is alone loses nothing while it lives."""
        return True

    def tell(self, *news: News) -> None:
        """`Replicas.tell`: there is nobody."""
