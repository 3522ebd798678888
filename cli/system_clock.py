"""The machine's own time, as the port `Clock`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """Wall time. Waiting re-reads it, so that a clock put right by NTP is obeyed."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Return once `now()` has reached `moment`."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - wall time
            await asyncio.sleep(min(left, 3600))
