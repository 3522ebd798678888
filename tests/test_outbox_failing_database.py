"""A database that fails under the outbox.

What can't be written down is not said. What was said and can't be written down is sent no second
time while that can be known; where it can't, it is sent again, and counted.
"""

from __future__ import annotations

import asyncio

import pytest

from bot.ports.errors import TryLater
from bot.workers.signals import CARD_LEASE
from tests.support.owed import ANNA, START, Owed, Watched, turned, until


async def test_while_nothing_can_be_written_nothing_that_is_found_is_said(owed: Owed):
    await owed.mark()
    await owed.pulled()
    full = Watched(owed.database)
    full.broken = True
    outbox = owed.another(full)
    owed.clock.turn(CARD_LEASE.total_seconds())
    for _ in range(2):
        with pytest.raises(TryLater):
            await outbox.turn()
    assert owed.chats.calls == []
    full.broken = False
    await turned(outbox)
    assert owed.chats.of(ANNA) == ["one"]


async def sent_where_nothing_can_be_written(owed: Owed) -> Watched:
    """Anna's screen is let out to her; by then the database is broken."""
    watched = owed.watched()
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    watched.broken = True
    owed.chats.gate[ANNA].set()
    return watched


async def test_a_send_that_could_not_be_written_down_once_is_not_sent_again(owed: Owed):
    watched = await sent_where_nothing_can_be_written(owed)
    await until(lambda: watched.runs == 1)
    watched.broken = False
    await until(lambda: owed.clock.turn(1) and watched.runs == 2)
    await owed.turn()
    assert owed.chats.calls == ["send silently"]
    assert (await owed.card()).message == 1
    assert owed.outbox.tally.possible_doubles == 0


async def test_a_send_that_was_never_written_down_counts_as_possibly_doubled(owed: Owed):
    watched = await sent_where_nothing_can_be_written(owed)
    await until(lambda: owed.clock.turn(1) and owed.outbox.tally.possible_doubles)
    await owed.outbox.settle()
    assert owed.outbox.busy, "nobody may ever signal anything again"
    watched.broken = False
    owed.clock.turn(CARD_LEASE.total_seconds())
    await owed.turn()
    assert owed.chats.calls == ["send silently"] * 2, "owed still, once its turn is over"


async def test_a_card_whose_failure_could_not_be_written_down_is_shown_when_its_turn_is_over(
    owed: Owed,
):
    await owed.turn()
    watched = owed.watched()
    watched.broken = True
    owed.chats.failing = [TryLater("away")]
    await owed.mark()
    await owed.outbox.turn()
    await owed.outbox.settle()
    with pytest.raises(TryLater):
        await owed.outbox.turn()
    watched.broken = False
    due = await owed.outbox.turn()
    assert due is not None, "nobody may ever signal anything again"
    assert due <= START + CARD_LEASE
    owed.clock.turn(CARD_LEASE.total_seconds())
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]
