"""What comes from Telegram, or from whoever answers in its place, and is not as it ought to be."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs
from telegram import Update

from bot.domain.alerts import Unheard
from bot.ports.database import Database
from bot.ports.errors import Misconfigured, Refused, TryLater
from bot.ports.people import Opening
from bot.workers.hearing import CALM, LISTENED_FOR, Hearing
from cli.sandbox_server import serving_sandbox
from handlers.conversation.context import Context
from handlers.conversation.dialogue import Dialogue
from handlers.telegram.probing import username
from sandbox.clock import Clock
from sandbox.telegram.app import DEFAULT_BOT
from tests.support.chat_edge import (
    START,
    ChatEdge,
    SandboxTelegram,
    chat_edge,
    sandbox_telegram,
    until,
    words_dialogue,
)

SECRET_WORDS = "K7Q2-9XWM from Katharina"
DEEP: Any = {}
for _ in range(300):
    DEEP = {"reply_to_message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "x"}} | DEEP}

UNREADABLE: Mapping[str, Any] = {
    "of another shape": {"from": SECRET_WORDS, "version": "of the API"},
    "a number": 7,
    "a text": SECRET_WORDS,
    "a list": [SECRET_WORDS],
    "nothing in it": {},
    "a date out of range": {
        "message_id": 1,
        "date": 10**18,
        "chat": {"id": 5, "type": "private"},
        "from": {"id": 5, "is_bot": False, "first_name": SECRET_WORDS},
        "text": SECRET_WORDS,
    },
    "a chat that is a text": {"message_id": 1, "date": 1, "chat": SECRET_WORDS},
    "very deep": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "x"}} | DEEP,
}


def turned(there: SandboxTelegram, seconds: float = 60) -> bool:
    there.telegram.clock.turn(seconds)
    return True


def put(there: SandboxTelegram, chat: int, *messages: object) -> None:
    queue = there.telegram.updates
    made = [queue.make("message", message, chat) for message in messages]
    queue.put([update for update in made if update is not None])


def logged(logs: list[Any], event: str) -> list[Any]:
    return [entry for entry in logs if entry["event"] == event]


@pytest.mark.parametrize("how", ["polling", "webhook"])
async def test_an_unreadable_update_of_a_batch_stops_nothing_and_no_word_of_it_is_logged(
    how: str, sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        put(there, ada, *UNREADABLE.values())
        there.phones.text(ada, "red")
        with capture_logs() as logs:
            async with chat_edge(sqlite_database, at=there, poll=how == "polling") as edge:
                if how == "webhook":
                    for body in there.telegram.updates.first(100):
                        await edge.receiver.take(body)
                else:
                    await until(lambda: turned(there) and not there.telegram.updates.pending)
                    await edge.quiet()
                assert await edge.words(ada) == ["red"]
    assert SECRET_WORDS not in caplog.text + repr(logs)
    passed = [entry["update_id"] for entry in logged(logs, "update let pass unread")]
    assert len(passed) == len(set(passed)) >= len(UNREADABLE) - 1


@pytest.mark.parametrize("last", ["", None, "Lovelace"])
async def test_whoever_has_no_first_name_is_served_like_anybody(
    last: str | None, sqlite_database: Database
) -> None:
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        message = {
            "message_id": 900,
            "date": int(there.telegram.clock.now().timestamp()),
            "chat": {"id": ada, "type": "private", "first_name": ""},
            "from": {"id": ada, "is_bot": False, "first_name": "", "last_name": last},
            "text": "red",
        }
        async with chat_edge(sqlite_database, at=there, poll=False) as edge:
            for body in there.telegram.updates.first(100):
                await edge.receiver.take(body)
            with capture_logs() as logs:
                await edge.receiver.take({"update_id": 10**6, "message": message})
            assert await edge.words(ada) == ["red"]
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def test_an_unreadable_update_that_comes_again_is_logged_once(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        with capture_logs() as logs:
            for _ in range(3):
                await edge.receiver.take({"update_id": 5, "message": {"from": SECRET_WORDS}})
    assert [entry["update_id"] for entry in logged(logs, "update let pass unread")] == [5]


@pytest.mark.parametrize("how", ["polling", "webhook"])
async def test_an_update_of_which_not_even_the_failure_can_be_told_blocks_nobody(
    how: str, sqlite_database: Database
) -> None:
    class Broken(Dialogue):
        async def take(self, update: Update, context: Context, opening: Opening) -> None:
            if update.effective_message and update.effective_message.text == "poison":
                raise RuntimeError("a bug")
            await super().take(update, context, opening)

        async def amend(
            self, update: Update, context: Context, opening: Opening, error: Exception
        ) -> None:
            raise RuntimeError("another")

    whole = words_dialogue()
    dialogue = Broken(whole.entry_points, whole.states, whole.fallbacks)
    async with chat_edge(sqlite_database, dialogue=dialogue, poll=how == "polling") as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        edge.phones.text(ada, "poison")
        edge.phones.text(ada, "red")
        if how == "polling":
            await edge.quiet()
        else:
            for body in edge.telegram.updates.first(100):
                await edge.receiver.take(body)
        assert await edge.words(ada) == ["red"]


@asynccontextmanager
async def in_its_place(*answers: Response) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers each call with the next of `answers`, the last one for ever; its URL,
    and which methods were called."""
    called: list[str] = []

    async def answer(request: Request) -> Response:
        called.append(request.url.path.rpartition("/")[2])
        return answers[min(len(called), len(answers)) - 1]

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    async with serving_sandbox(app) as url:
        yield url, called


