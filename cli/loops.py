"""The bot's loops at work, for as long as a block lasts.

Guarantees: leaving the block lets the turn of every loop and every call to Harbor or Telegram under
way finish, within seconds; what does not is owed still.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Collection, Coroutine
from typing import Any

import structlog

from cli.assembly import Assembly
from handlers.telegram.introduction import farewell

log = structlog.get_logger()

FAREWELL = 5.0
"""Seconds granted to what is under way when the bot is asked to end; SIGTERM has ten in all."""
_ANSWERS = 0.9 * FAREWELL
"""For answers to buttons: their updates may have been confirmed, so that nobody else gives them."""
_TO_BE_ANSWERED = 0.2
"""Seconds between the updates of before the start being taken and the first sweep."""
_SWEEPS = ("watcher", "audit", "figures", "retention")
"""Loops whose first turn goes through all there is."""


@contextlib.asynccontextmanager
async def turning(assembly: Assembly, *, sweeps_wait: float = 0.0) -> AsyncIterator[None]:
    """Its loops at work while the block lasts; nothing is said before we are introduced.

    `sweeps_wait`: how many seconds the loops that go through all there is wait at most for what
    people did before the start to be taken; nobody has to receive where it is 0.
    """
    await assembly.towers.load()
    await assembly.worker.recover()
    await assembly.outbox.recover()
    running = {name: loop.run() for name, loop in assembly.loops.items()}
    running["outbox"] = _behind(assembly.receiver.introduced.wait(), running["outbox"])
    if sweeps_wait:
        for name in _SWEEPS:
            running[name] = _behind(people_first(assembly, sweeps_wait), running[name])
    tasks = [asyncio.create_task(work, name=name) for name, work in running.items()]
    try:
        yield
    finally:
        for loop in assembly.loops.values():
            loop.stop()
        assembly.receiver.introduced.set()  # lets an outbox go that never came to speak
        assembly.receiver.begun.set()  # and loops that never came to look
        await assembly.outbox.give_back()
        await _settle(assembly, tasks)
        await farewell(assembly.application)


async def _behind(first: Awaitable[object], work: Coroutine[Any, Any, None]) -> None:
    await first
    await work


async def people_first(assembly: Assembly, seconds: float) -> None:
    """Return when what people did before the start has been taken, and they have had a moment to be
    answered; after so many seconds at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await assembly.receiver.begun.wait()
            await asyncio.sleep(_TO_BE_ANSWERED)


async def _settle(assembly: Assembly, tasks: Collection[asyncio.Task[None]]) -> None:
    """Let what is under way finish; what does not in time is owed still, and done after restart."""
    _, late = await asyncio.wait(
        [
            *tasks,
            asyncio.create_task(assembly.worker.settle()),
            asyncio.create_task(assembly.outbox.settle()),
            asyncio.create_task(assembly.watcher.settle()),
            asyncio.create_task(assembly.application.bot_data.answers.settle(_ANSWERS)),
        ],
        timeout=FAREWELL,
    )
    for task in late:
        log.warning("left_for_the_next_start", task=task.get_name())
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
