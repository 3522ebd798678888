"""How fast the bot speaks and who speaks first, by a clock turned by hand."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.card import Lane
from bot.ports.errors import TryLater
from handlers.telegram.allowance import A_CHAT, OVERALL, Allowance, Rate
from handlers.telegram.rate_limit import LONGEST_WAIT, PATIENCE, RateLimit
from sandbox.clock import Clock
from tests.support.chat_edge import START

ONE = Rate(1, burst=1)


@pytest.fixture
def clock() -> Clock:
    return Clock(START, stopped=True)


class Speakers:
    """Who asked for a turn, and who has had it, in order."""

    def __init__(self, pace: RateLimit, clock: Clock) -> None:
        self._pace, self._clock = pace, clock
        self.went: list[int] = []
        self.spoke: list[int] = []
        self.moments: list[datetime] = []
        self.refused: list[float] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.ready = asyncio.Event()
        """Cleared where connections are still to be made."""
        self.heard = asyncio.Event()
        """Cleared where what is said takes its time to be heard, when it is counted."""
        self.ready.set()
        self.heard.set()

    async def ask(
        self, *chats: int, times: int = 1, message: bool = True, lane: Lane = Lane.NEWS
    ) -> None:
        for chat in chats * times:
            self.tasks.append(asyncio.create_task(self._speak(chat, message, lane)))
        await settled()

    async def _speak(self, chat: int, message: bool, lane: Lane) -> None:
        try:
            permit = await self._pace.turn(chat, message=message, lane=lane)
        except TryLater as late:
            self.refused.append(late.after or 0.0)
            return
        try:
            await self.ready.wait()
            permit.left()
            self.went.append(chat)
            await self.heard.wait()
            self.spoke.append(chat)
            self.moments.append(self._clock.now())
        finally:
            permit.ended()


async def settled() -> None:
    """Everybody who can go on has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def after(clock: Clock, seconds: float, *, times: int = 1) -> None:
    for _ in range(times):
        clock.turn(seconds)
        await settled()


async def test_a_burst_to_one_chat_passes_and_then_one_a_second(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=None), clock)
    await speakers.ask(1, times=A_CHAT.burst + 2)
    assert len(speakers.spoke) == A_CHAT.burst
    await after(clock, 1)
    assert len(speakers.spoke) == A_CHAT.burst + 1
    await after(clock, 1)
    assert len(speakers.spoke) == A_CHAT.burst + 2


async def test_an_edit_does_not_use_up_a_chats_share(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=None), clock)
    await speakers.ask(1, times=50, message=False)
    await speakers.ask(1, times=A_CHAT.burst)
    assert len(speakers.spoke) == 50 + A_CHAT.burst


async def test_never_more_than_thirty_in_any_second_over_all_chats(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock), clock)
    await speakers.ask(*range(100))
    await after(clock, 0.01, times=400)
    assert speakers.spoke == list(range(100))
    assert most_in_a_second(speakers.moments) == 30


async def test_calls_that_had_to_wait_for_a_connection_count_when_they_leave(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock), clock)
    speakers.ready.clear()
    await speakers.ask(*range(100))
    await after(clock, 0.1, times=9)
    speakers.ready.set()
    await after(clock, 0.01, times=400)
    assert speakers.spoke == list(range(100))
    assert most_in_a_second(speakers.moments) == 30


async def test_calls_that_the_network_holds_up_count_when_they_are_heard(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock), clock)
    await speakers.ask(*range(20))
    await after(clock, 0.01, times=100)
    speakers.heard.clear()
    await speakers.ask(*range(20, 100))
    await after(clock, 0.01, times=9)
    speakers.heard.set()
    await after(clock, 0.01, times=400)
    assert speakers.spoke == list(range(100))
    assert most_in_a_second(speakers.moments) == 30


async def test_answers_that_do_not_come_hold_nobody_up_for_long(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock), clock)
    speakers.heard.clear()
    await speakers.ask(*range(31))
    await after(clock, 0.01, times=109)
    assert len(speakers.went) == 30
    await after(clock, 0.01, times=2)
    assert len(speakers.went) == 31
    assert speakers.spoke == []
    speakers.heard.set()
    await settled()


async def test_calls_that_never_leave_hold_nobody_up_once_they_have_failed(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock), clock)
    speakers.ready.clear()
    await speakers.ask(*range(31))
    await after(clock, 0.1, times=15)
    for task in speakers.tasks[:30]:
        task.cancel()
    speakers.ready.set()
    await after(clock, 0.1, times=11)
    assert speakers.spoke == [30]


def most_in_a_second(moments: list[datetime]) -> int:
    second = timedelta(seconds=1)
    return max((sum(t <= m < t + second for m in moments) for t in moments), default=0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(1, 40), st.sampled_from(Lane)),
        st.tuples(st.just("turn"), st.floats(0, 2), st.none()),
        st.tuples(st.just("cancel"), st.integers(0, 200), st.none()),
        st.tuples(st.just("hold"), st.integers(0, 5), st.none()),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(rate=st.integers(1, 60), burst=st.integers(1, 5), steps=STEPS)
