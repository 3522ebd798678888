"""What a failure of aiohttp means, on real connections, and that none is repeated beneath us."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from transport.failures import Failure, meaning, once

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
WITHIN = aiohttp.ClientTimeout(total=5, sock_read=0.1)


class Server:
    """Says `answers` in turn, and then cuts the connection; counts the requests it has heard."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.heard: list[bytes] = []
        self.url = ""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.heard.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0) if self.answers else b""
                if answer is None:
                    await reader.read()
                if not answer:
                    break
                writer.write(answer)
        writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(*answers: bytes | None) -> AsyncIterator[Server]:
    server = Server(*answers)
    listening = await asyncio.start_server(server.converse, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


async def ending(session: aiohttp.ClientSession, method: str, url: str) -> Failure:
    """How a request failed."""
    with pytest.raises((aiohttp.ClientError, OSError)) as caught:
        async with session.request(method, url) as answer:
            await answer.read()
    return meaning(caught.value)


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (None, Failure.TIMED_OUT),
        (b"", Failure.LOST),
        (OK[:-1], Failure.TIMED_OUT),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Failure.MALFORMED),
    ],
)
async def test_whatever_befalls_a_request_under_way_may_have_had_its_effect(
    said: bytes | None, failure: Failure
) -> None:
    async with serving(said) as server, aiohttp.ClientSession(timeout=WITHIN) as session:
        assert await ending(session, "POST", server.url) is failure


async def test_what_found_nobody_was_never_sent() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        deaf = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        async with aiohttp.ClientSession(timeout=WITHIN) as session:
            for url in (deaf, "http://nowhere.invalid", "http://", "ftp://127.0.0.1"):
                assert await ending(session, "POST", url) is Failure.NEVER_SENT, url


async def test_a_connection_that_can_not_be_had_in_time_sent_nothing() -> None:
    connector = aiohttp.TCPConnector(limit=1)
    within = aiohttp.ClientTimeout(connect=0.05)
    async with (
        serving(None) as server,
        aiohttp.ClientSession(connector=connector, timeout=within) as session,
    ):
        first = asyncio.create_task(session.get(server.url))
        while not server.heard:  # noqa: ASYNC110 - the server has no event
            await asyncio.sleep(0.001)
        assert await ending(session, "POST", server.url) is Failure.NEVER_SENT
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert len(server.heard) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_request_whose_used_connection_broke_is_sent_once(method: str) -> None:
    async with (
        serving(OK) as server,
        aiohttp.ClientSession(timeout=WITHIN, middlewares=(once,)) as session,
    ):
        async with session.get(server.url) as answer:
            await answer.read()
        assert await ending(session, method, server.url) is Failure.LOST
    assert len(server.heard) == 2
