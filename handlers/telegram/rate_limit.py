"""Who may call Telegram next, so that Telegram need not ask for a pause.

Guarantees: calls are let go as `allowance` permits, by lane and then in the order of asking, so
that the answer to a tap waits for no news. A chat that is on hold, or has had its share, delays no
other. Nobody waits here for long, but is told by TryLater when to come back. A cancelled call
leaves its place and its token to the next.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count, takewhile

from bot.domain.card import Lane
from bot.ports.clock import Clock
from bot.ports.errors import TryLater
from handlers.telegram.allowance import A_CHAT, OVERALL, Allowance, Rate
from handlers.telegram.shares import NOT_YET, Shares

PATIENCE = 3.0
"""Seconds to wait for a chat; TryLater at once if it would be longer."""

LONGEST_WAIT = 20.0
"""Seconds to wait altogether, then TryLater: well within an outbox's lease. Not for an ANSWER."""


@dataclass(order=True, slots=True)
class _Call:
    lane: Lane
    number: int
    chat: int = field(compare=False)
    message: bool = field(compare=False)
    asked: datetime = field(compare=False)
    told: asyncio.Future[timedelta | None] = field(compare=False)
    """None: it is your turn; otherwise how long to stay away."""


class Permit:
    """To make one call: until that has `ended`, it takes somebody's place."""

    def __init__(self, allowance: Allowance, clock: Clock, number: int) -> None:
        self._allowance, self._clock, self._number = allowance, clock, number

    def left(self) -> None:
        """The call has been written to its connection; to be said where that is known."""
        self._allowance.leave(self._number, self._clock.now())

    def ended(self) -> None:
        """The call has been answered, has failed, or is not made after all."""
        self._allowance.end(self._number, self._clock.now())


class RateLimit:
    """See the module. A rate of None is no limit (for a Bot API server of one's own)."""

    def __init__(
        self,
        clock: Clock,
        *,
        overall: Rate | None = OVERALL,
        a_chat: Rate | None = A_CHAT,
        shares: Shares | None = None,
    ) -> None:
        self._clock = clock
        self._allowance = Allowance(overall, a_chat, clock.now(), shares)
        self._shares = shares
        if shares is not None:
            shares.arrived = self._dispatch
        self._numbers = count()
        self._waiting: dict[int, _Call] = {}  # in the order of asking
        self._messages: dict[int, list[_Call]] = defaultdict(list)  # those of them, by chat
        self._line: list[_Call] = []  # a heap; who has left stays in it until popped
        self._resting: list[tuple[datetime, _Call]] = []  # a heap; until their chat is free
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = clock.now()

    @property
    def rate(self) -> float:
        """Calls a second over all chats, at present."""
        return self._allowance.rate(self._clock.now())

    async def turn(self, chat: int, *, message: bool, lane: Lane = Lane.NEWS) -> Permit:
        """Return when a call may be made; `message` when it puts a new message into the chat.

        Whoever makes the call says how it goes on: see `Permit`. Raises TryLater when a turn is not
        soon.
        """
        now = self._clock.now()
        told = asyncio.get_running_loop().create_future()
        call = _Call(lane, next(self._numbers), chat, message, now, told)
        ahead = sum(other.lane <= lane for other in self._messages.get(chat, ()))
        wait = self._chat_free_at(call, now, ahead) - now
        if wait > timedelta(seconds=PATIENCE):
            raise _later(wait)
        self._join(call)
        self._dispatch()
        try:
            later = await told
        except asyncio.CancelledError:
            self._give_up(call)
            raise
        if later is not None:
            raise _later(later)
        return Permit(self._allowance, self._clock, call.number)

    def hold(self, chat: int, seconds: float) -> None:
        """Telegram said so (429, `retry_after`): nothing to this chat for a while."""
        now = self._clock.now()
        self._allowance.hold(chat, now + timedelta(seconds=seconds), now)

    def _dispatch(self) -> None:
        """Let all go who can go now, send the late away, and come back for the next."""
        now = self._clock.now()
        while self._resting and self._resting[0][0] <= now:
            heappush(self._line, heappop(self._resting)[1])
        while self._line and self._allowance.overall_free_at(now) <= now:
            call = heappop(self._line)
            if not call.told.done():
                self._let_go(call, now)
        for call in list(takewhile(lambda c: _is_late(c, now), self._waiting.values())):
            if call.lane is not Lane.ANSWER:
                self._tell(call, timedelta(seconds=len(self._waiting) / self.rate))
        self._set_alarm(now)

    def _let_go(self, call: _Call, now: datetime) -> None:
        free = self._chat_free_at(call, now)
        if free - now > timedelta(seconds=PATIENCE):
            self._tell(call, free - now)
        elif free > now:
            heappush(self._resting, (free, call))
        else:
            self._allowance.take(call.number, call.chat, now, message=call.message)
            self._tell(call, None)

    def _chat_free_at(self, call: _Call, now: datetime, ahead: int = 0) -> datetime:
        return self._allowance.chat_free_at(call.chat, now, message=call.message, ahead=ahead)

    def _join(self, call: _Call) -> None:
        self._waiting[call.number] = call
        if call.message:
            self._messages[call.chat].append(call)
        heappush(self._line, call)

    def _tell(self, call: _Call, later: timedelta | None) -> None:
        self._leave(call)
        call.told.set_result(later)

    def _give_up(self, call: _Call) -> None:
        """It was cancelled, perhaps after it had been told to go."""
        self._leave(call)
        if not call.told.cancelled() and call.told.result() is None:
            now = self._clock.now()
            self._allowance.give_back(call.number, call.chat, now, message=call.message)
            while self._resting:  # their chat may be free now
                heappush(self._line, heappop(self._resting)[1])
        self._dispatch()

    def _leave(self, call: _Call) -> None:
        if self._waiting.pop(call.number, None) and call.message:
            self._messages[call.chat].remove(call)
            if not self._messages[call.chat]:
                del self._messages[call.chat]

    def _set_alarm(self, now: datetime) -> None:
        """Dispatch again when the next can go: one task, and none when nobody waits."""
        if not self._waiting:
            self._line.clear()
            self._resting.clear()
        moments = [self._allowance.overall_free_at(now)] if self._line else []
        if self._shares is not None and moments == [NOT_YET]:
            self._shares.ask(len(self._line))
            moments = []
        moments += [self._resting[0][0]] if self._resting else []
        if self._alarm and (not moments or min(moments) < self._alarm_at):
            self._alarm.cancel()
            self._alarm = None
        if moments and not self._alarm:
            self._alarm_at = min(moments)
            self._alarm = asyncio.create_task(self._wake_at(self._alarm_at), name="rate limit")

    async def _wake_at(self, moment: datetime) -> None:
        await self._clock.sleep_until(moment)
        self._alarm = None
        self._dispatch()


def _is_late(call: _Call, now: datetime) -> bool:
    return now - call.asked >= timedelta(seconds=LONGEST_WAIT)


def _later(wait: timedelta) -> TryLater:
    return TryLater("Telegram has had its share for now", after=wait.total_seconds(), undone=True)
