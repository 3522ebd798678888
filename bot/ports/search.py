"""Finding deliveries by whose they are and where, as the core asks storage for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.search import Glimpse

Ended = list[tuple[DeliveryId, datetime | None]]
"""Deliveries that are over, with when they last changed."""


class Search(Protocol):
    """Nothing here reads all that ever was: what is over is found by an index, the latest first."""

    async def glimpses(self) -> list[Glimpse]:
        """Every live delivery, as far as it is found by something."""
        ...

    async def people_named(self, words: Sequence[str], limit: int) -> list[PersonId]:
        """People whose names have a word that begins with each of `words`, whole words first."""
        ...

    async def people_called(self, username: str) -> list[PersonId]:
        """Whoever has this username, in lower case."""
        ...

    async def ended_of(
        self, people: Sequence[PersonId], towers: Collection[TowerId] | None, limit: int
    ) -> Ended:
        """What these people have sent or received, at one of these towers (None: at any)."""
        ...

    async def ended_at(self, towers: Sequence[TowerId], door: str | None, limit: int) -> Ended:
        """What was at these towers, behind this door (None: behind any)."""
        ...

    async def index_parcel(self, delivery: Delivery) -> None:
        """Write down by which words of its name this delivery is found, and by no others."""
        ...

    async def ended_called(
        self, words: Sequence[str], towers: Collection[TowerId] | None, limit: int
    ) -> tuple[Ended, bool]:
        """What has a name with a word that begins with each of `words`, at one of these towers; and
        whether all that are over were looked through: where very many parcels have each of several
        words, only the latest are.
        """
        ...

    async def doors_called(self, names: Sequence[str]) -> list[str]:
        """Those of the names that a door has behind which something was that is over."""
        ...

    async def unindexed_people(self) -> bool:
        """Whether there is somebody whose words are not written down."""
        ...

    async def index_people(self, limit: int) -> int:
        """Write down the words of up to `limit` people's names from before they were; how many
        there were."""
        ...
