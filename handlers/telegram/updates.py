"""An update as the steps see it, of what `shape.read` gives back.

Guarantees: of the message below a pressed button there is which one it is, and in which chat. To
make one whole, as python-telegram-bot does for each press, costs as much as the rest of the update.
"""

from __future__ import annotations

from typing import Any

from telegram import Bot, CallbackQuery, Chat, InaccessibleMessage, Update, User


def update_of(read: dict[str, Any], bot: Bot) -> Update:
    """The update; `bot` is who answers its button."""
    pressed = read.get("callback_query")
    if pressed is None:
        return Update.de_json(read, bot)
    below = pressed.get("message")
    query = CallbackQuery(
        pressed["id"],
        User.de_json(pressed["from"], bot),
        pressed["chat_instance"],
        message=None if below is None else _below(below, bot),
        data=pressed.get("data"),
    )
    query.set_bot(bot)
    return Update(read["update_id"], callback_query=query)


def _below(message: dict[str, Any], bot: Bot) -> InaccessibleMessage:
    return InaccessibleMessage(Chat.de_json(message["chat"], bot), message["message_id"])
