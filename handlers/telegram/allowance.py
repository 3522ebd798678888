"""How many calls Telegram allows at a given moment; `rate_limit` says who makes them.

Guarantees: at most 30 calls in any second over all chats (28 and a burst of 3), also as Telegram
counts them: those that a new connection, a busy event loop or the network has made late, by up to a
tenth of a second on their way, don't come on top of the next second's; in one chat one message a
second after a short burst; no call to a chat that Telegram has put on hold. The overall rate is
halved when Telegram asks for silence in several chats at once, and recovers slowly.
Source: Bot FAQ, "My bot is hitting limits"; the true limits are not published, so only
`retry_after` is believed.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import islice

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
_ON_ITS_WAY = timedelta(milliseconds=100)
"""So long a call is thought to be on its way at most; what takes longer is Telegram's own work."""
_REMEMBERED = 1_000
"""So many chats at least, before those that have been silent for long enough are forgotten."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def interval(a_second: float) -> timedelta:
    """How far apart so many calls a second are."""
    return timedelta(microseconds=math.ceil(1_000_000 / a_second))


class _Bucket:
    """Token bucket in the form of one moment (GCRA): the bucket is full again at `full`."""

    __slots__ = ("_burst", "_interval", "full")

    def __init__(self, rate: Rate, now: datetime) -> None:
        self._burst, self.full = rate.burst, now
        self._interval = interval(rate.a_second)

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
    """Counts a call until a second after it has certainly come to Telegram: from when it is let go
    until its answer, or until it has been on its way for long enough."""

    __slots__ = ("_answered", "_let_go", "_most", "_on_its_way", "_soon")

    def __init__(self, rate: Rate) -> None:
        self._most = math.ceil(rate.a_second) + rate.burst - 1  # as many as a bucket lets go
        self._soon = interval(rate.a_second)
        self._let_go: set[int] = set()
        self._on_its_way: dict[int, datetime] = {}  # by call, until when it counts
        self._answered: list[datetime] = []  # until when they count, in order

    def free_at(self, now: datetime) -> datetime:
        """When one more is not too many; while those let go are still here, when to ask again."""
        self._pass(now)
        counted = len(self._let_go) + len(self._on_its_way) + len(self._answered)
        if counted < self._most:
            return now
        ends = merge(self._on_its_way.values(), self._answered)
        return next(islice(ends, counted - self._most, None), now + self._soon)

    def _pass(self, now: datetime) -> None:
        """What is over counts no longer, nor what began before the clock was set back."""
        latest = now + _SECOND + _ON_ITS_WAY
        del self._answered[: bisect_right(self._answered, now)]
        del self._answered[bisect_right(self._answered, latest) :]
        while self._on_its_way and not now < next(iter(self._on_its_way.values())) <= latest:
            del self._on_its_way[next(iter(self._on_its_way))]

    def let_go(self, call: int) -> None:
        self._let_go.add(call)

    def leave(self, call: int, now: datetime) -> None:
        if call in self._let_go:
            self._let_go.remove(call)
            self._on_its_way[call] = now + _ON_ITS_WAY + _SECOND

    def end(self, call: int, now: datetime) -> None:
        until = now + _SECOND
        if call in self._let_go:
            self._let_go.remove(call)
        elif call in self._on_its_way:
            until = min(until, self._on_its_way.pop(call))
        else:  # it took so long that it counts no more
            return
        insort(self._answered, until)

    def give_back(self, call: int) -> None:
        self._let_go.discard(call)


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
        self._most_chats = _REMEMBERED
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

    def take(self, call: int, chat: int, now: datetime, *, message: bool) -> None:
        """A call, of that number, is let go."""
        for bucket in self._used(chat, now, message):
            bucket.take(now)
        if self._last_second is not None:
            self._last_second.let_go(call)
        if self._shared is not None:
            self._shared.take()

    def leave(self, call: int, now: datetime) -> None:
        """A call that was let go has been written to its connection."""
        if self._last_second is not None:
            self._last_second.leave(call, now)

    def end(self, call: int, now: datetime) -> None:
        """A call that was let go has been answered, or has failed."""
        if self._last_second is not None:
            self._last_second.end(call, now)

    def give_back(self, call: int, chat: int, now: datetime, *, message: bool) -> None:
        """The call that was let go last isn't made after all."""
        if self._last_second is not None:
            self._last_second.give_back(call)
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
            if len(self._chats) >= self._most_chats:
                self._chats = {c: b for c, b in self._chats.items() if b.full > now}
                self._most_chats = max(_REMEMBERED, 2 * len(self._chats))
            self._chats[chat] = _Bucket(self._a_chat, now)
        return self._chats[chat]
