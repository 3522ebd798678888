"""A sender books a drop-off, in taps."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.lifecycle import State
from bot.ports import Database
from tests.chats import MARKET, Chats, Phone, chats


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database) as world:
        yield world


@pytest.fixture
async def anna(world: Chats) -> Phone:
    anna = await world.phone("Anna")
    await anna.open()
    return anna


async def test_a_newcomer_has_a_drop_off_code_after_six_taps(anna: Phone) -> None:
    taps = ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve", "Get drop-off code")
    assert len(taps) <= 6
    for label in taps:
        await anna.press(label)
    assert (await anna.code()).startswith("HARBOR://OPEN/")
