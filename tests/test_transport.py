"""Requests over aiohttp: what can go wrong on a wire, and that none of it tells the token."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from PIL import Image
from telegram import Bot, InputMediaPhoto
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from cli.sandbox_server import serving_sandbox
from handlers.telegram.transport import ON_ITS_WAY, AiohttpRequest, NotSent, UpdatesRequest
from sandbox.telegram.app import create_app
from transport.bounds import LARGEST_ANSWER

TOKEN = "42:a-secret-token"

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def wire(behaviour: Behaviour) -> AsyncIterator[str]:
    """A server that reads one request and then does as it is told; its base URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split()[0])
            await reader.readexactly(length)
            await behaviour(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@contextlib.asynccontextmanager
async def bot_at(url: str) -> AsyncIterator[Bot]:
    request = AiohttpRequest(connect=0.5, pool=0.5, read=0.2, write=0.2)
    bot = Bot(TOKEN, base_url=f"{url}/bot", request=request, get_updates_request=AiohttpRequest())
    await request.initialize()
    try:
        yield bot
    finally:
        await request.shutdown()


def answers(raw: bytes, *, whole: bool = True, reset: bool = False) -> Behaviour:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if reset:
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        elif not whole:
            await reader.read()

    return answer


def response(status: str, body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


PAGE = f"<h1>Sorry</h1> /bot{TOKEN}/sendMessage could not be served".encode()
GOOD = b'{"ok": true, "result": true}'

MISHAPS: dict[str, tuple[Behaviour, type[TelegramError], str]] = {
    "no answer": (answers(b"", whole=False), TimedOut, ""),
    "a head and no body": (answers(response("200 OK", GOOD)[:-9], whole=False), TimedOut, ""),
    "closed without an answer": (answers(b""), NetworkError, "ServerDisconnectedError"),
    "reset in the midst of the body": (
        answers(response("200 OK", GOOD)[:-9], reset=True),
        NetworkError,
        "",
    ),
    "cut off in the midst of the body": (
        answers(response("200 OK", GOOD)[:-9]),
        NetworkError,
        "ClientPayloadError",
    ),
    "not HTTP": (answers(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), NetworkError, ""),
    "not JSON": (answers(response("200 OK", PAGE, "text/html")), NetworkError, "not JSON"),
    "JSON nested deeper than anything": (
        answers(response("200 OK", b'{"ok":true, "result":' + b"[" * 100_000)),
        NetworkError,
        "not JSON",
    ),
    "what is packed, though nobody asked for that": (
        answers(response("200 OK", gzip.compress(GOOD), more="Content-Encoding: gzip\r\n")),
        NetworkError,
        "not JSON",
    ),
    "more than anybody could want": (
        answers(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (LARGEST_ANSWER + 1)),
        NetworkError,
        "too large",
    ),
    "a length beyond that": (
        answers(
            b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b" " * (LARGEST_ANSWER + 1)
        ),
        NetworkError,
        "too large",
    ),
    "JSON, but no object": (answers(response("200 OK", b"[]")), NetworkError, "not JSON"),
    "a proxy's page": (
        answers(response("502 Bad Gateway", PAGE, "text/html")),
        NetworkError,
        "502",
    ),
    "an empty 500": (answers(response("500 Oops", b"")), NetworkError, "500"),
    **{
        f"a gateway's page with {status}": (
            answers(response(status, PAGE, "text/html")),
            NetworkError,
            f"not Telegram's own answer: {status}",
        )
        for status in ("400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found")
    },
    **{
        f"a gateway's JSON with 403: {body!r}": (
            answers(response("403 Forbidden", body)),
            NetworkError,
            "not Telegram's own answer: 403 Forbidden",
        )
        for body in (
            b"null",
            b'"no"',
            b'{"detail":"Forbidden"}',
            b'{"ok":false,"description":"Forbidden"}',
            b'{"ok":false,"error_code":"403","description":"Forbidden"}',
            b'{"ok":true,"error_code":403,"description":"Forbidden"}',
            b'{"ok":false,"error_code":403,"description":null}',
        )
    },
    "a status that nobody knows": (answers(response("777 No", PAGE)), NetworkError, "777"),
    "no result": (answers(response("200 OK", b'{"ok":true}')), NetworkError, "no result"),
    "a result of null": (
        answers(response("200 OK", b'{"ok":true,"result":null}')),
        NetworkError,
        "no result",
    ),
    "somebody else's JSON": (
        answers(response("200 OK", b'{"result":true}')),
        NetworkError,
        "not Telegram's",
    ),
    "a refusal that is called a success": (
        answers(response("200 OK", b'{"ok":false,"error_code":401,"description":"No"}')),
        NetworkError,
        "",
    ),
    "elsewhere": (
        answers(response("302 Found", b"", more=f"Location: http://127.0.0.1:1/bot{TOKEN}\r\n")),
        NetworkError,
        "302",
    ),
    "not authorized": (
        answers(response("401 No", b'{"ok":false,"error_code":401,"description":"Unauthorized"}')),
        InvalidToken,
        "Unauthorized",
    ),
    "blocked": (
        answers(
            response(
                "403 No",
                b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked"}',
            )
        ),
        Forbidden,
        "blocked",
    ),
    "a bad request": (
        answers(
            response(
                "400 No",
                b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}',
            )
        ),
        BadRequest,
        "Chat not found",
    ),
}


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_a_mishap_has_a_name_and_does_not_tell_the_token(
    mishap: str, caplog: pytest.LogCaptureFixture
) -> None:
    behaviour, kind, says = MISHAPS[mishap]
    caplog.set_level(logging.INFO)
    async with wire(behaviour) as url, bot_at(url) as bot:
        with pytest.raises(kind) as caught:
            await bot.delete_webhook()
    assert says in caught.value.message
    assert not isinstance(caught.value, NotSent)
    assert TOKEN not in told(caught.value) + caplog.text


def told(error: BaseException | None) -> str:
    """All that a log of this error could show."""
    parts = []
    while error is not None:
        parts.append(f"{error!r} {error} {error.args!r}")
        error = error.__cause__ or error.__context__
    return " ".join(parts)


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (response("429 No", b'{"ok":false,"parameters":{"retry_after":7}}'), 7),
        (response("429 No", b'{"ok":false,"description":"Too Many Requests"}'), 1),
        (response("429 No", PAGE, "text/html", more="Retry-After: 12\r\n"), 12),
        (response("429 No", PAGE, "text/html", more="Retry-After: soon\r\n"), 1),
        (response("429 No", PAGE, "text/html", more=f"Retry-After: {'9' * 30}\r\n"), 1),
        (response("429 No", b'{"ok":false,"parameters":{"retry_after":"x"}}'), 1),
        (response("429 No", b'{"ok":false,"parameters":[7]}'), 1),
        (response("429 No", b'{"ok":false,"parameters":{"retry_after":999999999999}}'), 7 * 86400),
    ],
)
async def test_a_request_for_a_pause_says_how_long(raw: bytes, seconds: int) -> None:
    async with wire(answers(raw)) as url, bot_at(url) as bot:
        with pytest.raises(RetryAfter) as caught:
            await bot.delete_webhook()
    assert caught.value.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid"])
