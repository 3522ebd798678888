"""What is said of the bot's health over HTTP: what calls for a restart, what for patience, and what
for neither."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.ports.database import Database
from bot.workers.loop import LATE, LONGEST_TURN, Loop
from bot.workers.signals import Signal
from handlers.telegram.receiver import ANSWERED_WITHIN
from sandbox.clock import Clock
from tests.support.chat_edge import START, chat_edge, until
from tests.support.chats import Chats
from tests.support.hooked import hooked


@pytest.fixture
async def polling(sqlite_url: str) -> AsyncIterator[Chats]:
    async with hooked(sqlite_url, polling=True) as world:
        await until(lambda: world.receiver.answered_at)
        yield world


async def asked(world: Chats, path: str) -> tuple[int, list[str]]:
    answer = await world.http.get(world.web + path)
    said = answer.json()
    assert said["ok"] is (answer.status_code == 200)
    return answer.status_code, said["reasons"]


async def test_whoever_polls_and_gets_no_answer_is_of_no_use_and_needs_no_restart(
    polling: Chats,
) -> None:
    assert await asked(polling, "/readyz") == (200, [])
    with capture_logs():
        hangs = {"name": "slow", "call": "getUpdates", "seconds": 3600.0, "times": None}
        await polling.faults("telegram", hangs)
        ada = await polling.phone("Ada")  # who ends the long poll that is under way
        await polling.http.post(f"/telegram/sandbox/people/{ada.id}/open", json={})
        answered = polling.receiver
        for _ in range(20):
            polling.clock.turn(10)
            status, reasons = await asked(polling, "/readyz")
            assert answered.answered_at is not None
            silent = polling.clock.now() - answered.answered_at
            if status == 503:
                break
            assert silent <= ANSWERED_WITHIN + timedelta(seconds=1)
        assert silent > ANSWERED_WITHIN
        assert reasons[0].startswith("nobody is heard: Telegram has not answered for")
        assert (await asked(polling, "/healthz"))[0] == 503
        assert await asked(polling, "/livez") == (200, [])
        await polling.faults("telegram")
        polling.clock.turn(3600)
        await (await polling.phone("Ben")).open()
        assert await asked(polling, "/readyz") == (200, [])


async def test_whoever_was_never_answered_says_so(sqlite_database: Database) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        assert edge.receiver.deaf == "Telegram has not answered since the start"


async def test_by_webhook_nobody_taps_for_days_and_all_is_well(sqlite_url: str) -> None:
    async with hooked(sqlite_url) as world:
        assert await asked(world, "/readyz") == (200, [])
        world.clock.turn(3 * 24 * 3600)
        assert await asked(world, "/readyz") == (200, [])


async def test_a_bot_without_harbor_is_well(sqlite_url: str) -> None:
    async with hooked(sqlite_url) as world:
        with capture_logs():
            gone = {"name": "503", "call": "assigned_lockers", "times": None}
            await world.faults("harbor", gone)
            async with asyncio.timeout(20):
                while not world.watcher.away:
                    world.clock.turn(5)
                    await asyncio.sleep(0.01)
            for path in ("/livez", "/readyz", "/healthz"):
                assert await asked(world, path) == (200, [])


async def test_a_loop_that_died_calls_for_a_restart(polling: Chats) -> None:
    assert await asked(polling, "/livez") == (200, [])
    [retention] = [task for task in asyncio.all_tasks() if task.get_name() == "retention"]
    retention.cancel()
    await asyncio.wait([retention])
    assert await asked(polling, "/livez") == (503, ["the loop retention stands still"])


async def test_a_turn_without_end_and_a_moment_missed_are_a_loop_that_stands_still() -> None:
    clock, signal = Clock(START, stopped=True), Signal()
    hang, turned = asyncio.Event(), asyncio.Event()

    async def turn() -> datetime:
        turned.set()
        await hang.wait()
        return clock.now() + timedelta(hours=1)

    loop = Loop("test", clock, turn, signal)
    assert not loop.stands_still, "it has not begun"
    running = asyncio.create_task(loop.run())
    await turned.wait()
    clock.turn(LONGEST_TURN.total_seconds())
    assert not loop.stands_still
    clock.turn(1)
    assert loop.stands_still
    hang.set()
    await until(lambda: not loop.stands_still)
    clock.turn(3600 + LATE.total_seconds() + 1)
    assert loop.stands_still, "its moment has passed, and nobody has let it turn yet"
    await until(lambda: not loop.stands_still)
    loop.stop()
    await running
    clock.turn(10 * 3600)
    assert not loop.stands_still, "it has ended because it was told to"


async def test_a_loop_whose_turns_fail_does_not_stand_still_and_counts_them() -> None:
    clock, signal = Clock(START, stopped=True), Signal()

    async def turn() -> None:
        raise RuntimeError

    loop = Loop("test", clock, turn, signal)
    with capture_logs():
        running = asyncio.create_task(loop.run())
        await until(lambda: loop.failures == 1)
        for count in range(2, 5):
            clock.turn(1)
            await until(lambda count=count: loop.failures == count)
            assert not loop.stands_still
        loop.stop()
        clock.turn(1)
        await running
