"""The same parcel by whatever opens the doors: a token, a link, digits, or one of them each way.

Over real HTTP, with the bot as it may be run: polling on SQLite, and by webhooks on PostgreSQL,
where Harbor pushes what happens and signs it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bot.domain.ids import TowerId
from bot.domain.openers import Opener, Openers
from bot.domain.policy import Policy
from tests.support.chats import MARKET, OPERATOR, chats
from tests.support.databases import opened
from tests.support.town import Somebody, Town
from tests.support.ways import run, url_for

WITH_KEYPAD = TowerId("0100000000000102")
LINK, TOKEN = Opener.LINK, Opener.TOKEN
WAYS = ("polling, SQLite", "webhooks, PostgreSQL")
BOOKS = ("Send a parcel", MARKET, "Medium", "Send a link")


@dataclass
class Doors:
    """A town, and how its people open doors there."""

    town: Town
    drop_off: Opener
    pick_up: Opener

    async def books(self, sender: Somebody) -> None:
        """From the first tap to what opens the door."""
        await sender.opens_the_bot()
        if self.drop_off is LINK:
            await sender.taps(*BOOKS, "I'm at the tower")
        else:
            await sender.taps(*BOOKS, "Reserve", "Get drop-off code")

    async def puts_it_in(self, sender: Somebody) -> None:
        opens = sender.opens_the_door_by_link
        door = await (opens() if self.drop_off is LINK else sender.opens_the_door_by_app())
        await sender.puts_it_in_behind(door)
        await self.town.a_few_seconds_pass()

    async def asks_for_what_opens_it(self, person: Somebody) -> None:
        await person.taps("Get opening link" if self.pick_up is LINK else "Get pick-up code")

    async def takes_it_out(self, person: Somebody) -> None:
        opens = person.opens_the_door_by_link
        door = await (opens() if self.pick_up is LINK else person.opens_the_door_by_app())
        await person.takes_it_from_behind(door)
        await self.town.a_few_seconds_pass()


@contextlib.asynccontextmanager
async def doors(way: str, url: str, drop_off: Opener, pick_up: Opener) -> AsyncIterator[Doors]:
    async with run(way, url, Openers(drop_off, pick_up)) as world:
        yield Doors(Town(world), drop_off, pick_up)


@pytest.fixture(params=[WAYS[0], pytest.param(WAYS[1], marks=pytest.mark.long)])
async def by_link(request: pytest.FixtureRequest) -> AsyncIterator[Doors]:
    async with doors(request.param, url_for(request.param, request), LINK, LINK) as there:
        yield there


@pytest.mark.parametrize(
    ("way", "drop_off", "pick_up"),
    [
        pytest.param(way, *openers, marks=() if way == usual else pytest.mark.long)
        for openers, usual in {
            (TOKEN, TOKEN): WAYS[1],
            (TOKEN, LINK): WAYS[0],
            (LINK, TOKEN): WAYS[0],
            (LINK, LINK): WAYS[1],
        }.items()
        for way in WAYS
    ],
)
async def test_a_parcel_goes_from_hand_to_hand_whatever_opens_the_doors(
    way: str, drop_off: Opener, pick_up: Opener, request: pytest.FixtureRequest
) -> None:
    async with doors(way, url_for(way, request), drop_off, pick_up) as there:
        anna, ben = await there.town.people("Anna", "Ben")
        await there.books(anna)
        await ben.opens_the_bot(await anna.reads_the_link())
        await there.puts_it_in(anna)
        await ben.sees("is waiting for you")
        await anna.sees("Ben has been told")
        await anna.no_longer_sees("Harbor holds the locker until")
        await there.asks_for_what_opens_it(ben)
        await there.takes_it_out(ben)
        await ben.sees("You have collected the parcel from Anna")
        await anna.sees("Ben has collected it")
        await ben.no_longer_sees("Copy the")
        assert await there.town.lockers_that_are_ours() == 0


async def test_the_same_link_is_shown_again_and_still_opens_the_door(by_link: Doors) -> None:
    [anna] = await by_link.town.people("Anna")
    await by_link.books(anna)
    first = await anna.phone.link()
    await anna.taps("Show again")
    assert await anna.phone.link() == first
    await by_link.puts_it_in(anna)
    await anna.sees("In locker")


async def test_when_the_hold_is_over_a_new_link_is_had_and_the_first_locker_given_back(
    by_link: Doors,
) -> None:
    [anna] = await by_link.town.people("Anna")
    await by_link.books(anna)
    first = await anna.phone.link()
    await by_link.town.minutes_pass(6)
    await anna.sees("Harbor held this locker until", "get a new link, perhaps for another locker")
    await anna.taps("New link")
    await anna.sees("Harbor holds the locker until")
    assert await anna.phone.link() != first
    await by_link.puts_it_in(anna)
    await by_link.town.somebody_syncs_the_tower()
    await by_link.town.a_few_seconds_pass()
    await anna.sees("In locker")
    assert await by_link.town.lockers_that_are_ours() == 1


async def test_the_hold_runs_out_and_a_sync_gives_the_locker_back(by_link: Doors) -> None:
    [anna] = await by_link.town.people("Anna")
    await by_link.books(anna)
    await by_link.town.minutes_pass(20)
    await anna.sees("Harbor held this locker until")
    await by_link.town.somebody_syncs_the_tower()
    await by_link.town.a_few_seconds_pass()
    await anna.sees("The time ran out")
    await anna.taps("I'm at the tower")
    await by_link.puts_it_in(anna)
    await anna.sees("In locker")


async def test_whoever_was_shown_a_link_may_still_open_the_door_and_nobody_is_named(
    by_link: Doors,
) -> None:
    anna, ben, cleo = await by_link.town.people("Anna", "Ben", "Cleo")
    await by_link.books(anna)
    await ben.opens_the_bot(await anna.reads_the_link())
    await by_link.puts_it_in(anna)
    await by_link.asks_for_what_opens_it(ben)
    old = await ben.phone.link()
    await ben.taps("Let somebody else collect")
    await ben.sees("can't be called back: it may still open the door until")
    await ben.taps("Yes, a new link")
    await cleo.opens_the_bot(await ben.reads_the_link())
    await ben.sees("Cleo is to collect the parcel from Anna now")
    await ben.takes_it_from_behind(await ben.opens_the_door_by_link(old))
    await by_link.town.a_few_seconds_pass()
    for person in (anna, cleo):
        await person.sees("The parcel has been taken out", "Who took it is not known")
        await person.no_longer_sees("has collected it")
    await ben.sees("The parcel from Anna has been taken out")


async def test_taking_back_after_a_link_was_shown_says_that_it_may_still_open_the_door(
    by_link: Doors,
) -> None:
    anna, ben = await by_link.town.people("Anna", "Ben")
    await by_link.books(anna)
    await ben.opens_the_bot(await anna.reads_the_link())
    await by_link.puts_it_in(anna)
    await by_link.asks_for_what_opens_it(ben)
    await anna.taps("Take it back")
    await anna.sees("can't be called back")
    await anna.taps("Yes, take it back")
    await by_link.asks_for_what_opens_it(anna)
    await by_link.takes_it_out(anna)
    await anna.sees("The parcel has been taken out")


async def test_a_size_of_which_none_is_free_gives_way_to_the_largest(by_link: Doors) -> None:
    [anna] = await by_link.town.people("Anna")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS, "Prepare")
    await by_link.town.world.tower.take_all("medium", "large")
    await anna.taps("I'm at the tower")
    await anna.sees("extra large", "none was free, so this one is larger")
    await by_link.puts_it_in(anna)
    await anna.sees("In locker")


async def test_an_answer_that_was_lost_costs_a_second_locker_for_no_longer_than_its_hold(
    by_link: Doors,
) -> None:
    [anna] = await by_link.town.people("Anna")
    lost = {"name": "reset_after", "call": "drop_off_request", "times": 1}
    await by_link.town.world.faults("harbor", lost)
    await by_link.books(anna)
    for _ in range(4):
        await by_link.town.minutes_pass(0.3)
    await by_link.puts_it_in(anna)
    await by_link.town.somebody_syncs_the_tower()
    await by_link.town.a_few_seconds_pass()
    await anna.sees("In locker")
    await by_link.town.minutes_pass(5)
    await by_link.town.somebody_syncs_the_tower()
    assert await by_link.town.lockers_that_are_ours() == 1


async def test_where_harbor_has_no_open_requests_people_go_on_by_code(by_link: Doors) -> None:
    olga = await by_link.town.operator("Olga")
    await olga.opens_the_bot()
    [anna] = await by_link.town.people("Anna")
    await by_link.town.world.faults(
        "harbor", {"name": "no_open_requests", "call": "*", "times": None}
    )
    await by_link.books(anna)
    await by_link.town.minutes_pass(0.1)
    await anna.sees("Harbor made no link for this parcel")
    await olga.sees("Harbor makes no Locker Open links")
    by_code = replace(by_link, drop_off=TOKEN)
    await by_code.puts_it_in(anna)
    await anna.sees("In locker")


async def test_what_was_prepared_is_forgotten_only_after_a_warning(by_link: Doors) -> None:
    [anna] = await by_link.town.people("Anna")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS, "Prepare")
    await anna.sees("Prepared", "No locker is held yet")
    before = await anna.rings()
    await by_link.town.minutes_pass(6 * 24 * 60 + 1)
    await anna.sees("Hurry", "kept only until")
    assert await anna.rings() == before + 1
    await by_link.town.minutes_pass(24 * 60)
    await anna.sees("No longer kept", "nothing is lost")
    await anna.taps("Prepare it again", "I'm at the tower")
    await by_link.puts_it_in(anna)
    await anna.sees("In locker")


async def test_digits_stand_beside_the_link_where_the_tower_has_a_keypad(
    postgres_url: str, sqlite_url: str
) -> None:
    keypad = Openers(LINK, LINK, keypad=True)
    policy = Policy(openers=keypad, operators=frozenset({OPERATOR}))
    async with opened(sqlite_url) as database, chats(database, policy=policy) as world:
        there = Doors(Town(world), LINK, LINK)
        anna, ben = await there.town.people("Anna", "Ben")
        anna.tower = ben.tower = WITH_KEYPAD
        await anna.opens_the_bot()
        await anna.taps("Send a parcel", "Hardware", "Medium", "Send a link", "I'm at the tower")
        await anna.sees("Digits for the tower's keypad")
        await ben.opens_the_bot(await anna.reads_the_link())
        await there.puts_it_in(anna)
        await there.asks_for_what_opens_it(ben)
        await ben.sees("Or on the tower's keypad, without a phone")
        await ben.takes_it_from_behind(await ben.types_the_digits())
        await there.town.a_few_seconds_pass()
        await ben.sees("You have collected the parcel from Anna")
