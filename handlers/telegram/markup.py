"""Buttons and keys of a message, as Telegram's keyboards.

Guarantees: a message's buttons come out in its order, coloured by what they mean; the user picker
asks for one person, not a bot, with their name, since a person picked is known by id only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from telegram import (
    KeyboardButton,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
)
from telegram.constants import InlineKeyboardButtonLimit, KeyboardButtonStyle

from bot.domain.meanings import meaning_of
from bot.domain.message import Ask, Button, Key, Meaning, Message
from handlers.telegram.callback_data import encode

PERSON_REQUEST = 1
"""`UsersShared.request_id` of the one user picker there is."""

STYLES: Mapping[Meaning, KeyboardButtonStyle] = {
    Meaning.OPEN: KeyboardButtonStyle.SUCCESS,
    Meaning.CANCEL: KeyboardButtonStyle.DANGER,
    Meaning.END: KeyboardButtonStyle.DANGER,
}
"""How a phone colours what that means (Bot API 9.4); an earlier one shows any button alike."""

_LONGEST_COPY = int(InlineKeyboardButtonLimit.MAX_COPY_TEXT)


def inline(message: Message) -> dict[str, Any]:
    """The message's buttons as `api_kwargs` of a call; empty when it has none."""
    return dict(_inline(message.buttons))


@lru_cache(256)  # most screens look the same for everybody
def _inline(buttons: Sequence[Sequence[Button]]) -> Mapping[str, Any]:
    rows = [[_button(b) for b in row if _carried(b)] for row in buttons]
    if not any(rows):
        return {}
    return {"reply_markup": {"inline_keyboard": [row for row in rows if row]}}


def reply(message: Message) -> ReplyKeyboardMarkup:
    """The message's keys, folded away once one has been pressed."""
    return ReplyKeyboardMarkup(
        [[_key(key) for key in row] for row in message.keys],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def _carried(button: Button) -> bool:
    # A longer text can't be copied by a button; it stands in the message, to be copied by hand.
    return button.copy is None or len(button.copy) <= _LONGEST_COPY


def _button(button: Button) -> dict[str, Any]:
    """InlineKeyboardButton as it travels: the library's would be taken apart again."""
    said: dict[str, Any] = {"text": button.text}
    if button.press is not None:
        said["callback_data"] = encode(button.press)
    if button.url is not None:
        said["url"] = button.url
    if button.copy is not None:
        said["copy_text"] = {"text": button.copy}
    if (meaning := meaning_of(button)) is not None:
        said["style"] = STYLES[meaning]
    return said


def _key(key: Key) -> KeyboardButton:
    match key.ask:
        case Ask.LOCATION:
            return KeyboardButton(key.text, request_location=True)
        case Ask.PERSON:
            picker = KeyboardButtonRequestUsers(
                PERSON_REQUEST,
                user_is_bot=False,
                max_quantity=1,
                request_name=True,
                request_username=True,
            )
            return KeyboardButton(key.text, request_users=picker)
        case Ask.TEXT:
            return KeyboardButton(key.text)
