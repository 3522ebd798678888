"""How fast the bot speaks, by a clock turned by hand."""

from __future__ import annotations

import asyncio

import pytest

from bot.ports.errors import TryLater
from handlers.telegram.rate_limit import A_CHAT, PATIENCE, Rate, RateLimit
from sandbox.clock import Clock
from tests.support.chat_edge import START


@pytest.fixture
def clock() -> Clock:
    return Clock(START, stopped=True)


class Speakers:
    """Who asked for a turn, and who has had it, in order."""

    def __init__(self, pace: RateLimit) -> None:
        self._pace = pace
        self.spoke: list[int] = []
        self.refused: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def ask(self, chat: int, times: int = 1, *, message: bool = True) -> None:
        for _ in range(times):
            self._tasks.append(asyncio.create_task(self._speak(chat, message)))
        await settled()

    async def _speak(self, chat: int, message: bool) -> None:
        try:
            await self._pace.turn(chat, message=message)
        except TryLater as late:
            self.refused.append(late.after or 0.0)
        else:
            self.spoke.append(chat)


async def settled() -> None:
    """Everybody who can go on has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def after(clock: Clock, seconds: float) -> None:
    clock.turn(seconds)
    await settled()


async def test_a_burst_to_one_chat_passes_and_then_one_a_second(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock))
    await speakers.ask(1, A_CHAT.burst + 2)
    assert len(speakers.spoke) == A_CHAT.burst
    await after(clock, 1)
    assert len(speakers.spoke) == A_CHAT.burst + 1
    await after(clock, 1)
    assert len(speakers.spoke) == A_CHAT.burst + 2


async def test_an_edit_does_not_use_up_a_chats_share(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=None))
    await speakers.ask(1, 50, message=False)
    await speakers.ask(1, A_CHAT.burst)
    assert len(speakers.spoke) == 50 + A_CHAT.burst


async def test_never_more_than_thirty_in_any_second_over_all_chats(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock))
    for chat in range(100):
        await speakers.ask(chat)
    moments = [0.0] * len(speakers.spoke)
    for tick in range(1, 60):
        await after(clock, 0.1)
        moments += [tick / 10] * (len(speakers.spoke) - len(moments))
    assert sorted(speakers.spoke) == list(range(100))
    assert max(sum(t <= m < t + 1 for m in moments) for t in moments) <= 30


async def test_a_chat_on_hold_delays_no_other_and_is_told_when_to_come_back(clock: Clock) -> None:
    pace = RateLimit(clock)
    speakers = Speakers(pace)
    pace.hold(1, 30)
    await speakers.ask(1)
    await speakers.ask(2)
    assert speakers.spoke == [2]
    assert speakers.refused == [pytest.approx(30)]
    await after(clock, 30)
    await speakers.ask(1)
    assert speakers.spoke == [2, 1]


async def test_many_chats_on_hold_at_once_mean_all_of_them(clock: Clock) -> None:
    pace = RateLimit(clock)
    speakers = Speakers(pace)
    for chat in (1, 2, 3):
        pace.hold(chat, 30)
    await speakers.ask(9)
    assert speakers.spoke == []
    await after(clock, 30)
    await speakers.ask(9)
    assert speakers.spoke == [9]


async def test_nobody_waits_here_for_long(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=None, a_chat=Rate(1, burst=1)))
    await speakers.ask(1, 10)
    assert len(speakers.refused) == 10 - 1 - int(PATIENCE)
    assert min(speakers.refused) > PATIENCE
    await after(clock, PATIENCE)
    assert len(speakers.spoke) == 1 + int(PATIENCE)


@pytest.mark.parametrize("chats", [20_000])
async def test_chats_long_silent_are_forgotten(clock: Clock, chats: int) -> None:
    pace = RateLimit(clock, overall=None)
    for chat in range(chats):
        if chat % 5_000 == 0:
            clock.turn(60)
        await pace.turn(chat, message=True)
    assert len(pace._chats) <= 10_000
