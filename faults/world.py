"""The whole bot between both sandboxes, in one process, on a clock that is turned when needed.

Guarantees: everything but the clock is real: HTTP, SQLite, the loops. Time passes only while
somebody waits for something (`until`), a second at a time, so that a pause of the bot or a slow
answer costs some milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from bot.domain.openers import Opener, Openers
from bot.domain.policy import Policy
from bot.ports.database import Database
from bot.workers.signals import Signals
from cli.assembly import Assembly
from cli.bootstrap import Plan, assemble
from cli.loops import turning
from cli.sandbox_server import serving_sandbox
from handlers.telegram.rate_limit import RateLimit
from harbor.access import Access
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from sandbox.clock import Clock
from sandbox.stage import create_stage
from storage import open_database

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
TOKEN = "42:sandbox"
_HOURS = timedelta(hours=2)
_NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
_GLANCE = 0.004
"""Seconds between two looks at what is waited for."""
_REAL = 4
"""Looks before time begins to pass: most things take milliseconds."""


@dataclass
class World:
    """See the module."""

    clock: Clock
    http: httpx.AsyncClient
    harbor: Any
    telegram: Any
    database: Database
    lockers: HarborLockers
    assembly: Assembly
    polling: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Let the bot introduce itself and hear of what people do."""
        self.polling = asyncio.create_task(self.assembly.receiver.poll())

    async def until(self, true: Callable[[], Awaitable[bool]], seconds: int) -> bool:
        """Whether it came true before `seconds` of the clock had passed."""
        for _ in range(_REAL):
            if await true():
                return True
            await asyncio.sleep(_GLANCE)
        for _ in range(seconds):
            self.clock.turn(1)
            for _ in range(_REAL):
                await asyncio.sleep(_GLANCE)
                if await true():
                    return True
        return False

    async def pass_by(self, seconds: int) -> None:
        """Let so much time pass."""
        await self.until(_never, seconds)

    async def at_rest(self) -> bool:
        """Whether everything has been taken, answered, done and said."""
        busy = self.assembly.worker.busy or self.assembly.outbox.busy
        if busy or self.telegram.updates.pending:
            return False
        counts = await self.database.look(lambda tx: tx.counts())
        return not (counts.cards_owed or counts.requests_owed)

    async def post(self, path: str, **body: Any) -> Any:
        """What a control side answers. Raises httpx.HTTPStatusError."""
        answer = await self.http.post(path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None


async def _never() -> bool:
    return False


@contextlib.asynccontextmanager
async def a_world(folder: Path, opener: Opener) -> AsyncIterator[World]:
    """The bot at work, its database in `folder`, doors opened by `opener`."""
    clock = Clock(START, stopped=True)
    stage = create_stage(clock=clock, token=TOKEN, limits=False, schema=False)
    policy = Policy(reservation=_HOURS, link_hold=_HOURS, openers=Openers(opener, opener))
    sides, signals = stage.state.stage, Signals()
    async with (
        serving_sandbox(stage) as url,
        # A connection that is kept may be closed by the other side just when it is used again.
        httpx.AsyncClient(base_url=url, timeout=60, limits=_NONE_KEPT) as http,
        open_database(
            f"sqlite:///{folder / 'lockerbot.db'}", keys=["faults"], signals=signals
        ) as database,
        Harbor(
            Access(f"{url}/harbor", f"{url}/harbor", "sandbox", SecretStr("sandbox")),
            clock=clock.now,
        ) as harbor,
    ):
        lockers = HarborLockers(harbor)
        plan = Plan(TOKEN, f"{url}/telegram", policy)
        pace = RateLimit(clock, overall=None, a_chat=None)
        assembly = assemble(plan, database, lockers, clock, pace, signals)
        async with turning(assembly):
            harbor_side = sides.harbor.state.harbor
            telegram = sides.telegram.state.telegram
            world = World(clock, http, harbor_side, telegram, database, lockers, assembly)
            try:
                yield world
            finally:
                harbor_side.faults.clear()
                telegram.faults.clear()
                assembly.receiver.stop()
                clock.turn(60)
                if world.polling is not None:
                    await world.polling
