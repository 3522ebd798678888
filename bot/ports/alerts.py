"""Alerts in durable storage, as the core asks for them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.domain.alerts import Alert, AlertKind
from bot.domain.ids import DeliveryId, PersonId


class Alerts(Protocol):
    """What operators are told without asking; a part of `bot.ports.database.Transaction`."""

    async def raise_alert(self, alert: Alert) -> bool:
        """False when one of its key stands already: told once."""
        ...

    async def save_alert(self, alert: Alert) -> None:
        """Replace what is known of an alert."""
        ...

    async def clear_alert(self, key: str, at: datetime) -> bool:
        """False when none stood."""
        ...

    async def alert(self, key: str) -> Alert | None:
        """The alert of this key, whether it stands or is over."""
        ...

    async def alerts(self) -> list[Alert]:
        """Those that stand, the oldest first."""
        ...

    async def alerts_over(self, kind: AlertKind, limit: int) -> list[Alert]:
        """Those of this kind that are over, as long as they are kept; the latest to end first."""
        ...

    async def alerts_about(self, delivery: DeliveryId) -> list[Alert]:
        """Those about this delivery that stand, the oldest first."""
        ...

    async def alerts_of(self, person: PersonId) -> list[Alert]:
        """Those that have to do with `person`, standing or over, the oldest first: about them or a
        delivery of theirs, seen or owned by them."""
        ...

    async def alerts_run_out(self, now: datetime) -> list[Alert]:
        """Those that stand although their `ends_at` has come, the oldest first."""
        ...
