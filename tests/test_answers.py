"""Answers to buttons: given beside everything else, and never in its way."""

from __future__ import annotations

import asyncio

from telegram import Update
from telegram.ext import CallbackQueryHandler

from bot.ports.database import Database
from handlers.conversation.context import Context
from handlers.conversation.turns import Turns
from handlers.telegram.callback_data import pattern
from tests.support.chat_edge import ChatEdge, chat_edge, until, words_dialogue


async def ask(edge: ChatEdge) -> int:
    """Somebody who has a screen with a button before them."""
    ada = edge.phones.make("Ada").id
    edge.phones.open(ada)
    await edge.quiet()
    return ada


async def test_a_toast_too_long_for_telegram_is_cut(sqlite_database: Database) -> None:
    async def chatter(update: Update, context: Context) -> None:
        context.say("x" * 300, alert=True)

    dialogue = words_dialogue(CallbackQueryHandler(chatter, pattern("done")))
    async with chat_edge(sqlite_database, dialogue=dialogue) as edge:
        ada = await ask(edge)
        edge.phones.press(ada, edge.screen(ada), "done")
        await edge.quiet()
        [toast] = edge.telegram.chats[ada].toasts
        assert toast.text == "x" * 199 + "…"
        assert toast.alert


async def test_a_button_that_can_no_longer_be_answered_takes_effect_all_the_same(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = await ask(edge)
        edge.phones.press(ada, edge.screen(ada), "done")
        edge.telegram.clock.turn(3600)
        await edge.quiet()
        assert (await edge.draft(ada)).step == "done"
        assert edge.toasts(ada) == []


async def test_an_answer_that_did_not_get_through_is_given_once_more(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = await ask(edge)
        edge.telegram.faults.add("reset", "answerCallbackQuery", 1)
        edge.phones.press(ada, edge.screen(ada), "done")
        await until(lambda: edge.toasts(ada) == ["well done"])


async def test_a_slow_answer_to_a_button_delays_nothing(sqlite_database: Database) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = await ask(edge)
        edge.telegram.faults.add("slow", "answerCallbackQuery", seconds=5.0)
        edge.phones.press(ada, edge.screen(ada), "done")
        edge.phones.text(ada, "hello")
        await until(lambda: edge.texts(ada) == ["done:"] and not edge.telegram.updates.pending)
        assert edge.toasts(ada) == []
        edge.telegram.clock.turn(5)
        await until(lambda: edge.toasts(ada) == ["well done"])


async def test_a_webhook_update_is_confirmed_only_when_its_button_has_been_answered(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        for body in edge.telegram.updates.first(1):
            await edge.receiver.take(body)
        await until(lambda: edge.texts(ada))
        edge.phones.press(ada, edge.screen(ada), "done")
        await edge.receiver.take(edge.telegram.updates.first(2)[1])
        assert edge.toasts(ada) == ["well done"], "whoever is killed from here on owes no answer"


async def test_an_answer_that_telegram_is_slow_to_take_holds_up_no_update_for_long(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.receiver.take(edge.telegram.updates.first(1)[0])
        await until(lambda: edge.texts(ada))
        edge.telegram.faults.add("slow", "answerCallbackQuery", seconds=60.0)
        edge.phones.press(ada, edge.screen(ada), "done")
        async with asyncio.timeout(5):
            await edge.receiver.take(edge.telegram.updates.first(2)[1])
        assert (await edge.draft(ada)).step == "done"
        edge.telegram.faults.clear()
        edge.telegram.clock.turn(60)


async def test_a_chats_turns_go_in_the_order_of_asking_and_leave_nothing_behind() -> None:
    turns, order = Turns(), list[int]()

    async def take(number: int) -> None:
        async with turns.of(1):
            for _ in range(20 - number):  # whoever comes first has most to do
                await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*map(take, range(20)))
    assert order == list(range(20))
    assert len(turns) == 0
