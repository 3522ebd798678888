"""Records to read: of a delivery that was made, and of something that happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.records import DeliveryRecord, EventRecord

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)


def made(**changes: Any) -> DeliveryRecord:
    """A delivery of which nothing is known but what must be."""
    nothing = dict.fromkeys(
        field for field in DeliveryRecord.__dataclass_fields__ if field not in _KNOWN
    )
    return DeliveryRecord(**{**nothing, **_KNOWN, **changes})


def happened(**changes: Any) -> EventRecord:
    """Somebody has asked for a locker."""
    known = {"at": NOW, "delivery": DeliveryId("a"), "number": 1, "event": "requested"}
    return EventRecord(**{"by": PersonId(1), "detail": None, **known, **changes})


_KNOWN: dict[str, Any] = {
    "id": DeliveryId("a"),
    "created_at": NOW,
    "state": "stored",
    "tower": TowerId("aa"),
    "size": "medium",
    "sender": PersonId(1),
    "extensions": 0,
    "door_reports": 0,
    "taken_back": False,
}
