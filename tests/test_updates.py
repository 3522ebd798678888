"""An update as the steps see it, and what is left of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from telegram import Bot, InaccessibleMessage, Update

from handlers.telegram import shape
from handlers.telegram.updates import update_of
from tests.support.chats import Chats
from tests.support.phones import Phone

BOT = Bot("1:a")
ANNA = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "de"}
CHAT = {"id": 7, "type": "private", "first_name": "Anna"}
CARD = {"message_id": 5, "date": 1_772_000_000, "chat": CHAT, "text": "Which tower?"}
PRESS = {"id": "9", "from": ANNA, "chat_instance": "3", "data": "x:1", "message": CARD}


def read(kind: str, body: dict[str, Any]) -> Update:
    return update_of(shape.read({"update_id": 1, kind: body}), BOT)


@pytest.mark.parametrize("left_out", [(), ("data",), ("message",), ("data", "message")])
def test_a_press_is_what_python_telegram_bot_would_make_of_it(left_out: tuple[str, ...]) -> None:
    body = {name: value for name, value in PRESS.items() if name not in left_out}
    ours, theirs = (
        read("callback_query", body),
        Update.de_json({"callback_query": body, "update_id": 1}),
    )
    assert ours == theirs
    assert ours.callback_query is not None
    assert theirs.callback_query is not None
    assert ours.callback_query.data == theirs.callback_query.data
    assert ours.effective_user == theirs.effective_user
    assert ours.effective_user is not None
    assert ours.effective_user.language_code == "de"
    assert ours.effective_chat == theirs.effective_chat
    assert ours.callback_query.get_bot() is BOT


def test_of_the_message_below_a_button_there_is_which_one_it_is() -> None:
    query = read("callback_query", PRESS).callback_query
    assert query is not None
    assert isinstance(query.message, InaccessibleMessage)
    assert (query.message.message_id, query.message.chat.id) == (5, 7)


def test_a_message_is_there_with_its_words() -> None:
    message = read("message", {**CARD, "from": ANNA}).message
    assert message is not None
    assert message.text == "Which tower?"


async def test_the_application_holds_nothing_of_whoever_has_written(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Settings")
    application = world.application
    names = [name for kind in type(application).__mro__ for name in getattr(kind, "__slots__", ())]
    held = [getattr(application, name, None) for name in names]
    sets = [each for each in held if isinstance(each, set | Mapping)]
    assert sets
    assert not any(anna.id in each for each in sets)
