"""What the bot is still to be told: the queue behind getUpdates and the webhook.

Guarantees: an update stays until it is confirmed, for 24 hours at most; ids grow by one unless a
fault says otherwise; whoever waits is woken by the next update. Source: Bot API, "Getting updates".
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

KEPT = timedelta(hours=24)
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(slots=True, eq=False)
class Update:
    """One update: `body` as the bot will see it; `chat` orders a webhook's deliveries."""

    id: int
    body: dict[str, Any]
    kind: str
    chat: int
    at: datetime
    repeated: bool = False


class Updates:
    """The queue. `jump(kind, chat)` says how far the next id is to leap, `repeat(update)` whether
    a confirmed update is to come once more."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        jump: Callable[[str, int], int] = lambda kind, chat: 0,
        repeat: Callable[[Update], bool] = lambda update: False,
        on_put: Callable[[], object] = lambda: None,
    ) -> None:
        self._now, self._jump, self._repeat, self._on_put = now, jump, repeat, on_put
        self.allowed: Collection[str] = ()
        self.pending: deque[Update] = deque()
        self._next_id = 100_000_001
        self._arrived = asyncio.Event()

    def make(self, kind: str, payload: Any, chat: int) -> Update | None:
        """Number an update; None when the bot did not ask for its kind."""
        if kind not in self.allowed if self.allowed else kind in NOT_BY_DEFAULT:
            return None
        self._next_id += self._jump(kind, chat)
        number = self._next_id
        self._next_id += 1
        return Update(number, {"update_id": number, kind: payload}, kind, chat, self._now())

    def put(self, updates: Iterable[Update]) -> None:
        """Queue them and wake whoever waits."""
        self.pending.extend(updates)
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
        self._on_put()

    def arrived(self) -> asyncio.Event:
        """An event set by the next `put`."""
        return self._arrived

    def confirm_before(self, offset: int) -> None:
        """Forget what getUpdates' `offset` confirms; a negative one keeps only the latest."""
        self._expire()
        if offset < 0:
            while len(self.pending) > -offset:
                self.pending.popleft()
        elif 0 < offset <= self._next_id:
            confirmed = [update for update in self.pending if update.id < offset]
            for update in confirmed:
                self.confirm(update)

    def confirm(self, update: Update) -> None:
        """The bot has it; forget it."""
        if self.pending and self.pending[0] is update:
            self.pending.popleft()
        elif update in self.pending:
            self.pending.remove(update)
        if not update.repeated and self._repeat(update):
            self.put([replace(update, repeated=True)])

    def first(self, limit: int) -> list[dict[str, Any]]:
        """The oldest `limit` updates, which stay pending."""
        return [self.pending[i].body for i in range(min(limit, len(self.pending)))]

    def clear(self) -> None:
        """Forget all that is pending."""
        self.pending.clear()

    def _expire(self) -> None:
        oldest = self._now() - KEPT
        while self.pending and self.pending[0].at < oldest:
            self.pending.popleft()
