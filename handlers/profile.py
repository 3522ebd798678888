"""How the bot presents itself: what it says of itself before anybody has written, in each language.

Guarantees: only what differs from what Telegram has is written; a failure is a warning in the log,
and tried again at the next start.
Source: Bot API, setMyDescription and setMyShortDescription.
"""

from __future__ import annotations

import structlog
from telegram.error import TelegramError

from bot.domain.business import Business
from handlers.conversation.transactional import App
from handlers.telegram.errors import UNREADABLE
from wording.business import description, short_description
from wording.language import LANGUAGES, speak

log = structlog.get_logger(__name__)


async def present(application: App, business: Business, locale: str = "en") -> None:
    """Have Telegram say who we are, in each language, and in `locale` to everybody else."""
    bot = application.bot
    try:
        for language in (None, *LANGUAGES):
            words = speak(language, locale)
            long, short = description(words, business), short_description(words, business)
            if (await bot.get_my_description(language)).description != long:
                await bot.set_my_description(long, language)
            if (await bot.get_my_short_description(language)).short_description != short:
                await bot.set_my_short_description(short, language)
    except (TelegramError, *UNREADABLE) as error:
        log.warning("profile not set", error=type(error).__name__)
