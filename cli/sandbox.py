"""`lockerbot sandbox`: Harbor, Telegram, page and bot in one process, with nothing configured.

Guarantees: the bot speaks to both counterparties over real HTTP, as it would to the real ones; it
starts afresh, with an empty database, whenever somebody starts the sandbox again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp

from bot.domain.ids import TowerId
from bot.domain.openers import BY_LINK, BY_TOKEN, Opener
from cli.assembly import Assembly
from cli.bootstrap import assembled
from cli.complaints import BadSetting
from cli.condition import live, reading, ready
from cli.lifetime import described_run
from cli.openers import TowerSetting, asks_for_digits
from cli.pages import parcel_pages
from cli.run import receive
from cli.sandbox_server import Doorway, serving_sandbox
from cli.settings import Settings
from cli.stopping import stop_requested
from sandbox.clock import Clock
from sandbox.stage import Opener as Mark
from sandbox.stage import create_stage
from web.app import Metrics, create_app
from web.metrics import exposition
from web.pages import Where
from web.serving import is_loopback, serving

TOKEN = "42:sandbox"
OPERATOR = 1000
"""The id of the person whom the page offers as operator."""
WEBHOOK_SECRET = "sandbox-pushes"
"""Harbor signs its pushes by it, so that the digits they carry count."""
APP_NAME = "Door app"
APP_LINK = "https://app.example/open#t={tower_id}&l={locker_id}&p={payload}&a={payload_auth}"
"""The app that opens by token, as the page calls it; the page takes its links itself."""

TOWERS = (
    TowerSetting(TowerId("0100000000000101"), BY_LINK),
    TowerSetting(TowerId("0100000000000102"), BY_LINK, keypad=True),
    TowerSetting(TowerId("0100000000000103"), BY_TOKEN),
    TowerSetting(TowerId("0100000000000104")),
    TowerSetting(TowerId("0100000000000105")),
)
"""All towers of the sandbox's Harbor: one for each opener; at the last two, what anybody set."""


async def play(port: int | None = None) -> None:
    """Serve everything on `port`, or on PORT, until asked to end (or for DEMO_SECONDS)."""
    stop, clock, settings = stop_requested(), Clock(), _settings()
    asked = f"PORT: {settings.port}" if port is None else f"--port {port}"
    port = settings.port if port is None else port
    stage = create_stage(clock=clock, token=TOKEN, schema=False, openers=_marks(settings))
    doorway = Doorway(stage, settings.host)
    try:
        async with serving_sandbox(doorway, host=settings.host, port=port) as url:
            print(_welcome(url), flush=True)
            async with _bot_on(stage, url, clock, doorway):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), settings.demo_seconds)
    except OSError as error:
        raise BadSetting(f"{asked} can't be used ({error.strerror}); set another") from error


@contextlib.asynccontextmanager
async def _bot_on(
    stage: ASGIApp, url: str, clock: Clock, doorway: Doorway | None = None
) -> AsyncIterator[None]:
    """The bot, anew after each start-again; through `doorway` it serves its parcel pages."""
    bots = _Bots(url, clock, doorway)
    await bots.start()
    stage.state.on_reset.append(bots.restart)  # type: ignore[attr-defined]  # a Starlette app's
    try:
        yield
    finally:
        await bots.end()


