"""Telegram's flood limits, as far as Telegram tells of them.

Guarantees: at most 30 messages a second over all chats, about one a second in one chat after a
short burst, 20 a minute in a group; whoever is refused learns how many seconds to wait.
Source: Bot FAQ, "My bot is hitting limits"; the bursts are measured, not documented.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from sandbox.telegram.protocol.errors import too_many_requests

OVERALL_BURST = 30
OVERALL_RATE = 30.0
CHAT_BURST = 8
CHAT_RATE = 1.0
GROUP_BURST = 20
GROUP_RATE = 20 / 60


class _Bucket:
    """Tokens that come back at `rate` a second, up to `burst`."""

    __slots__ = ("at", "burst", "rate", "tokens")

    def __init__(self, burst: int, rate: float, at: float) -> None:
        self.burst, self.rate, self.tokens, self.at = burst, rate, float(burst), at

    def missing(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (1 - self.tokens) / self.rate)


class Limits:
    """The limits of one bot; `enforced` switches them."""

    def __init__(self, now: Callable[[], datetime], *, enforced: bool) -> None:
        self._now = now
        self.enforced = enforced
        self.clear()

    def clear(self) -> None:
        """Forget what was sent."""
        self._overall = _Bucket(OVERALL_BURST, OVERALL_RATE, self._seconds())
        self._chats: dict[int, _Bucket] = {}

    def spend(self, chat: int, *, group: bool = False, edit: bool = False) -> None:
        """Count one message (an edit counts over all only). Raises ApiError (429)."""
        if not self.enforced:
            return
        now = self._seconds()
        buckets = [self._overall] if edit else [self._overall, self._chat(chat, group, now)]
        wait = max(bucket.missing(now) for bucket in buckets)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))
        for bucket in buckets:
            bucket.tokens -= 1

    def _chat(self, chat: int, group: bool, now: float) -> _Bucket:
        bucket = self._chats.get(chat)
        if bucket is None:
            shape = (GROUP_BURST, GROUP_RATE) if group else (CHAT_BURST, CHAT_RATE)
            bucket = self._chats[chat] = _Bucket(*shape, now)
        return bucket

    def _seconds(self) -> float:
        return self._now().timestamp()
