"""The running bot as its parts, and what the web edge and operators ask of them together.

Guarantees: an update is answered well only once it has been committed; pushes that are refused are
logged once for each status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.ports.errors import EdgeError, TryLater
from bot.ports.upkeep import Counts
from bot.workers.harbor_requests import HarborRequests
from bot.workers.loop import Loop
from bot.workers.outbox import Outbox
from bot.workers.reminders import Reminders
from bot.workers.saving import Saving
from bot.workers.signals import Signals
from bot.workers.towers import Towers
from bot.workers.waiting import WaitingList
from bot.workers.watcher import Watcher
from handlers.conversation.questions import Health
from handlers.conversation.transactional import App
from handlers.telegram.receiver import NoUpdate, Receiver
from harbor.errors import PushRefused
from harbor.lockers import HarborLockers
from harbor.pushes import as_push
from harbor.webhooks import Repetitions, Signature, read_push
from web.deliveries import Refusal

log = structlog.get_logger()


@dataclass(slots=True)
class Assembly:
    """The running parts, and what the web edge and operators ask of them."""

    database: Database
    lockers: HarborLockers
    clock: Clock
    policy: Policy
    application: App
    receiver: Receiver
    towers: Towers
    worker: HarborRequests
    watcher: Watcher
    reminders: Reminders
    outbox: Outbox
    waiting: WaitingList
    loops: Mapping[str, Loop]
    signals: Signals
    saving: Saving
    signature: Signature | None
    repetitions: Repetitions = field(default_factory=Repetitions)
    refused: set[int] = field(default_factory=set)
    """With which statuses pushes of Harbor were refused: said once each."""

    async def take(self, update: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """An update from Telegram's webhook, until it is committed; the call to answer it with, if
        any. Raises TryLater, Refusal."""
        if not self.receiver.introduced.is_set():
            raise TryLater("Telegram has not told us yet who we are")
        try:
            return await self.receiver.take(update)
        except NoUpdate as error:
            raise Refusal(400, "not an update") from error

    async def push(self, headers: Mapping[str, str], body: bytes) -> None:
        """A push of Harbor; a repetition says nothing. Raises Refusal, EdgeError."""
        try:
            read = read_push(headers, body, now=self.clock.now(), signature=self.signature)
        except PushRefused as error:
            if error.status not in self.refused:
                self.refused.add(error.status)
                log.warning("push_refused", why=str(error))
            raise Refusal(error.status, "refused") from error
        if read.verified and self.repetitions.knows(read):
            return
        await self.watcher.heard(as_push(read))
        if read.verified:
            self.repetitions.taken(read)

    async def counts(self) -> Counts | None:
        """How much is owed, None when the database does not answer."""
        try:
            return await self.database.look(lambda tx: tx.counts(deliveries=False))
        except EdgeError:
            return None

    def lag(self) -> float | None:
        """Seconds since assigned lockers were last looked at."""
        if self.watcher.looked_at is None:
            return None
        return (self.clock.now() - self.watcher.looked_at).total_seconds()

    async def condition(self) -> Health:
        """How the bot is doing, for operators in the chat."""
        counts = await self.counts()
        return Health(
            harbor=not self.watcher.away,
            database=counts is not None,
            looked_at=self.watcher.looked_at,
            cards_owed=counts.cards_owed if counts else 0,
        )
