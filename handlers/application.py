"""python-telegram-bot's Application, put together from our own parts.

Guarantees: updates come in by the receiver alone (there is no Updater and no queue); every update
is handled in its chat's turn and acknowledged only after its commit; the token stands in no error.
"""

from __future__ import annotations

import logging
from typing import cast

from telegram.error import InvalidToken, NetworkError
from telegram.ext import Application, ContextTypes

from bot.errors import Misconfigured, TryLater
from handlers.context import Context, Wiring
from handlers.dialogue import Dialogue
from handlers.durable import App
from handlers.groups import Groups
from handlers.transport import AiohttpRequest, UpdatesRequest

TELEGRAM_API_URL = "https://api.telegram.org"

_POLLERS = 2
"""Connections for getUpdates: the long poll, and the one that ends it."""


def build_application(token: str, api_url: str | None, wiring: Wiring, dialogue: Dialogue) -> App:
    """The application, not yet initialized; `api_url` is the base without `/bot<token>`."""
    base = (api_url or TELEGRAM_API_URL).rstrip("/")
    # At debug level the library logs each call's parameters: texts, codes and all.
    logging.getLogger("telegram").setLevel(logging.INFO)
    requests = (AiohttpRequest(), UpdatesRequest(connections=_POLLERS))
    wiring.connections.extend(requests)
    application = (
        Application.builder()
        .token(token)
        .base_url(f"{base}/bot")
        .base_file_url(f"{base}/file/bot")
        .request(requests[0])
        .get_updates_request(requests[1])
        .updater(None)
        .job_queue(None)
        .context_types(
            # A "type" is only ever called, without arguments, to make the bot_data.
            ContextTypes(context=Context, bot_data=cast("type[Wiring]", lambda: wiring))
        )
        .build()
    )
    application.add_handlers([dialogue, Groups()])
    return application


async def farewell(application: App) -> None:
    """Close everything, even what an introduction that was cut short has left open."""
    await application.shutdown()
    for connection in application.bot_data.connections:
        await connection.shutdown()


async def introduce(application: App) -> None:
    """Open the connections and learn the bot's own name (getMe); Misconfigured, TryLater."""
    failure: Exception | None = TryLater("interrupted")
    try:
        await application.initialize()
        failure = None
    except InvalidToken:
        failure = Misconfigured(
            "Telegram does not accept TELEGRAM_BOT_TOKEN (or TELEGRAM_API_URL is not a Bot API)"
        )
    except NetworkError as error:
        failure = TryLater(f"Telegram can't be reached: {error.message}")
    finally:
        if failure is not None:
            await application.bot.shutdown()
    # Raised out here, without its cause: PTB puts the token into InvalidToken's message.
    if failure is not None:
        raise failure
