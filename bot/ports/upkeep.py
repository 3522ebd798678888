"""Remembered towers, counts and pruning, as the core asks storage for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.ids import TowerId
from bot.domain.tower import Tower


@dataclass(frozen=True, slots=True)
class Counts:
    """What operators and metrics see of the database."""

    deliveries: dict[str, int]  # state → how many
    cards_owed: int
    requests_owed: int
    card_owed_since: datetime | None = None
    """Since when the oldest card is owed to somebody who can be reached."""
    request_asked_at: datetime | None = None
    """When the oldest request of Harbor was made."""


class Upkeep(Protocol):
    """What keeps the house, not what it is for."""

    async def save_towers(self, towers: Sequence[Tower]) -> None:
        """These and no others, in this order: shown when Harbor can't be reached."""
        ...

    async def towers(self) -> list[Tower]:
        """The towers last saved, in their order."""
        ...

    async def tower(self, tower: TowerId) -> Tower | None:
        """One of them, None where it is not (or no longer) known."""
        ...

    async def counts(self, *, deliveries: bool = True) -> Counts:
        """How many deliveries there are (which takes a look at each), and how much is owed."""
        ...

    async def take_share(self, name: str, span: timedelta, *, now: datetime) -> datetime:
        """Speak for the next `span` of what is shared under this name by all processes: until when
        it is spoken for by then. What was not spoken for in time is nobody's."""
        ...

    async def prune(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` of each: handled update ids, empty cards, ended alerts, waits that
        are over, asked for lockers and notes of free doors older than `before`, and browsers with
        their people whose parcels were over by then; how many there were in all."""
        ...