class _Bots:
    """One bot at a time, each with a database of its own that goes with it."""

    def __init__(self, url: str, clock: Clock, doorway: Doorway | None) -> None:
        self._url, self._clock, self._doorway = url, clock, doorway
        # Cookies go by http on this machine alone: at another address there are no pages.
        here = doorway is not None and is_loopback(urlsplit(url).hostname or "")
        self._where = Where(url, framed_by="'self'") if here else None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._live(self._stop), name="bot")

    async def end(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task

    async def restart(self) -> None:
        await self.end()
        await self.start()

    async def _live(self, stop: asyncio.Event) -> None:
        with tempfile.TemporaryDirectory(prefix="lockerbot-") as folder:
            settings = _settings(self._url, Path(folder))
            pages_at = self._where.url if self._where is not None else None
            async with (
                assembled(settings, self._clock, pages_at=pages_at) as assembly,
                self._hearing_pushes(settings, assembly),
            ):
                with self._showing_pages(settings, assembly):
                    await receive(settings, assembly, stop)

    @contextlib.contextmanager
    def _showing_pages(self, settings: Settings, assembly: Assembly) -> Iterator[None]:
        """The parcel pages at the sandbox's own address, whose page may frame them. The bot polls
        all the same: no PUBLIC_URL is set."""
        if self._doorway is None or self._where is None:
            yield
            return
        key, locale = settings.page_key, settings.locale
        pages = parcel_pages(assembly, self._where, key=key, locale=locale)
        self._doorway.pages = create_app(pages=pages)
        try:
            yield
        finally:
            self._doorway.pages = None

    @contextlib.asynccontextmanager
    async def _hearing_pushes(self, settings: Settings, assembly: Assembly) -> AsyncIterator[None]:
        """The bot's web edge on a port of its own, and Harbor told where to push."""
        run = described_run(settings)
        app = create_app(
            live=lambda: live(assembly),
            health=lambda: ready(assembly),
            metrics=Metrics(lambda: exposition(lambda: reading(assembly, run)), open=True),
            harbor=assembly.push,
        )
        async with serving(app) as edge, httpx.AsyncClient() as http:
            where = {"url": f"{edge}/harbor", "secret": WEBHOOK_SECRET}
            told = await http.put(f"{self._url}/harbor/sandbox/webhook", json=where)
            told.raise_for_status()
            yield


def _settings(url: str = "http://sandbox", folder: Path = Path()) -> Settings:
    """What anybody has set, but for whatever makes it a sandbox. Raises BadSetting.

    Until the sandbox has an address, `url` and `folder` only hold their places.
    """
    return Settings.load(
        telegram_bot_token=TOKEN,
        telegram_api_url=f"{url}/telegram",
        database_url=f"sqlite:///{folder}/sandbox.db",
        public_url=None,
        operator_chat_ids=[OPERATOR],
        LOCKERBOT_SECRET_KEY=secrets.token_hex(32),
        LOCKERBOT_TOWERS=list(TOWERS),
        LOCKERBOT_APP_NAME=APP_NAME,
        LOCKERBOT_APP_LINK=APP_LINK,
        harbor_environment="sandbox",
        harbor_api_url=f"{url}/harbor",
        harbor_accounts_url=f"{url}/harbor",
        harbor_client_id="sandbox",
        harbor_client_secret="sandbox",  # noqa: S106 - everybody may know it
        harbor_webhook_secret=WEBHOOK_SECRET,
    )


def _marks(settings: Settings) -> dict[str, Mark]:
    """How each tower is opened, as the page marks it."""
    marks: dict[Opener, Mark] = {Opener.LINK: "link", Opener.TOKEN: "token"}
    openers = {tower.id: settings.policy.openers_at(tower.id) for tower in TOWERS}
    return {
        tower: "keypad" if asks_for_digits(each) else marks[each.drop_off]
        for tower, each in openers.items()
    }


def _welcome(url: str) -> str:
    return (
        f"\n  Two phones, a tower and a browser:  {url}/\n"
        "  Everything runs on this machine; nothing leaves it. Ctrl-C ends it.\n"
    )


async def serve_harbor(port: int) -> None:
    """A Harbor alone, until asked to end."""
    from sandbox.harbor.app import create_app as create_harbor

    await _serve(create_harbor(), port, _HARBOR_SETTINGS)


async def serve_telegram(port: int) -> None:
    """A Telegram alone, until asked to end."""
    from sandbox.telegram.app import create_app as create_telegram

    await _serve(create_telegram(), port, _TELEGRAM_SETTINGS)


_HARBOR_SETTINGS = {
    "HARBOR_API_URL": "{url}",
    "HARBOR_ACCOUNTS_URL": "{url}",
    "HARBOR_CLIENT_ID": "sandbox",
    "HARBOR_CLIENT_SECRET": "sandbox",
}
_TELEGRAM_SETTINGS = {"TELEGRAM_API_URL": "{url}", "TELEGRAM_BOT_TOKEN": TOKEN}
"""What a bot is to be told to use the one or the other."""


def _needed(settings: dict[str, str], url: str) -> str:
    lines = (f"  {name}={value.format(url=url)}" for name, value in settings.items())
    return "\n".join((f"{url}  For a bot that is to use it:", *lines))


async def _serve(app: ASGIApp, port: int, settings: dict[str, str]) -> None:
    stop = stop_requested()
    try:
        async with serving_sandbox(app, host=_settings().host, port=port) as url:
            print(_needed(settings, url), flush=True)
            await stop.wait()
    except OSError as error:
        raise BadSetting(f"--port {port} can't be used ({error.strerror}); take another") from error
