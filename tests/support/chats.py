"""The whole bot between a Harbor and a Telegram on this machine, and people with phones.

`chats(database)` runs everything over real HTTP on one clock that only hands turn. A `Phone` does
what a person does; each act returns when the bot has nothing left to do about it, so what follows
may be looked at at once. `sees` waits by long polling, for whatever comes by itself.

    async with chats(sqlite_database) as world:
        anna = await world.phone("Anna")
        await anna.open()
        await anna.press("Send a parcel")
        await anna.sees("Which tower?")
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.ports.database import Database, Transaction
from bot.workers.harbor_requests import HarborRequests
from bot.workers.loop import Loop
from bot.workers.outbox import Outbox
from bot.workers.reminders import Reminders
from bot.workers.signals import Signals
from bot.workers.towers import Towers
from bot.workers.waiting import WaitingList
from bot.workers.watcher import Watcher
from cli.assembly import Assembly
from cli.bootstrap import Plan, assemble
from cli.loops import turning
from cli.pages import parcel_pages
from cli.sandbox_server import serving_sandbox
from cli.settings import page_links
from handlers.conversation.dialogue import state_of
from handlers.conversation.transactional import App
from handlers.telegram.rate_limit import RateLimit
from handlers.telegram.receiver import Receiver
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from sandbox.clock import Clock
from sandbox.stage import create_stage
from tests.support.databases import listen
from tests.support.harbor_stand_in import access
from tests.support.phones import PATIENCE, AtTower, Phone, buttons, said
from tests.support.plain_http import plain_http
from web.app import create_app
from web.pages import Where
from web.serving import serving

__all__ = ["MARKET", "OPERATOR", "START", "AtTower", "Chats", "Phone", "buttons", "chats", "said"]

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)  # Monday, 11:00 in Austin
TOKEN = "42:sandbox"
MARKET = "Congress Avenue Market"
OPERATOR = PersonId(9000)


@dataclass
class Chats:
    """See the module."""

    database: Database
    clock: Clock
    http: httpx.AsyncClient
    telegram: Any
    policy: Policy
    application: App
    receiver: Receiver
    lockers: HarborLockers
    towers: Towers
    worker: HarborRequests
    watcher: Watcher
    timekeeper: Reminders
    outbox: Outbox
    waiting: WaitingList
    loops: dict[str, Loop] = field(default_factory=dict)
    pages_at: str = ""
    web: str = ""
    """Where the bot's own web server is, where it has one."""

    @property
    def tower(self) -> AtTower:
        """The tower that most tests are about."""
        return AtTower(self)

    async def phone(self, name: str, **more: Any) -> Phone:
        """A new person, who has not opened the bot yet."""
        answer = await self.http.post("/telegram/sandbox/people", json={"first_name": name, **more})
        assert answer.is_success, answer.text
        return Phone(self, PersonId(answer.json()["id"]), name)

    async def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.turn(seconds)
        await self.timekeeper.turn()
        await self.quiet()

    async def look(self) -> None:
        """Let the watcher look at Harbor now."""
        await self.watcher.look()
        await self.quiet()

    async def faults(self, side: str, *faults: dict[str, Any]) -> None:
        """Put faults in force at "harbor" or "telegram"."""
        answer = await self.http.put(f"/{side}/sandbox/faults", json=list(faults))
        assert answer.is_success, answer.text

    async def quiet(self) -> None:
        """Until the bot has nothing left to do that is due."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.telegram.updates.pending:  # noqa: ASYNC110  # it has no event
                    await asyncio.sleep(0.002)
                await self.application.bot_data.answers.settle(5)
                await self.worker.settle()
                await self.outbox.settle()
                owed = await self.database.look(self._owed)
                # What is somebody's turn is not due, and not yet done.
                if not (owed or self.worker.busy or self.outbox.busy):
                    return
                await asyncio.sleep(0.002)

    async def _owed(self, tx: Transaction) -> bool:
        now = self.clock.now()
        due = await tx.next_request_due(), await tx.next_card_due()
        return any(moment is not None and moment <= now for moment in due)

    async def draft(self, phone: Phone) -> Draft:
        return await self.database.look(lambda tx: tx.draft(phone.id))

    async def state(self, phone: Phone) -> str:
        """Where the phone's conversation stands: "send/size"."""
        return state_of(await self.draft(phone))

    async def person(self, phone: Phone) -> Person | None:
        return await self.database.look(lambda tx: tx.person(phone.id))

    async def deliveries(self, phone: Phone) -> list[Delivery]:
        """Theirs, live ones first, the latest change first."""

        async def look(tx: Transaction) -> list[Delivery]:
            live = await tx.deliveries_of(phone.id, live=True)
            return [*live, *await tx.deliveries_of(phone.id, live=False)]

        return await self.database.look(look)


@contextlib.asynccontextmanager
async def chats(
    database: Database,
    *,
    policy: Policy | None = None,
    locale: str = "en",
    twin: bool = False,
    pages: bool = False,
) -> AsyncIterator[Chats]:
    """Everything at work on `database`; OPERATOR is the one operator unless `policy` says so.

    With `twin` a second tower stands at the market; with `pages` there are parcel pages.
    """
    clock = Clock(START, stopped=True)
    stage = create_stage(clock=clock, token=TOKEN, limits=False, twin=twin)
    policy = policy or Policy(operators=frozenset({OPERATOR}))
    async with (
        serving_sandbox(stage) as url,
        plain_http(base_url=url, timeout=60) as http,
        Harbor(access(f"{url}/harbor"), clock=clock.now) as harbor,
    ):
        telegram = stage.state.stage.telegram.state.telegram
        port = free_port()
        at = f"http://127.0.0.1:{port}" if pages else ""
        plan = Plan(TOKEN, f"{url}/telegram", policy, locale, page=page_links(at))
        pace = RateLimit(clock, overall=None, a_chat=None)
        signals = Signals()
        listen(database, signals)
        assembly = assemble(plan, database, HarborLockers(harbor), clock, pace, signals)
        async with _running(assembly), _pages(assembly, at, port):
            world = _assembled(database, clock, http, telegram, assembly)
            world.pages_at = at
            yield world


@contextlib.asynccontextmanager
async def _pages(assembly: Assembly, at: str, port: int) -> AsyncIterator[None]:
    if not at:
        yield
        return
    pages = parcel_pages(assembly, Where(at), key=b"a key for tests", locale="en")
    async with serving(create_app(pages=pages), port=port):
        yield


def free_port() -> int:
    """A port that nobody listens at, and that the system gives to nobody who takes any."""
    while True:
        port = random.randrange(20_000, 32_000)  # below those
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _assembled(
    database: Database,
    clock: Clock,
    http: httpx.AsyncClient,
    telegram: Any,
    assembly: Assembly,
) -> Chats:
    return Chats(
        database=database,
        clock=clock,
        http=http,
        telegram=telegram,
        policy=assembly.policy,
        application=assembly.application,
        receiver=assembly.receiver,
        lockers=assembly.lockers,
        towers=assembly.towers,
        worker=assembly.worker,
        watcher=assembly.watcher,
        timekeeper=assembly.reminders,
        outbox=assembly.outbox,
        waiting=assembly.waiting,
        loops=dict(assembly.loops),
    )


@contextlib.asynccontextmanager
async def _running(assembly: Assembly) -> AsyncIterator[None]:
    async with turning(assembly):
        polling = asyncio.create_task(assembly.receiver.poll())
        try:
            yield
        finally:
            assembly.receiver.stop()
            await polling
