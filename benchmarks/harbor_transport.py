"""Which transport should carry the Harbor client: httpx's own pool, aiohttp's by httpx-aiohttp, or
the latter with its errors named anew (harbor/transport.py)?

Calls `Harbor.lockers` (24 lockers, 4 KB of JSON) on a tiny server in another process, at 1, 32 and
256 calls at once. Transports take turns, five rounds each after a warm-up; medians are printed.

    python -m benchmarks.harbor_transport [--calls 2000] [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import re
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import cast

import httpx
import httpx_aiohttp
import uvloop

from bot.model import TowerId
from harbor.client import Harbor
from harbor.connection import LIMITS
from harbor.transport import Transport

REQUEST = re.compile(
    rb"(?P<method>[A-Z]+) .*?(?:\r\ncontent-length: *(?P<length>\d+).*?)?\r\n\r\n", re.I | re.S
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
AT_ONCE = (1, 32, 256)
TOWER = TowerId("0100000000000175")
TRANSPORTS: dict[str, Callable[[], httpx.AsyncBaseTransport]] = {
    "httpx": lambda: httpx.AsyncHTTPTransport(limits=LIMITS),
    "httpx-aiohttp": lambda: httpx_aiohttp.AiohttpTransport(limits=LIMITS),
    "harbor.transport": lambda: Transport(LIMITS),
}


def _lockers() -> bytes:
    one = {
        "name": "14",
        "isLowLocker": False,
        "towerId": TOWER,
        "status": {"name": "available", "id": 1},
        "type": {"name": "small", "description": None, "id": 1},
        "accessMode": "public",
    }
    return json.dumps([{"id": 900 + n, **one} for n in range(24)]).encode()


class TinyServer(asyncio.Protocol):
    """Answers each request head with a token (POST) or with lockers (GET), and keeps the line."""

    lockers, token = _lockers(), b'{"access_token": "t", "expires_in": 300}'

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._line = cast(asyncio.WriteTransport, transport)
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that has arrived whole."""
        self._heard += data
        while (request := REQUEST.match(self._heard)) is not None:
            end = request.end() + int(request["length"] or 0)
            if len(self._heard) < end:
                return
            self._heard = self._heard[end:]
            body = self.lockers if request["method"] == b"GET" else self.token
            self._line.write(HEAD % len(body) + body)


def serve(pipe: Pipe) -> None:
    """Run the server in this process until it is ended; tells its port through `pipe`."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(TinyServer, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


async def calls_per_second(url: str, transport: str, at_once: int, calls: int) -> float:
    """How many calls a second `at_once` callers get through together, after a warm-up."""
    async with Harbor(
        api_url=url,
        accounts_url=url,
        client_id="bench",
        client_secret="bench",  # noqa: S106 - the tiny server takes any
        transport=TRANSPORTS[transport](),
        timeout=30.0,
    ) as harbor:

        async def caller(times: int) -> None:
            for _ in range(times):
                await harbor.lockers(TOWER)

        await asyncio.gather(*(caller(1) for _ in range(at_once)))
        share = max(calls // at_once, 2)
        began = time.perf_counter()
        await asyncio.gather(*(caller(share) for _ in range(at_once)))
        return share * at_once / (time.perf_counter() - began)


def measure(calls: int, rounds: int) -> dict[str, dict[int, float]]:
    """Transport → calls at once → median calls a second."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    seen: dict[tuple[str, int], list[float]] = {}
    try:
        for at_once in AT_ONCE:
            for _ in range(rounds):
                for name in TRANSPORTS:
                    speed = uvloop.run(calls_per_second(url, name, at_once, calls))
                    seen.setdefault((name, at_once), []).append(speed)
    finally:
        server.terminate()
        server.join()
    return {name: {n: statistics.median(seen[name, n]) for n in AT_ONCE} for name in TRANSPORTS}


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    medians = measure(asked.calls, asked.rounds)
    if asked.json:
        print(json.dumps(medians))
        return
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()}"
    )
    print("calls/s".ljust(18), *(f"{n:>8}" for n in AT_ONCE))
    for name, speeds in medians.items():
        print(name.ljust(18), *(f"{speed:8.0f}" for speed in speeds.values()))


if __name__ == "__main__":
    main()
