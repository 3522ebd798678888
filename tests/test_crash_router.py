"""The crash harness's router: who gets a request when a replica is dead, or dies over it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from cli.sandbox_server import serving_sandbox
from crash.plug import free_ports
from crash.router import Router
from tests.support.plain_http import plain_http


@contextlib.asynccontextmanager
async def _replica(answer: bytes, port: int = 0) -> AsyncIterator[int]:
    """Answers every request so, and hangs up; without an answer it only hangs up."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer:
            writer.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\n\r\n" % answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", port)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _statuses(router: Router, times: int) -> list[int]:
    async with serving_sandbox(router.app) as url, plain_http() as http:
        return [(await http.post(f"{url}/telegram/x", json={})).status_code for _ in range(times)]


async def test_replicas_take_turns_and_their_answers_are_handed_back() -> None:
    async with _replica(b"200 OK") as one, _replica(b"503 Not yet") as other:
        router = Router([one, other])
        assert await _statuses(router, 4) == [200, 503, 200, 503]
        assert router.handed == {one: 2, other: 2}


async def test_a_dead_one_is_passed_over_for_the_next() -> None:
    async with _replica(b"200 OK") as alive:
        router = Router([*free_ports(1), alive])
        assert await _statuses(router, 4) == [200] * 4
        assert (router.handed[alive], router.passed_over) == (4, 2)


async def test_a_request_cut_half_way_is_tried_nowhere_else() -> None:
    async with _replica(b"") as dying, _replica(b"200 OK") as alive:
        router = Router([dying, alive])
        assert await _statuses(router, 2) == [502, 200]
        assert (router.cut, router.handed[alive]) == (1, 1)


async def test_a_request_that_finds_nobody_is_held_until_somebody_has_started() -> None:
    [port] = free_ports(1)
    router = Router([port])
    asked = asyncio.create_task(_statuses(router, 1))
    while not router.passed_over:  # noqa: ASYNC110  # what is waited for has no event
        await asyncio.sleep(0)
    async with _replica(b"200 OK", port):
        assert await asked == [200]


async def test_502_when_all_are_dead_and_stay_so() -> None:
    router = Router(free_ports(2), held=0)
    assert await _statuses(router, 1) == [502]
    assert router.nobody == 1
