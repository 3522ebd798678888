"""The commands menu, in each language, and for operators with theirs.

Guarantees: people see what they can use and nothing else; what Telegram has already is not
written again.
Source: Bot API, setMyCommands and BotCommandScope.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import TelegramError

from bot.domain.ids import PersonId
from handlers.conversation.transactional import App
from wording.language import LANGUAGES, Words, speak

log = structlog.get_logger(__name__)


async def announce(application: App) -> None:
    """Register everybody's commands; what Telegram doesn't take now is logged, and announced at the
    next start."""
    try:
        for language in (None, *LANGUAGES):
            scope = BotCommandScopeAllPrivateChats()
            await _register(application, commands(speak(language)), scope, language)
    except TelegramError as error:
        log.warning("commands not announced", error=type(error).__name__, reason=error.message)


async def announce_to(application: App, operator: PersonId) -> bool:
    """Register an operator's commands; False while they have not opened the bot (/ops works for
    them all the same, it only stands in no menu)."""
    try:
        for language in (None, *LANGUAGES):
            words = speak(language)
            ops = BotCommand("ops", words._("Operations: health, stuck deliveries, doors"))
            scope = BotCommandScopeChat(operator)
            await _register(application, [*commands(words), ops], scope, language)
    except TelegramError as error:
        log.info("operator not met yet", operator=operator, reason=error.message)
        return False
    return True


async def _register(
    application: App,
    listed: Sequence[BotCommand],
    scope: BotCommandScope,
    language: str | None,
) -> None:
    """Only where Telegram has another list."""
    bot = application.bot
    if tuple(await bot.get_my_commands(scope, language)) != tuple(listed):
        await bot.set_my_commands(listed, scope, language)


def commands(words: Words) -> Sequence[BotCommand]:
    """What everybody sees, the likeliest first."""
    _ = words._
    return [
        BotCommand("send", _("Send a parcel")),
        BotCommand("collect", _("Collect a parcel, or type a claim code")),
        BotCommand("parcels", _("What is under way, and history")),
        BotCommand("settings", _("Language, quiet hours, reminders")),
        BotCommand("cancel", _("Cancel what you are doing")),
        BotCommand("help", _("How it works")),
        BotCommand("practice", _("Practice: a whole parcel, nothing of it real")),
        BotCommand("privacy", _("What is stored, export, forget me")),
        BotCommand("start", _("Menu")),
    ]
