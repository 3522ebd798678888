"""What a phone lets tick, the pin on its map and what it copies: over HTTP, in both modes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.chats import MARKET
from tests.support.phones import buttons, said
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
    until, left = await moments(anna, "Valid until")
    assert until["unix_time"] == left["unix_time"]


def pins(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in messages if "venue" in message]


async def test_a_pin_comes_once_for_who_asks_and_goes_when_the_parcel_is_over(town: Town) -> None:
    anna, ben = await town.people("Anna", "Ben")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS)
    await ben.opens_the_bot(await anna.reads_the_link())
    await ben.taps("Show on the map")
    [pin] = await ben.phone.sees_pins(1)
    assert pin["venue"]["title"] == MARKET
    assert pin["venue"]["address"] == "410 Congress Avenue, Austin"
    assert (pin["venue"]["location"]["latitude"], pin["silent"]) == (30.2634, True)
    assert pins(await anna.phone.messages()) == []

    await ben.taps("Show on the map")
    [again] = await ben.phone.sees_pins(1, after=pin["message_id"])
    assert again["message_id"] != pin["message_id"]
    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await ben.sees("is waiting for you")
    assert [each["message_id"] for each in await ben.phone.sees_pins(1)] == [again["message_id"]]

    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()
    await ben.sees("You have collected the parcel")
    await ben.phone.sees_pins(0)


async def test_a_shared_location_tells_how_long_the_walk_is_and_that_it_is_an_estimate(
    town: Town,
) -> None:
    [anna] = await town.people("Anna")
    await anna.opens_the_bot()
    await anna.taps("Send a parcel")
    assert "🚶" not in "".join(await anna.phone.labels())
    await anna.taps("Nearest")
    await anna.phone.location(30.3051, -97.7276)
    await anna.sees("Times on foot are estimates")
    nearest, next_, *_ = await anna.phone.labels()
    assert nearest == "Hyde Park Hardware · 50 ft · 🚶 1 min"
    assert "🚶" not in next_  # more than an hour


async def test_the_settings_say_what_rings_and_the_phone_rings_for_it(town: Town) -> None:
    anna, ben = await town.people("Anna", "Ben")
    await anna.opens_the_bot()
    await ben.opens_the_bot()
    await ben.says("/settings")
    await ben.taps("What rings when")
    await ben.sees("You have no quiet hours", "a parcel is in its locker (sender, recipient)")
    await ben.taps("Back", "Quiet hours", "22:00–07:00", "What rings when")
    told = said(await ben.phone.sees("Quiet hours: 22:00–07:00"))
    aloud, hushed = told.index("in quiet hours too"), told.index("without a sound in quiet hours")
    assert (
        aloud < told.index("the last reminder") < hushed < told.index("a parcel is in its locker")
    )

    await anna.taps(*BOOKS)
    await ben.opens_the_bot(await anna.reads_the_link())
    await anna.taps("Get drop-off code")
    before = await ben.rings()
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await ben.sees("is waiting for you")
    assert await ben.rings() == before + 1


async def test_a_claim_link_and_the_code_are_copied_by_a_button(town: Town) -> None:
    [anna] = await town.people("Anna")
    await anna.opens_the_bot()
    await anna.taps("Send a parcel", MARKET, "Medium", "Send a link", "Prepare")
    await anna.taps("Pick-up slip")
    slip = await anna.phone.sees("To collect it, open this link")
    [copied] = [b["copy_text"]["text"] for b in buttons(slip) if "copy_text" in b]
    assert copied in said(slip)
    await anna.taps("I'm at the tower")
    code = await anna.phone.sees("HARBOR://OPEN/")
    [copied] = [b["copy_text"]["text"] for b in buttons(code) if "copy_text" in b]
    assert copied in said(code)
