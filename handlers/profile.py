"""How the bot presents itself before anybody has written: its words in each language, its picture.

Guarantees: only what differs from what Telegram has is written; a picture that is there stays,
whoever has set it, unless somebody asks for another; a failure at start is a warning in the log,
and tried again at the next.
Source: Bot API, setMyDescription, setMyShortDescription, setMyProfilePhoto. The picture of the
empty chat can be set by no call: @BotFather alone takes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from telegram import InputProfilePhotoStatic
from telegram.error import BadRequest, TelegramError

from bot.domain.business import Business
from bot.ports.errors import Refused
from handlers.conversation.transactional import App
from handlers.telegram.errors import UNREADABLE
from handlers.telegram.probing import reached
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


async def portray(application: App, drawn: Callable[[], bytes]) -> None:
    """Have Telegram show what `drawn` makes (a JPEG; it may take a moment) where the bot has no
    picture."""
    bot = application.bot
    try:
        if (await bot.get_user_profile_photos(bot.id, limit=1)).total_count:
            return
        picture = await asyncio.to_thread(drawn)
        await bot.set_my_profile_photo(InputProfilePhotoStatic(picture))
    except (TelegramError, *UNREADABLE, OSError, ValueError) as error:
        log.warning("picture not set", error=type(error).__name__)


async def replace_picture(token: str, api_url: str | None, picture: bytes) -> None:
    """Have Telegram show `picture` (a JPEG) from now on. Raises Misconfigured, TryLater; Refused
    where Telegram does not take it."""
    async with reached(token, api_url) as bot:
        try:
            await bot.set_my_profile_photo(InputProfilePhotoStatic(picture))
        except BadRequest as error:
            raise Refused(f"Telegram does not take the picture: {error.message}") from error
