"""Asks Telegram who we are, whom we have met and where it delivers, and starts nothing: for
commands by hand, `lockerbot check` before all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.domain.ids import PersonId
from bot.ports.errors import Misconfigured, TryLater, Unreachable
from handlers.telegram.errors import UNREADABLE, translated, unread
from handlers.telegram.introduction import TELEGRAM_API_URL
from handlers.telegram.transport import AiohttpRequest


async def username(token: str, api_url: str | None) -> str:
    """The bot's name, without @ (getMe). Raises Misconfigured, TryLater; no token in either."""
    async with reached(token, api_url) as bot:
        return bot.username


async def has_met(token: str, api_url: str | None, person: PersonId) -> bool:
    """Whether the person has opened the bot (getChat). Raises Misconfigured, TryLater, Refused."""
    async with reached(token, api_url) as bot:
        try:
            await bot.get_chat(person)
        except TelegramError as error:
            meant = translated(error, sending=False)
            if isinstance(meant, Unreachable):
                return False
            raise meant from error
    return True


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram delivers updates ("": it waits to be polled), and how that goes.

    The address holds a secret path, and so is not shown.
    """

    url: str = field(repr=False)
    waiting: int
    failed_at: datetime | None = None
    why: str | None = None


async def webhook(token: str, api_url: str | None) -> Webhook:
    """What Telegram has been told (getWebhookInfo). Raises Misconfigured, TryLater."""
    async with reached(token, api_url) as bot:
        info = await bot.get_webhook_info()
        return Webhook(
            info.url, info.pending_update_count, info.last_error_date, info.last_error_message
        )


@asynccontextmanager
async def reached(token: str, api_url: str | None) -> AsyncIterator[Bot]:
    """The bot by its token, for a call or two. Raises Misconfigured, TryLater."""
    base = (api_url or TELEGRAM_API_URL).rstrip("/")
    bot = Bot(token, base_url=f"{base}/bot", request=AiohttpRequest())
    try:
        async with bot:
            yield bot
            return
    except InvalidToken:
        failure: Exception = Misconfigured("Telegram does not accept TELEGRAM_BOT_TOKEN")
    except TelegramError as error:
        failure = TryLater(f"Telegram can't be reached: {error.message}")
    except UNREADABLE as error:
        failure = TryLater(str(unread(error, sending=False)))
    raise failure
