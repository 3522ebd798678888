"""The commands menu, in each language, and for operators with theirs.

Guarantees: people see what they can use and nothing else; announcing it again changes nothing.
Source: Bot API, setMyCommands and BotCommandScope.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from telegram import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat
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
            await application.bot.set_my_commands(
                commands(speak(language)), BotCommandScopeAllPrivateChats(), language
            )
    except TelegramError as error:
        log.warning("commands not announced", error=type(error).__name__, reason=error.message)


async def announce_to(application: App, operator: PersonId) -> bool:
    """Register an operator's commands; False while they have not opened the bot (/ops works for
    them all the same, it only stands in no menu)."""
    try:
        for language in (None, *LANGUAGES):
            words = speak(language)
            ops = BotCommand("ops", words._("Operations: health, stuck deliveries, doors"))
            await application.bot.set_my_commands(
                [*commands(words), ops], BotCommandScopeChat(operator), language
            )
    except TelegramError as error:
        log.info("operator not met yet", operator=operator, reason=error.message)
        return False
    return True


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
        BotCommand("privacy", _("What is stored, export, forget me")),
        BotCommand("start", _("Menu")),
    ]
