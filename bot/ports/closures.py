"""What is left out of booking, as the core asks storage for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.closures import Closure
from bot.domain.ids import LockerId, PersonId, TowerId


class Closures(Protocol):
    """Towers and doors that are left out of booking; a part of
    `bot.ports.database.Transaction`."""

    async def close(self, closure: Closure) -> bool:
        """Leave it out from now on; False where it is left out already."""
        ...

    async def reopen(self, closure: int, at: datetime, by: PersonId) -> bool:
        """`by` says that it is over; False where it was over already. Of somebody who has been
        forgotten since they closed it the words go, too."""
        ...

    async def closures(self) -> Sequence[Closure]:
        """All that are left out now, the first to be left out first."""
        ...

    async def closures_at(self, tower: TowerId, limit: int) -> Sequence[Closure]:
        """Those of the tower itself, standing or over; the latest first."""
        ...

    async def closures_of(self, operator: PersonId) -> Sequence[Closure]:
        """All that this operator has closed or opened again, the first first."""
        ...

    async def door_closed(self, tower: TowerId, locker: LockerId) -> Closure | None:
        """Why this door is left out; None where it is not."""
        ...

    async def door_reopened(self, tower: TowerId, locker: LockerId) -> datetime | None:
        """When an operator last said that this door can be used again."""
        ...

    async def door_reporters(self, tower: TowerId, locker: LockerId, since: datetime) -> int:
        """How many different people have reported after `since` that this door does not open."""
        ...
