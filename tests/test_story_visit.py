"""A story of one visit: three parcels in one tower, one tap, and each door's code in its turn.

Over real HTTP, with the bot as it may be run: asking Telegram for news or being told, on SQLite and
on PostgreSQL, by code and by link.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.codes import Code
from bot.domain.delivery import Turn
from bot.domain.ids import TowerId
from bot.domain.openers import BY_TOKEN, Opener
from bot.ports.database import Transaction
from sandbox.harbor import seeds
from tests.support.chats import MARKET
from tests.support.openers import BOTH_BY_LINK
from tests.support.phones import TOWER, said
from tests.support.town import Somebody, Town
from tests.support.ways import run, url_for, ways

OTHER = TowerId("0100000000000102")
WAYS = ways(
    "polling, SQLite, token",
    "polling, PostgreSQL, link",
    "webhooks, SQLite, link",
    "webhooks, PostgreSQL, token",
)


@pytest.fixture(params=WAYS)
async def town(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """The bot as it may be run."""
    openers = BOTH_BY_LINK if "link" in request.param else BY_TOKEN
    async with run(request.param, url_for(request.param, request), openers) as world:
        yield Town(world)


@pytest.fixture
async def here(sqlite_url: str) -> AsyncIterator[Town]:
    """Where it is nothing how the bot is run."""
    async with run("polling, SQLite, token", sqlite_url) as world:
        yield Town(world)


async def sends(sender: Somebody, recipient: Somebody, town: Town, tower: str = MARKET) -> None:
    """From the first tap to a parcel in its locker."""
    await sender.opens_the_bot()
    await sender.taps("Send a parcel", tower, "Medium", "Pick a person")
    await sender.picks(recipient)
    if town.world.policy.openers.drop_off is Opener.LINK:
        await sender.taps("I'm at the tower")
        await sender.puts_it_in_behind(await sender.opens_the_door_by_link())
    else:
        await sender.taps("Reserve", "Get drop-off code")
        await sender.puts_the_parcel_in()
    await town.a_few_seconds_pass()


async def three_for_ben(town: Town) -> tuple[Somebody, Somebody]:
    anna, ben = await town.people("Anna", "Ben")
    await ben.opens_the_bot()
    for _parcel in range(3):
        await sends(anna, ben, town)
    return anna, ben


async def shown(ben: Somebody, town: Town) -> list[str]:
    """What opens a door, of all that is in the chat: the texts of the codes, or the links."""
    mine = await town.world.deliveries(ben.phone)

    async def look(tx: Transaction) -> list[Code | None]:
        return [await tx.code(each.id) for each in mine]

    codes = await town.world.database.look(look)
    seen = "\n".join(str(message) for message in await ben.phone.messages())
    return [code.text for code in codes if code is not None and code.text in seen]


async def uses_the_door(ben: Somebody, town: Town) -> str:
    """With the one code or link that is in the chat; which that is."""
    [text] = await shown(ben, town)
    await ben.takes_it_from_behind(await ben._tower.hold(text))
    await town.a_few_seconds_pass()
    return text


async def test_three_parcels_are_fetched_by_one_tap_each_code_gone_when_its_door_was_used(
    town: Town,
) -> None:
    _anna, ben = await three_for_ben(town)
    assert await shown(ben, town) == []
    await ben.taps("Collect all 3 here")
    first = await uses_the_door(ben, town)
    second = await uses_the_door(ben, town)
    await ben.no_longer_sees("One visit: as soon as Harbor reports")
    third = await uses_the_door(ben, town)
    assert len({first, second, third}) == 3
    assert await shown(ben, town) == []
    collected = [card for card in await ben.phone.cards() if "You have collected" in card]
    assert len(collected) == 3


async def test_the_list_offers_it_for_a_tower_with_several_and_for_no_other(here: Town) -> None:
    anna, ben = await here.people("Anna", "Ben")
    await ben.opens_the_bot()
    await sends(anna, ben, here)
    await ben.says("/collect")
    assert not any("collect all" in label for label in await ben.phone.labels())
    await sends(anna, ben, here)
    await ben.says("/collect")
    await ben.taps(f"{MARKET} · collect all 2")
    assert len(await shown(ben, here)) == 1


async def test_towers_of_one_name_are_told_apart_where_all_there_can_be_collected(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = seeds.LOCATIONS[1].model_copy(update={"name": MARKET})
    monkeypatch.setattr(seeds, "LOCATIONS", (seeds.LOCATIONS[0], alike, *seeds.LOCATIONS[2:]))
    streets = f"{MARKET}, 410 Congress Avenue", f"{MARKET}, 4312 Duval Street"
    async with run("polling, SQLite, token", sqlite_url) as world:
        town = Town(world)
        anna, ben = await town.people("Anna", "Ben")
        await ben.opens_the_bot()
        for anna.tower, street in zip((TOWER, OTHER), streets, strict=True):
            for _parcel in range(2):
                await sends(anna, ben, town, street)
        await ben.says("/collect")
        await ben.sees(*(f"{street}, one visit: lockers" for street in streets))
        labels = await ben.phone.labels()
        assert [label for label in labels if MARKET in label and "locker" not in label] == [
            f"📦 {street} · collect all 2" for street in streets
        ]
        assert [sum(f"📦 {street} · locker" in x for x in labels) for street in streets] == [2, 2]
        await ben.taps(f"{streets[1]} · collect all 2")
        [present] = [each for each in await world.deliveries(ben.phone) if each.turn is Turn.NOW]
        assert present.tower == OTHER


async def test_a_door_that_stays_shut_is_skipped_with_a_word_and_tried_again(here: Town) -> None:
    _anna, ben = await three_for_ben(here)
    await ben.taps("Collect all 3 here", "It did not open", "Skip it for now")
    assert (await ben.phone.toasts())[-1] == (
        "Left out for now. Its own message has a button to try again."
    )
    card = await ben.phone.sees("Left out for now", "try it again here whenever you like")
    await uses_the_door(ben, here)
    await uses_the_door(ben, here)
    assert await shown(ben, here) == []
    await ben.phone.press("Get pick-up code", on=await ben.phone.sees("Left out for now"))
    await ben.no_longer_sees("Left out for now")
    await uses_the_door(ben, here)
    assert await here.lockers_that_are_ours() == 0
    assert "Left out" in said(card)


async def test_whoever_stops_gets_no_further_code_and_the_others_are_as_they_were(
    here: Town,
) -> None:
    _anna, ben = await three_for_ben(here)
    before = {each.id: each for each in await here.world.deliveries(ben.phone)}
    await ben.taps("Collect all 3 here", "Stop after this one")
    assert (await ben.phone.toasts())[-1] == "The others stay where they are."
    await uses_the_door(ben, here)
    assert await shown(ben, here) == []
    mine = await here.world.deliveries(ben.phone)
    left = [each for each in mine if each.collected_at is None]
    assert [before[each.id] for each in left] == left
    assert len(left) == 2
    await ben.taps("Collect all 2 here")
    assert len(await shown(ben, here)) == 1


async def test_what_is_said_to_come_is_said_no_longer_once_it_was_taken_by_itself(
    here: Town,
) -> None:
    anna, ben = await here.people("Anna", "Ben")
    await ben.opens_the_bot()
    for _parcel in range(2):
        await sends(anna, ben, here)
    await ben.taps("Collect all 2 here")
    code = await ben.phone.sees("HARBOR://OPEN/", "Still to come")
    [other] = [each for each in await here.world.deliveries(ben.phone) if each.turn is None]
    text = f"Locker {other.locker_name}"
    await ben.phone.press("Get pick-up code", on=await ben.phone.sees(text, "waiting for you"))
    latest = await ben.phone.sees("HARBOR://OPEN/")
    assert latest["message_id"] != code["message_id"]
    await ben.takes_the_parcel_out()
    await here.a_few_seconds_pass()
    await ben.no_longer_sees("Still to come")
    assert len(await shown(ben, here)) == 1


async def test_an_old_button_of_a_visit_changes_nothing(here: Town) -> None:
    _anna, ben = await three_for_ben(here)
    await ben.taps("Collect all 3 here")
    mine = await here.world.deliveries(ben.phone)
    [present] = [each for each in mine if each.turn is Turn.NOW]
    await ben.phone.forge(f"later:{present.id}:{present.revision - 1}")
    other = next(each for each in mine if each.turn is None)
    await ben.phone.forge(f"later:{other.id}:{other.revision}")
    await ben.phone.forge(f"stop:{other.id}:{other.revision}")
    again = await here.world.deliveries(ben.phone)
    assert [each.turn for each in again] == [each.turn for each in mine]
    assert len(await shown(ben, here)) == 1
