"""Each fault by its name, as a bot meets it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import telegram
from telegram.request import HTTPXRequest

from tests.support.sandbox_telegram import TOKEN, Stage, eventually, stage


@pytest.fixture
async def on() -> AsyncIterator[Stage]:
    async with stage() as it:
        yield it


async def put(on: Stage, *faults: dict[str, Any]) -> dict[str, Any]:
    answer = await on.http.put("/sandbox/faults", json=list(faults))
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def received(on: Stage) -> list[str]:
    """What Ann got from the bot."""
    return [m["text"] for m in (await on.chat())["messages"] if not m["outgoing"]]


async def update_texts(on: Stage, **parameters: Any) -> list[str]:
    updates = await on.ok("getUpdates", **parameters)
    return [update["message"]["text"] for update in updates]


async def test_every_fault_is_listed_with_its_parameters(on: Stage) -> None:
    known = (await on.http.get("/sandbox/faults")).json()["known"]
    assert {fault["name"] for fault in known} == {
        "slow",
        "bad_gateway",
        "reset",
        "reply_lost",
        "too_many_requests",
        "repeated_updates",
        "reordered_updates",
        "jumping_ids",
    }
    assert all(fault["description"] and "chat" in fault["parameters"] for fault in known)


async def test_slow_answers_when_its_seconds_have_passed(on: Stage) -> None:
    await put(on, {"name": "slow", "call": "sendMessage", "seconds": 30.0, "times": 1})
    sending = asyncio.create_task(on.say("late"))

    async def taken() -> bool:
        return not on.telegram.faults.on

    await eventually(taken)
    on.clock.turn(29)
    await on.ok("getMe")
    assert not sending.done()
    on.clock.turn(1)
    assert (await sending)["text"] == "late"


async def test_a_bad_gateway_answers_html_and_does_nothing(on: Stage) -> None:
    await put(on, {"name": "bad_gateway", "times": 1})
    url, call = f"/bot{TOKEN}/sendMessage", {"chat_id": on.ann, "text": "x"}
    answer = await on.http.post(url, json=call)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert await received(on) == []
    await on.say("x")


async def test_a_reset_comes_before_anything_is_done(on: Stage) -> None:
    await put(on, {"name": "reset", "call": "sendMessage", "times": 1})
    with pytest.raises(httpx.TransportError):
        await on.say("never sent")
    assert await received(on) == []
    await on.say("sent")


async def test_a_lost_reply_comes_after_the_message_was_sent(on: Stage) -> None:
    await put(on, {"name": "reply_lost", "call": "sendMessage", "times": 1})
    with pytest.raises(httpx.TransportError):
        await on.say("sent, unheard")
    assert await received(on) == ["sent, unheard"]
    assert (await on.http.get("/sandbox/wire")).json()[-1]["status"] is None


async def test_libraries_see_the_faults_as_the_network_errors_they_are(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    request = HTTPXRequest()
    bot = telegram.Bot(TOKEN, base_url=f"{on.base}/bot", request=request)
    async with bot:
        for name in ("reset", "reply_lost", "bad_gateway"):
            await put(on, {"name": name, "call": "sendMessage", "times": 1})
            with pytest.raises(telegram.error.NetworkError):
                await bot.send_message(on.ann, name)
        await put(on, {"name": "too_many_requests", "times": 1, "retry_after": 7})
        with pytest.raises(telegram.error.RetryAfter) as refused:
            await bot.send_message(on.ann, "x")
        assert refused.value.retry_after == timedelta(seconds=7)
    assert await received(on) == ["reply_lost"]


async def test_a_fault_keeps_to_its_method_and_its_chat(on: Stage) -> None:
    other = on.phones.make("Bob").id
    on.phones.open(other)
    await put(
        on, {"name": "too_many_requests", "call": "sendMessage", "chat": other, "retry_after": 3}
    )
    await on.say("x")
    await on.ok("sendChatAction", chat_id=other, action="typing")
    body = await on.call("sendMessage", chat_id=other, text="x")
    assert (body["error_code"], body["parameters"]) == (429, {"retry_after": 3})
    await put(on)
    await on.ok("sendMessage", chat_id=other, text="x")


async def test_a_confirmed_update_may_come_once_more(on: Stage) -> None:
    await put(on, {"name": "repeated_updates", "times": 1})
    on.phones.text(on.ann, "a")
    on.phones.text(on.ann, "b")
    first = await on.ok("getUpdates")
    again = await on.ok("getUpdates", offset=first[-1]["update_id"] + 1)
    assert again == first[:1]
    assert await update_texts(on, offset=first[-1]["update_id"] + 1) == []


async def test_an_update_may_be_overtaken_by_the_next(on: Stage) -> None:
    await put(on, {"name": "reordered_updates", "times": 1})
    on.phones.text(on.ann, "a")
    assert await update_texts(on) == []
    on.phones.text(on.ann, "b")
    assert await update_texts(on) == ["b", "a"]
    on.phones.text(on.ann, "c")
    assert await update_texts(on) == ["b", "a", "c"]


async def test_an_overtaken_update_comes_in_the_end_even_alone(on: Stage) -> None:
    await put(on, {"name": "reordered_updates", "call": "message", "seconds": 5.0})
    on.phones.text(on.ann, "a")
    polling = asyncio.create_task(update_texts(on, timeout=50))
    await on.ok("getMe")
    on.clock.turn(5)
    assert await polling == ["a"]


@pytest.mark.parametrize("by", [1_000_000, -50_000_000])
async def test_update_ids_may_jump_ahead_and_back(on: Stage, by: int) -> None:
    on.phones.text(on.ann, "a")
    (first,) = await on.ok("getUpdates")
    await on.ok("getUpdates", offset=first["update_id"] + 1)
    await put(on, {"name": "jumping_ids", "by": by, "times": 1})
    on.phones.text(on.ann, "b")
    on.phones.text(on.ann, "c")
    later = await on.ok("getUpdates", offset=first["update_id"] + 1)
    assert [u["update_id"] - first["update_id"] for u in later] == [by + 1, by + 2]
    assert await update_texts(on, offset=later[-1]["update_id"] + 1) == []


async def test_unknown_faults_are_refused(on: Stage) -> None:
    for fault in ({"name": "earthquake"}, {"name": "slow", "minutes": 1}):
        answer = await on.http.put("/sandbox/faults", json=[fault])
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_fault")