async def test_whatever_happens_no_second_has_more_than_the_rate_and_its_burst(
    rate: int, burst: int, steps: list[tuple[str, float, Lane | None]]
) -> None:
    clock = Clock(START, stopped=True)
    pace = RateLimit(clock, overall=Rate(rate, burst), a_chat=None)
    speakers = Speakers(pace, clock)
    for step, number, lane in steps:
        if step == "ask" and lane is not None:
            await speakers.ask(*range(int(number)), lane=lane)
        elif step == "turn":
            await after(clock, number)
        elif step == "cancel" and speakers.tasks:
            speakers.tasks[int(number) % len(speakers.tasks)].cancel()
        elif step == "hold":
            pace.hold(int(number), number)
    await after(clock, 1 / rate, times=20)
    assert most_in_a_second(speakers.moments) <= rate + burst
    assert pace.rate <= rate
    for task in speakers.tasks:
        task.cancel()
    await settled()


async def test_a_tap_is_next_however_much_news_is_waiting(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock), clock)
    await speakers.ask(*range(1000))
    before = len(speakers.spoke)
    await speakers.ask(5000, message=False, lane=Lane.ANSWER)
    await after(clock, 1 / 28 + 1e-6)
    assert speakers.spoke[before:] == [5000]
    assert speakers.refused == []


async def test_in_a_lane_who_asked_first_goes_first_and_tidying_goes_last(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=ONE), clock)
    await speakers.ask(0)
    await speakers.ask(31, 32, lane=Lane.TIDYING)
    await speakers.ask(21, 22, lane=Lane.NEWS)
    await speakers.ask(11, 12, lane=Lane.ANSWER)
    await after(clock, 1, times=6)
    assert speakers.spoke == [0, 11, 12, 21, 22, 31, 32]


async def test_in_one_chat_too_a_tap_goes_before_news(clock: Clock) -> None:
    pace = RateLimit(clock, overall=None, a_chat=ONE)
    speakers, taps = Speakers(pace, clock), Speakers(pace, clock)
    await speakers.ask(1, times=4)
    await taps.ask(1, lane=Lane.ANSWER)
    await after(clock, 1)
    assert (len(speakers.spoke), len(taps.spoke)) == (1, 1)
    await after(clock, 1, times=3)
    assert (len(speakers.spoke), speakers.refused) == (4, [])


async def test_a_chat_on_hold_delays_no_other_and_is_told_when_to_come_back(clock: Clock) -> None:
    pace = RateLimit(clock)
    speakers = Speakers(pace, clock)
    pace.hold(1, 30)
    await speakers.ask(1)
    await speakers.ask(2)
    assert speakers.spoke == [2]
    assert speakers.refused == [pytest.approx(30)]
    await after(clock, 30)
    await speakers.ask(1)
    assert speakers.spoke == [2, 1]


async def test_a_chat_put_on_hold_while_it_waits_costs_the_others_nothing(clock: Clock) -> None:
    pace = RateLimit(clock, overall=ONE)
    speakers = Speakers(pace, clock)
    await speakers.ask(0, 1, 2, 3)
    pace.hold(1, 30)
    pace.hold(2, 2.5)
    await after(clock, 1)
    assert speakers.spoke == [0, 3]
    assert speakers.refused == [29]
    await after(clock, 1)
    assert speakers.spoke == [0, 3]
    await after(clock, 0.5)
    assert speakers.spoke == [0, 3, 2]


async def test_a_chat_that_has_had_its_share_delays_no_other(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=Rate(10, burst=10), a_chat=ONE), clock)
    await speakers.ask(1, times=4)
    await speakers.ask(2, 3)
    assert speakers.spoke == [1, 2, 3]
    await after(clock, 1, times=3)
    assert speakers.spoke == [1, 2, 3, 1, 1, 1]


async def test_many_chats_on_hold_at_once_mean_all_of_them(clock: Clock) -> None:
    pace = RateLimit(clock)
    speakers = Speakers(pace, clock)
    for chat in (1, 2, 3):
        pace.hold(chat, 30)
    await speakers.ask(9)
    assert speakers.spoke == []
    await after(clock, 30)
    await speakers.ask(9)
    assert speakers.spoke == [9]


async def test_the_rate_falls_once_a_pause_for_everybody_and_recovers_slowly(clock: Clock) -> None:
    pace = RateLimit(clock, overall=Rate(20, burst=1), a_chat=None)
    pace.hold(1, 5)
    pace.hold(2, 5)
    assert pace.rate == 20, "a pause for one chat or two is theirs alone"
    for chat in (3, 4, 5, 6):
        pace.hold(chat, 5)
    assert pace.rate == 10
    clock.turn(5 + 9)
    assert pace.rate == 10
    speakers = Speakers(pace, clock)
    await speakers.ask(*range(100, 200), message=False)
    await after(clock, 0.05, times=18)
    assert len(speakers.spoke) == 1 + 9
    await after(clock, 0.1)
    assert pace.rate == 12
    clock.turn(40)
    assert pace.rate == 20
    clock.turn(1000)
    assert pace.rate == 20


