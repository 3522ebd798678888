"""What Telegram allows over all chats, shared by the processes at work on one database.

Guarantees: together they make no more calls than one would alone, since each call has a moment that
was set apart for it in a row of the database; whoever has nothing to say takes nothing from the
others. Moments are had in portions of an eighth of a second's calls, so that it costs eight short
statements a second at most, and a tap waits for no more than the portions of the others. A process
that is alone asks nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.ports.errors import EdgeError

log = structlog.get_logger()

NOT_YET = datetime.max.replace(tzinfo=UTC)
"""When there is a token: not before more have been asked for."""
_NAME = "telegram"
_PORTION = timedelta(milliseconds=125)
_KEPT = timedelta(milliseconds=250)
"""A moment that nobody has used by then is lost: kept, it would add to a later second's."""
_AFTER_FAILURE = timedelta(seconds=1)


class Shares:
    """See the module. `set_rate` before anything else; `arrived` is called when there is more."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._moments: deque[datetime] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._interval, self._burst = timedelta(), 1
        self.arrived: Callable[[], None] = lambda: None

    @property
    def needed(self) -> bool:
        """Whether there is anybody to share with."""
        return self._database.replicas.size > 1

    def set_rate(self, interval: timedelta, burst: int) -> None:
        """How far apart calls are to be, over all processes."""
        self._interval, self._burst = interval, burst

    def free_at(self, now: datetime) -> datetime:
        """When a call may be made."""
        while self._moments and self._moments[0] < now - _KEPT:
            self._moments.popleft()
        return max(self._moments[0], now) if self._moments else NOT_YET

    def take(self) -> None:
        """A call is made."""
        self._moments.popleft()

    def give_back(self, now: datetime) -> None:
        """The call that was last taken isn't made after all."""
        self._moments.appendleft(now)

    @property
    def asking(self) -> bool:
        """Whether more are being asked for."""
        return self._asking is not None

    def ask(self, waiting: int) -> None:
        """So many calls wait: have moments set apart for them, unless that is under way."""
        if self._asking is None:
            count = max(1, min(waiting, _PORTION // self._interval))
            self._asking = asyncio.create_task(self._ask(count), name="share of Telegram")

    async def _ask(self, count: int) -> None:
        interval, burst, now = self._interval, self._burst, self._clock.now()
        try:
            until = await self._database.run(
                lambda tx: tx.take_share(_NAME, count * interval, now=now), one_statement=True
            )
        except EdgeError as error:
            log.debug("no_share", why=str(error))
            await self._clock.sleep_until(now + _AFTER_FAILURE)
        else:
            first = until - (count + burst - 1) * interval
            self._moments.extend(first + number * interval for number in range(count))
        finally:
            self._asking = None
        self.arrived()
