"""Calls held against an independent schema, and calls nobody would make."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.clock import Clock
from sandbox.telegram.bot_api.methods import METHODS
from sandbox.telegram.protocol import schema
from sandbox.telegram.protocol.calls import Call
from sandbox.telegram.protocol.errors import ApiError
from sandbox.telegram.state.chats import Person
from sandbox.telegram.state.core import Telegram
from tests.support.sandbox_telegram import START, TOKEN, Stage, stage


@pytest.fixture
async def on() -> AsyncIterator[Stage]:
    async with stage() as it:
        yield it


COLOURED = {"inline_keyboard": [[{"text": "b", "callback_data": "a", "colour": "red"}]]}
SCHEMA_REFUSES = [
    ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}, "no parameter colour"),
    ("sendMessage", {"chat_id": 1, "text": "x", "disable_notification": "maybe"}, "boolean"),
    (
        "sendMessage",
        {"chat_id": 1, "text": "x", "reply_markup": COLOURED},
        "unknown field reply_markup.inline_keyboard.0.0.colour",
    ),
    ("editMessageText", {"chat_id": 1, "message_id": "one", "text": "x"}, "integer"),
    ("setMyCommands", {"commands": [{"command": "x"}]}, "description"),
    ("getUpdates", {"allowed_updates": "message"}, "list"),
]


async def test_what_the_schema_does_not_know_is_refused(on: Stage) -> None:
    for method, parameters, words in SCHEMA_REFUSES:
        code, description = await on.refused(method, **parameters)
        assert code == 400
        assert description.startswith("Bad Request: the schema refuses it: ")
        assert words in description


async def test_without_the_schema_telegram_ignores_what_it_does_not_know() -> None:
    async with stage(schema=False) as on:
        await on.say("x", colour="red")


keys = st.sampled_from(
    ["type", "text", "message_id", "keyboard", "inline_keyboard", "copy_text", "offset", "length"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner),
    max_leaves=8,
)
names = st.sampled_from(
    """chat_id message_id message_ids text entities reply_markup reply_parameters media photo
    caption parse_mode scope commands language_code url menu_button latitude longitude
    allowed_updates callback_query_id""".split()  # noqa: SIM905 - a list would be a page long
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(METHODS)), st.dictionaries(names, anything | st.just(1), max_size=5))
def test_no_call_breaks_telegram_whatever_it_holds(method: str, parameters: dict[str, Any]) -> None:
    telegram = Telegram(Clock(START, stopped=True), token=TOKEN, username="bot", limits=False)
    telegram.people[1] = Person(1, "Ann", started=True)
    if method != "sendchataction":
        with contextlib.suppress(ApiError):
            json.dumps(METHODS[method][1](telegram, Call(method, parameters)), default=str)


def test_every_method_here_is_one_the_schema_knows() -> None:
    for name, _ in METHODS.values():
        assert "has no parameter" in str(schema.problem(name, Call(name, {"colour": "red"})))
