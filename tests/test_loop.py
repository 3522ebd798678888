"""Loops and what they leave under way: no signal is lost, and no failure goes unheard."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.ports.errors import TryLater
from bot.workers.loop import Dues, Loop, Underway
from bot.workers.signals import LOOK_AGAIN, Signal
from sandbox.clock import Clock

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def soon(true) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("never")


async def test_a_signal_during_a_turn_makes_another_turn() -> None:
    turns, signal = [], Signal()

    async def turn() -> None:
        signal.take()
        turns.append(1)
        if len(turns) == 1:
            signal.set()

    loop = Loop("test", Clock(START, stopped=True), turn, signal)
    running = asyncio.create_task(loop.run())
    await soon(lambda: len(turns) == 2)
    loop.stop()
    await running
    assert len(turns) == 2


async def test_the_moment_that_a_turn_names_is_waited_for_and_a_signal_comes_before_it() -> None:
    clock, turns, signal = Clock(START, stopped=True), [], Signal()

    async def turn() -> datetime:
        signal.take()
        turns.append(clock.now())
        return clock.now() + timedelta(seconds=10)

    loop = Loop("test", clock, turn, signal)
    running = asyncio.create_task(loop.run())
    await soon(lambda: len(turns) == 1)
    clock.turn(9)
    signal.set()
    await soon(lambda: len(turns) == 2)
    clock.turn(10)
    await soon(lambda: len(turns) == 3)
    loop.stop()
    await running
    assert turns == [START, at(9), at(19)]


async def test_a_turn_that_fails_is_taken_again_a_second_later_whatever_is_signalled() -> None:
    clock, turns, signal = Clock(START, stopped=True), [], Signal()

    async def turn() -> None:
        signal.take()
        turns.append(clock.now())
        if len(turns) == 1:
            signal.set()
            raise RuntimeError

    loop = Loop("test", clock, turn, signal)
    running = asyncio.create_task(loop.run())
    await soon(lambda: turns)
    clock.turn(1)
    await soon(lambda: len(turns) == 2)
    loop.stop()
    await running
    assert turns == [START, at(1)]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TryLater("the database is away"), ("loop_waiting", "warning", False)),
        (RuntimeError("a bug"), ("loop_failing", "error", True)),
    ],
)
async def test_what_passes_by_itself_is_logged_once_and_without_a_traceback(
    error: Exception, told: tuple[str, str, bool]
) -> None:
    clock, signal, turns = Clock(START, stopped=True), Signal(), []

    async def turn() -> datetime:
        turns.append(1)
        if len(turns) <= 2:
            raise error
        return at(1000)

    loop = Loop("test", clock, turn, signal)
    with capture_logs() as lines:
        running = asyncio.create_task(loop.run())
        for number in (1, 2, 3):
            await soon(lambda: len(turns) == number)  # noqa: B023 - waited for at once
            clock.turn(1)
        loop.stop()
        await running
    assert [x["event"] for x in lines] == [told[0], "loop_recovered"]
    assert (lines[0]["event"], lines[0]["log_level"], "exc_info" in lines[0]) == told


async def test_stopping_lets_the_turn_under_way_finish() -> None:
    began, on, done = asyncio.Event(), asyncio.Event(), []

    async def turn() -> None:
        began.set()
        await on.wait()
        done.append(1)

    loop = Loop("test", Clock(START, stopped=True), turn, Signal())
    running = asyncio.create_task(loop.run())
    await began.wait()
    loop.stop()
    on.set()
    await running
    assert done == [1]


async def test_a_loop_that_is_to_end_ends_though_its_signal_is_lowered_in_the_same_breath() -> None:
    signal, turned = Signal(), asyncio.Event()

    async def turn() -> datetime:
        signal.take()
        turned.set()
        return at(60)

    loop = Loop("test", Clock(START, stopped=True), turn, signal)
    running = asyncio.create_task(loop.run())
    await turned.wait()
    loop.stop()
    signal.take()  # as giving back what waits does at shutdown
    async with asyncio.timeout(5):
        await running


async def test_a_busy_key_and_a_full_house_start_nothing() -> None:
    on, finished = asyncio.Event(), []

    async def work() -> None:
        await on.wait()

    underway: Underway[int] = Underway(2, finished.append)
    assert [underway.start(key, work()) for key in (1, 1, 2, 3)] == [True, False, True, False]
    on.set()
    await underway.settle()
    assert (len(underway), sorted(finished)) == (0, [1, 2])
    assert underway.start(1, work())
    await underway.settle()


async def test_what_a_task_died_of_is_raised_once_by_the_next_turn() -> None:
    async def work() -> None:
        raise RuntimeError("disk full")

    underway: Underway[int] = Underway(2, lambda _: None)
    underway.start(1, work())
    await underway.settle()
    assert underway.failed
    with pytest.raises(RuntimeError, match="disk full"):
        underway.raise_failure()
    underway.raise_failure()


# -- when to look


class Rows:
    """A database in which something falls due at these moments."""

    shared = False

    def __init__(self, *due: datetime) -> None:
        self.due, self.asked, self.broken = list(due), 0, False

    async def look(self, step, *, one_statement: bool = False) -> datetime | None:
        self.asked += 1
        if self.broken:
            raise TryLater("restarting")
        return min(self.due, default=None)


async def turned(dues: Dues, rows: Rows, now: datetime) -> list[datetime]:
    """One turn of a loop; what it found due."""
    found: list[datetime] = []

    async def look(now: datetime) -> None:
        found.extend(due for due in rows.due if due <= now)
        rows.due = [due for due in rows.due if due > now]
        await dues.look_ahead(rows, now, None)

    await dues.when_come(now, look)
    return found


def signalled(*moments: datetime | None) -> Signal:
    signal = Signal()
    for due in moments:
        signal.set(due)
    return signal


@pytest.mark.parametrize("moments", [[at(5), at(9)], [at(9), at(5)], [at(9), at(5), at(5)]])
async def test_of_several_moments_signalled_before_a_turn_none_is_forgotten(moments) -> None:
    dues, rows = Dues(START), Rows()
    await turned(dues, rows, START)
    rows.due = [at(5), at(9)]
    dues.take(signalled(*moments), START)
    assert dues.next == at(5)
    assert await turned(dues, rows, at(5)) == [at(5)]
    assert dues.next == at(9)
    assert await turned(dues, rows, at(9)) == [at(9)]
    assert dues.next is None


async def test_what_is_signalled_for_later_is_not_forgotten_over_what_is_for_now() -> None:
    dues, rows = Dues(START), Rows()
    await turned(dues, rows, START)
    rows.due = [at(7)]
    dues.take(signalled(at(7), None), START)
    await turned(dues, rows, START)
    assert dues.next == at(7)


async def test_the_database_is_not_asked_for_what_is_known() -> None:
    dues, rows = Dues(START), Rows()
    await turned(dues, rows, START)
    assert rows.asked == 1, "what there was before"
    for second in (1, 2, 3):
        rows.due = [at(second)]
        dues.take(signalled(at(second)), START)
        assert await turned(dues, rows, at(second)) == [at(second)]
    assert rows.asked == 1


async def test_a_look_that_fails_is_due_still() -> None:
    dues, rows = Dues(START), Rows(START, at(60))
    rows.broken = True
    with pytest.raises(TryLater):
        await turned(dues, rows, START)
    rows.broken = False
    assert dues.next == START
    await turned(dues, rows, at(1))
    assert dues.next == at(60)


async def test_on_a_shared_database_a_loop_looks_by_itself_too() -> None:
    dues, rows = Dues(START), Rows()
    rows.shared = True
    await turned(dues, rows, START)
    assert dues.next == START + LOOK_AGAIN
