"""Which transport should carry the Harbor client: httpx's own pool, aiohttp's by httpx-aiohttp, or
the latter with its errors named anew (harbor/transport.py)?

Calls `Harbor.lockers` (24 lockers, 4 KB of JSON) on a tiny server in another process, at 1, 32 and
256 calls at once. Transports take turns after a warm-up; medians are printed.

    python -m benchmarks harbor_transport
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable

import httpx
import httpx_aiohttp

from benchmarks.harbor import TOWER, StandIn, access, lockers
from benchmarks.loopback import serving_apart
from benchmarks.report import Bench, Value
from harbor.client import Harbor
from harbor.connection import LIMITS
from harbor.transport import Transport

AT_ONCE = (1, 32, 256)
TRANSPORTS: dict[str, Callable[[], httpx.AsyncBaseTransport]] = {
    "httpx": lambda: httpx.AsyncHTTPTransport(limits=LIMITS),
    "httpx-aiohttp": lambda: httpx_aiohttp.AiohttpTransport(limits=LIMITS),
    "harbor.transport": lambda: Transport(LIMITS),
}


async def calls_per_second(url: str, transport: str, at_once: int, calls: int) -> float:
    """How many calls a second `at_once` callers get through together, after a warm-up."""
    async with Harbor(access(url), transport=TRANSPORTS[transport](), timeout=30.0) as harbor:

        async def caller(times: int) -> None:
            for _ in range(times):
                await harbor.lockers(TOWER)

        await asyncio.gather(*(caller(1) for _ in range(at_once)))
        share = max(calls // at_once, 2)
        began = time.perf_counter()
        await asyncio.gather(*(caller(share) for _ in range(at_once)))
        return share * at_once / (time.perf_counter() - began)


async def measure(calls: int, rounds: int) -> list[dict[str, Value]]:
    """A row for each transport, its columns the calls at once, in calls a second."""
    seen: dict[tuple[str, int], list[float]] = {}
    with serving_apart(StandIn({"lockers": lockers("available", 24)})) as url:
        for at_once in AT_ONCE:
            for _ in range(rounds):
                for name in TRANSPORTS:
                    speed = await calls_per_second(url, name, at_once, calls)
                    seen.setdefault((name, at_once), []).append(speed)
    return [
        {"transport": name, **{f"{n} at once": statistics.median(seen[name, n]) for n in AT_ONCE}}
        for name in TRANSPORTS
    ]


async def bench(*, calls: int = 600, rounds: int = 3) -> Bench:
    """The whole comparison."""
    rows = await measure(calls, rounds)
    return Bench("Harbor's transport: calls a second", f"medians of {rounds} × {calls} calls", rows)
