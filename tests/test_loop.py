"""Loops and what they leave under way: no poke is lost, and no failure goes unheard."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.workers.loop import Loop, Underway
from sandbox.clock import Clock

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def soon(true) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("never")


async def test_a_poke_during_a_turn_makes_another_turn() -> None:
    turns, loop = [], None

    async def turn() -> None:
        turns.append(1)
        if len(turns) == 1:
            assert loop is not None
            loop.poke()

    loop = Loop("test", Clock(START, stopped=True), turn)
    running = asyncio.create_task(loop.run())
    await soon(lambda: len(turns) == 2)
    loop.stop()
    await running
    assert len(turns) == 2


async def test_a_turn_that_fails_is_taken_again_a_second_later() -> None:
    clock, turns = Clock(START, stopped=True), []

    async def turn() -> None:
        turns.append(clock.now())
        if len(turns) == 1:
            raise RuntimeError

    loop = Loop("test", clock, turn)
    running = asyncio.create_task(loop.run())
    await soon(lambda: turns)
    clock.turn(1)
    await soon(lambda: len(turns) == 2)
    loop.stop()
    await running
    assert turns == [START, START + timedelta(seconds=1)]


async def test_stopping_lets_the_turn_under_way_finish() -> None:
    began, on, done = asyncio.Event(), asyncio.Event(), []

    async def turn() -> None:
        began.set()
        await on.wait()
        done.append(1)

    loop = Loop("test", Clock(START, stopped=True), turn)
    running = asyncio.create_task(loop.run())
    await began.wait()
    loop.stop()
    on.set()
    await running
    assert done == [1]


async def test_a_busy_key_and_a_full_house_start_nothing() -> None:
    on, finished = asyncio.Event(), []

    async def work() -> None:
        await on.wait()

    underway: Underway[int] = Underway(2, lambda: finished.append(1))
    assert [underway.start(key, work()) for key in (1, 1, 2, 3)] == [True, False, True, False]
    on.set()
    await underway.settle()
    assert (len(underway), len(finished)) == (0, 2)
    assert underway.start(1, work())
    await underway.settle()


async def test_what_a_task_died_of_is_raised_once_by_the_next_turn() -> None:
    async def work() -> None:
        raise RuntimeError("disk full")

    underway: Underway[int] = Underway(2, lambda: None)
    underway.start(1, work())
    await underway.settle()
    with pytest.raises(RuntimeError, match="disk full"):
        underway.raise_failure()
    underway.raise_failure()
