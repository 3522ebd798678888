"""What can't be said: cards that can't be made, what Telegram refuses, people out of reach.

Where a card can't be shown, a sentence stands in its place until it can; no other waits for it.
"""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.domain.card import SCREEN, alert_subject
from bot.domain.message import Message
from bot.domain.person import Person
from bot.ports.errors import MessageGone, Misconfigured, Refused, Unreachable
from bot.usecases.cards import reach_changed
from tests.support.owed import ANNA, BEN, INSTEAD, Owed, replaced_by


@pytest.mark.parametrize("before", ["nothing", "a message", "a picture"])
async def test_a_card_that_can_not_be_made_says_so_and_shows_the_truth_once_it_can(
    owed: Owed, before: str
):
    if before != "nothing":
        owed.truth.views[SCREEN] = Message("was", qr="X" if before == "a picture" else None)
        await owed.mark()
        await owed.turn()
    owed.truth.views[SCREEN] = Message("now")
    owed.truth.broken.add(SCREEN)
    with capture_logs() as logs:
        await owed.mark(ring=True)
        await owed.mark(BEN, "another")
        owed.truth.views["another"] = Message("for Ben")
        await owed.turn()
        assert owed.chats.of(BEN) == ["for Ben"]
        assert owed.chats.of(ANNA) == [INSTEAD.html]
        for _ in range(3):
            owed.clock.turn(601)
            await owed.turn()
        assert owed.chats.of(ANNA) == [INSTEAD.html]
        assert "send" not in owed.chats.calls, "nothing rang"
    assert [entry["event"] for entry in logs] == ["card_not_shown"]
    assert (await owed.card()).owed
    owed.truth.broken.clear()
    owed.clock.turn(601)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["now"]
    assert owed.chats.calls.count("send") == 1, "it rings when there is something to read"


async def test_what_telegram_refuses_is_replaced_by_a_sentence_until_it_does_not(owed: Owed):
    owed.chats.failing = [Refused("can't parse entities")]
    with capture_logs() as logs:
        await owed.mark()
        await owed.turn()
    assert owed.chats.of(ANNA) == [INSTEAD.html]
    assert [entry["event"] for entry in logs] == ["card_not_shown"]
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"], "the next mark tries again at once"


async def test_where_nothing_at_all_may_be_said_nothing_is_said_in_its_place(owed: Owed):
    owed.chats.failing = [Misconfigured("the token"), Misconfigured("the token")]
    await owed.mark()
    await owed.turn()
    assert owed.chats.calls == ["send silently"]
    owed.clock.turn(601)
    await owed.turn()


async def test_a_card_that_telegram_refuses_does_not_hold_up_the_rest(owed: Owed):
    owed.chats.failing = [Refused("can't parse entities")]
    await owed.mark(ANNA)
    await owed.turn()
    await owed.mark(BEN)
    await owed.turn()
    assert owed.chats.of(BEN) == ["one"]
    owed.clock.turn(601)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


@pytest.mark.parametrize("error", [Refused("too old"), MessageGone("by whom?")])
async def test_an_old_message_that_can_never_be_taken_away_is_let_be(owed: Owed, error: Exception):
    await replaced_by(owed, 77)
    owed.chats.failing = [error]
    await owed.turn()
    assert await owed.database.look(lambda tx: tx.cards_about("old:1")) == []


async def test_somebody_who_blocked_the_bot_is_owed_nothing_and_known_as_out_of_reach(owed: Owed):
    await owed.database.run(lambda tx: tx.save_person(Person(ANNA, "Anna")))
    owed.chats.failing = [Unreachable("blocked")]
    await owed.mark()
    await owed.turn()
    person = await owed.database.look(lambda tx: tx.person(ANNA))
    assert person is not None
    assert not person.reachable
    owed.clock.turn(3600)
    await owed.turn()
    assert owed.chats.calls == ["send silently"]


async def an_alert_that_reaches_nobody(owed: Owed) -> str:
    """Its operator is not there: its subject."""
    alert = alert_subject("harbor")
    owed.truth.views[alert] = Message("Harbor does not answer")
    owed.chats.failing = [Unreachable("never opened the bot")]
    await owed.mark(subject=alert, ring=True)
    await owed.turn()
    return alert


async def test_an_alert_for_an_operator_who_is_not_there_stays_owed_until_they_come(owed: Owed):
    alert = await an_alert_that_reaches_nobody(owed)
    await owed.turn()
    assert owed.chats.calls == ["send"], "who is not there is not tried again at once"
    assert (await owed.card(subject=alert)).owed
    now = owed.clock.now()
    await owed.database.run(lambda tx: reach_changed(tx, ANNA, now=now))
    await owed.turn()
    assert owed.chats.of(ANNA) == ["Harbor does not answer"]
    assert owed.chats.calls == ["send", "send"], "and it rings"
    assert not (await owed.card(subject=alert)).owed


async def test_an_operator_of_whose_coming_nobody_heard_is_tried_now_and_then(owed: Owed):
    await an_alert_that_reaches_nobody(owed)
    owed.clock.turn(601)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["Harbor does not answer"]


async def test_someone_unreachable_for_whom_a_card_was_marked_meanwhile_is_tried_again(owed: Owed):
    owed.chats.gate[ANNA], owed.chats.failing = asyncio.Event(), [Unreachable("blocked")]
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await owed.mark()  # they are back, and asked for something
    owed.chats.gate.pop(ANNA).set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]
