"""Forgets what nobody needs any more: handled update ids, empty cards, ended alerts.

Guarantees: pruning goes on in small portions, each a short transaction, until nothing is left to
prune, so that it keeps up with any rate at which updates come and nobody waits long for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.ports.clock import Clock
from bot.ports.database import Database

log = structlog.get_logger()

EVERY = timedelta(hours=1)
KEPT = timedelta(days=8)
"""Update ids may restart after a week of silence (Telegram, Update.update_id)."""
PORTION = 1_000
_PAUSE = timedelta(milliseconds=50)


class Retention:
    """See the module; `turn` prunes one portion."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def turn(self) -> datetime | None:
        """Prune a portion; say when the next is due: soon, while there is more."""
        now = self._clock.now()
        pruned = await self._database.run(lambda tx: tx.prune(now - KEPT, PORTION))
        return self._clock.now() + (_PAUSE if pruned >= PORTION else EVERY)
