"""The core's Messenger, spoken through python-telegram-bot.

Guarantees: what `bot.ports.Messenger` asks for. Messages are HTML without link previews; a
protected view can't be forwarded or saved; a message taken away takes its reply keyboard along;
whatever Telegram answers comes out in the terms of `bot.errors`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot, InputMediaPhoto, LinkPreviewOptions, ReplyKeyboardRemove
from telegram.constants import ParseMode
from telegram.error import RetryAfter, TelegramError

from bot.domain.card import Lane
from bot.domain.ids import MessageId, PersonId
from bot.domain.message import View
from bot.ports.errors import MessageGone
from handlers.telegram import markup
from handlers.telegram.errors import is_unchanged, pause, translated
from handlers.telegram.rate_limit import RateLimit
from pictures import qr

_HTML = ParseMode.HTML
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_BLANK = "…"
_KEYBOARD_GOES = "✓"


class TelegramMessenger:
    """See `bot.ports.Messenger`."""

    def __init__(self, bot: Bot, pace: RateLimit) -> None:
        self._bot, self._pace = bot, pace
        self._keyboards: dict[PersonId, MessageId] = {}

    async def send(
        self, chat: PersonId, view: View, *, silent: bool, lane: Lane = Lane.NEWS
    ) -> MessageId:
        """sendPhoto for a view with a QR symbol, sendMessage for any other."""
        picture = await asyncio.to_thread(qr.symbol, view.qr) if view.qr else None
        async with self._call(chat, lane, sending=True):
            if picture:
                sent = await self._bot.send_photo(
                    chat,
                    picture,
                    caption=view.html,
                    parse_mode=_HTML,
                    reply_markup=markup.inline(view),
                    protect_content=view.protected,
                    disable_notification=silent,
                )
            else:
                sent = await self._bot.send_message(
                    chat,
                    view.html,
                    parse_mode=_HTML,
                    reply_markup=markup.reply(view) if view.keys else markup.inline(view),
                    protect_content=view.protected,
                    disable_notification=silent,
                    link_preview_options=_NO_PREVIEW,
                )
        message = MessageId(sent.message_id)
        if view.keys:
            self._keyboards[chat] = message
        return message

    async def edit(
        self, chat: PersonId, message: MessageId, view: View, *, lane: Lane = Lane.NEWS
    ) -> None:
        """editMessageMedia or editMessageText; a message with a reply keyboard can't be edited."""
        if view.keys:
            raise MessageGone("a message with a reply keyboard can't be edited")
        picture = await asyncio.to_thread(qr.symbol, view.qr) if view.qr else None
        async with self._call(chat, lane):
            if picture:
                await self._bot.edit_message_media(
                    InputMediaPhoto(picture, caption=view.html, parse_mode=_HTML),
                    chat,
                    message,
                    reply_markup=markup.inline(view),
                )
            else:
                await self._bot.edit_message_text(
                    view.html,
                    chat,
                    message,
                    parse_mode=_HTML,
                    reply_markup=markup.inline(view),
                    link_preview_options=_NO_PREVIEW,
                )

    async def remove(
        self, chat: PersonId, message: MessageId, form: str, *, lane: Lane = Lane.TIDYING
    ) -> None:
        """deleteMessage; after 48 hours, when that is refused, nothing is left to read in it."""
        if form == "keyboard" and self._keyboards.get(chat, message) == message:
            await self._fold_keyboard(chat, lane)
        try:
            await self._delete(chat, message, lane)
        except MessageGone as gone:
            if "not found" not in str(gone) and form != "keyboard":
                await self._blank(chat, message, form, lane)

    async def _delete(self, chat: PersonId, message: MessageId, lane: Lane) -> None:
        async with self._call(chat, lane):
            await self._bot.delete_message(chat, message)

    async def _blank(self, chat: PersonId, message: MessageId, form: str, lane: Lane) -> None:
        async with self._call(chat, lane):
            if form == "photo":
                nothing = InputMediaPhoto(qr.blank(), caption=_BLANK)
                await self._bot.edit_message_media(nothing, chat, message)
            else:
                await self._bot.edit_message_text(_BLANK, chat, message)

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
        self._keyboards.pop(chat, None)
        await self._delete(chat, MessageId(told.message_id), lane)

    @asynccontextmanager
    async def _call(
        self, chat: PersonId, lane: Lane, *, sending: bool = False, message: bool = False
    ) -> AsyncIterator[None]:
        await self._pace.turn(chat, message=sending or message, lane=lane)
        try:
            yield
        except TelegramError as error:
            if isinstance(error, RetryAfter):
                self._pace.hold(chat, pause(error))
            if not is_unchanged(error):
                raise translated(error, sending=sending) from error
