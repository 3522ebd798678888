"""The sandbox's time: the machine's clock plus however far somebody has turned it.

Guarantees: `now()` never goes back, and whoever waits for a moment wakes as soon as the clock
is turned past it, so that a day can pass in a test without anybody sleeping.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Wall time that can be turned ahead by hand, or stopped altogether.

    `start` fixes the first moment (UTC); a clock made with `stopped=True` moves only when turned.
    """

    def __init__(self, start: datetime | None = None, *, stopped: bool = False) -> None:
        self._base = (start or datetime.now(UTC)).astimezone(UTC)
        self._stopped = stopped
        self._began = time.monotonic()
        self._turned = timedelta()
        self._turn = asyncio.Event()
        self._listeners: list[Callable[[timedelta], None]] = []

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ran = timedelta() if self._stopped else timedelta(seconds=time.monotonic() - self._began)
        return self._base + self._turned + ran

    @property
    def turned(self) -> timedelta:
        """How far this clock has been turned ahead of the machine's."""
        return self._turned

    def turn(self, seconds: float) -> datetime:
        """Jump ahead by `seconds` (never back: ValueError), wake every waiter, say the new time."""
        if seconds < 0:
            raise ValueError("a clock is only turned ahead")
        by = timedelta(seconds=seconds)
        self._turned += by
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
        for listener in list(self._listeners):
            listener(by)
        return self.now()

    def on_turn(self, listener: Callable[[timedelta], None]) -> None:
        """Call `listener(by)` after every turn."""
        self._listeners.append(listener)

    async def sleep_until(self, moment: datetime) -> None:
        """Return once `now()` has reached `moment`, however it came to."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            turn = self._turn
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(turn.wait(), None if self._stopped else left)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""
        await self.sleep_until(self.now() + timedelta(seconds=seconds))
