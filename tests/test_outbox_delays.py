"""What Telegram puts off stays owed: when it is tried again, and what is shown by then."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.card import SCREEN
from bot.domain.message import Message
from bot.ports.errors import MessageGone, TryLater
from tests.support.owed import ANNA, Owed, replaced_by


async def test_three_changes_while_telegram_was_away_become_one_message(owed: Owed):
    owed.chats.failing = [TryLater("away")] * 3
    for text in ("one", "two", "three"):
        owed.truth.views[SCREEN] = Message(text)
        await owed.mark()
        await owed.turn()
        owed.clock.turn(0.1)
    owed.clock.turn(60)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["three"]


async def test_telegrams_own_delay_is_kept(owed: Owed):
    owed.chats.failing = [TryLater("flood", 30)]
    await owed.mark()
    await owed.turn()
    owed.clock.turn(29)
    await owed.turn()
    assert owed.chats.of(ANNA) == []
    owed.clock.turn(2)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_backing_off_grows_and_then_stays(owed: Owed):
    owed.chats.failing = [TryLater("away")] * 20
    await owed.mark()
    gaps = []
    for _ in range(8):
        before = owed.clock.now()
        await owed.turn()
        due = (await owed.card()).run_at
        assert due is not None
        gaps.append(due - before)
        owed.clock.turn((due - owed.clock.now()).total_seconds())
    assert gaps == sorted(gaps)
    assert gaps[0] == timedelta(seconds=1)
    assert gaps[-1] == timedelta(seconds=60)


async def test_a_change_while_a_card_is_put_off_is_shown_at_once(owed: Owed):
    owed.chats.failing = [TryLater("flood", 30)]
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]


async def test_an_old_message_that_can_not_be_taken_away_yet_waits_as_telegram_says(owed: Owed):
    await replaced_by(owed, 77)
    owed.chats.failing = [TryLater("flood", 30)]
    await owed.turn()
    [old] = await owed.database.look(lambda tx: tx.cards_about("old:1"))
    assert old.run_at == owed.clock.now() + timedelta(seconds=30)
    owed.clock.turn(31)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["new"]


async def test_an_edit_that_was_refused_for_now_needs_no_undoing(owed: Owed):
    await shown_once(owed, "one")
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.failing = [TryLater("flood", undone=True)]
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("one")
    await owed.mark()
    await owed.turn()
    assert owed.chats.calls == ["send silently", "edit"], "which has not been done"


async def test_what_is_sent_for_a_message_that_is_gone_is_owed_though_it_was_refused_for_now(
    owed: Owed,
):
    await shown_once(owed, "one")
    owed.chats.messages.clear()
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.failing = [MessageGone(), TryLater("flood", undone=True)]
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("one")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def shown_once(owed: Owed, text: str) -> None:
    owed.truth.views[SCREEN] = Message(text)
    await owed.mark()
    await owed.turn()
