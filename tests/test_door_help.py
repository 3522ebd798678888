"""What helps when a door does not open, walked through tap by tap, by its opener."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.delivery import Delivery
from bot.domain.openers import Opener
from bot.ports.database import Transaction
from tests.support.chats import MARKET, Chats
from tests.support.phones import Phone, buttons, said


@pytest.fixture
async def ben(world: Chats) -> Phone:
    """The recipient of a parcel that waits, and whose door opens by link."""
    anna, ben = await world.phone("Anna"), await world.phone("Ben")
    await anna.open()
    await anna.press("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
    await ben.open((await anna.claim())[0])
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    await by_link(world, ben)
    return ben


async def by_link(world: Chats, phone: Phone) -> None:
    async def step(tx: Transaction) -> None:
        [delivery] = await tx.deliveries_of(phone.id, live=True)
        await tx.save_delivery(replace(delivery, pick_up_opener=Opener.LINK))

    await world.database.run(step)


async def the_delivery(world: Chats, phone: Phone) -> Delivery:
    return (await world.deliveries(phone))[0]


async def test_by_link_what_helps_is_distance_another_browser_and_then_a_new_link(
    world: Chats, ben: Phone
) -> None:
    await ben.press("Get", "It did not open")
    await ben.sees("three metres", "open the same link again")
    await ben.press("Still closed")
    await ben.sees("Safari or Chrome", "Locker Open app")
    assert "🔄 New link" not in await ben.labels()
    assert (await the_delivery(world, ben)).door_reports == 0
    await ben.press("Still closed")
    await ben.sees("Try once more with a new link")
    assert (await the_delivery(world, ben)).door_reports == 1
    await ben.press("🔄 New link")
    await ben.sees("opening link")


async def test_a_link_whose_time_is_over_is_not_tried_again(world: Chats, ben: Phone) -> None:
    await ben.press("Get", "It did not open")
    await world.turn(25 * 3600)
    await ben.press("Still closed")
    await ben.sees("Try once more with a new link")
    await ben.press("Still closed")
    await ben.sees("the door seems to be faulty")


async def test_asked_for_once_its_time_is_over_a_new_link_is_offered_first(
    world: Chats, ben: Phone
) -> None:
    await ben.press("Get")
    card = next(
        message for message in await ben.messages() if "is waiting for you" in said(message)
    )
    await world.turn(25 * 3600)
    [door] = [x["callback_data"] for x in buttons(card) if x["text"] == "It did not open"]
    await ben.forge(door, on=(await ben.messages())[-1])
    await ben.sees("Try once more with a new link")


async def test_a_walk_that_ends_at_the_operators_is_one_report(world: Chats, ben: Phone) -> None:
    await ben.press("Get", "It did not open", *["Still closed"] * 3, "Report this door")
    assert (await the_delivery(world, ben)).door_reports == 1


async def test_three_walks_tell_the_operators_and_two_do_not(world: Chats, ben: Phone) -> None:
    olga = await world.phone("Olga", id=9000)
    await olga.open()
    await ben.press("Get")
    for walk in range(3):
        assert (await the_delivery(world, ben)).door_reports == walk
        await ben.press("It did not open", *["Still closed"] * 3, "Report this door")
    await olga.sees("A door has been reported three times", "Tried by an opening link")


async def test_whoever_can_not_wait_writes_to_the_operators_from_there(
    world: Chats, ben: Phone
) -> None:
    olga = await world.phone("Olga", id=9000)
    await olga.open()
    await ben.press("Get", "It did not open", *["Still closed"] * 3, "Write to the operators")
    await ben.text("It is raining and the door is stuck")
    await olga.sees("It is raining and the door is stuck")