async def test_the_rate_never_falls_below_one_a_second(clock: Clock) -> None:
    pace = RateLimit(clock)
    for _ in range(10):
        for chat in (1, 2, 3):
            pace.hold(chat, 1)
        clock.turn(1)
    assert pace.rate == 1


async def test_nobody_waits_for_a_chat_for_long(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=None, a_chat=ONE), clock)
    await speakers.ask(1, times=10)
    assert len(speakers.refused) == 10 - 1 - int(PATIENCE)
    assert min(speakers.refused) > PATIENCE
    await after(clock, 1, times=int(PATIENCE))
    assert len(speakers.spoke) == 1 + int(PATIENCE)


async def test_nobody_waits_for_the_overall_rate_for_long_but_a_tap(clock: Clock) -> None:
    longest = int(LONGEST_WAIT)
    pace = RateLimit(clock, overall=ONE)
    news, taps = Speakers(pace, clock), Speakers(pace, clock)
    await news.ask(*range(50))
    await taps.ask(*range(100, 110 + longest), lane=Lane.ANSWER)
    await after(clock, 1, times=longest - 1)
    assert news.refused == []
    await after(clock, 1)
    assert len(news.refused) == 50 - 1
    assert min(news.refused) > 0
    await after(clock, 1, times=10)
    assert (len(taps.spoke), taps.refused) == (10 + longest, [])


async def test_whoever_is_cancelled_while_waiting_leaves_no_trace(clock: Clock) -> None:
    speakers = Speakers(RateLimit(clock, overall=ONE, a_chat=Rate(0.5, burst=1)), clock)
    await speakers.ask(0, 1, 2, 2)
    speakers.tasks[1].cancel()
    speakers.tasks[2].cancel()
    await settled()
    await after(clock, 1)
    assert speakers.spoke == [0, 2]
    assert sum(task.cancelled() for task in speakers.tasks) == 2
    await speakers.ask(3)
    assert len(asyncio.all_tasks()) > 1
    speakers.tasks[-1].cancel()
    await settled()
    assert len(asyncio.all_tasks()) == 1, "nobody waits, and nothing runs on"


@pytest.mark.parametrize("later", range(8))
@pytest.mark.parametrize("scarce", ["overall", "a_chat"])
async def test_the_token_of_whoever_is_cancelled_goes_to_the_next(
    clock: Clock, later: int, scarce: str
) -> None:
    """At whichever step of the event loop it happens: one speaks, either he or the next."""
    rates: dict[str, Rate | None] = {"overall": None, "a_chat": None, scarce: ONE}
    speakers = Speakers(RateLimit(clock, **rates), clock)
    await speakers.ask(7, times=3)
    clock.turn(1)
    for _ in range(later):
        await asyncio.sleep(0)
    speakers.tasks[1].cancel()
    await settled()
    assert len(speakers.spoke) == 2


async def test_without_limits_nobody_waits(clock: Clock) -> None:
    pace = RateLimit(clock, overall=None, a_chat=None)
    speakers = Speakers(pace, clock)
    await speakers.ask(1, times=500)
    assert len(speakers.spoke) == 500
    for chat in (1, 2, 3):
        pace.hold(chat, 1)
    assert pace.rate == math.inf


def test_a_clock_set_back_silences_nobody() -> None:
    allowance = Allowance(OVERALL, A_CHAT, START)
    for _ in range(OVERALL.burst):
        allowance.take(1, 1, START, message=True)
    earlier = START - timedelta(hours=1)
    assert allowance.overall_free_at(earlier) - earlier < timedelta(seconds=1)
    assert allowance.chat_free_at(1, earlier, message=True) - earlier <= timedelta(seconds=1)


@pytest.mark.parametrize("chats", [20_000])
def test_chats_long_silent_are_forgotten(clock: Clock, chats: int) -> None:
    allowance = Allowance(None, A_CHAT, clock.now())
    for chat in range(chats):
        if chat % 5_000 == 0:
            clock.turn(60)
        allowance.take(chat, chat, clock.now(), message=True)
    assert len(allowance._chats) <= 5_000


async def test_chats_on_hold_for_hours_silence_the_others_for_a_minute_at_most(
    clock: Clock,
) -> None:
    pace = RateLimit(clock)
    for chat in (1, 2, 3):
        pace.hold(chat, 4 * 3600)
    with pytest.raises(TryLater) as held:
        await pace.turn(9, message=True)
    assert held.value.after == 60
    clock.turn(60)
    await pace.turn(9, message=True)
    with pytest.raises(TryLater):
        await pace.turn(1, message=True)
