"""Whoever holds connections open and asks nothing keeps nobody else from being answered."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, Router

from tests.support.plain_http import plain_http
from web import connections
from web.serving import serving

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LARGE = 32 * 1024 * 1024
"""Bytes: more than the system holds of an answer that nobody reads."""


class Slow:
    """`/healthz`, `/echo`, `/right`, which is asked by right, `/slow`, which answers when it is
    let, and `/large` and `/stream`, which answer with `LARGE` bytes in one piece and in many."""

    def __init__(self) -> None:
        self.begun, self.let, self.over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.sent = 0

    async def healthz(self, _: Request) -> Response:
        return PlainTextResponse("well")

    async def echo(self, request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async def right(self, request: Request) -> Response:
        request.scope[connections.ASKED_BY_RIGHT] = True
        return PlainTextResponse("yes")

    async def slow(self, _: Request) -> Response:
        self.begun.set()
        await self.let.wait()
        return PlainTextResponse("at last")

    async def large(self, _: Request) -> Response:
        return PlainTextResponse(b"x" * LARGE)

    async def stream(self, _: Request) -> Response:
        return StreamingResponse(self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(LARGE // 2**16):
                yield b"x" * 2**16
                self.sent += 1
        finally:
            self.over.set()

    async def stuck(self) -> None:
        """Return when nothing more of any `/stream` is taken."""
        before = 0
        while not self.sent or self.sent != before:
            before = self.sent
            await asyncio.sleep(0.1)

    def app(self) -> Router:
        return Router(
            [
                Route("/healthz", self.healthz),
                Route("/echo", self.echo, methods=["POST"]),
                Route("/slow", self.slow),
                Route("/right", self.right),
                Route("/large", self.large),
                Route("/stream", self.stream),
            ]
        )


@contextlib.asynccontextmanager
async def lines(url: str, number: int, first: bytes = b"") -> AsyncIterator[list[Line]]:
    """So many connections, on each of which `first` is sent and no more."""
    host, port = url.removeprefix("http://").split(":")
    opened = []
    try:
        for _ in range(number):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(first)
            opened.append((reader, writer))
        yield opened
    finally:
        for _, writer in opened:
            writer.close()


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ended(line: Line) -> bool:
    """Whether the other end has ended it, within two seconds."""
    try:
        async with asyncio.timeout(2):
            while await line[0].read(1024):
                pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


async def well(url: str) -> bool:
    async with plain_http(timeout=5) as client:
        return (await client.get(f"{url}/healthz")).text == "well"


@pytest.mark.parametrize(
    "first",
    [b"", b"GET /heal", GET, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["nothing", "half a line", "half a head", "half a body"],
)
async def test_health_is_answered_whatever_idle_connections_there_are(
    monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    monkeypatch.setattr(connections, "MOST", 16)
    async with serving(Slow().app()) as url, lines(url, 64, first) as opened:
        assert await well(url)
        assert await ended(opened[0]), "who has waited longest goes first"
        assert not opened[-1][0].at_eof()


async def test_of_1100_idle_connections_most_are_ended_and_health_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST", 256)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    number = min(1100, files - 400)  # both ends are this process's
    async with serving(Slow().app()) as url, lines(url, number) as opened:
        assert await well(url)
        assert await ended(opened[0])
        still = sum(not reader.at_eof() for reader, _ in opened)
        assert still <= connections.most()


@pytest.mark.parametrize(
    "first",
    [b"", GET, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_request_that_is_never_whole_ends_its_connection(
    monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.2)
    async with serving(Slow().app()) as url, lines(url, 1, first) as [line]:
        assert await ended(line)


@pytest.mark.parametrize("line", [b"X-Long: %b\r\n" % (b"x" * 1000), b"x" * 1000])
async def test_a_head_that_never_ends_ends_its_connection(line: bytes) -> None:
    async with serving(Slow().app()) as url, lines(url, 1, GET) as [(reader, writer)]:
        with contextlib.suppress(ConnectionError):
            for _ in range(2 * connections.LONGEST_HEAD // len(line)):
                writer.write(line)
                await writer.drain()
        assert await ended((reader, writer))


@pytest.mark.parametrize("begun", [b"1\r\nx\r\n", b"0\r\n"], ids=["body", "trailers"])
async def test_a_request_that_grows_without_end_ends_its_connection(begun: bytes) -> None:
    head = b"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    more = b"1;%b\r\nx\r\n" % (b"x" * 1000) if begun[:1] == b"1" else b"X-T: %b\r\n" % (b"x" * 1000)
    async with serving(Slow().app()) as url, lines(url, 1, head + begun) as [(reader, writer)]:
        with contextlib.suppress(ConnectionError):
            for _ in range(connections.LARGEST_REQUEST // len(more) + 300):
                writer.write(more)
                await writer.drain()
        assert await ended((reader, writer))


async def test_a_large_body_is_no_long_head_and_the_next_request_begins_anew() -> None:
    body = b"x" * (4 * connections.LONGEST_HEAD)
    async with serving(Slow().app()) as url, plain_http(base_url=url) as client:
        for _ in range(connections.LARGEST_REQUEST // len(body) + 2):
            assert (await client.post("/echo", content=body)).content == body


async def test_dripping_gains_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    async with serving(Slow().app()) as url, lines(url, 1, GET) as [(reader, writer)]:
        dripped = 0
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                while not reader.at_eof():
                    writer.write(b"X-Drip: x\r\n")
                    await writer.drain()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(1), 0.05)
                    dripped += 1
        assert dripped < 20


async def test_an_answer_that_takes_its_time_is_never_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(connections, "MOST", 4)
    slow = Slow()
    async with serving(slow.app()) as url, plain_http(timeout=10) as client:
        asked = asyncio.create_task(client.get(f"{url}/slow"))
        await slow.begun.wait()
        async with lines(url, 12) as opened:
            assert await ended(opened[-1]), "its time is over long since"
            slow.let.set()
            assert (await asked).text == "at last"


async def test_one_connection_asks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    async with serving(Slow().app()) as url, plain_http() as client:
        ends = set()
        for number in range(20):
            answer = await client.post(f"{url}/echo", content=str(number))
            assert answer.text == str(number)
            ends.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
        assert len(ends) == 1


async def test_of_idle_connections_those_that_never_asked_by_right_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST", 8)
    ask = b"GET /right HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving(Slow().app()) as url, lines(url, 4, ask) as telegram:
        for reader, _ in telegram:
            assert b"yes" in await reader.readuntil(b"yes")
        async with lines(url, 40) as strangers:
            assert await well(url)
            assert await ended(strangers[0])
            for reader, writer in telegram:
                writer.write(ask)
                assert b"yes" in await reader.readuntil(b"yes"), "though they waited longest"


SLOW, WELL = (b"GET /%b HTTP/1.1\r\n\r\n" % path for path in (b"slow", b"healthz"))


async def test_thousands_of_requests_at_once_end_their_connection() -> None:
    slow = Slow()
    async with serving(slow.app()) as url, lines(url, 1, SLOW + 5000 * WELL) as [line]:
        assert await ended(line)
        slow.let.set()


async def test_requests_that_keep_coming_behind_a_slow_answer_are_not_read() -> None:
    slow = Slow()
    async with serving(slow.app()) as url, lines(url, 1, SLOW + 10 * WELL) as [(reader, writer)]:
        await slow.begun.wait()
        writer.write(10 * WELL)
        await writer.drain()
        slow.let.set()
        assert b"at last" in await reader.readuntil(b"at last")
        async with asyncio.timeout(2):
            for _ in range(20):
                assert b"200 OK" in await reader.readuntil(b"\r\n\r\nwell")


async def test_half_a_request_behind_a_slow_answer_does_not_cut_it_off_but_ends_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.2)
    half = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
    slow = Slow()
    async with serving(slow.app()) as url, lines(url, 1, SLOW + half) as [line]:
        await slow.begun.wait()
        asyncio.get_running_loop().call_later(0.4, slow.let.set)
        assert b"at last" in await line[0].readuntil(b"at last")
        assert await ended(line)


@pytest.mark.parametrize("behind", [b"", WELL], ids=["alone", "another behind"])
async def test_an_answer_of_which_nothing_is_taken_ends_its_connection(
    monkeypatch: pytest.MonkeyPatch, behind: bytes
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    slow = Slow()
    first = b"GET /stream HTTP/1.1\r\n\r\n" + behind
    async with serving(slow.app()) as url, lines(url, 1, first):
        async with asyncio.timeout(5):
            await slow.over.wait()


async def test_an_answer_that_is_taken_slowly_is_not_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.4)
    first = b"GET /large HTTP/1.1\r\n\r\n"
    async with serving(Slow().app()) as url, lines(url, 1, first) as [(reader, _)]:
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(16):
            await reader.readexactly(LARGE // 16)
            await asyncio.sleep(0.08)


async def test_who_takes_no_answer_makes_room_for_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST", 8)
    slow = Slow()
    first = b"GET /stream HTTP/1.1\r\n\r\n"
    async with serving(slow.app()) as url, lines(url, 8, first):
        await slow.stuck()
        assert await well(url)
