"""Who waits for a locker, as the core asks storage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.ids import PersonId, TowerId
from bot.domain.waiting import Wait


class Waits(Protocol):
    """One lasting wait for each person, tower and size. Whatever is written here is signalled."""

    async def add_wait(self, wait: Wait) -> None:
        """A new one; Conflict where this person waits for that already."""
        ...

    async def save_wait(self, before: Wait, after: Wait) -> None:
        """`before` has become `after`; Conflict where it is no longer as it was."""
        ...

    async def drop_wait(self, wait: int) -> None:
        """Forget it."""
        ...

    async def wait(self, wait: int) -> Wait | None:
        """One of them, also one that is over."""
        ...

    async def waits_of(self, person: PersonId) -> list[Wait]:
        """All that last of this person, the oldest first."""
        ...

    async def every_wait_of(self, person: PersonId) -> list[Wait]:
        """The same, and those that are over and not yet forgotten."""
        ...

    async def waits_at(self, towers: Sequence[TowerId]) -> list[Wait]:
        """All that last at these towers, the oldest first."""
        ...

    async def waited_at(self) -> list[TowerId]:
        """Every tower at which anybody waits."""
        ...

    async def waits_due(self, now: datetime, limit: int) -> list[Wait]:
        """Those that time alone changes by `now` (`Wait.ends_at`)."""
        ...

    async def next_wait_end(self) -> datetime | None:
        """When the earliest is due."""
        ...
