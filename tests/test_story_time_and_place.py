"""What a phone lets tick, the pin on its map and what it copies: over HTTP, in both modes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.phones import said
from tests.support.town import Somebody, Town
from tests.support.ways import run, url_for
from tests.test_story import BOOKS


@pytest.fixture(params=["polling, SQLite", "webhooks"])
async def town(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    async with run(request.param, url_for(request.param, request)) as world:
        yield Town(world)


async def moments(somebody: Somebody, words: str) -> list[dict[str, Any]]:
    """The moments in the latest message with these words, as Telegram holds them."""
    message = await somebody.phone.sees(words)
    entities = message.get("entities") or message.get("caption_entities") or []
    return [entity for entity in entities if entity["type"] == "date_time"]


async def test_a_deadline_ticks_on_the_phone_and_its_words_stay_true(town: Town) -> None:
    [anna] = await town.people("Anna")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS)
    until, left = await moments(anna, "Reserved until 11:05 AM CST (Mar 2)")
    assert until["unix_time"] == left["unix_time"]
    assert (until["date_time_format"], left["date_time_format"]) == ("t", "r")
    shown = said(await anna.phone.sees("Reserved until 11:05 AM"))

    await town.minutes_pass(2)
    assert said(await anna.phone.sees("Reserved until 11:05 AM")) == shown
    await anna.taps("Get drop-off code")
    assert len(await moments(anna, "Valid until 11:52 AM CST (Mar 2)")) == 2
