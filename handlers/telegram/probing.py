"""Asks Telegram who we are, without starting anything: for `lockerbot check`."""

from __future__ import annotations

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.ports.errors import Misconfigured, TryLater
from handlers.telegram.errors import UNREADABLE, unread
from handlers.telegram.introduction import TELEGRAM_API_URL
from handlers.telegram.transport import AiohttpRequest


async def username(token: str, api_url: str | None) -> str:
    """The bot's name, without @ (getMe). Raises Misconfigured, TryLater; no token in either."""
    base = (api_url or TELEGRAM_API_URL).rstrip("/")
    bot = Bot(token, base_url=f"{base}/bot", request=AiohttpRequest())
    try:
        async with bot:
            return bot.username
    except InvalidToken:
        failure: Exception = Misconfigured("Telegram does not accept TELEGRAM_BOT_TOKEN")
    except TelegramError as error:
        failure = TryLater(f"Telegram can't be reached: {error.message}")
    except UNREADABLE as error:
        failure = TryLater(str(unread(error, sending=False)))
    raise failure
