"""The outbox: a card is sent once, edited as the truth changes, and taken away with it.

The messenger here is a chat in memory that fails on demand; the real one is tested elsewhere.
"""

from __future__ import annotations

import asyncio

from bot.domain.card import SCREEN, delivery_subject
from bot.domain.lifecycle import State
from bot.domain.message import Message
from bot.ports.database import Transaction
from bot.workers.loop import Loop
from tests.support.owed import ANNA, BEN, START, Owed, turned
from tests.support.scenes import a_delivery


async def test_what_is_owed_is_sent_once_and_then_edited(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]
    assert owed.chats.calls == ["send silently", "edit"]


async def test_a_card_that_would_look_the_same_is_left_alone(owed: Owed):
    for _ in range(3):
        await owed.mark()
        await owed.turn()
    assert owed.chats.calls == ["send silently"]
    assert owed.outbox.tally.unchanged == 2


async def test_ringing_sends_anew_and_takes_the_old_message_away(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("in the locker")
    await owed.mark(ring=True)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["in the locker"]
    assert owed.chats.calls == ["send silently", "send", "remove"]
    assert await owed.database.look(lambda tx: tx.next_card_due()) is None


async def test_nothing_to_show_takes_the_message_away(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = None
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == []
    assert await owed.database.look(lambda tx: tx.card(ANNA, SCREEN)) is None


async def test_a_message_that_the_person_deleted_is_sent_anew(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.chats.messages.clear()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]


async def test_a_view_of_another_form_replaces_the_message(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("scan me", qr="HARBOR://OPEN/1")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["scan me"]
    assert owed.chats.calls == ["send silently", "send silently", "remove"]


async def test_a_chat_that_is_owed_several_cards_gets_them_all_from_one_signal(owed: Owed):
    owed.truth.views["code:x"] = Message("a code", qr="HARBOR://OPEN/1")
    loop = Loop("outbox", owed.clock, owed.outbox.turn, owed.signals.cards)
    running = asyncio.create_task(loop.run())

    async def both(tx: Transaction) -> None:
        await tx.mark(ANNA, SCREEN, now=START)
        await tx.mark(ANNA, "code:x", now=START)

    await owed.database.run(both)
    async with asyncio.timeout(10):
        while len(owed.chats.of(ANNA)) < 2:
            owed.chats.called.clear()
            await owed.chats.called.wait()
            await asyncio.sleep(0)
    loop.stop()
    await running
    await owed.outbox.settle()


async def test_what_a_step_has_marked_is_shown_without_a_look_for_it(owed: Owed):
    await owed.turn()
    await owed.mark()
    watched = owed.watched()
    await owed.outbox.turn()
    await owed.outbox.settle()
    assert owed.chats.of(ANNA) == ["one"]
    assert watched.runs == 1, "what was shown is written down, and that is all"


async def test_what_nobody_here_has_marked_is_found_at_the_start(owed: Owed):
    await owed.mark()
    await owed.database.run(lambda tx: tx.free_cards())
    there = owed.another()
    await turned(there)
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_change_that_comes_while_a_message_is_under_way_is_not_lost(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]


async def test_a_late_answer_about_a_card_that_has_moved_twice_leaves_it_its_message(owed: Owed):
    """An edit is under way while the delivery gives way to another, and that to a third."""
    first, second, third = "delivery:1", "delivery:2", "delivery:3"
    for subject in (first, second, third):
        owed.truth.views[subject] = Message(f"about {subject}")
    await owed.mark(subject=first)
    await owed.turn()
    owed.truth.views[first] = Message("given up")
    owed.chats.gate[ANNA], owed.chats.called = asyncio.Event(), asyncio.Event()
    await owed.mark(subject=first)
    await owed.outbox.turn()
    await owed.chats.called.wait()
    for subject, to in ((first, second), (second, third)):
        await owed.database.run(
            lambda tx, a=subject, b=to: tx.move_card(ANNA, a, b, now=owed.clock.now())
        )
        await owed.mark(subject=subject, ring=True)  # the one given up is opened anew
    owed.chats.gate.pop(ANNA).set()
    await owed.turn()
    live = await owed.card(subject=third)
    assert live.message == 1
    assert owed.chats.messages[ANNA, 1] == "about delivery:3"
    assert "remove" not in owed.chats.calls
    assert sorted(owed.chats.of(ANNA)) == ["about delivery:2", "about delivery:3", "given up"]


async def test_the_senders_card_is_brought_up_to_date_once_the_recipients_has_rung(owed: Owed):
    delivery = a_delivery(State.STORED)  # from Anna, for Ben
    about_it = delivery_subject(delivery.id)
    owed.truth.views[about_it] = Message("being told")
    await owed.database.run(lambda tx: tx.add_delivery(delivery))
    await owed.mark(ANNA, about_it)
    await owed.turn()
    owed.truth.views[about_it] = Message("told")
    await owed.mark(BEN, about_it, ring=True)
    await owed.turn()
    assert owed.chats.of(BEN) == owed.chats.of(ANNA) == ["told"]
    assert owed.chats.calls == ["send silently", "send", "edit"]
    owed.truth.views[about_it] = Message("reminded")
    await owed.mark(BEN, about_it)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["told"], "nothing rang"
