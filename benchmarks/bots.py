"""The bots that are compared.

Guarantees: every one runs on uvloop, and polls or has a webhook; ours is the one that `lockerbot
run` assembles, with an SQLite file that is flushed at every commit, but without our own pacing; the
echo bots are what their libraries' first examples show, and remember nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.telegram import BUTTONS

if TYPE_CHECKING:
    from benchmarks.loopback import Handler
    from cli.assembly import Assembly
    from cli.settings import Settings

# Each imports its library itself, so that nobody carries another's.


async def lockerbot(url: str, token: str, directory: Path) -> None:
    """Ours: one tap is a transaction, an answer to the callback query, and an edit."""
    from benchmarks.harbor import StandIn

    async with ours(url, token, directory, StandIn()) as (_, assembly):
        await assembly.receiver.poll()


async def lockerbot_hooked(url: str, token: str, directory: Path) -> None:
    """The same by webhook, behind the server and the app that `lockerbot run` has."""
    from benchmarks.harbor import StandIn
    from web.app import create_app
    from web.deliveries import TelegramHook
    from web.serving import serving

    async with ours(url, token, directory, StandIn()) as (settings, assembly):
        path, secret = settings.webhook_path, settings.webhook_secret
        async with serving(create_app(telegram=TelegramHook(path, secret, assembly.take))) as at:
            await assembly.receiver.listen(at + path, secret)
            await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def ours(
    url: str, token: str, directory: Path, harbor: Handler, **settings_of_its_own: Any
) -> AsyncIterator[tuple[Settings, Assembly]]:
    """Our bot put together, with its loops turning, over a database in `directory`."""
    from benchmarks.loopback import serving
    from benchmarks.settings import settings_for
    from cli.bootstrap import assembled
    from cli.logs import set_up_logging
    from cli.memory import few_arenas, spare_the_collector
    from cli.system_clock import SystemClock
    from handlers.telegram.rate_limit import RateLimit

    set_up_logging("warning", None)
    few_arenas()
    clock = SystemClock()
    async with serving(harbor) as stand_in:
        database = f"sqlite:///{directory}/taps.db"
        settings = settings_for(token, url, database, stand_in, **settings_of_its_own)
        pace = RateLimit(clock, overall=None, a_chat=None)
        async with assembled(settings, clock, pace=pace) as assembly:
            spare_the_collector()
            yield settings, assembly


async def aiogram_echo(url: str, token: str, directory: Path) -> None:
    """aiogram: a message is sent back; a button is answered, and its message edited."""
    bot, dispatcher = _aiogram(url, token)
    await dispatcher.start_polling(bot, handle_signals=False)


async def aiogram_hooked(url: str, token: str, directory: Path) -> None:
    """The same by webhook, as in its library's example: Telegram gets its 200 at once."""
    from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
    from aiohttp import web

    bot, dispatcher = _aiogram(url, token)
    app, path, secret = web.Application(), "/webhook", "a-secret"
    SimpleRequestHandler(dispatcher, bot, secret_token=secret).register(app, path=path)
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    await bot.set_webhook(f"http://127.0.0.1:{port}{path}", secret_token=secret)
    await asyncio.Event().wait()


def _aiogram(url: str, token: str) -> tuple[Any, Any]:
    """Its bot, and the dispatcher with what that bot says."""
    from aiogram import Bot, Dispatcher
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

    def keyboard(data: str) -> InlineKeyboardMarkup:
        button = InlineKeyboardButton(text=data, callback_data=data)
        return InlineKeyboardMarkup(inline_keyboard=[[button]])

    async def said(message: Message) -> None:
        taps = message.text == "/start" and "tap" in token
        await message.answer(
            message.text or "", reply_markup=keyboard(BUTTONS[0]) if taps else None
        )

    async def tapped(query: CallbackQuery) -> None:
        await query.answer()
        assert isinstance(query.message, Message)
        await query.message.edit_text(f"{query.data}", reply_markup=keyboard(other(query.data)))

    dispatcher = Dispatcher()
    dispatcher.message.register(said)
    dispatcher.callback_query.register(tapped)
    return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url))), dispatcher


async def ptb_echo(url: str, token: str, directory: Path) -> None:
    """The same on python-telegram-bot as it comes, 256 updates at once."""
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
    from telegram.ext import Application, CallbackQueryHandler, MessageHandler, filters

    def keyboard(data: str) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup([[InlineKeyboardButton(data, callback_data=data)]])

    async def said(update: Update, context: Any) -> None:
        message = update.effective_message
        assert message is not None
        taps = message.text == "/start" and "tap" in token
        await message.reply_text(
            message.text or "", reply_markup=keyboard(BUTTONS[0]) if taps else None
        )

    async def tapped(update: Update, context: Any) -> None:
        query = update.callback_query
        assert query is not None
        await query.answer()
        await query.edit_message_text(f"{query.data}", reply_markup=keyboard(other(query.data)))

    builder = Application.builder().token(token).base_url(f"{url}/bot").concurrent_updates(256)
    application = builder.build()
    application.add_handler(MessageHandler(filters.ALL, said))
    application.add_handler(CallbackQueryHandler(tapped))
    async with application:
        assert application.updater is not None
        await application.updater.start_polling()
        await application.start()
        await asyncio.Event().wait()


def other(data: str | None) -> str:
    """The button that leads back from where `data` led."""
    return BUTTONS[data == BUTTONS[0]]


Bot = Callable[[str, str, Path], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A bot at work. What stands in its token (`tap` or not) says which of its two talks it has;
    `far`: it takes turns where calls take long, too."""

    name: str
    token: str
    bot: Bot
    far: bool = True


CONTESTANTS = (
    Contestant("lockerbot: commit, answer, edit", "1:tap", lockerbot),
    Contestant("aiogram echo: answer, edit", "2:tap", aiogram_echo),
    Contestant("aiogram echo: one reply", "3:reply", aiogram_echo),
    Contestant("python-telegram-bot echo: answer, edit", "4:tap", ptb_echo, far=False),
)

HOOKED = (
    Contestant("lockerbot: commit, answer, edit", "1:tap", lockerbot_hooked),
    Contestant("aiogram echo: answer, edit", "2:tap", aiogram_hooked),
    Contestant("aiogram echo: one reply", "3:reply", aiogram_hooked),
)
"""By webhook."""