def said(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")


PAGE = "<html>Sorry</html>"
NOBODYS_WORD = {
    **{f"a page with {status}": Response(PAGE, status) for status in (200, 401, 403, 404, 502)},
    "no result": said({"ok": True}),
    "a result of null": said({"ok": True, "result": None}),
    "a result of another type": said({"ok": True, "result": True}),
    "an empty result": said({"ok": True, "result": {}}),
    "a list of nothing known": said({"ok": True, "result": [None, 7, {"no": "id"}]}),
}
BAD_REQUEST = {"ok": False, "error_code": 400, "description": "Bad Request: something or other"}


OUTLIVED = {**NOBODYS_WORD, "a bad request": said(BAD_REQUEST, 400)}


@pytest.mark.parametrize("word", OUTLIVED)
async def test_what_says_nothing_of_the_token_ends_no_polling(
    word: str, sqlite_database: Database
) -> None:
    async with (
        sandbox_telegram() as there,
        in_its_place(OUTLIVED[word]) as (url, called),
        chat_edge(sqlite_database, at=there, poll=False) as edge,
    ):
        base = edge.application.bot
        real = base._base_url
        base._base_url = f"{url}/bot{DEFAULT_BOT}"
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        edge.polling = asyncio.create_task(edge.receiver.poll())
        await until(lambda: turned(there) and len(called) > 5)
        assert not edge.polling.done(), "it goes on asking"
        assert edge.receiver.hearing.why
        base._base_url = real
        await until(lambda: turned(there) and not there.telegram.updates.pending)
        await edge.quiet()
        assert (await edge.draft(ada)).step == "asking"
        assert edge.receiver.hearing.why is None


@pytest.mark.parametrize("word", NOBODYS_WORD)
async def test_who_the_bot_is_can_be_told_by_telegram_alone(word: str) -> None:
    async with in_its_place(NOBODYS_WORD[word]) as (url, _):
        with pytest.raises(TryLater):
            await username(DEFAULT_BOT, url)


async def test_telegrams_own_refusal_of_the_token_is_believed() -> None:
    refusal = said({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
    async with in_its_place(refusal) as (url, _):
        with pytest.raises(Misconfigured):
            await username(DEFAULT_BOT, url)


@pytest.mark.parametrize("word", [{"ok": True, "result": False}, PAGE])
async def test_a_webhook_counts_as_set_once_telegram_says_so(
    word: Any, sqlite_database: Database
) -> None:
    no, done = said(word), said({"ok": True, "result": True})
    async with (
        sandbox_telegram() as there,
        in_its_place(no, no, done) as (url, called),
        chat_edge(sqlite_database, at=there, poll=False) as edge,
    ):
        edge.application.bot._base_url = f"{url}/bot{DEFAULT_BOT}"
        listening = asyncio.create_task(hooked(edge, "https://bot.example/telegram/x"))
        await until(lambda: turned(there) and listening.done())
        await listening
        assert called == ["setWebhook"] * 3


async def test_an_address_that_telegram_refuses_as_a_webhook_ends_listening(
    sqlite_database: Database,
) -> None:
    bad = {**BAD_REQUEST, "description": "Bad Request: bad webhook: HTTPS url must be provided"}
    async with (
        sandbox_telegram() as there,
        in_its_place(said(bad, 400)) as (url, _),
        chat_edge(sqlite_database, at=there, poll=False) as edge,
    ):
        edge.application.bot._base_url = f"{url}/bot{DEFAULT_BOT}"
        with pytest.raises(Refused):
            await hooked(edge, "http://bot.example/telegram/x")


async def hooked(edge: ChatEdge, url: str) -> None:
    await edge.receiver.listen(url, "secret")


async def test_a_webhook_that_was_taken_away_is_set_again_and_said(
    sqlite_database: Database,
) -> None:
    url = "https://bot.example/telegram/x"
    async with chat_edge(sqlite_database, poll=False) as edge:
        await hooked(edge, url)
        watching = asyncio.create_task(edge.receiver.stay_hooked(url, "secret"))
        with capture_logs() as logs:
            edge.telegram.webhook.delete()
            await until(lambda: turned(edge.there, 1) and edge.telegram.webhook.url == url)
            edge.telegram.webhook.set("https://another.example/", secret="other")
            await until(lambda: turned(edge.there, 1) and edge.telegram.webhook.url == url)
            await until(lambda: turned(edge.there, 1) and edge.receiver.hearing.why)
            assert "deliver elsewhere" in (edge.receiver.hearing.why or "")
            await until(lambda: turned(edge.there, 10) and edge.receiver.hearing.why is None)
        edge.receiver.stop()
        await watching
    assert len(logged(logs, "telegram does not answer")) == 1
    assert len(logged(logs, "telegram answers again")) == 1


async def test_that_telegram_can_not_deliver_is_said_with_its_own_reason(
    sqlite_database: Database,
) -> None:
    url = "http://127.0.0.1:1/telegram/x"
    async with chat_edge(sqlite_database, poll=False) as edge:
        await hooked(edge, url)
        watching = asyncio.create_task(edge.receiver.stay_hooked(url, "secret"))
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await until(lambda: turned(edge.there, 1) and edge.receiver.hearing.why)
        assert edge.receiver.hearing.why == "Telegram can't deliver: Connection refused"
        edge.receiver.stop()
        await watching


def test_a_bot_that_hears_nobody_says_so_after_a_while_and_mends() -> None:
    clock = Clock(START, stopped=True)
    hearing = Hearing(clock)
    with capture_logs() as logs:
        hearing.failed("Telegram can't be reached")
        assert hearing.why is None, "that may pass"
        clock.turn(LISTENED_FOR.total_seconds())
        hearing.failed("a page with 502")
        assert hearing.why == "a page with 502"
        hearing.heard()
        assert hearing.why is None
    assert [entry["event"] for entry in logs] == [
        "telegram does not answer",
        "telegram answers again",
    ]


def test_a_second_poller_that_lets_some_through_is_said_until_it_has_gone() -> None:
    clock = Clock(START, stopped=True)
    hearing = Hearing(clock)
    with capture_logs() as logs:
        for _ in range(100):  # each of the two takes the other's place, again and again
            hearing.failed("another process", Unheard.TAKEN)
            clock.turn(60)
            hearing.heard()
            assert hearing.why == "another process"
        clock.turn(CALM.total_seconds())
        hearing.heard()
        assert hearing.why is None
    assert len(logs) == 2
    assert LISTENED_FOR + timedelta(seconds=60) < CALM
