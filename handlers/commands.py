"""The commands menu, in each language, and for operators with theirs.

Guarantees: people see what they can use and nothing else; announcing it again changes nothing.
Source: Bot API, setMyCommands and BotCommandScope.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from telegram import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.terms import Terms
from handlers.durable import App
from handlers.words import LANGUAGES, Words, speak

log = structlog.get_logger(__name__)


async def announce(application: App, terms: Terms) -> None:
    """Register the commands; what Telegram doesn't take now is logged, and announced at the next
    start."""
    try:
        for language in (None, *LANGUAGES):
            words = speak(language)
            await application.bot.set_my_commands(
                commands(words), BotCommandScopeAllPrivateChats(), language
            )
            for operator in sorted(terms.operators):
                await _announce_to(application, operator, words, language)
    except TelegramError as error:
        log.warning("commands not announced", error=type(error).__name__, reason=error.message)


async def _announce_to(application: App, operator: int, words: Words, language: str | None) -> None:
    ops = BotCommand("ops", words._("Operations: health, stuck deliveries, doors"))
    try:
        await application.bot.set_my_commands(
            [*commands(words), ops], BotCommandScopeChat(operator), language
        )
    except (BadRequest, Forbidden) as error:
        # They have not opened the bot yet; /ops works for them all the same.
        log.info("operator not met yet", operator=operator, reason=error.message)


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
