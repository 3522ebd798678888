"""The core's Messenger, spoken through python-telegram-bot.

Guarantees: what `bot.ports.messenger.Messenger` asks for. Messages are HTML without link previews;
a protected one can't be forwarded or saved; one taken away takes its reply keyboard along; whatever
Telegram answers comes out in the terms of `bot.ports.errors`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple
from typing import Any

from telegram import Bot, InputFile, InputMediaPhoto, LinkPreviewOptions, ReplyKeyboardRemove
from telegram.constants import MessageLimit, ParseMode
from telegram.error import RetryAfter, TelegramError

from bot.domain.card import Lane
from bot.domain.ids import MessageId, PersonId
from bot.domain.message import Message
from bot.ports.errors import MessageGone
from handlers.telegram import markup
from handlers.telegram.callback_data import encode
from handlers.telegram.errors import UNREADABLE, is_unchanged, pause, translated, unread
from handlers.telegram.rate_limit import RateLimit
from handlers.telegram.transport import ON_ITS_WAY

LONGEST_CAPTION = int(MessageLimit.CAPTION_LENGTH)
"""How many UTF-16 units fit below a picture."""

_HTML = ParseMode.HTML
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_BLANK = "…"
_KEYBOARD_GOES = "✓"


def digest(message: Message) -> str:
    """A short fingerprint of all that a person would see, and of what each button would send.

    Buttons count as they are encoded: what was stored with cards by earlier versions still holds.
    """
    rows = [
        [(b.text, b.press and encode(b.press), b.url, b.copy) for b in row]
        for row in message.buttons
    ]
    seen = repr((message.html, rows, message.keys, message.qr, message.protected))
    if message.sheet is not None:
        seen += repr(astuple(message.sheet))
    if message.plan is not None:
        seen += repr(astuple(message.plan))
    if message.plot is not None:
        seen += repr(message.plot)
    if message.photo is not None:
        seen += f"photo {message.photo}"
    if message.venue is not None:
        seen += repr(astuple(message.venue))
    if message.file is not None:
        seen += f"{message.file.name}{hashlib.sha256(message.file.content).hexdigest()}"
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


class TelegramMessenger:
    """See `bot.ports.messenger.Messenger`."""

    def __init__(self, bot: Bot, pace: RateLimit) -> None:
        self._bot, self._pace = bot, pace
        self._keyboards: dict[PersonId, MessageId] = {}

    async def send(
        self, chat: PersonId, message: Message, *, silent: bool, lane: Lane = Lane.NEWS
    ) -> MessageId:
        """sendPhoto for what is drawn or Telegram has already, sendDocument for a file, sendVenue
        for a place on a map, sendMessage for another message."""
        picture = await _picture(message)
        inline, keys = markup.inline(message), markup.reply(message) if message.keys else None
        async with self._call(chat, lane, sending=True):
            if picture:
                sent = await self._bot.send_photo(
                    chat,
                    picture,
                    caption=message.html,
                    parse_mode=_HTML,
                    api_kwargs=inline,
                    protect_content=message.protected,
                    disable_notification=silent,
                )
            elif venue := message.venue:
                sent = await self._bot.send_venue(
                    chat,
                    venue.latitude,
                    venue.longitude,
                    venue.title,
                    venue.address,
                    api_kwargs=inline,
                    protect_content=message.protected,
                    disable_notification=silent,
                )
            elif message.file:
                sent = await self._bot.send_document(
                    chat,
                    InputFile(message.file.content, message.file.name),
                    caption=message.html,
                    parse_mode=_HTML,
                    api_kwargs=markup.inline(message),
                    protect_content=message.protected,
                    disable_notification=silent,
                )
            else:
                sent = await self._bot.send_message(
                    chat,
                    message.html,
                    parse_mode=_HTML,
                    reply_markup=keys,
                    api_kwargs=inline,
                    protect_content=message.protected,
                    disable_notification=silent,
                    link_preview_options=_NO_PREVIEW,
                )
            new = _id_of(sent)
        if message.keys:
            self._keyboards[chat] = new
        return new

    async def edit(
        self, chat: PersonId, sent: MessageId, message: Message, *, lane: Lane = Lane.NEWS
    ) -> None:
        """editMessageMedia or editMessageText; a message with a reply keyboard can't be edited,
        and a file or a place is sent anew."""
        if message.keys or message.file or message.venue:
            raise MessageGone("a message with a reply keyboard, a file or a place is not edited")
        picture = await _picture(message)
        inline = markup.inline(message)
        async with self._call(chat, lane):
            if picture:
                await self._bot.edit_message_media(
                    InputMediaPhoto(picture, caption=message.html, parse_mode=_HTML),
                    chat,
                    sent,
                    api_kwargs=inline,
                )
            else:
                await self._bot.edit_message_text(
                    message.html,
                    chat,
                    sent,
                    parse_mode=_HTML,
                    api_kwargs=inline,
                    link_preview_options=_NO_PREVIEW,
                )

    async def remove(
        self, chat: PersonId, sent: MessageId, form: str, *, lane: Lane = Lane.TIDYING
    ) -> None:
        """deleteMessage; after 48 hours, when that is refused, nothing is left to read in it, but
        for a place on a map, which stays."""
        if form == "keyboard" and self._keyboards.get(chat, sent) == sent:
            await self._fold_keyboard(chat, lane)
        try:
            await self._delete(chat, sent, lane)
        except MessageGone as gone:
            if "not found" not in str(gone) and form not in ("keyboard", "venue"):
                await self._blank(chat, sent, form, lane)

    def digest(self, message: Message) -> str:
        """See `digest`."""
        return digest(message)

    async def _delete(self, chat: PersonId, sent: MessageId, lane: Lane) -> None:
        async with self._call(chat, lane):
            await self._bot.delete_message(chat, sent)

    async def _blank(self, chat: PersonId, sent: MessageId, form: str, lane: Lane) -> None:
        picture = form in ("photo", "file")
        drawn = await asyncio.to_thread(_empty) if picture else b""
        async with self._call(chat, lane):
            if picture:
                nothing = InputMediaPhoto(drawn, caption=_BLANK)
                await self._bot.edit_message_media(nothing, chat, sent)
            else:
                await self._bot.edit_message_text(_BLANK, chat, sent)

    async def _fold_keyboard(self, chat: PersonId, lane: Lane) -> None:
        """Not every client lets a keyboard go with its message, so it is told by another, which
        goes at once. A double of that does no harm, hence it isn't a `sending`."""
        async with self._call(chat, lane, message=True):
            told = await self._bot.send_message(
                chat,
                _KEYBOARD_GOES,
                reply_markup=ReplyKeyboardRemove(),
                disable_notification=True,
            )
            new = _id_of(told)
        self._keyboards.pop(chat, None)
        await self._delete(chat, new, lane)

    @asynccontextmanager
    async def _call(
        self, chat: PersonId, lane: Lane, *, sending: bool = False, message: bool = False
    ) -> AsyncIterator[None]:
        permit = await self._pace.turn(chat, message=sending or message, lane=lane)
        before = ON_ITS_WAY.set(permit.left)
        try:
            yield
        except TelegramError as error:
            if isinstance(error, RetryAfter):
                self._pace.hold(chat, pause(error))
            if not is_unchanged(error):
                raise translated(error, sending=sending) from error
        except UNREADABLE as error:
            raise unread(error, sending=sending) from error
        finally:
            ON_ITS_WAY.reset(before)
            permit.ended()


