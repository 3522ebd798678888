"""Whether what people do reaches the bot, and if not, why.

Guarantees: what is wrong is logged once, and once when it is over; `why` names the cause from
`LISTENED_FOR` on. A second process that takes updates away lets some through: that is over only
when it has not been met with for `CALM`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.ports.clock import Clock

log = structlog.get_logger(__name__)

LISTENED_FOR = timedelta(minutes=1)
"""What is over sooner is nobody's business."""
CALM = timedelta(minutes=3)
"""Longer than the longest pause between two questions and a long poll together."""


class Hearing:
    """Told of each failure and each success; asked by whoever looks after the bot."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: datetime | None = None
        self._last = clock.now()
        self._cause, self._contested = "", False
        self._failures = 0

    @property
    def why(self) -> str | None:
        """Why the bot has not heard people for a while; None: it does, as far as is known."""
        if self._since is None or self._clock.now() - self._since < LISTENED_FOR:
            return None
        return self._cause

    def failed(self, cause: str, *, contested: bool = False) -> None:
        """It hears nobody now; `contested`: because another process takes what is for it."""
        self._last = self._clock.now()
        if self._since is None:
            self._since, self._failures, self._contested = self._last, 0, False
        if not self._failures or contested > self._contested:
            log.warning("telegram does not answer", why=cause)
            self._contested = contested
        self._cause = cause
        self._failures += 1

    def heard(self) -> None:
        """Telegram has handed over what there was."""
        if self._since is None or (self._contested and self._clock.now() - self._last < CALM):
            return
        log.info("telegram answers again", attempts=self._failures)
        self._since = None
