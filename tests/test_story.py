"""The story that the README tells: a parcel goes from hand to hand.

Everything is real but the counterparties: phones speak to a Telegram, the tower belongs to a
Harbor, and the bot speaks to both over HTTP. Nobody but the people below does anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.chats import MARKET
from tests.support.hooked import hooked
from tests.support.town import Somebody, Town
from tests.support.ways import run, url_for

BOOKS = ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
"""What a newcomer taps until a locker is theirs."""


@pytest.fixture(params=["polling, SQLite", "polling, PostgreSQL", "webhooks"])
async def town(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """The bot as it may be run: on either database, asking Telegram for news or being told."""
    async with run(request.param, url_for(request.param, request)) as world:
        yield Town(world)


@pytest.fixture
async def pushed(sqlite_url: str) -> AsyncIterator[Town]:
    """Where Harbor tells by itself what happened, and signs it."""
    async with hooked(sqlite_url) as world:
        yield Town(world)


async def sends_a_parcel(sender: Somebody, recipient: Somebody, town: Town) -> None:
    """From the first tap to the parcel in its locker, the recipient having opened the link."""
    await sender.opens_the_bot()
    await sender.taps(*BOOKS)
    await recipient.opens_the_bot(await sender.reads_the_link())
    await sender.taps("Get drop-off code")
    await sender.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await recipient.sees("is waiting for you")


async def test_a_parcel_goes_from_hand_to_hand(town: Town) -> None:
    anna, ben = await town.people("Anna", "Ben")

    await anna.opens_the_bot()
    await anna.taps("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
    await anna.sees("Locker", "Reserved until 11:05", "Nobody has claimed it yet")
    link = await anna.reads_the_link()

    await ben.opens_the_bot(link)
    await ben.sees("Ben, a parcel from Anna", "You will be told as soon as Harbor reports it in")
    await anna.sees("For Ben, whom this bot will tell as soon as Harbor reports it in")

    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    silence = await ben.rings()
    await town.a_few_seconds_pass()

    await ben.sees("Ben, a parcel from Anna is waiting for you")
    await anna.sees("In locker", "Ben has been told and can collect it")
    await anna.no_longer_sees("HARBOR://OPEN/")
    assert await ben.rings() == silence + 1

    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()

    await ben.sees("You have collected the parcel from Anna")
    await anna.sees("Ben has collected it")
    await ben.no_longer_sees("HARBOR://OPEN/")
    assert await town.lockers_that_are_ours() == 0


async def test_a_newcomer_needs_six_taps_and_whoever_has_sent_before_four(polling: Town) -> None:
    [anna] = await polling.people("Anna")

    await anna.opens_the_bot()
    await anna.taps(*BOOKS, "Get drop-off code")
    await anna.sees("HARBOR://OPEN/")
    assert anna.tapped <= 6

    await anna.puts_the_parcel_in()
    await polling.a_few_seconds_pass()
    await anna.no_longer_sees("HARBOR://OPEN/")

    await anna.opens_the_bot()
    await anna.taps("Send again", "Send a link", "Reserve")
    await anna.sees("Reserved until")
    await anna.taps("Get drop-off code")
    await anna.sees("HARBOR://OPEN/")
    assert anna.tapped <= 4


async def test_two_parcels_in_one_tower_are_one_visit(polling: Town) -> None:
    anna, cleo, ben = await polling.people("Anna", "Cleo", "Ben")
    await sends_a_parcel(anna, ben, polling)
    await sends_a_parcel(cleo, ben, polling)

    await ben.sees(
        "a parcel from Anna is waiting for you", "1 more parcel waits for you in this tower"
    )
    await ben.sees(
        "a parcel from Cleo is waiting for you", "1 more parcel waits for you in this tower"
    )

    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await polling.a_few_seconds_pass()

    await ben.sees("You have collected the parcel from Cleo")
    await ben.no_longer_sees("more parcel waits for you")


async def test_anna_takes_her_parcel_back(polling: Town) -> None:
    anna, ben = await polling.people("Anna", "Ben")
    await sends_a_parcel(anna, ben, polling)

    await anna.taps("Take it back", "Yes, take it back")
    await ben.sees("Anna", "this parcel back")

    await anna.taps("Get pick-up code")
    await anna.takes_the_parcel_out()
    await polling.a_few_seconds_pass()
    await anna.sees("You have taken it back")
    await ben.sees("Anna has taken it back")
    assert await polling.lockers_that_are_ours() == 0


async def test_ben_lets_somebody_else_collect(polling: Town) -> None:
    anna, ben, cleo = await polling.people("Anna", "Ben", "Cleo")
    await sends_a_parcel(anna, ben, polling)

    await ben.taps("Let somebody else collect", "Yes, a new link")
    await ben.sees("the parcel from Anna", "Forward this link")
    await cleo.opens_the_bot(await ben.reads_the_link())

    await ben.sees("Cleo is to collect the parcel from Anna now")
    await anna.sees("Cleo has been told and can collect it")
    await cleo.taps("Get pick-up code")
    await cleo.takes_the_parcel_out()
    await polling.a_few_seconds_pass()
    await anna.sees("Cleo has collected it")
    await ben.sees("Cleo has collected the parcel from Anna")


async def test_the_parcel_does_not_fit_and_the_forwarded_link_holds(polling: Town) -> None:
    anna, ben = await polling.people("Anna", "Ben")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS)
    link = await anna.reads_the_link()

    await anna.taps("Get drop-off code", "It doesn't fit", "Large · ")
    await anna.sees("Locker", "large", "Reserved until")
    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    await polling.a_few_seconds_pass()

    await ben.opens_the_bot(link)
    await ben.sees("Ben, a parcel from Anna is waiting for you")
    await polling.a_few_seconds_pass()
    assert await polling.lockers_that_are_ours() == 1


async def test_it_does_not_fit_though_it_is_in_and_goes_on_in_another_locker(polling: Town) -> None:
    anna, ben = await polling.people("Anna", "Ben")
    await sends_a_parcel(anna, ben, polling)

    await anna.taps("It doesn't fit")
    await anna.sees("Which size instead?", "take the parcel out of this locker")
    await anna.taps("Large · ")
    await anna.sees("Your parcel waits to be taken back", "It did not fit: take it out here")
    await ben.no_longer_sees("is waiting for you")
    await anna.takes_the_parcel_out()
    await polling.a_few_seconds_pass()
    await anna.sees("You have taken it back")

    await anna.sees("large", "Reserved until")
    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    await polling.a_few_seconds_pass()
    await ben.sees("Ben, a parcel from Anna is waiting for you")
    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await polling.a_few_seconds_pass()
    await anna.sees("Ben has collected it")
    assert await polling.lockers_that_are_ours() == 0


async def test_nobody_collects_and_the_operator_fetches_it_out(polling: Town) -> None:
    anna, ben = await polling.people("Anna", "Ben")
    olga = await polling.operator("Olga")
    await olga.opens_the_bot()
    await sends_a_parcel(anna, ben, polling)
    await polling.minutes_pass(73 * 60)
    await olga.sees("A parcel has not been collected in time")

    await olga.taps("Look at the delivery", "Fetch the parcel out")
    await olga.says("The tower moves")
    await olga.sees("Everybody concerned will read: “The tower moves”")
    await olga.taps("Yes, fetch it out")
    for person in (anna, ben):
        await person.sees("An operator is fetching this parcel out", "“The tower moves”")

    await olga.takes_the_parcel_out()
    await polling.a_few_seconds_pass()
    for person in (anna, ben):
        await person.sees("An operator has fetched it out", "“The tower moves”")
    await olga.sees("This is settled", "A parcel has not been collected in time")
    await olga.no_longer_sees("HARBOR://OPEN/")
    assert await polling.lockers_that_are_ours() == 0


async def test_a_late_sync_is_told_truthfully_when_harbor_says_when_it_was(pushed: Town) -> None:
    [anna] = await pushed.people("Anna")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS, "Get drop-off code")

    await pushed.nobody_syncs_the_tower()
    await pushed.minutes_pass(2)
    await anna.puts_the_parcel_in()
    await pushed.minutes_pass(20)
    await pushed.somebody_syncs_the_tower()

    await anna.sees("since 11:02", "(reported 11:22")


async def test_a_late_sync_is_told_as_reported_when_nobody_knows_when_it_was(polling: Town) -> None:
    [anna] = await polling.people("Anna")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS, "Get drop-off code")

    await polling.nobody_syncs_the_tower()
    await anna.puts_the_parcel_in()
    await polling.minutes_pass(20)
    await anna.no_longer_sees("In locker")
    await polling.somebody_syncs_the_tower()
    await polling.a_few_seconds_pass()

    await anna.sees("In locker", "(reported 11:20")
    await anna.no_longer_sees("since")
