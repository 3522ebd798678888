"""Whatever comes as an update: nobody else is kept waiting, and no word of it is logged.

The long form is `make hostile UPDATES=100000`; what it found is in docs/reliability.md.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Bot

from handlers.telegram import shape
from handlers.telegram.updates import update_of
from hostile.log import findings
from hostile.run import Flood
from hostile.spoiling import WORD, odd_text, spoil
from hostile.updates import Updates


@pytest.mark.long
@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_after_hostile_updates_an_ordinary_person_is_served_and_no_word_is_in_the_log(
    way: str, tmp_path: Path
) -> None:
    flood = Flood(tmp_path, 750, 3, webhook=way == "webhook")
    await flood.run()
    assert not flood.findings
    assert flood.events["warning: update let pass unread"] > 100, "what can't be read was met with"


@given(st.integers(0, 2**32))
def test_whatever_is_read_of_an_update_python_telegram_bot_can_read_with_the_types_it_promises(
    seed: int,
) -> None:
    number, body = Updates(seed, [7]).next(5)
    told: list[str] = []
    try:
        read = shape.read(json.loads(body))
    except shape.Misshapen as error:
        told.append(str(error))
    assert WORD not in "".join(told)
    if told:
        return
    assert number == 5 or shape.number_of(json.loads(body)) is not None
    read.pop("my_chat_member", None)  # not ours to have looked at
    update = update_of(read, Bot("1:a"))
    person, chat = update.effective_user, update.effective_chat
    assert person is None or (type(person.id) is int and type(person.first_name) is str)
    assert chat is None or (type(chat.id) is int and isinstance(chat.type, str))
    for message in filter(None, (update.message, update.edited_message)):
        for words in (message.text, message.caption):
            assert words is None or words.encode()


@given(st.integers(0, 2**32))
def test_what_is_spoilt_is_another_document_each_time_and_always_json(seed: int) -> None:
    document: dict[str, Any] = {"a": {"b": [1, "x"]}, "c": None}
    spoil(document, Random(seed))
    json.loads(json.dumps(document))
    assert WORD in odd_text(Random(seed))


def test_words_failures_and_what_is_no_entry_are_found_in_a_log() -> None:
    failed = {"event": "step failed", "level": "error", "exception": [{"exc_type": "KeyError"}]}
    assert findings(
        [
            json.dumps({"event": "update let pass unread", "level": "warning"}),
            json.dumps({"event": "x", "level": "info", "name": f"<{WORD}>"}),
            json.dumps(failed),
            json.dumps({"event": "update not taken", "level": "warning", "error": "TryLater"}),
            "Task exception was never retrieved",
        ]
    ) == Counter(
        {
            "words in the log: x": 1,
            "step failed: KeyError at ?:?": 1,
            "update not taken: TryLater": 1,
            "no entry: Task exception was never retrieved": 1,
        }
    )