async def test_what_never_reached_telegram_can_be_told_from_what_may_have(url: str) -> None:
    async with bot_at(url) as bot:
        with pytest.raises(NotSent) as caught:
            await bot.delete_webhook()
    assert TOKEN not in told(caught.value)


async def test_an_answer_that_trickles_in_ends_all_the_same() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with wire(trickle) as url, bot_at(url) as bot:
        with pytest.raises(TimedOut):
            await bot.delete_webhook()


async def test_waiting_for_a_free_connection_means_not_sent() -> None:
    request = AiohttpRequest(connections=1, connect=0.1, pool=0.1, read=5)
    async with wire(answers(b"", whole=False)) as url, request:
        bot = Bot(TOKEN, base_url=f"{url}/bot", request=request)
        first = asyncio.create_task(bot.delete_webhook())
        await asyncio.sleep(0)
        with pytest.raises(NotSent):
            await bot.delete_webhook()
        first.cancel()


async def test_a_request_object_serves_again_after_being_shut_down() -> None:
    async with wire(answers(response("200 OK", GOOD))) as url, bot_at(url) as bot:
        for _ in range(2):
            assert await bot.delete_webhook()
            await bot.request.shutdown()
            await bot.request.initialize()


async def test_pictures_and_texts_arrive_as_they_were_sent() -> None:
    app = create_app(token=TOKEN, limits=False)
    text = "a & b = 100 % + <ö> 📦"
    async with serving_sandbox(app) as url, bot_at(url) as bot:
        ada = app.state.phones.make("Ada").id
        app.state.phones.open(ada)
        await bot.send_message(ada, text)
        shown = await bot.send_photo(ada, _picture("red"), caption=text)
        await bot.edit_message_media(
            InputMediaPhoto(_picture("green"), caption=text), ada, shown.message_id
        )
    chat = app.state.telegram.chat(ada)
    _, first, second = [each.body for each in chat.messages.values()]
    assert (first["text"], second["caption"]) == (text, text)


