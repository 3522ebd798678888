"""Where nobody is an operator, nobody reads that one will look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.delivery import Trouble
from bot.domain.policy import Policy
from bot.ports.database import Database
from tests.support.chats import MARKET, Chats, chats
from tests.support.phones import Phone


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database, policy=Policy()) as world:
        yield world


async def read(*phones: Phone) -> str:
    """All that stands in these chats, buttons and toasts among it."""
    everything = [str(await phone.messages()) + str(await phone.toasts()) for phone in phones]
    return " ".join(everything).lower()


async def test_nobody_reads_of_operators_from_the_booking_to_a_door_that_stays_shut(
    world: Chats, anna: Phone
) -> None:
    ben = await world.phone("Ben")
    await anna.text("/help")
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Send a link", "Reserve")
    await ben.open((await anna.claim())[0])
    (delivery,) = await world.deliveries(anna)

    async def refused(tx):
        found = await tx.delivery(delivery.id)
        await tx.save_delivery(replace(found, trouble=Trouble.REFUSED))
        await tx.mark_about(f"delivery:{delivery.id}", now=world.clock.now())

    await world.database.run(refused)
    await anna.text("/parcels")
    await anna.sees("Harbor said no to the last request", "try it once more")
    await anna.press("Get drop-off code", "It did not open", *["Still closed"] * 3)
    await anna.sees("turn to whoever runs these lockers")
    assert "Write to the operators" not in await anna.labels()
    await anna.press("Report this door")
    assert "Noted: this door was reported as not opening." in (await anna.toasts())[-1]
    await world.tower.put_in(await anna.code())
    await ben.sees("is waiting for you")
    for phone in (anna, ben):
        (theirs,) = await world.deliveries(phone)
        await phone.forge(f"help:{theirs.id}:{theirs.revision}")
    await world.turn(73 * 3600)
    await ben.press("Get pick-up code")
    await world.tower.take_out(await ben.code())
    await anna.sees("collected")
    everything = await read(anna, ben)
    assert "operator" not in everything
    assert "report a problem" not in everything
