"""Somebody waits for a locker of a size that is full, and is told when it is their turn."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import time, timedelta

import pytest

from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.domain.tower import Size
from bot.domain.waiting import Waiting
from bot.ports.database import Database
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.openers import BOTH_BY_LINK
from tests.support.phones import AtTower, Phone

FULL = "Medium · full · 🔔 tell me"


async def ask(world: Chats, *phones: Phone) -> None:
    """Each asks to be told of a medium locker at the market, a second after the one before."""
    for phone in phones:
        await phone.text("/send")
        await phone.press(MARKET, FULL, "Tell me")
        world.clock.turn(1)


async def look_again(world: Chats, seconds: float = 31) -> None:
    """Time enough passes for the next look where somebody waits, which is this one: the loop's own
    would be under way beside it."""
    world.loops["waiting"].stop()
    world.clock.turn(seconds)
    await world.waiting.turn()
    await world.quiet()


async def kept(world: Chats, phone: Phone) -> list[Waiting]:
    """How their waits stand, those that are over among them."""
    found = await world.database.look(lambda tx: tx.every_wait_of(phone.id))
    return [wait.state for wait in found]


async def people(world: Chats, *names: str) -> list[Phone]:
    """They have opened the bot."""
    phones = [await world.phone(name) for name in names]
    for phone in phones:
        await phone.open()
    return phones


async def nothing_larger(world: Chats, phone: Phone) -> None:
    """They take no larger locker instead."""
    known = await world.person(phone)
    assert known is not None
    strict = replace(known, larger_allowed=False)
    await world.database.run(lambda tx: tx.save_person(strict))


@pytest.fixture
async def full(world: Chats) -> Chats:
    """Every medium locker of the market is taken."""
    await world.tower.take_all("medium")
    return world


async def test_whoever_waits_is_told_and_books_with_one_tap(database: Database) -> None:
    async with chats(database) as full:
        await full.tower.take_all("medium")
        (anna,) = await people(full, "Anna")
        await ask(full, anna)
        assert (await anna.toasts())[-1] == "🔔 I tell you when it is your turn."
        assert "Medium · full · 🔔 you wait" in await anna.labels()
        rings = await anna.rings()
        await look_again(full)
        assert await anna.rings() == rings, "none is free"
        await full.tower.give_back("medium")
        await look_again(full)
        assert await anna.rings() == rings + 1
        await anna.sees("A locker is free", "your turn: until 11:06", "Nothing is held at Harbor")
        await anna.press("Book it")
        (delivery,) = await full.deliveries(anna)
        assert delivery.state is State.RESERVED
        assert await kept(full, anna) == []
        assert not [card for card in await anna.cards() if "A locker is free" in card]


async def test_the_first_to_ask_is_told_first_and_the_next_after_an_unused_turn(
    full: Chats,
) -> None:
    anna, ben = await people(full, "Anna", "Ben")
    await ask(full, anna, ben)
    await full.tower.give_back("medium")
    before = await anna.rings(), await ben.rings()
    await look_again(full)
    assert (await anna.rings(), await ben.rings()) == (before[0] + 1, before[1])
    await look_again(full, 290)
    assert await kept(full, ben) == [Waiting.WAITING], "the head start is Anna's"
    await look_again(full)
    assert (await anna.rings(), await ben.rings()) == (before[0] + 1, before[1] + 1)
    assert await kept(full, anna) == [Waiting.PASSED]
    await anna.sees("Your turn is over", "You no longer wait there.")
    await ben.sees("A locker is free")


async def test_during_a_head_start_others_see_the_size_as_full_and_get_no_locker(
    full: Chats,
) -> None:
    anna, ben, cleo = await people(full, "Anna", "Ben", "Cleo")
    await nothing_larger(full, ben)
    await full.tower.give_back("medium")
    await ben.press("Send a parcel", MARKET, "Medium", "Myself")
    await full.tower.take_all("medium")
    full.clock.turn(10)
    await ask(full, anna)
    await full.tower.give_back("medium")
    await look_again(full)
    await anna.sees("A locker is free")
    await cleo.press("Send a parcel", MARKET)
    assert FULL in await cleo.labels()
    await ben.press("Reserve")
    (his,) = await full.deliveries(ben)
    assert his.state is State.NO_LOCKER
    await anna.press("Choose who collects first", "Myself", "Reserve")
    (hers,) = await full.deliveries(anna)
    assert (hers.state, hers.locker_size) == (State.RESERVED, Size.MEDIUM)
    assert await kept(full, anna) == []


async def test_where_another_app_was_quicker_the_place_in_the_line_is_kept(full: Chats) -> None:
    anna, ben = await people(full, "Anna", "Ben")
    await ask(full, anna, ben)
    await nothing_larger(full, anna)
    await full.tower.give_back("medium")
    await look_again(full)
    await full.tower.take_all("medium")
    full.clock.turn(20)
    await anna.press("Book it")
    await anna.sees("That locker was gone before you had it", "You still wait")
    assert await kept(full, anna) == [Waiting.WAITING]
    await full.tower.give_back("medium")
    await look_again(full)
    assert (await kept(full, anna), await kept(full, ben)) == ([Waiting.TURN], [Waiting.WAITING])


async def test_a_turn_is_silent_in_quiet_hours(full: Chats, anna: Phone) -> None:
    known = await full.person(anna)
    assert known is not None
    quiet = replace(known, quiet_from=time(10), quiet_until=time(12))
    await full.database.run(lambda tx: tx.save_person(quiet))
    await ask(full, anna)
    await full.tower.give_back("medium")
    rings = await anna.rings()
    await look_again(full)
    await anna.sees("A locker is free")
    assert await anna.rings() == rings


async def test_after_a_day_the_wait_ends_with_a_quiet_sentence(full: Chats, anna: Phone) -> None:
    await ask(full, anna)
    rings = await anna.rings()
    await look_again(full, 86_400)
    await anna.sees("No locker became free", "I looked out for 24 h")
    assert await kept(full, anna) == [Waiting.OVER]
    assert await anna.rings() == rings
    week = full.clock.now() + timedelta(days=7)
    await full.database.run(lambda tx: tx.prune(week, 100))
    assert await kept(full, anna) == []


async def test_nobody_waits_twice_for_the_same_or_for_more_than_three(
    full: Chats, anna: Phone
) -> None:
    await full.tower.take_all("small", "large", "x-large")
    await ask(full, anna)
    await anna.press("Medium · full")
    await anna.sees("You wait for a locker", f"{MARKET}, medium")
    await anna.press("Back")
    for size in ("Small", "Large"):
        await anna.press(f"{size} · full", "Tell me")
    await anna.press("Extra large · full", "Tell me")
    assert (await anna.toasts())[-1].startswith("You may wait for 3 lockers at a time.")
    assert len(await kept(full, anna)) == 3


async def test_parcels_shows_what_is_waited_for_and_stops_it(full: Chats, anna: Phone) -> None:
    await ask(full, anna)
    await anna.text("/parcels")
    await anna.sees("You wait for a locker", f"• {MARKET}, medium: until Tuesday 11:00")
    await anna.press("Stop waiting")
    assert (await anna.toasts())[-1] == "You no longer wait there."
    assert "You wait" not in await anna.screen()
    assert await kept(full, anna) == []
    await full.tower.give_back("medium")
    rings = await anna.rings()
    await look_again(full)
    assert await anna.rings() == rings


async def test_nobody_stops_or_books_what_is_somebody_elses_or_made_up(full: Chats) -> None:
    anna, ben = await people(full, "Anna", "Ben")
    await ask(full, anna)
    await full.tower.give_back("medium")
    await look_again(full)
    (wait,) = await full.database.look(lambda tx: tx.waits_of(anna.id))
    await ben.forge(f"wait_stop:{wait.id}")
    assert (await ben.toasts())[-1] == "That wait was over already."
    for forged in (f"wait_book:{wait.id}", f"wait_who:{wait.id}", "wait_book", "wait_book:x"):
        await ben.forge(forged)
        assert (await ben.toasts())[-1] == "It is not your turn any more."
    await ben.text("/send")
    await ben.press(MARKET)
    await ben.forge("wait:huge")
    assert await full.state(ben) == "send/size"
    assert await full.deliveries(ben) == []
    assert await kept(full, anna) == [Waiting.TURN]


async def test_a_closed_tower_is_not_waited_at(full: Chats, anna: Phone) -> None:
    await full.turn(12 * 3600)  # 23:00 in Austin
    await anna.press("Send a parcel", "Hyde Park Hardware")
    await anna.forge("wait:medium")
    await anna.press("Tell me")
    assert "That tower is closed just now" in (await anna.toasts())[-1]
    assert await full.state(anna) == "send/size"
    assert await kept(full, anna) == []


async def test_no_turn_begins_while_the_tower_is_closed(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", "Hyde Park Hardware")
    (hyde,) = {(await world.draft(anna)).answers["tower"]}
    there = AtTower(world, hyde)
    await there.take_all()
    world.clock.turn(10)
    await anna.press("Back", "Hyde Park Hardware", FULL, "Tell me")
    await there.give_back("medium")
    rings = await anna.rings()
    await look_again(world, 12 * 3600)  # 23:00 in Austin
    assert await kept(world, anna) == [Waiting.WAITING]
    await look_again(world, 9 * 3600)  # 8:00
    assert await kept(world, anna) == [Waiting.TURN]
    assert await anna.rings() == rings + 1


async def test_by_link_others_get_no_locker_during_a_head_start_either(
    sqlite_database: Database,
) -> None:
    policy = Policy(openers=BOTH_BY_LINK, operators=frozenset({OPERATOR}))
    async with chats(sqlite_database, policy=policy) as world:
        anna, ben = await people(world, "Anna", "Ben")
        await nothing_larger(world, ben)
        await ben.press("Send a parcel", MARKET, "Medium", "Myself")
        await world.tower.take_all("medium")
        world.clock.turn(10)
        await ask(world, anna)
        await world.tower.give_back("medium")
        await look_again(world)
        await ben.press("I'm at the tower")
        (his,) = await world.deliveries(ben)
        assert his.state is State.NO_LOCKER
        await anna.press("Book it")
        (hers,) = await world.deliveries(anna)
        assert (hers.state, hers.locker_size) == (State.RENTED, Size.MEDIUM)
        assert await kept(world, anna) == []


async def test_who_is_forgotten_waits_no_longer_and_the_export_told_of_it(
    full: Chats, anna: Phone
) -> None:
    await ask(full, anna)
    await anna.text("/privacy")
    await anna.press("Show everything")
    (sent,) = [each["document"] for each in await anna.messages() if "document" in each]
    (held,) = json.loads(full.telegram.files.by_id(sent["file_id"]).content)["waits_for_lockers"]
    assert (held["size"], held["state"]) == ("medium", "waiting")
    await anna.press("Forget me", "Yes, forget me")
    assert await kept(full, anna) == []


async def test_what_is_looked_at_again_tells_nobody_twice(full: Chats, anna: Phone) -> None:
    await ask(full, anna)
    await full.tower.give_back("medium")
    await look_again(full)
    rings = await anna.rings()
    await look_again(full)
    assert await anna.rings() == rings
    assert len([card for card in await anna.cards() if "A locker is free" in card]) == 1


async def test_harbor_is_asked_where_somebody_waits_and_no_more_often_than_the_policy_says(
    full: Chats, anna: Phone
) -> None:
    def asked() -> int:
        ended = full.lockers.calls.ended
        return sum(ended[call] for call in ended if call[0] == "lockers")

    await look_again(full, 3600)
    assert asked() == 0, "nobody waits"
    await ask(full, anna)
    before = asked()
    for _ in range(6):
        await look_again(full, 10)
    assert 1 <= asked() - before <= 3