async def _picture(message: Message) -> bytes | str | None:
    """What is drawn of the message, off the event loop, or Telegram's name of what it has already;
    None of one that is text alone."""
    if message.photo:
        return message.photo
    if message.qr:
        return await asyncio.to_thread(_symbol, message.qr)
    if sheet := message.sheet:
        told = (sheet.title, sheet.words, sheet.facts, sheet.link, sheet.beside, sheet.below)
        return await asyncio.to_thread(_slip, *told)
    if plan := message.plan:
        return await asyncio.to_thread(_tower, plan.doors, plan.legend)
    if plot := message.plot:
        return await asyncio.to_thread(_figures, *astuple(plot))
    return None


# What draws is not loaded before somebody is to be shown a picture, and then beside the event loop.


def _symbol(text: str) -> bytes:
    from pictures import qr

    return qr.symbol(text)


def _empty() -> bytes:
    from pictures import qr

    return qr.blank()


def _slip(*told: Any) -> bytes:
    from pictures import slip

    return slip.drawn(*told)


def _tower(*told: Any) -> bytes:
    from pictures import tower

    return tower.drawn(*told)


def _figures(*told: Any) -> bytes:
    from pictures import figures

    return figures.drawn(*told)


def _id_of(sent: object) -> MessageId:
    """The id of what was sent. Raises TypeError where the answer holds none."""
    number = getattr(sent, "message_id", None)
    if not isinstance(number, int):
        raise TypeError("no message id")
    return MessageId(number)
