"""How many calls Telegram allows at a given moment; `rate_limit` says who makes them.

Guarantees: at most 30 calls in any second over all chats (28 and a burst of 3), counted as they
leave, so that those which a new connection or a busy event loop has made late don't come on top of
the next second's; in one chat one message a second after a short burst; no call to a chat that
Telegram has put on hold. The overall rate is halved when Telegram asks for silence in several chats
at once, and recovers slowly.
Source: Bot FAQ, "My bot is hitting limits"; the true limits are not published, so only
`retry_after` is believed.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers.telegram.shares import Shares


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, and `burst` of them at once after a silence."""

    a_second: float
    burst: int


OVERALL = Rate(28, burst=3)
A_CHAT = Rate(1, burst=5)

_CHATS_ON_HOLD = 3
"""So many chats on hold at once mean that Telegram wants silence in all of them."""

_LONGEST_SILENCE = timedelta(minutes=1)
"""A chat may be on hold for hours; nobody else is made to wait so long for it."""

_SLOWEST = 1.0
_RECOVERS_EVERY = timedelta(seconds=10)
_RECOVERS_BY = 0.1
"""Of the set rate."""

_SECOND = timedelta(seconds=1)
_REMEMBERED = 10_000
_NEVER = datetime.min.replace(tzinfo=UTC)


def interval(a_second: float) -> timedelta:
    """How far apart so many calls a second are."""
    return timedelta(microseconds=math.ceil(1_000_000 / a_second))


class _Bucket:
    """Token bucket in the form of one moment (GCRA): the bucket is full again at `full`."""

    __slots__ = ("_burst", "_interval", "full")

    def __init__(self, rate: Rate, now: datetime) -> None:
        self._burst, self.full = rate.burst, now
        self.set_rate(rate.a_second)

    def set_rate(self, a_second: float) -> None:
        self._interval = interval(a_second)

    def free_at(self, now: datetime, ahead: int = 0) -> datetime:
        """When there is a token, after `ahead` others have taken theirs."""
        return max(now, self._full(now) + (ahead + 1 - self._burst) * self._interval)

    def take(self, now: datetime) -> None:
        self.full = self._full(now) + self._interval

    def give_back(self) -> None:
        self.full -= self._interval

    def _full(self, now: datetime) -> datetime:
        """Never further ahead than an empty bucket, even if the clock was set back."""
        return min(max(self.full, now), now + self._burst * self._interval)


class _LastSecond:
    """Counts calls from when they are let go until a second after they have left."""

    __slots__ = ("_left", "_let_go", "_most", "_soon")

    def __init__(self, rate: Rate) -> None:
        self._most = math.ceil(rate.a_second) + rate.burst - 1  # as many as a bucket lets go
        self._soon = interval(rate.a_second)
        self._let_go = 0
        self._left: deque[datetime] = deque()

    def free_at(self, now: datetime) -> datetime:
        """When one more is not too many; while those let go are still here, when to ask again."""
        while self._left and not now - _SECOND < self._left[0] <= now:  # or the clock was set back
            self._left.popleft()
        surplus = self._let_go + len(self._left) - self._most
        if surplus < 0:
            return now
        if surplus >= len(self._left):
            return now + self._soon
        return self._left[surplus] + _SECOND

    def let_go(self) -> None:
        self._let_go += 1

    def leave(self, now: datetime) -> None:
        self._let_go -= 1
        self._left.append(now)

    def give_back(self) -> None:
        self._let_go -= 1


class Allowance:
    """See the module. A rate of None is no limit. By `shares` the overall rate is shared with other
    processes, while there are any."""

    def __init__(
        self,
        overall: Rate | None,
        a_chat: Rate | None,
        now: datetime,
        shares: Shares | None = None,
    ) -> None:
        self._a_chat, self._shares = a_chat, shares
        self._burst = overall.burst if overall else 1
        self._set = self._fallen = overall.a_second if overall else math.inf
        self._overall = _Bucket(overall, now) if overall else None
        self._last_second = _LastSecond(overall) if overall else None
        self._chats: dict[int, _Bucket] = {}
        self._holds: dict[int, datetime] = {}
        self._all_held = _NEVER

    def rate(self, now: datetime) -> float:
        """Calls a second over all chats; infinite where there is no limit."""
        if self._overall is None:
            return math.inf
        steps = max(0, (now - self._all_held) // _RECOVERS_EVERY)
        return min(self._set, self._fallen + steps * _RECOVERS_BY * self._set)

    def hold(self, chat: int, until: datetime, now: datetime) -> None:
        """Telegram wants silence in this chat; in all of them, when it says so of several."""
        self._holds = {c: moment for c, moment in self._holds.items() if moment > now}
        self._holds[chat] = max(self._holds.get(chat, now), until)
        if len(self._holds) >= _CHATS_ON_HOLD:
            if self._all_held <= now:  # once: other calls under way are told the same
                self._fallen = max(_SLOWEST, self.rate(now) / 2)
            self._all_held = max(self._all_held, min(until, now + _LONGEST_SILENCE))

    def overall_free_at(self, now: datetime) -> datetime:
        """When another call may be made to some chat."""
        if self._overall is None or self._last_second is None:
            return now
        if (free := self._last_second.free_at(now)) > now:
            return free
        if (shares := self._shared) is not None:
            shares.set_rate(interval(self.rate(now)), self._burst)
            return shares.free_at(now)
        self._overall.set_rate(self.rate(now))
        return self._overall.free_at(now)

    @property
    def _shared(self) -> Shares | None:
        return self._shares if self._overall and self._shares and self._shares.needed else None

    def chat_free_at(self, chat: int, now: datetime, *, message: bool, ahead: int = 0) -> datetime:
        """When this chat takes a call; a `message` waits for the `ahead` ones before it."""
        free = max(now, self._all_held, self._holds.get(chat, now))
        bucket = self._of(chat, now) if message else None
        return max(free, bucket.free_at(now, ahead)) if bucket else free

    def take(self, chat: int, now: datetime, *, message: bool) -> None:
        """A call is let go."""
        for bucket in self._used(chat, now, message):
            bucket.take(now)
        if self._last_second is not None:
            self._last_second.let_go()
        if self._shared is not None:
            self._shared.take()

    def leave(self, now: datetime) -> None:
        """A call that was let go has left."""
        if self._last_second is not None:
            self._last_second.leave(now)

    def give_back(self, chat: int, now: datetime, *, message: bool) -> None:
        """The call that was let go last isn't made after all."""
        if self._last_second is not None:
            self._last_second.give_back()
        for bucket in self._used(chat, now, message):
            bucket.give_back()
        if self._shared is not None:
            self._shared.give_back(now)

    def _used(self, chat: int, now: datetime, message: bool) -> list[_Bucket]:
        overall = None if self._shared is not None else self._overall
        return [b for b in (overall, self._of(chat, now) if message else None) if b]

    def _of(self, chat: int, now: datetime) -> _Bucket | None:
        if self._a_chat is None:
            return None
        if chat not in self._chats:
            if len(self._chats) >= _REMEMBERED:
                self._chats = {c: b for c, b in self._chats.items() if b.full > now}
            self._chats[chat] = _Bucket(self._a_chat, now)
        return self._chats[chat]
