"""Answers to buttons: given beside everything else, and never in its way."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from telegram import Update

from bot.ports.database import Database
from bot.ports.errors import TryLater
from handlers.conversation.context import Context
from handlers.conversation.pressed import Pressed
from handlers.conversation.turns import Turns
from handlers.telegram import answers, receiver
from handlers.telegram.answers import Answers
from handlers.telegram.transport import AiohttpRequest
from sandbox.telegram.state.core import CallbackQuery
from tests.support.chat_edge import ChatEdge, chat_edge, sandbox_telegram, until, words_dialogue
from tests.support.chats import chats
from tests.support.plain_http import plain_http


async def ask(edge: ChatEdge) -> int:
    """Somebody who has a screen with a button before them."""
    ada = edge.phones.make("Ada").id
    edge.phones.open(ada)
    await edge.quiet()
    return ada


async def taken(edge: ChatEdge, who: int) -> None:
    """Wait until the tap on the button has been committed."""
    while (await edge.draft(who)).step != "done":  # noqa: ASYNC110 - a commit has no event here
        await asyncio.sleep(0.001)


async def test_a_toast_too_long_for_telegram_is_cut(sqlite_database: Database) -> None:
    async def chatter(update: Update, context: Context) -> None:
        context.say("x" * 300, alert=True)

    dialogue = words_dialogue(Pressed(chatter, "done"))
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


@pytest.mark.parametrize("times", [1, 4])
async def test_an_answer_that_did_not_get_through_is_given_again(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(answers, "_PAUSES", (0.0, 0.01, 0.01, 0.01))
    async with chat_edge(sqlite_database) as edge:
        ada = await ask(edge)
        edge.telegram.faults.add("reset", "answerCallbackQuery", times)
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


async def test_by_polling_a_tap_is_confirmed_only_when_its_answer_is_on_its_way(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    async with chat_edge(sqlite_database) as edge:
        ada = await ask(edge)
        do_request, confirm = AiohttpRequest.do_request, edge.telegram.updates.confirm

        async def connecting(self: AiohttpRequest, url: str, *how: Any, **sent: Any) -> Any:
            if url.endswith("answerCallbackQuery"):
                async with plain_http() as http:  # nothing is sent before it is connected
                    await http.get(edge.there.url)
                order.append("sent")
            return await do_request(self, url, *how, **sent)

        def confirming(one: Any) -> None:
            order.append("confirmed")
            confirm(one)

        monkeypatch.setattr(AiohttpRequest, "do_request", connecting)
        edge.telegram.updates.confirm = confirming  # type: ignore[method-assign]  # an ear, no more
        edge.phones.press(ada, edge.screen(ada), "done")
        await until(lambda: len(order) == 2)
    assert order == ["sent", "confirmed"], "else a kill between them leaves the button spinning"


async def test_an_answer_that_can_not_be_sent_off_holds_up_no_update_for_long(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_PATIENCE", 0.05)
    async with chat_edge(sqlite_database) as edge:
        ada = await ask(edge)
        do_request, may_connect = AiohttpRequest.do_request, asyncio.Event()

        async def connecting(self: AiohttpRequest, url: str, *how: Any, **sent: Any) -> Any:
            if url.endswith("answerCallbackQuery"):
                await may_connect.wait()
            return await do_request(self, url, *how, **sent)

        monkeypatch.setattr(AiohttpRequest, "do_request", connecting)
        edge.phones.press(ada, edge.screen(ada), "done")
        await until(lambda: not edge.telegram.updates.pending)
        assert edge.toasts(ada) == []
        may_connect.set()
        await until(lambda: edge.toasts(ada) == ["well done"])


async def test_an_update_that_comes_again_has_its_button_answered(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_PAUSES", (0.0,))
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        async with chat_edge(sqlite_database, at=there) as edge:
            there.phones.open(ada)
            await edge.quiet()
        async with chat_edge(sqlite_database, at=there, poll=False) as killed:
            there.phones.press(ada, killed.screen(ada), "done")
            await killed.receiver.take(there.telegram.updates.first(1)[0])
            assert (await killed.draft(ada)).step == "done"
        assert [query.answered for query in there.telegram.queries.values()] == [False]
        async with chat_edge(sqlite_database, at=there) as edge:
            await edge.quiet()
        assert [query.answered for query in there.telegram.queries.values()] == [True]


async def test_by_webhook_the_response_answers_the_button_and_nobody_else_does(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        query, update = await pressed(edge)
        call = await edge.receiver.take(update)
        assert call == {
            "method": "answerCallbackQuery",
            "callback_query_id": query.id,
            "text": "well done",
        }
        assert (await edge.draft(query.chat.id)).step == "done", "committed before it is said"
        await edge.application.bot_data.answers.settle(5)
        assert not query.answered


async def test_by_webhook_an_update_that_comes_again_brings_its_answer_again(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        query, update = await pressed(edge)
        again = [await edge.receiver.take(update) for _ in range(3)]
        assert [call and call["callback_query_id"] for call in again] == [query.id] * 3


async def test_by_webhook_two_deliveries_of_one_update_at_once_both_bring_its_answer(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        query, update = await pressed(edge)
        both = await asyncio.gather(edge.receiver.take(update), edge.receiver.take(update))
        assert [call and call["callback_query_id"] for call in both] == [query.id] * 2


async def test_by_webhook_an_answer_to_what_is_refused_is_sent_by_a_call(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        query, update = await pressed(edge)
        read = Update.de_json(update, edge.application.bot)
        answers: Answers = edge.application.bot_data.answers
        assert read.callback_query is not None
        with contextlib.suppress(TryLater), answers.held(read.callback_query):
            answers.give(read.callback_query, "not saved", alert=True)
            raise TryLater("the disk is full")
        await until(lambda: query.answered)
        [toast] = query.chat.toasts
        assert (toast.text, toast.alert) == ("not saved", True)


async def test_by_webhook_what_is_no_button_is_answered_by_nothing(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        edge.phones.open(edge.phones.make("Ada").id)
        [update] = edge.telegram.updates.first(1)
        assert await edge.receiver.take(update) is None


async def pressed(edge: ChatEdge) -> tuple[CallbackQuery, dict[str, Any]]:
    """A button that somebody has pressed, and the update that says so, which nobody has taken."""
    ada = edge.phones.make("Ada").id
    edge.phones.open(ada)
    await edge.receiver.take(edge.telegram.updates.first(1)[0])
    await until(lambda: edge.texts(ada))
    edge.phones.press(ada, edge.screen(ada), "done")
    [query] = edge.telegram.queries.values()
    return query, edge.telegram.updates.first(2)[1]


async def test_by_polling_a_tap_whose_answer_is_not_sent_off_comes_again_where_the_bot_ends(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_PATIENCE", 0.05)
    monkeypatch.setattr(receiver, "_FAREWELL", 0.05)
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        async with chat_edge(sqlite_database, at=there) as edge:
            there.phones.open(ada)
            await edge.quiet()
        do_request = AiohttpRequest.do_request
        with monkeypatch.context() as cut_off:

            async def connecting(self: AiohttpRequest, url: str, *how: Any, **sent: Any) -> Any:
                if url.endswith("answerCallbackQuery"):
                    await asyncio.Event().wait()
                return await do_request(self, url, *how, **sent)

            cut_off.setattr(AiohttpRequest, "do_request", connecting)
            async with chat_edge(sqlite_database, at=there) as ending:
                there.phones.press(ada, ending.screen(ada), "done")
                await taken(ending, ada)
                await ending.stop()
                assert len(there.telegram.updates.pending) == 1
        async with chat_edge(sqlite_database, at=there) as edge:
            await edge.quiet()
        assert [query.answered for query in there.telegram.queries.values()] == [True]


async def test_an_answer_under_way_at_the_end_is_waited_for_longer_than_a_moment(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "_FAREWELL", 0.05)
    slow, said = asyncio.Event(), []

    async def answer() -> None:
        await slow.wait()
        said.append("well done")

    async with chats(sqlite_database) as world:
        world.application.bot_data.answers.start(answer())
        asyncio.get_running_loop().call_later(1.2, slow.set)
    assert said == ["well done"]


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
