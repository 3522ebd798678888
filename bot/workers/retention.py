"""Forgets what nobody needs any more: handled update ids, empty cards, ended alerts, photos and
browsers.

Guarantees: an alert whose last day has come is over within the hour, and a photo whose
parcel is over is forgotten within an hour of its storage time; pruning goes on in small
portions, each a short transaction, until nothing is left to prune, so that it keeps up with any
rate at which updates come and nobody waits long for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.usecases.alerts import end_what_has_run_out
from bot.usecases.photo import AT_ONCE, forget_photos

log = structlog.get_logger()

EVERY = timedelta(hours=1)
KEPT = timedelta(days=8)
"""Update ids may restart after a week of silence (Telegram, Update.update_id)."""
PORTION = 1_000
_PAUSE = timedelta(milliseconds=50)


class Retention:
    """See the module; `turn` prunes one portion."""

    def __init__(self, database: Database, clock: Clock, policy: Policy) -> None:
        self._database, self._clock, self._policy = database, clock, policy

    async def turn(self) -> datetime | None:
        """End what has run out and prune a portion; say when the next is due: soon, while there
        is more."""
        now = self._clock.now()
        await self._database.run(partial(end_what_has_run_out, policy=self._policy, now=now))
        photos = await self._database.run(partial(forget_photos, now=now))
        pruned = await self._database.run(lambda tx: tx.prune(now - KEPT, PORTION))
        more = pruned >= PORTION or photos >= AT_ONCE
        return self._clock.now() + (_PAUSE if more else EVERY)
