"""Connecting to Telegram: who we are, and how to leave."""

from __future__ import annotations

from typing import Any

from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application

from bot.ports.errors import Misconfigured, TryLater
from handlers.telegram.errors import UNREADABLE, unread

AnyApplication = Application[Any, Any, Any, Any, Any, Any]
"""An Application, whatever its conversation; its `bot_data` has `answers` and `connections`."""

TELEGRAM_API_URL = "https://api.telegram.org"


async def farewell(application: AnyApplication) -> None:
    """Close everything, even what an introduction that was cut short has left open."""
    await application.shutdown()
    for connection in application.bot_data.connections:
        await connection.shutdown()


async def introduce(application: AnyApplication) -> None:
    """Open the connections and learn the bot's own name (getMe); Misconfigured, TryLater."""
    failure: Exception | None = TryLater("interrupted")
    try:
        await application.initialize()
        failure = None
    except InvalidToken:
        failure = Misconfigured(
            "Telegram does not accept TELEGRAM_BOT_TOKEN (or TELEGRAM_API_URL is not a Bot API)"
        )
    except TelegramError as error:
        failure = TryLater(f"Telegram can't be reached: {error.message}")
    except UNREADABLE as error:
        failure = TryLater(str(unread(error, sending=False)))
    finally:
        if failure is not None:
            await application.bot.shutdown()
    # Raised out here, without its cause: PTB puts the token into InvalidToken's message.
    if failure is not None:
        raise failure
