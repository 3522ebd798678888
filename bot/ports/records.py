"""Records of a period, portion by portion, as the core asks storage for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from bot.domain.ids import TowerId
from bot.domain.records import DeliveryRecord, EventRecord, Period


class Records(Protocol):
    """Each portion is found by an index, however much there is before and after it."""

    async def delivery_records(
        self,
        period: Period,
        towers: Collection[TowerId] | None,
        after: DeliveryRecord | None,
        limit: int,
    ) -> list[DeliveryRecord]:
        """Deliveries made in the period at one of these towers (None: at any), the oldest first;
        those that follow `after`."""
        ...

    async def event_records(
        self,
        period: Period,
        towers: Collection[TowerId] | None,
        after: EventRecord | None,
        limit: int,
    ) -> list[EventRecord]:
        """What happened in the period to deliveries at one of these towers, the oldest first; what
        follows `after`."""
        ...
