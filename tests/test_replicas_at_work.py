"""Two whole bots on one PostgreSQL behind one address: people notice nothing of there being two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from crash.ledger import Ledger
from tests.support.chats import Chats
from tests.support.hooked import paired
from tests.support.town import Town
from tests.test_story import BOOKS

Two = tuple[Chats, Chats, Ledger]


@pytest.fixture
async def two(postgres_url: str) -> AsyncIterator[Two]:
    async with paired(postgres_url) as two:
        yield two


async def test_what_somebody_says_is_answered_in_its_order_whoever_hears_of_it(two: Two) -> None:
    first, second, ledger = two
    anna = await first.phone("Anna")
    await anna.open()
    said = ["/parcels", "/help", "/settings"] * 4
    for words in said:  # all of it before the first is answered
        answer = first.http.post(f"/telegram/sandbox/people/{anna.id}/text", json={"text": words})
        await answer
    await anna.sees("Settings")
    await asyncio.gather(first.quiet(), second.quiet())
    taken = [world.outbox.tally.sent + world.outbox.tally.edited for world in (first, second)]
    assert min(taken) > 0, "both of them have answered"
    assert len(await anna.messages()) == 1, "one screen, and nothing left behind"
    await anna.sees("Settings")
    assert ledger.in_vain == 0


async def test_one_of_two_watches_and_a_parcel_rings_once_though_both_hear_of_it(two: Two) -> None:
    first, second, ledger = two
    assert [first.database.replicas.watches, second.database.replicas.watches] == [True, False]
    town = Town(first)
    anna, ben = await town.people("Anna", "Ben")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS)
    await ben.opens_the_bot(await anna.reads_the_link())
    await anna.taps("Get drop-off code")
    silence = await ben.rings()
    await anna.puts_the_parcel_in()
    await ben.sees("is waiting for you")
    await asyncio.gather(first.quiet(), second.quiet())
    assert await ben.rings() == silence + 1
    assert (ledger.rang_twice, ledger.in_vain) == (0, 0)