async def test_what_an_edit_answers_is_believed_and_not_read() -> None:
    long = b'{"ok":true,"result":{"message_id":"no message at all"}}'
    async with wire(answers(response("200 OK", long))) as url, bot_at(url) as bot:
        assert await bot.edit_message_text("changed", 1, 2) is True
    portal = b"<html>please log in</html>"
    async with wire(answers(response("200 OK", portal))) as url, bot_at(url) as bot:
        with pytest.raises(NetworkError):
            await bot.edit_message_text("changed", 1, 2)


async def test_of_a_message_that_was_sent_only_which_one_it_is_is_read() -> None:
    sent = (
        b'{"message_id":7,"date":1,"chat":{"id":5,"type":"private","title":3},"text":[],"from":9}'
    )
    long = b'{"ok":true,"result":%b}' % sent
    async with wire(answers(response("200 OK", long))) as url, bot_at(url) as bot:
        said = await bot.send_message(5, "Hello")
    assert (said.message_id, said.chat.id, said.text) == (7, 5, None)


@pytest.mark.parametrize("odd", [b"{}", b'{"message_id":"7"}', b"[" * 100_000, b"7", b"nothing"])
async def test_an_answer_that_names_no_message_says_nothing_of_what_was_sent(odd: bytes) -> None:
    long = b'{"ok":true,"result":%b}' % odd
    async with wire(answers(response("200 OK", long))) as url, bot_at(url) as bot:
        with pytest.raises(NetworkError, match="does not say which message was sent"):
            await bot.send_message(5, "Hello")


@pytest.mark.parametrize("result", [b"[7, null]", b'[{"callback_query": "odd"}]', b"[]"])
def test_whatever_is_listed_instead_of_updates_passes_as_it_is(result: bytes) -> None:
    payload = b'{"ok": true, "result": %b}' % result
    assert UpdatesRequest.parse_json_payload(payload) == AiohttpRequest.parse_json_payload(payload)


@pytest.mark.parametrize("result", [b"true", b"{}", b'"none"', b"7"])
def test_what_is_no_list_holds_no_updates(result: bytes) -> None:
    with pytest.raises(NetworkError, match="no updates"):
        UpdatesRequest.parse_json_payload(b'{"ok": true, "result": %b}' % result)


def _picture(colour: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(drawn, "PNG")
    return drawn.getvalue()


async def test_a_request_tells_that_it_is_on_its_way_before_it_is_answered() -> None:
    on_its_way = asyncio.Event()

    async def answer_then(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await on_its_way.wait()
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 25\r\n\r\n{"ok":true,"result":true}')

    async with wire(answer_then) as url, bot_at(url) as bot:
        ON_ITS_WAY.set(on_its_way.set)
        assert await bot.answer_callback_query("1")


async def test_a_request_that_finds_nobody_never_was_on_its_way() -> None:
    told: list[bool] = []
    async with bot_at("http://127.0.0.1:1") as bot:
        ON_ITS_WAY.set(lambda: told.append(True))
        with pytest.raises(NotSent):
            await bot.answer_callback_query("1")
    assert not told
