"""At the start people come first, and then the first look at all there is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cli.assembly import Assembly
from cli.bootstrap import assembled
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from cli.system_clock import SystemClock
from sandbox.clock import Clock
from sandbox.stage import create_stage
from tests.support.chat_edge import until
from tests.support.commands import settings

LONG = 3600.0


@pytest.fixture
async def given(sqlite_url: str) -> AsyncIterator[Settings]:
    stage = create_stage(clock=Clock(), limits=False)
    async with serving_sandbox(stage) as url:
        yield Settings.load(**settings(url), DATABASE_URL=sqlite_url)


def looks(bot: Assembly) -> int:
    """How often Harbor has been asked for what is ours."""
    ended = bot.lockers.calls.ended
    return sum(number for (call, _), number in ended.items() if call == "assigned_lockers")


async def test_no_look_is_taken_before_the_first_updates_have_been(given: Settings) -> None:
    async with assembled(given, SystemClock(), sweeps_wait=LONG) as bot:
        await bot.lockers.towers()  # a look begun at the start would be over by now
        assert not looks(bot)
        bot.receiver.begun.set()
        await until(lambda: looks(bot))


async def test_a_telegram_that_says_nothing_at_all_keeps_no_look_waiting(given: Settings) -> None:
    async with assembled(given, SystemClock(), sweeps_wait=0.01) as bot:
        await until(lambda: looks(bot))
        assert not bot.receiver.begun.is_set()


async def test_where_nobody_receives_no_look_waits(given: Settings) -> None:
    async with assembled(given, SystemClock()) as bot:
        await until(lambda: looks(bot))
