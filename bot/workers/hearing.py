"""Whether what people do reaches the bot, and if not, why; and that operators are told.

Guarantees: what is wrong is logged once, and once when it is over; `why` names the cause from
`LISTENED_FOR` on. A second process that takes updates away lets some through: that is over only
when it has not been met with for `CALM`. Operators have one alert, with the cause as it is known
now; it ends when people are heard again. One that an earlier process has left ends after `CALM`
alone, so that no restart ends it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.domain.alerts import UNHEARD_KEY, Alert, Unheard, nobody_heard
from bot.ports.clock import Clock
from bot.workers.alerts import Alerts
from bot.workers.signals import Signal

log = structlog.get_logger(__name__)

LISTENED_FOR = timedelta(minutes=1)
"""What is over sooner is nobody's business."""
CALM = timedelta(minutes=3)
"""Longer than the longest pause between two questions and a long poll together."""

_CONTESTED = frozenset({Unheard.TAKEN, Unheard.ELSEWHERE})


class Hearing:
    """Told of each failure and each success; asked by whoever looks after the bot.

    `changed` is raised when it begins to hear nobody, for another cause, and when that is over.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: datetime | None = None
        self._last = clock.now()
        self._cause, self._words = Unheard.SILENT, ""
        self._contested = False
        self._failures = 0
        self._may_stand = True
        """Whether the alert may stand, raised by this process or an earlier one."""
        self._ours = False
        self.changed = Signal()

    @property
    def why(self) -> str | None:
        """Why the bot has not heard people for a while; None: it does, as far as is known."""
        return None if self._alert is None else self._words

    @property
    def _alert(self) -> Alert | None:
        if self._since is None or self._clock.now() - self._since < LISTENED_FOR:
            return None
        said = self._words if self._cause is Unheard.UNDELIVERED else ""
        return nobody_heard(self._since, self._cause, said)

    def failed(self, words: str, cause: Unheard = Unheard.SILENT) -> None:
        """It hears nobody now, because of `cause`; `words` say it for the log."""
        self._last = self._clock.now()
        contested = cause in _CONTESTED
        if self._since is None:
            self._since, self._failures, self._contested = self._last, 0, False
        if not self._failures or contested > self._contested:
            log.warning("telegram does not answer", why=words)
            self._contested = contested
        if not self._failures or (cause, words) != (self._cause, self._words):
            self.changed.set()
        self._cause, self._words = cause, words
        self._failures += 1

    def heard(self) -> None:
        """Telegram has handed over what there was."""
        if self._since is None or (self._contested and self._clock.now() - self._last < CALM):
            return
        log.info("telegram answers again", attempts=self._failures)
        self._since = None
        self.changed.set()

    async def tell(self, alerts: Alerts) -> datetime | None:
        """Raise the alert, bring it up to date or end it: a loop's turn."""
        self.changed.take()
        if (alert := self._alert) is not None:
            self._may_stand = self._ours = True
            if not await alerts.raise_once(alert):
                await alerts.amend(UNHEARD_KEY, detail=alert.detail)
            return None
        if self._since is not None:
            return self._since + LISTENED_FOR
        if not self._may_stand:
            return None
        if not self._ours and self._clock.now() - self._last < CALM:
            return self._last + CALM
        await alerts.end(UNHEARD_KEY)
        self._may_stand = self._ours = False
        return None
