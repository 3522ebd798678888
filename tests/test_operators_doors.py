"""A door that is left out of booking, as operators and senders see it, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.ports.database import Database
from tests.support.chats import MARKET, Chats, chats
from tests.support.openers import BOTH_BY_LINK
from tests.support.operators import OTTO, with_otto
from tests.support.phones import TOWER, Phone


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database, policy=with_otto(openers=BOTH_BY_LINK)) as world:
        yield world


async def sends(world: Chats, name: str) -> Phone:
    """Somebody at the market, whose link for a door is out."""
    phone = await world.phone(name)
    await phone.open()
    await phone.text("/send")
    await phone.press(MARKET, "Medium", "Myself", "I'm at the tower")
    return phone


async def reports(world: Chats, phone: Phone) -> None:
    """The door does not open; and the parcel goes somewhere else."""
    await phone.press("It did not open", *["Still closed"] * 3, "Report this door")
    await phone.press("Cancel", "Yes, cancel")
    await world.tower.sync()
    world.clock.turn(30)
    await world.look()


async def left_out(world: Chats) -> int:
    """The door that two people have reported."""
    for name in ("Anna", "Ben"):
        await reports(world, await sends(world, name))
    [closure] = await world.database.look(lambda tx: tx.closures())
    assert closure.locker is not None
    return closure.locker


async def test_operators_are_told_once_and_take_the_door_in_by_the_alert(
    world: Chats, olga: Phone
) -> None:
    otto = await world.phone("Otto", id=OTTO)
    await otto.open()
    locker = await left_out(world)
    await olga.sees("is left out of booking", "within 30 min", "2", MARKET)
    assert sum("is left out of booking" in card for card in await olga.cards()) == 1
    assert not any("left out" in card for card in await otto.cards())
    await otto.forge(f"use:{TOWER}.{locker}")
    assert MARKET not in await otto.screen()
    await otto.forge("use_ok")
    assert len(await world.database.look(lambda tx: tx.closures())) == 1
    await olga.press("Back in use", on=await olga.sees("is left out of booking"))
    await olga.sees("back in use?", MARKET)
    assert len(await world.database.look(lambda tx: tx.closures())) == 1
    await olga.press("Yes, back in use")
    assert await world.database.look(lambda tx: tx.closures()) == []
    await olga.sees("can be booked again")
    assert await world.state(olga) == "ops/tower"
    await olga.forge("use_ok")
    assert await world.state(olga) == "ops/tower"


async def test_the_towers_list_and_screen_show_it_and_have_its_button(
    world: Chats, olga: Phone
) -> None:
    await left_out(world)
    await olga.text("/ops")
    await olga.press("Towers")
    await olga.sees("🚧 doors left out: 1")
    await olga.press(MARKET)
    shown = await olga.sees("🚧 Reported, and left out of booking")
    assert "photo" in shown
    await olga.press("Back in use", "Yes, back in use")
    assert "It can be booked again." in (await olga.toasts())[-1]
    await olga.loses("🚧 Reported, and left out of booking")
    assert not any("Back in use" in label for label in await olga.labels())


async def test_of_two_operators_the_second_sees_that_the_door_is_back(
    world: Chats, olga: Phone
) -> None:
    await left_out(world)
    await olga.text("/ops")
    await olga.press("Towers", MARKET, "Back in use")
    [closure] = await world.database.look(lambda tx: tx.closures())
    await world.database.run(lambda tx: tx.reopen(closure.id, world.clock.now(), PersonId(1)))
    await olga.press("Yes, back in use")
    assert "has changed in the meantime" in (await olga.toasts())[-1]


async def test_a_sender_who_is_given_the_door_all_the_same_is_told_and_may_have_another(
    world: Chats, olga: Phone
) -> None:
    locker = await left_out(world)
    cleo = await sends(world, "Cleo")
    [given] = await world.deliveries(cleo)
    assert (given.locker, given.state) == (locker, State.RENTED)
    card = await cleo.sees("Several people have reported", "Harbor holds the locker until")
    await cleo.sees("opening link", "Several people have reported")
    await cleo.press("Another door", on=card)
    await cleo.sees("Get another door?", "is given back first")
    [still] = await world.deliveries(cleo)
    assert still == given, "nothing is given back before the choice"
    await cleo.press("Yes, another door")
    theirs = {each.state: each.locker for each in await world.deliveries(cleo)}
    assert theirs[State.RELEASING] == locker
    assert theirs[State.RENTED] != locker
    await cleo.loses("Several people have reported")


async def test_where_no_other_is_free_the_door_stays_theirs(world: Chats, olga: Phone) -> None:
    locker = await left_out(world)
    cleo = await sends(world, "Cleo")
    await world.tower.take_all()
    world.clock.turn(10)
    card = await cleo.sees("Several people have reported", "Harbor holds the locker until")
    await cleo.press("Another door", on=card)
    await cleo.sees("No other locker of that size is free there just now", "stays yours")
    assert "Yes, another door" not in await cleo.labels()
    [given] = await world.deliveries(cleo)
    assert (given.locker, given.state) == (locker, State.RENTED)
