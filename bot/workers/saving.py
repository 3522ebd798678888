"""Whether steps can be saved, and what operators are told once they can be again.

Guarantees: that nothing can be saved is logged once, with its cause, and stands in `why` until
something is saved; how long it lasted is then logged once, and told to operators by an alert that
is raised as soon as it can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain.alerts import UNSAVED_KEY, not_saved
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.usecases.alerts import end_alert, raise_alert
from bot.workers.signals import Signal

log = structlog.get_logger()


_TOLD_OF = timedelta(seconds=10)
"""What is over sooner is logged, and no operator is told of it."""


@dataclass(frozen=True, slots=True)
class _Outage:
    since: datetime
    until: datetime
    why: str


class Saving:
    """`bot.ports.signals.Saving`; `over` is raised when an outage has ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.now()
        self._ended: _Outage | None = None
        self.why: str | None = None
        """Why nothing can be saved; None: it can, as far as is known."""
        self.over = Signal()

    def saved(self) -> None:
        """A step has been committed."""
        if self.why is None:
            return
        ended, self.why = _Outage(self._since, self._clock.now(), self.why), None
        length = ended.until - ended.since
        log.info("saving_again", seconds=round(length.total_seconds()))
        if length >= _TOLD_OF:
            self._ended = ended
            self.over.set()

    def unsaved(self, why: str) -> None:
        """A step could not be committed."""
        if self.why is None:
            self._since, self.why = self._clock.now(), why
            log.error("nothing_saved", why=why)

    async def tell(self, database: Database, policy: Policy) -> None:
        """Tell operators of the outage that has ended, if one has: a loop's turn."""
        self.over.take()
        if (ended := self._ended) is None:
            return

        async def step(tx: Transaction) -> None:
            await raise_alert(tx, not_saved(ended.since, ended.why), policy)
            await end_alert(tx, UNSAVED_KEY, policy, now=ended.until)

        await database.run(step)
        if self._ended is ended:
            self._ended = None
