"""Time, as the core asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time; in the sandbox and in tests it can be turned by hand."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return once `now()` has reached `moment`, however it came to."""
        ...
