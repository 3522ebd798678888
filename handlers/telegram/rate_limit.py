"""How fast the bot may speak, so that Telegram need not tell it to be quiet.

Guarantees: at most 30 calls in any second over all chats, and in one chat one message a second
after a short burst; a chat that Telegram has put on hold delays no other; nobody waits here for
long, but is told by TryLater when to come back. Source: Bot FAQ, "My bot is hitting limits"; the
true limits are not published, so only `retry_after` is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.card import Lane
from bot.ports.clock import Clock
from bot.ports.errors import TryLater


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, and `burst` of them at once after a silence."""

    a_second: float
    burst: int


OVERALL = Rate(25, burst=5)
A_CHAT = Rate(1, burst=5)

PATIENCE = 3.0
"""Seconds to wait here; whoever would wait longer is sent away."""

_CHATS_ON_HOLD = 3
"""So many chats on hold at once mean that Telegram wants silence in all of them."""

_REMEMBERED = 10_000


class _Bucket:
    """Token bucket in the form of one moment (GCRA): the bucket is full again at `full`."""

    __slots__ = ("_interval", "_slack", "full")

    def __init__(self, rate: Rate) -> None:
        self._interval = 1 / rate.a_second
        self._slack = (rate.burst - 1) * self._interval
        self.full = 0.0

    def free_at(self, now: float) -> float:
        return max(now, self.full - self._slack)

    def take(self, at: float) -> None:
        self.full = max(self.full, at) + self._interval


class RateLimit:
    """Who may speak when. A rate of None is no limit (for a Bot API server of one's own)."""

    def __init__(
        self, clock: Clock, *, overall: Rate | None = OVERALL, a_chat: Rate | None = A_CHAT
    ) -> None:
        self._clock = clock
        self._overall = _Bucket(overall) if overall else None
        self._a_chat = a_chat
        self._chats: dict[int, _Bucket] = {}
        self._holds: dict[int, float] = {}
        self._all_held = 0.0

    async def turn(self, chat: int, *, message: bool, lane: Lane = Lane.NEWS) -> None:
        """Return when a call may be made; `message` when it puts a new message into the chat.

        Raises TryLater when that is not soon.
        """
        now = self._now()
        bucket = self._bucket(chat, now) if message else None
        free = max(self._held(chat), bucket.free_at(now) if bucket else now)
        if free - now > PATIENCE:
            raise TryLater("this chat has had its share for now", after=free - now)
        if bucket:
            bucket.take(free)
        await self._until(free)
        if self._overall:
            free = self._overall.free_at(self._now())
            self._overall.take(free)
            await self._until(free)

    def hold(self, chat: int, seconds: float) -> None:
        """Telegram said so (429, `retry_after`): nothing to this chat for a while."""
        now = self._now()
        self._holds = {c: until for c, until in self._holds.items() if until > now}
        self._holds[chat] = max(self._holds.get(chat, 0.0), now + seconds)
        if len(self._holds) >= _CHATS_ON_HOLD:
            self._all_held = max(self._all_held, now + seconds)

    def _held(self, chat: int) -> float:
        return max(self._all_held, self._holds.get(chat, 0.0))

    def _bucket(self, chat: int, now: float) -> _Bucket | None:
        if self._a_chat is None:
            return None
        if len(self._chats) >= _REMEMBERED:
            self._chats = {c: b for c, b in self._chats.items() if b.full > now}
        return self._chats.setdefault(chat, _Bucket(self._a_chat))

    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def _until(self, moment: float) -> None:
        if moment > self._now():
            await self._clock.sleep_until(datetime.fromtimestamp(moment, UTC))
