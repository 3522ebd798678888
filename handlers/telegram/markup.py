"""Buttons and keys of a message, as Telegram's keyboards.

Guarantees: a message's buttons come out in its order, coloured by what they mean; the user picker
asks for one person, not a bot, with their name, since a person picked is known by id only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
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


@lru_cache(1024)  # most screens look the same for everybody
def _inline(buttons: Sequence[Sequence[Button]]) -> Mapping[str, Any]:
    rows = [[_button(b) for b in row if _carried(b)] for row in buttons]
    if not any(rows):
        return {}
    # As it travels: the library would take the objects apart again for every message.
    return {"reply_markup": InlineKeyboardMarkup([row for row in rows if row]).to_dict()}


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


def _button(button: Button) -> InlineKeyboardButton:
    copied = None if button.copy is None else CopyTextButton(button.copy)
    pressed = None if button.press is None else encode(button.press)
    meaning = meaning_of(button)
    return InlineKeyboardButton(
        button.text,
        callback_data=pressed,
        url=button.url,
        copy_text=copied,
        style=None if meaning is None else STYLES[meaning],
    )


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
