"""The story of a photo: sent in the rain, seen at the tower, gone afterwards.

Everything is real but the counterparties, as in `test_story`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.chats import MARKET
from tests.support.town import Town
from tests.support.ways import run, url_for


@pytest.fixture(
    params=["polling, SQLite", pytest.param("webhooks, PostgreSQL", marks=pytest.mark.long)]
)
async def town(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """The bot as it may be run: asking Telegram for news or being told, on either database."""
    async with run(request.param, url_for(request.param, request)) as world:
        yield Town(world)


async def test_a_photo_goes_from_the_sender_to_whoever_collects(town: Town) -> None:
    anna, ben = await town.people("Anna", "Ben")
    olga = await town.operator("Olga")
    for each in (anna, olga):
        await each.opens_the_bot()
    await anna.taps("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
    await ben.opens_the_bot(await anna.reads_the_link())
    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await anna.sees("In locker", "A photo helps whoever collects it")

    rung = await ben.rings()
    await anna.phone.photo("on the left, behind the blue one")
    await anna.sees("The photo is added.", "This parcel has a photo")
    assert await ben.rings() == rung
    await ben.taps("See the photo")
    await ben.sees("The sender's photo")

    await ben.taps("Report a problem")
    await ben.says("It is wet.")
    await olga.sees("It is wet.")
    await olga.taps("Look at the delivery", "See the photo")
    await olga.sees("The sender's photo")

    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()
    await ben.sees("You have collected the parcel from Anna")
    await ben.no_longer_sees("The sender's photo")
    await olga.sees("The sender's photo")
    await olga.taps("The problem is dealt with", "Yes")
    await olga.no_longer_sees("The sender's photo")
