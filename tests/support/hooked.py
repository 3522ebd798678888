"""The bot as `lockerbot run` puts it together, by webhooks, between both sandboxes.

Telegram delivers to the bot's own web server, Harbor pushes there and signs what it pushes. The
clock runs, and can be turned ahead. What people do is the same as in `chats`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx

from cli.assembly import Assembly
from cli.bootstrap import assembled
from cli.lifetime import Lifetime
from cli.run import answering, receive
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from crash.ear import listen
from crash.ledger import Ledger
from crash.queries import Queries
from crash.router import Router
from sandbox.clock import Clock
from sandbox.stage import create_stage
from tests.support.chats import OPERATOR, START, TOKEN, Chats, free_port
from tests.support.plain_http import plain_http

SIGNED_WITH = "a secret between Harbor and the bot"


@contextlib.asynccontextmanager
async def hooked(
    database_url: str, *, opener: str = "token", polling: bool = False
) -> AsyncIterator[Chats]:
    """Everything at work on the database, until the block ends; doors open by `opener`. With
    `polling` no webhook is set, and Harbor's pushes reach nobody."""
    clock = Clock(START)
    stage = create_stage(clock=clock, token=TOKEN, limits=False)
    async with serving_sandbox(stage) as url, plain_http(base_url=url, timeout=60) as http:
        settings = _settings(url, database_url, opener)
        if polling:
            settings.public_url = None
        at = settings.public_url
        async with assembled(settings, clock, pages_at=at) as bot, answering(settings, bot):
            if not polling:
                await _tell_harbor(http, settings)
            telegram = stage.state.stage.telegram.state.telegram
            async with _receiving(settings, bot):
                web = f"http://127.0.0.1:{settings.port}"
                world = _chats(bot, clock, http, telegram, web)
                world.pages_at = at or ""
                yield world


@contextlib.asynccontextmanager
async def paired(database_url: str) -> AsyncIterator[tuple[Chats, Chats, Ledger]]:
    """Two bots on one database, to whom a router hands updates and pushes in turn; and what is
    noted of their calls to Telegram."""
    clock, ledger = Clock(START), Ledger()
    stage = create_stage(clock=clock, token=TOKEN, limits=False)
    telegram = stage.state.stage.telegram.state.telegram
    listen(telegram, ledger, Queries(), set())
    async with (
        serving_sandbox(stage) as url,
        plain_http(base_url=url, timeout=60) as http,
        contextlib.AsyncExitStack() as stack,
    ):
        both = [_settings(url, database_url, "token") for _ in range(2)]
        router = Router([settings.port for settings in both])
        at = await stack.enter_async_context(serving_sandbox(router.app))
        worlds = []
        for settings in both:
            settings.public_url = at
            bot = await stack.enter_async_context(assembled(settings, clock))
            await stack.enter_async_context(answering(settings, bot))
            await stack.enter_async_context(_receiving(settings, bot))
            web = f"http://127.0.0.1:{settings.port}"
            worlds.append(_chats(bot, clock, http, telegram, web))
        await _tell_harbor(http, both[0])
        yield worlds[0], worlds[1], ledger


@contextlib.asynccontextmanager
async def _receiving(settings: Settings, bot: Assembly) -> AsyncIterator[None]:
    stop = asyncio.Event()
    lifetime = Lifetime()
    async with lifetime.told(settings, bot):
        task = asyncio.create_task(receive(settings, bot, stop))
        await bot.receiver.introduced.wait()
        try:
            yield
        finally:
            stop.set()
            await task
    lifetime.over()


async def _tell_harbor(http: httpx.AsyncClient, settings: Settings) -> None:
    where = {"url": f"{settings.public_url}/harbor", "secret": SIGNED_WITH}
    (await http.put("/harbor/sandbox/webhook", json=where)).raise_for_status()


def _settings(url: str, database_url: str, opener: str) -> Settings:
    settings = Settings.load(
        telegram_bot_token=TOKEN,
        telegram_api_url=f"{url}/telegram",
        database_url=database_url,
        port=free_port(),
        operator_chat_ids=[OPERATOR],
        LOCKERBOT_SECRET_KEY="a key for tests and nothing else",
        LOCKERBOT_OPENER=opener,
        harbor_api_url=f"{url}/harbor",
        harbor_accounts_url=f"{url}/harbor",
        harbor_client_id="sandbox",
        harbor_client_secret="sandbox",
        harbor_webhook_secret=SIGNED_WITH,
    )
    # People must write https; to its own machine, this Telegram delivers without.
    settings.public_url = f"http://127.0.0.1:{settings.port}"
    return settings


def _chats(
    bot: Assembly, clock: Clock, http: httpx.AsyncClient, telegram: object, web: str
) -> Chats:
    return Chats(
        database=bot.database,
        clock=clock,
        http=http,
        telegram=telegram,
        policy=bot.policy,
        application=bot.application,
        receiver=bot.receiver,
        lockers=bot.lockers,
        towers=bot.towers,
        worker=bot.worker,
        watcher=bot.watcher,
        timekeeper=bot.reminders,
        outbox=bot.outbox,
        waiting=bot.waiting,
        loops=dict(bot.loops),
        web=web,
    )
