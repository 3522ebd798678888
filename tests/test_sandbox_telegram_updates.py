"""How the bot hears: long polling and webhooks, with what goes wrong between."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cli.sandbox_server import serving_sandbox
from tests.support.plain_http import plain_http
from tests.support.sandbox_telegram import TOKEN, Stage, buttons, eventually, stage

OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request;"
    " make sure that only one bot instance is running"
)


@pytest.fixture
async def on() -> AsyncIterator[Stage]:
    async with stage() as it:
        yield it


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_an_update_comes_until_a_later_offset_confirms_it(on: Stage) -> None:
    for word in "abc":
        on.phones.text(on.ann, word)
    first = await on.ok("getUpdates", limit=2)
    assert texts(first) == ["a", "b"]
    assert texts(await on.ok("getUpdates")) == ["a", "b", "c"]
    rest = await on.ok("getUpdates", offset=first[1]["update_id"] + 1)
    assert texts(rest) == ["c"]
    assert await on.ok("getUpdates", offset=rest[0]["update_id"] + 1) == []


async def test_a_negative_offset_keeps_only_the_latest(on: Stage) -> None:
    for word in "abc":
        on.phones.text(on.ann, word)
    assert texts(await on.ok("getUpdates", offset=-1)) == ["c"]
    assert texts(await on.ok("getUpdates")) == ["c"]


async def test_a_long_poll_ends_with_the_update(on: Stage) -> None:
    polling = asyncio.create_task(on.ok("getUpdates", timeout=50))
    await waiting(on)
    on.phones.text(on.ann, "now")
    assert texts(await polling) == ["now"]


async def test_a_second_poller_ends_the_first(on: Stage) -> None:
    first = asyncio.create_task(on.refused("getUpdates", timeout=50))
    await waiting(on)
    second = asyncio.create_task(on.ok("getUpdates", timeout=50))
    assert await first == (409, OTHER_POLLER)
    on.phones.text(on.ann, "for the second")
    assert texts(await second) == ["for the second"]


async def test_polling_and_a_webhook_exclude_each_other(on: Stage) -> None:
    polling = asyncio.create_task(on.refused("getUpdates", timeout=50))
    await waiting(on)
    await on.ok("setWebhook", url="http://127.0.0.1:1/hook")
    assert await polling == (409, "Conflict: terminated by setWebhook request")
    words = (
        "Conflict: can't use getUpdates method while webhook is active;"
        " use deleteWebhook to delete the webhook first"
    )
    assert await on.refused("getUpdates") == (409, words)
    await on.ok("deleteWebhook")
    assert await on.ok("getUpdates") == []


async def test_only_the_kinds_asked_for_come(on: Stage) -> None:
    await on.ok("getUpdates", allowed_updates=["callback_query"])
    on.phones.text(on.ann, "unheard")
    sent = await on.say(reply_markup=buttons("a"))
    on.phones.press(on.ann, sent["message_id"], "a")
    (update,) = await on.ok("getUpdates")
    assert update["callback_query"]["data"] == "a"
    await on.ok("getUpdates", allowed_updates=[])
    on.phones.text(on.ann, "heard")
    assert "message" in (await on.ok("getUpdates"))[-1]


async def test_a_bot_that_hangs_up_is_no_poller_any_more(on: Stage) -> None:
    async with plain_http(base_url=on.base) as other:
        url = f"/bot{TOKEN}/getUpdates"
        polling = asyncio.create_task(other.get(url, params={"timeout": 50}))
        await waiting(on)
        polling.cancel()
        await asyncio.wait([polling])
    on.phones.text(on.ann, "still here")
    assert texts(await on.ok("getUpdates")) == ["still here"]


async def waiting(on: Stage) -> None:
    """Return when a poll waits."""

    async def busy() -> bool:
        return not on.telegram.poller.idle

    await eventually(busy)


@dataclass
class Hook:
    """A webhook: what came, and what is answered to it."""

    base: str = ""
    came: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    answer: Callable[[], Response] = Response
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    at_once: int = 0

    async def take(self, request: Request) -> Response:
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        async with self.arrived:
            self.came.append(await request.json())
            self.at_once += 1
            self.arrived.notify_all()
        await self.gate.wait()
        self.at_once -= 1
        return self.answer()

    async def until(self, count: int) -> list[dict[str, Any]]:
        """Everything that came, once it is so many."""
        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(lambda: len(self.came) >= count)
        return self.came


@contextlib.asynccontextmanager
async def hooked(on: Stage, **parameters: Any) -> AsyncIterator[Hook]:
    hook = Hook()
    hook.gate.set()
    app = Starlette(routes=[Route("/hook", hook.take, methods=["POST"])])
    async with serving_sandbox(app) as hook.base:
        await on.ok("setWebhook", url=f"{hook.base}/hook", **parameters)
        yield hook
        hook.gate.set()
        await on.ok("deleteWebhook")


async def test_a_webhook_brings_each_update_once_with_the_secret(on: Stage) -> None:
    on.phones.text(on.ann, "before")
    async with hooked(on, secret_token="s-e_cret") as hook:
        on.phones.text(on.ann, "after")
        assert texts(await hook.until(2)) == ["before", "after"]
        assert hook.secrets == ["s-e_cret"] * 2
        await pending(on, 0)
    assert await on.ok("getUpdates") == []


async def test_an_update_that_was_not_taken_comes_again(on: Stage) -> None:
    async with hooked(on) as hook:
        statuses = [500, 503]
        hook.answer = lambda: Response(status_code=statuses.pop(0) if statuses else 200)
        on.phones.text(on.ann, "a")
        on.phones.text(on.ann, "b")
        info = await pending(on, 2, "Wrong response from the webhook: 503 Service Unavailable")
        assert info["last_error_date"] == int(on.clock.now().timestamp())
        on.clock.turn(2)
        assert texts(await hook.until(4)) == ["a", "a", "a", "b"]
        await pending(on, 0)


async def test_a_webhook_may_ask_for_more_time(on: Stage) -> None:
    async with hooked(on) as hook:
        hook.answer = lambda: Response(status_code=503, headers={"Retry-After": "100"})
        on.phones.text(on.ann, "a")
        await hook.until(1)
        await errored(on)
        on.clock.turn(99)
        await on.ok("getMe")
        assert len(hook.came) == 1
        hook.answer = Response
        on.clock.turn(1)
        await hook.until(2)


async def test_nobody_at_the_webhook_is_an_error_too(on: Stage) -> None:
    await on.ok("setWebhook", url="http://127.0.0.1:1/hook")
    on.phones.text(on.ann, "a")
    assert (await errored(on))["last_error_message"] == "Connection refused"


async def test_a_redirect_is_not_followed(on: Stage) -> None:
    async with hooked(on) as hook:
        hook.answer = lambda: Response(status_code=302, headers={"Location": "/elsewhere"})
        on.phones.text(on.ann, "a")
        words = "Wrong response from the webhook: 302 Found"
        assert (await errored(on))["last_error_message"] == words


async def test_chats_are_served_side_by_side_each_in_order(on: Stage) -> None:
    people = [on.phones.make(name).id for name in "BCD"]
    async with hooked(on, max_connections=2) as hook:
        hook.gate.clear()
        for person in people:
            on.phones.text(person, f"{person} first")
            on.phones.text(person, f"{person} second")
        await hook.until(2)
        assert hook.at_once == 2
        hook.gate.set()
        came = texts(await hook.until(6))
        for person in people:
            assert [text for text in came if str(person) in text] == [
                f"{person} first",
                f"{person} second",
            ]


async def test_a_webhook_may_answer_with_a_call(on: Stage) -> None:
    async with hooked(on) as hook:
        reply = {"method": "sendMessage", "chat_id": on.ann, "text": "by return"}
        hook.answer = lambda: JSONResponse(reply)
        on.phones.text(on.ann, "a")
        chat = await on.until(lambda chat: len(chat["messages"]) == 3)
        assert chat["messages"][-1]["text"] == "by return"


def _by_return(kind: str, **call: Any) -> Response:
    if kind == "application/json":
        return JSONResponse(call)
    request = httpx.Request(
        "POST",
        "http://there",
        data=call,
        files={"nothing": b""} if kind == "multipart/form-data" else None,
    )
    return Response(request.read(), media_type=request.headers["content-type"])


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_a_button_may_be_answered_by_return_in_any_way_a_call_can_be_made(
    on: Stage, kind: str
) -> None:
    sent = await on.say(reply_markup=buttons("a"))
    async with hooked(on) as hook:
        hook.gate.clear()
        on.phones.press(on.ann, sent["message_id"], "a")
        query = (await hook.until(1))[0]["callback_query"]["id"]
        call = {"callback_query_id": query, "text": "by return"}
        hook.answer = lambda: _by_return(kind, method="answerCallbackQuery", **call)
        hook.gate.set()
        await pending(on, 0)
    assert [toast.text for toast in on.telegram.chats[on.ann].toasts] == ["by return"]
    assert on.telegram.queries[query].answered


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda said: JSONResponse(said, status_code=500), "it confirms nothing"),
        (lambda said: Response(json.dumps(said), media_type="text/plain"), "plain text is no call"),
        (lambda said: JSONResponse([said]), "a list is no call"),
        (
            lambda said: JSONResponse({**said, "chat_id": 7}),
            "it is refused, and nobody hears of that",
        ),
        (
            lambda said: JSONResponse({"method": "getUpdates"}),
            "what only asks has nobody to answer",
        ),
        (
            lambda said: JSONResponse({"method": "deleteWebhook"}),
            "it may not take its webhook away",
        ),
        (lambda said: JSONResponse({"method": "close"}), "nor close itself"),
    ],
)
async def test_what_is_no_call_by_return_does_nothing(
    on: Stage, answer: Callable[[Any], Response], why: str
) -> None:
    async with hooked(on) as hook:
        hook.answer = lambda: answer(
            {"method": "sendMessage", "chat_id": on.ann, "text": "by return"}
        )
        on.phones.text(on.ann, "a")
        await hook.until(1)
        if "confirms" in why:
            await errored(on)
        else:
            await pending(on, 0)
        assert (await on.ok("getWebhookInfo"))["url"], why
        texts = [
            message.body.get("text") for message in on.telegram.chats[on.ann].messages.values()
        ]
        assert "by return" not in texts, why


async def test_webhooks_are_held_to_telegrams_rules(on: Stage) -> None:
    for parameters, words in (
        ({"url": "ftp://a.example"}, "invalid webhook URL specified"),
        ({"url": "http://a.example"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://a.example:8080/"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        (
            {"url": "https://a.example/", "secret_token": "ä"},
            "secret token contains unallowed characters",
        ),
        ({"url": "https://a.example/", "secret_token": "x" * 257}, "secret token is too long"),
    ):
        answer = await on.refused("setWebhook", **parameters)
        assert answer == (400, f"Bad Request: {words}")
    on.phones.text(on.ann, "dropped")
    url = "https://a.example:8443/hook"
    body = await on.call("setWebhook", url=url, max_connections=7, drop_pending_updates=True)
    assert body["description"] == "Webhook was set"
    again = await on.call("setWebhook", url=url, max_connections=7)
    assert again["description"] == "Webhook is already set"
    info = await on.ok("getWebhookInfo")
    assert (info["url"], info["max_connections"], info["pending_update_count"]) == (url, 7, 0)
    assert (await on.call("deleteWebhook"))["description"] == "Webhook was deleted"
    assert (await on.call("deleteWebhook"))["description"] == "Webhook is already deleted"


async def pending(on: Stage, count: int, error: str = "") -> dict[str, Any]:
    """The webhook's info, once so many are pending and, if any, one has failed (with `error`)."""

    async def info() -> dict[str, Any] | None:
        found: dict[str, Any] = await on.ok("getWebhookInfo")
        message = found.get("last_error_message")
        failed = not count or (message is not None and error in message)
        return found if found["pending_update_count"] == count and failed else None

    return await eventually(info) or {}


async def errored(on: Stage) -> dict[str, Any]:
    """The webhook's info, once the delivery of the one pending update has failed."""
    return await pending(on, 1)
