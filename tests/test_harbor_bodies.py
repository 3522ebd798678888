"""A body from Harbor is unpacked no further than an answer may be long."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from bot.domain.ids import LockerId, TowerId
from harbor.errors import Broken, OutcomeUnknown
from tests.support.harbor_stand_in import answer, stand_in
from transport.bounds import LARGEST_ANSWER

HUGE = 512 * 1024 * 1024
PLAIN = b'{"id": 7, "name": "Market"}'


def bomb() -> bytes:
    """Half a gigabyte of blanks, in half a megabyte of gzip."""
    packer = zlib.compressobj(9, wbits=31)
    piece = b" " * (1024 * 1024)
    return b"".join(packer.compress(piece) for _ in range(HUGE // len(piece))) + packer.flush()


def raw(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("x-gzip", raw),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
    ],
)
async def test_a_packed_body_is_read(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    whole = answer(200, pack(PLAIN), content_encoding=encoding)
    async with stand_in(whole) as server, server.harbor() as harbor:
        found = await harbor.closest(40.0, -74.0, 0.9)
    assert found is not None
    assert found.name == "Market"
    assert server.calls[0].headers["accept-encoding"] == "gzip, deflate"


async def test_a_small_body_that_grows_to_half_a_gigabyte_is_never_held() -> None:
    small = answer(200, bomb(), content_encoding="gzip")
    assert len(small) < 1024 * 1024
    async with stand_in(small) as server, server.harbor() as harbor:
        tracemalloc.start()
        with pytest.raises(Broken):
            await harbor.assigned_lockers()
        with pytest.raises(OutcomeUnknown):
            await harbor.reserve(TowerId("0100000000000175"), LockerId(959), 300)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 4 * LARGEST_ANSWER


async def test_a_body_that_is_too_long_as_it_is_is_not_read_to_its_end() -> None:
    long = answer(200, b"[" + b" " * LARGEST_ANSWER + b"]")
    async with stand_in(long) as server, server.harbor() as harbor:
        with pytest.raises(Broken):
            await harbor.assigned_lockers()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", PLAIN), ("gzip, gzip", gzip.compress(PLAIN)), ("gzip", gzip.compress(PLAIN)[:-9])],
    ids=["otherwise", "twice", "cut short"],
)
async def test_what_is_packed_otherwise_or_cut_short_is_broken(encoding: str, body: bytes) -> None:
    odd = answer(200, body, content_encoding=encoding)
    async with stand_in(odd) as server, server.harbor() as harbor:
        with pytest.raises(Broken):
            await harbor.assigned_lockers()
