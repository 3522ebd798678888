"""Several processes with one outbox each: a card is shown by the one that has its lease.

Where that one is late or has died, another takes the card up once the lease is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.card import SCREEN
from bot.domain.ids import PersonId
from bot.domain.message import Message
from bot.workers import showing
from bot.workers.outbox import Outbox, Tally
from bot.workers.signals import CARD_LEASE
from handlers.telegram import rate_limit
from handlers.telegram.transport import AiohttpRequest
from tests.support.databases import opened
from tests.support.owed import ANNA, Owed, turned


@pytest.fixture
async def there(owed: Owed, postgres_url: str) -> AsyncIterator[Outbox]:
    """The outbox of another process, with a connection of its own."""
    async with opened(postgres_url) as database:
        yield owed.another(database)


on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@on_postgres
@pytest.mark.parametrize("first", ["send", "edit"])
async def test_a_card_that_one_process_shows_is_shown_by_no_other(
    owed: Owed, there: Outbox, first: str
):
    if first == "edit":
        await owed.mark()
        await owed.turn()
    before = len(owed.chats.calls)
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.gate[ANNA], owed.chats.called = asyncio.Event(), asyncio.Event()
    await owed.mark(ring=first == "send")
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await turned(there)
    owed.chats.gate.pop(ANNA).set()
    await owed.turn()
    await turned(there)
    assert owed.chats.calls[before:] == [first]
    assert owed.chats.of(ANNA) == ["two"]
    assert there.tally == Tally()


@on_postgres
async def test_what_changes_while_another_process_is_sending_is_shown_by_that(
    owed: Owed, there: Outbox
):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark(ring=True)
    await owed.outbox.turn()
    await owed.chats.called.wait()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await turned(there)
    assert await there.turn() is not None, "it looks again should the other die"
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]
    assert owed.chats.calls == ["send", "edit"]


@on_postgres
async def test_of_many_cards_that_two_processes_find_each_is_sent_by_one(owed: Owed, there: Outbox):
    chats = [PersonId(number) for number in range(30)]
    for chat in chats:
        await owed.mark(chat)
    await owed.database.run(lambda tx: tx.free_cards())
    owed.signals.take_cards()
    await asyncio.gather(turned(there), turned(owed.another()))
    assert [owed.chats.of(chat) for chat in chats] == [["one"]] * 30
    assert owed.chats.calls == ["send silently"] * 30


async def test_a_send_that_a_process_died_over_is_taken_up_by_another_and_counted(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    there = owed.another()
    await turned(there)
    owed.chats.gate.pop(ANNA)
    owed.clock.turn(CARD_LEASE.total_seconds() - 1)
    await turned(there)
    assert owed.chats.of(ANNA) == []
    owed.clock.turn(1)
    await turned(there)
    assert owed.chats.of(ANNA) == ["one"]
    assert there.tally.possible_doubles == int(owed.database.shared), "else counted at the start"


async def test_a_send_whose_turn_ran_out_is_taken_away_again(owed: Owed):
    """Two have sent it: one message stays."""
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    late = owed.chats.gate.pop(ANNA)
    owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(owed.another())
    late.set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]
    assert (ANNA, (await owed.card()).message) in owed.chats.messages


async def test_a_card_that_waited_longer_than_its_turn_is_not_shown_by_two(owed: Owed):
    owed.truth.views["second"] = Message("second")
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await owed.mark(ANNA, "second")
    await owed.outbox.turn()
    owed.clock.turn(CARD_LEASE.total_seconds())
    gate = owed.chats.gate.pop(ANNA)
    await turned(owed.another())
    gate.set()
    await owed.turn()
    assert owed.chats.of(ANNA).count("second") == 1


def test_no_call_to_telegram_outlasts_the_turn_it_is_made_in():
    longest = sum(AiohttpRequest().__dict__[f"_{name}"] for name in ("connect", "read", "write"))
    pool = 5.0
    assert showing._LEFT.total_seconds() > longest + pool + rate_limit.PATIENCE
    assert showing._LEFT.total_seconds() > showing._PATIENCE
    assert showing._LEFT < CARD_LEASE
