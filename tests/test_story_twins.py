"""Two towers of one name, over real HTTP: whoever reads a list knows which parcel is in which."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.ids import TowerId
from sandbox.harbor import seeds
from tests.support.chats import MARKET
from tests.support.phones import TOWER
from tests.support.town import Somebody, Town
from tests.support.ways import run, url_for

OTHER = TowerId("0100000000000102")
STREETS = f"{MARKET}, 410 Congress Avenue", f"{MARKET}, 4312 Duval Street"
"""Where a name has the room for itself."""
SHORT = "Congress Avenu…, 410 Congress Avenue", "Congress Avenue…, 4312 Duval Street"
"""Where more stands on the button."""


@pytest.fixture(
    params=[
        "polling, SQLite, token",
        pytest.param("webhooks, PostgreSQL, token", marks=pytest.mark.long),
    ]
)
async def town(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """The bot as it may be run, in a city with two markets of one name."""
    alike = seeds.LOCATIONS[1].model_copy(update={"name": MARKET})
    monkeypatch.setattr(seeds, "LOCATIONS", (seeds.LOCATIONS[0], alike, *seeds.LOCATIONS[2:]))
    async with run(request.param, url_for(request.param, request)) as world:
        yield Town(world)


async def puts_one_in_each(sender: Somebody, town: Town) -> None:
    """A parcel for anybody who claims it, in either tower."""
    for sender.tower, street in zip((TOWER, OTHER), STREETS, strict=True):
        await sender.taps("Send a parcel", street)
        await sender.sees(street, "Which size?")
        await sender.taps("Medium", "Send a link", "Reserve", "Get drop-off code")
        await sender.puts_the_parcel_in()
        await town.a_few_seconds_pass()
        await sender.sees("In locker")
        await sender.says("/start")


def labels_of(labels: list[str]) -> list[str]:
    """Those that name a tower."""
    return [label for label in labels if "Congress Aven" in label or "Duval" in label]


async def test_in_peoples_lists_each_parcel_says_in_which_of_two_towers_it_is(town: Town) -> None:
    [anna] = await town.people("Anna")
    await anna.opens_the_bot()
    await puts_one_in_each(anna, town)
    await anna.says("/parcels")
    await anna.sees("Your parcels", "2 under way")
    first, second = labels_of(await anna.phone.labels())
    assert SHORT[1] in first
    assert SHORT[0] in second
    await anna.taps(second)
    await anna.sees("In locker", "410 Congress Avenue")

    await town.minutes_pass(61)
    await anna.phone.photo()
    await anna.sees("Which parcel is this a photo of?")
    asked = labels_of(await anna.phone.labels())
    assert [any(label.endswith(each) for label in asked) for each in SHORT] == [True, True]
    await anna.taps(next(label for label in asked if label.endswith(SHORT[1])))
    await anna.sees("This parcel has a photo", STREETS[1])

    await anna.says("/privacy")
    await anna.taps("Forget me")
    await anna.sees("Not yet", *(f"• {street}" for street in STREETS))


async def test_in_operators_lists_each_delivery_says_in_which_of_two_towers_it_is(
    town: Town,
) -> None:
    [anna], olga = await town.people("Anna"), await town.operator("Olga")
    await olga.opens_the_bot()
    await anna.opens_the_bot()
    await puts_one_in_each(anna, town)

    await olga.says("/ops anna")
    await olga.sees("2 deliveries found")
    found = labels_of(await olga.phone.labels())
    assert [any(street in label for label in found) for street in SHORT] == [True, True]
    await olga.taps(next(label for label in found if SHORT[1] in label))
    await olga.sees("in the locker", "4312 Duval Street")

    await olga.says("/ops")
    await olga.taps("Towers")
    await olga.sees(*(f"📍 {street}" for street in STREETS))
    await olga.taps(STREETS[1])
    await olga.sees("Deliveries under way here: 1")
    await olga.taps("Close for booking")
    await olga.sees(f"Close {STREETS[1]} for booking?")
