"""Whatever goes wrong on the way to Harbor, in every call, ends in the one error that fits."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from bot.domain.ids import LockerId, TowerId
from harbor.client import Harbor
from harbor.connection import LIMITS, Patience
from harbor.errors import (
    Broken,
    HarborError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from harbor.transport import Transport
from tests.support.harbor_stand_in import Answer, Heard, Line, answer, half, stand_in

TOWER, LOCKER = TowerId("0100000000000175"), LockerId(959)
Call = Callable[[Harbor], Awaitable[Any]]

READS: dict[str, Call] = {
    "locations": lambda h: h.locations(),
    "location": lambda h: h.location(7),
    "closest": lambda h: h.closest(40.0, -74.0, 0.9),
    "availability": lambda h: h.availability(7),
    "towers": lambda h: h.towers(),
    "lockers": lambda h: h.lockers(TOWER),
    "assigned_lockers": lambda h: h.assigned_lockers(),
    "open_request": lambda h: h.open_request(12),
    "test_token": lambda h: h.test_token(),
}
CHANGES: dict[str, Call] = {
    "reserve": lambda h: h.reserve(TOWER, LOCKER, 300),
    "cancel_reservation": lambda h: h.cancel_reservation(TOWER, LOCKER, 3),
    "drop_off_token": lambda h: h.drop_off_token(TOWER, LOCKER, 3000),
    "pick_up_token": lambda h: h.pick_up_token(TOWER, LOCKER, 900),
    "release": lambda h: h.release(TOWER, LOCKER),
    "open_drop_off_request": lambda h: h.open_drop_off_request(7, 1),
    "open_pick_up_request": lambda h: h.open_pick_up_request(LOCKER),
}
NO = {"detail": "Locker is not available"}

# fault → what the server does, the error of a read, the error of a call that changes something
FAULTS: dict[str, tuple[Answer, type[HarborError], type[HarborError]]] = {
    "301": (answer(301, NO), Refused, Refused),
    "400": (answer(400, NO), Refused, Refused),
    "401": (answer(401, NO), NotAllowed, NotAllowed),
    "403": (answer(403, NO), NotAllowed, NotAllowed),
    "404": (answer(404, NO), NotFound, NotFound),
    "400 of a gateway": (answer(400, b"<html>"), Unavailable, OutcomeUnknown),
    "401 of a gateway": (answer(401, b"<html>"), Unavailable, OutcomeUnknown),
    "403 of a gateway": (answer(403, {"message": "Forbidden"}), Unavailable, OutcomeUnknown),
    "404 of a gateway": (answer(404, {"error": "no route"}), Unavailable, OutcomeUnknown),
    "409 of nobody": (answer(409, b""), Unavailable, OutcomeUnknown),
    "409": (answer(409, NO), Refused, Refused),
    "422": (answer(422, {"detail": [{"loc": ["body"], "msg": "no"}]}), Refused, Refused),
    "429": (answer(429, NO, retry_after="7"), Unavailable, Unavailable),
    "500": (answer(500, b"Internal Server Error"), Unavailable, OutcomeUnknown),
    "502": (answer(502, b"<html>"), Unavailable, OutcomeUnknown),
    "503": (answer(503, NO, retry_after="7"), Unavailable, OutcomeUnknown),
    "silence": (Line.SILENT, Unavailable, OutcomeUnknown),
    "cut before the answer": (Line.CUT, Unavailable, OutcomeUnknown),
    "cut within the answer": (half(), Unavailable, OutcomeUnknown),
    "no HTTP at all": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Unavailable, OutcomeUnknown),
    "truncated JSON": (answer(200, b'[{"id": 1, "na'), Broken, OutcomeUnknown),
    "a page instead of JSON": (answer(200, b"<!doctype html>"), Broken, OutcomeUnknown),
    "not even UTF-8": (answer(200, b'"\xff\xfe"'), Broken, OutcomeUnknown),
    "undecodable gzip": (answer(200, b"nonsense", content_encoding="gzip"), Broken, OutcomeUnknown),
}
TRANSPORTS = {"ours": lambda: Transport(LIMITS), "httpx": httpx.AsyncHTTPTransport}


async def outcome(call: Awaitable[Any]) -> object:
    """The error that a call ends in, or None."""
    try:
        await call
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_ends_every_call_in_the_named_error(fault: str, transport: str) -> None:
    said, of_reads, of_changes = FAULTS[fault]
    expected = dict.fromkeys(READS, of_reads) | dict.fromkeys(CHANGES, of_changes)
    if of_reads is Broken and fault != "undecodable gzip":
        del expected["test_token"]  # whose body is UNKNOWN and not read
    async with stand_in(said) as server:
        timeout = 0.3 if said is Line.SILENT else 5.0
        async with server.harbor(timeout=timeout, transport=TRANSPORTS[transport]()) as harbor:
            calls = READS | CHANGES
            ends = await asyncio.gather(*(outcome(calls[name](harbor)) for name in expected))
    assert dict(zip(expected, ends, strict=True)) == expected


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_call_that_changes_something_is_never_sent_twice(fault: str) -> None:
    for name, call in CHANGES.items():
        script = [answer(200, []), FAULTS[fault][0]]

        def say(_: Heard, script: list[Answer] = script) -> Answer:
            return script.pop(0) if len(script) > 1 else script[0]

        async with stand_in(say) as server:
            timeout = 0.3 if fault == "silence" else 5.0
            async with server.harbor(timeout=timeout) as harbor:
                await harbor.assigned_lockers()  # so that the line is a used one
                await outcome(call(harbor))
            sent = server.calls[1:]
            assert len(sent) == (2 if fault == "401" else 1), name


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_when_nobody_listens_nothing_was_sent_and_every_call_is_unavailable(
    transport: str,
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        async with stand_in(answer(200, [])) as server:
            made = {"api_url": nowhere, "transport": TRANSPORTS[transport]()}
            async with server.harbor(**made) as harbor:
                ends = [await outcome(call(harbor)) for call in (READS | CHANGES).values()]
    assert set(ends) == {Unavailable}


async def test_trouble_with_the_accounts_host_means_that_nothing_was_sent() -> None:
    for token in (Line.CUT, half(), answer(500), answer(200, b"{"), answer(200, {})):
        async with stand_in(answer(200, []), token) as server, server.harbor() as harbor:
            for name, call in CHANGES.items():
                assert await outcome(call(harbor)) is Unavailable, name
            assert not server.calls


async def test_a_dripping_answer_ends_too() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.02)

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with stand_in(answer()) as server, server.harbor(api_url=url, timeout=0.1) as harbor:
        assert await outcome(harbor.assigned_lockers()) is Unavailable
        assert await outcome(harbor.release(TOWER, LOCKER)) is OutcomeUnknown
    listening.close()


def flaky(*first: Answer) -> Callable[[Heard], Answer]:
    """`first`, one after the other, and from then on an empty list."""
    script = list(first)
    return lambda _: script.pop(0) if script else answer(200, [])


async def test_a_read_is_tried_again_until_it_succeeds() -> None:
    say = flaky(answer(503), Line.CUT, answer(200, b"[{"))
    async with stand_in(say) as server:
        patience = Patience(attempts=4, first_wait=0.001)
        async with server.harbor(read_retries=patience) as harbor:
            assert await harbor.assigned_lockers() == []
        assert len(server.calls) == 4


async def test_a_read_is_given_up_after_so_many_attempts() -> None:
    async with stand_in(answer(503)) as server:
        patience = Patience(attempts=3, first_wait=0.001)
        async with server.harbor(read_retries=patience) as harbor:
            with pytest.raises(Unavailable):
                await harbor.assigned_lockers()
        assert len(server.calls) == 3


async def test_a_refusal_is_not_tried_again() -> None:
    async with stand_in(answer(409, NO)) as server:
        async with server.harbor(read_retries=Patience(attempts=5)) as harbor:
            with pytest.raises(Refused, match="not available") as refused:
                await harbor.assigned_lockers()
        assert (refused.value.status, refused.value.detail) == (409, "Locker is not available")
        assert len(server.calls) == 1


async def test_a_delay_that_is_too_long_to_wait_for_is_passed_on() -> None:
    async with stand_in(answer(429, NO, retry_after="60")) as server:
        async with server.harbor(read_retries=Patience(attempts=5)) as harbor:
            with pytest.raises(Unavailable) as unavailable:
                await harbor.assigned_lockers()
        assert unavailable.value.retry_after == 60.0
        assert len(server.calls) == 1


def test_a_short_delay_is_waited_for_with_some_spread() -> None:
    waits = {Patience().again(Unavailable("no", 2.0)) for _ in range(50)}
    assert len(waits) > 1
    assert all(2.0 <= wait <= 2.5 for wait in waits)


async def test_the_cause_of_an_error_is_kept_and_its_text_shows_no_secret() -> None:
    async with stand_in(half(b'{"payload": "c0ffee')) as server, server.harbor() as harbor:
        with pytest.raises(OutcomeUnknown) as unknown:
            await harbor.drop_off_token(TOWER, LOCKER, 300)
        assert isinstance(unknown.value.__cause__, httpx.ReadError)
        assert "c0ffee" not in repr(unknown.value)


async def test_a_read_follows_a_redirect_and_a_changing_call_does_not() -> None:
    def say(heard: Heard) -> bytes:
        there = f"{server.url}/elsewhere"
        return answer(200, []) if heard.path == "/elsewhere" else answer(307, location=there)

    async with stand_in(say) as server, server.harbor() as harbor:
        assert await harbor.lockers(TOWER) == []
        with pytest.raises(OutcomeUnknown):
            await harbor.release(TOWER, LOCKER)
        assert [heard.path for heard in server.calls if heard.method == "POST"] == [
            f"/api/v1/towers/{TOWER}/lockers/959/release-locker"
        ]
