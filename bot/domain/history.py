"""The history of a delivery: one entry for each thing that happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import DeliveryId, PersonId


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a delivery's history."""

    delivery: DeliveryId
    at: datetime
    event: str
    by: PersonId | None = None  # None: Harbor, or time itself
    detail: str | None = None
