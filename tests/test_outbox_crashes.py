"""What a crash or a lost answer leaves of a card, and how the outbox takes it up.

A send that may have been made is repeated and counted; an edit that may have been made is undone
where the truth is as before.
"""

from __future__ import annotations

import pytest

from bot.domain.card import SCREEN
from bot.domain.message import Message
from bot.ports.errors import OutcomeUnknown, TryLater
from bot.workers.signals import CARD_LEASE
from tests.support.owed import ANNA, Owed, replaced_by, turned


async def test_a_restart_repeats_nothing(owed: Owed):
    await owed.mark()
    await owed.turn()
    again = await owed.pulled()
    await turned(again)
    assert owed.chats.calls == ["send silently"]
    assert again.tally.possible_doubles == 0


async def test_a_send_whose_answer_was_lost_is_repeated_and_counted(owed: Owed):
    owed.chats.failing = [OutcomeUnknown("reset")]
    await owed.mark()
    await owed.turn()
    owed.clock.turn(5)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]
    assert owed.outbox.tally.possible_doubles == 1


async def test_a_crash_in_the_middle_of_a_send_is_found_at_the_next_start(owed: Owed):
    await owed.mark()
    again = await owed.pulled()
    if owed.database.shared:  # it may be another replica that is sending it
        await turned(again)
        assert owed.chats.of(ANNA) == []
        owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(again)
    assert again.tally.possible_doubles == 1
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_crash_in_the_middle_of_an_edit_is_no_possible_double(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    again = await owed.pulled()
    owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(again)
    assert again.tally.possible_doubles == 0
    assert owed.chats.of(ANNA) == ["two"]


async def edited_and_not_written_down(owed: Owed) -> None:
    """Anna's screen says "one"; Telegram shows "two" there, which nobody has recorded."""
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    owed.chats.messages[ANNA, 1] = "two"
    owed.truth.views[SCREEN] = Message("one")


@pytest.mark.parametrize("taken_up", ["when found due", "with the next mark"])
async def test_an_edit_that_a_process_died_over_is_undone_where_the_truth_is_as_before(
    owed: Owed, taken_up: str
):
    await edited_and_not_written_down(owed)
    again = await owed.pulled()
    owed.clock.turn(CARD_LEASE.total_seconds())
    if taken_up == "with the next mark":
        await owed.mark()
        again = owed.outbox
    await turned(again)
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_mark_that_many_cards_get_takes_up_an_edit_that_a_process_died_over(owed: Owed):
    await edited_and_not_written_down(owed)
    owed.signals.take_cards()
    owed.clock.turn(CARD_LEASE.total_seconds())
    await owed.database.run(lambda tx: tx.mark_about(SCREEN, now=owed.clock.now()))
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_an_edit_whose_answer_was_lost_is_undone_where_the_truth_is_as_before(owed: Owed):
    await edited_and_not_written_down(owed)
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.failing = [TryLater("no answer")]
    await owed.turn()
    owed.truth.views[SCREEN] = Message("one")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_crash_before_the_old_message_was_taken_away_takes_it_away_later(owed: Owed):
    await replaced_by(owed, 77)
    again = await owed.pulled()
    owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(again)
    assert owed.chats.of(ANNA) == ["new"]
