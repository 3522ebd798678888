"""Stories of who collects: somebody picked, somebody who refuses, somebody to whom it is handed on.

Everything is real but the counterparties, as in `test_story`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.chats import MARKET
from tests.support.town import Somebody, Town
from tests.support.ways import run, url_for, ways

TO_WHOM = ("Send a parcel", MARKET, "Medium", "Pick a person")
KEPT = "That parcel is kept for somebody who was picked for it"


@pytest.fixture(
    params=ways(
        "polling, SQLite", "polling, PostgreSQL", "webhooks, SQLite", "webhooks, PostgreSQL"
    )
)
async def town(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """The bot as it may be run: on either database, asking Telegram for news or being told."""
    async with run(request.param, url_for(request.param, request)) as world:
        yield Town(world)


async def books_for(sender: Somebody, recipient: Somebody) -> None:
    await sender.opens_the_bot()
    await sender.taps(*TO_WHOM)
    await sender.picks(recipient)
    await sender.taps("Reserve")
    await sender.sees("Reserved until")


async def brings_it(sender: Somebody, town: Town) -> None:
    await sender.taps("Get drop-off code")
    await sender.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await sender.sees("In locker")


async def collects(recipient: Somebody, town: Town) -> None:
    await recipient.taps("Get pick-up code")
    await recipient.takes_the_parcel_out()
    await town.a_few_seconds_pass()


async def it_is_for_ben_alone(anna: Somebody, ben: Somebody, cleo: Somebody, link: str) -> None:
    """He and the sender know; the link that there was helps nobody else."""
    await ben.sees("Ben, a parcel from Anna is waiting for you")
    await anna.sees("Ben has been told and can collect it")
    await cleo.opens_the_bot(link)
    await cleo.sees("That code or link is not valid (any more)")


async def test_whoever_was_picked_has_the_parcel_without_a_link_and_nobody_else(town: Town) -> None:
    anna, ben, cleo = await town.people("Anna", "Ben", "Cleo")
    await books_for(anna, ben)
    await anna.sees("For Ben", "Once they open it, the parcel is theirs", "Send them this link")
    link = await anna.reads_the_link()

    await cleo.opens_the_bot(link)
    await cleo.sees(KEPT)
    await brings_it(anna, town)
    await cleo.no_longer_sees("a parcel from Anna")

    await ben.opens_the_bot()
    await it_is_for_ben_alone(anna, ben, cleo, link)

    await collects(ben, town)
    await ben.sees("You have collected the parcel from Anna")
    await anna.sees("Ben has collected it")


async def test_the_recipient_hands_it_on_takes_that_back_and_hands_it_on_again(town: Town) -> None:
    anna, ben, cleo = await town.people("Anna", "Ben", "Cleo")
    await ben.opens_the_bot()
    await cleo.opens_the_bot()
    await books_for(anna, ben)
    await brings_it(anna, town)

    await ben.taps("Let somebody else collect", "Yes, a new link")
    link = await ben.reads_the_link()
    await anna.sees("Nobody has claimed it yet")
    await ben.taps("I collect it after all")
    await it_is_for_ben_alone(anna, ben, cleo, link)

    await ben.taps("Let somebody else collect", "Pick a person")
    await ben.picks(cleo)
    await ben.sees("Let Cleo collect it?", "For Cleo, whom this bot will tell")
    before = await cleo.rings()
    await ben.taps("Yes, let them collect")
    await ben.sees("Cleo is to collect the parcel from Anna now")
    await ben.no_longer_sees("Locker")
    await cleo.sees("Cleo, a parcel from Anna is waiting for you")
    assert await cleo.rings() == before + 1
    await anna.sees("Cleo has been told and can collect it")

    told = await ben.rings()
    await collects(cleo, town)
    await ben.sees("Cleo has collected the parcel from Anna")
    assert await ben.rings() == told + 1
    await anna.sees("Cleo has collected it")


async def test_whoever_never_comes_is_told_of_once_and_anyone_may_come_then(polling: Town) -> None:
    anna, ben, cleo = await polling.people("Anna", "Ben", "Cleo")
    await books_for(anna, ben)
    old = await anna.reads_the_link()
    await brings_it(anna, polling)

    silence = await anna.rings()
    await polling.minutes_pass(11 * 60)
    assert await anna.rings() == silence
    await polling.minutes_pass(2 * 60)
    await anna.sees("Still waiting", "For Ben")
    assert await anna.rings() == silence + 1
    await polling.minutes_pass(30 * 60)
    assert await anna.rings() == silence + 1

    await anna.taps("A link for anyone")
    await anna.sees("Let somebody else collect it?", "The first person to use one can collect")
    await anna.taps("Yes, a new link")
    await anna.sees("Nobody has claimed it yet")
    link = await anna.reads_the_link()
    assert link != old
    await ben.opens_the_bot()
    await ben.no_longer_sees("a parcel from Anna")
    await cleo.opens_the_bot(link)
    await cleo.sees("Cleo, a parcel from Anna is waiting for you")


async def test_not_for_me_is_told_plainly_and_holds_until_it_is_allowed_again(
    polling: Town,
) -> None:
    anna, ben = await polling.people("Anna", "Ben")
    await ben.opens_the_bot()
    await books_for(anna, ben)
    await brings_it(anna, polling)
    before = await anna.rings()
    await ben.taps("Not for me")
    await ben.sees("Is this parcel not for you?")
    await ben.taps("Yes, not for me")
    await ben.sees("The parcel from Anna is no longer yours to collect")
    await anna.sees("Ben takes no parcel without being asked first", "Forward this link")
    assert await anna.rings() == before + 1

    rings = await ben.rings()
    await anna.taps("Menu")
    await anna.taps(*TO_WHOM)
    await anna.picks(ben)
    await anna.sees("Ben takes no parcel without being asked first. You get a claim link")
    await anna.taps("Reserve")
    await anna.sees("Reserved until", "Ben takes no parcel without being asked first")
    assert await ben.rings() == rings
    link = await anna.reads_the_link()
    await ben.opens_the_bot(link)
    await ben.sees("Ben, a parcel from Anna", "You will be told")

    await ben.says("/settings")
    await ben.taps("Refused senders", "Allow Anna again")
    await ben.sees("Refused senders", "None.")
    await anna.taps("Menu")
    await anna.taps(*TO_WHOM)
    await anna.picks(ben)
    await anna.sees("For Ben, whom this bot will tell")


async def test_whoever_lets_nobody_pick_them_is_asked_by_a_link(polling: Town) -> None:
    anna, ben = await polling.people("Anna", "Ben")
    await ben.opens_the_bot()
    await ben.says("/settings")
    await ben.taps("Others may pick me to collect")
    await anna.opens_the_bot()
    await anna.taps(*TO_WHOM)
    await anna.picks(ben)
    await anna.sees("Ben takes no parcel without being asked first")
    before = await ben.rings()
    await anna.taps("Reserve")
    link = await anna.reads_the_link()
    assert await ben.rings() == before
    await ben.opens_the_bot(link)
    await ben.sees("Ben, a parcel from Anna", "You will be told")


async def test_handed_on_twice_the_first_has_no_part_any_more(polling: Town) -> None:
    anna, ben, cleo, dora = await polling.people("Anna", "Ben", "Cleo", "Dora")
    for somebody in (ben, cleo):
        await somebody.opens_the_bot()
    await books_for(anna, ben)
    await brings_it(anna, polling)
    await ben.taps("Let somebody else collect", "Pick a person")
    await ben.picks(cleo)
    await ben.taps("Yes, let them collect")
    await cleo.taps("Let somebody else collect", "Pick a person")
    await cleo.picks(dora)
    await cleo.sees("Let Dora collect it?", "For Dora, and nobody else")
    await cleo.taps("Yes, let them collect")
    await ben.sees("no longer yours to collect", "You hear no more of it")
    await cleo.sees("Somebody else will collect the parcel from Anna", "For Dora")
    await dora.opens_the_bot()
    await dora.sees("Dora, a parcel from Anna is waiting for you")
    await cleo.sees("Dora is to collect the parcel from Anna now")
    told = await ben.rings()
    await collects(dora, polling)
    await cleo.sees("Dora has collected the parcel from Anna")
    assert await ben.rings() == told
