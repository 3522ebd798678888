"""The one address before several replicas, as a platform's router keeps it.

Guarantees: replicas take turns; one that refuses the connection is passed over for the next, and
where all do the request is held for a while, until one has started; a request whose connection is
cut half-way is answered 502 and tried nowhere else, since nobody knows what became of it. Whatever
a replica answers is handed back as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_PATIENCE = aiohttp.ClientTimeout(total=30)
_LOOK_AGAIN = 0.05
_OF_THE_CONNECTION = frozenset({"host", "connection", "content-length", "transfer-encoding"})


class Router:
    """`app` is to be served; `handed` counts by port what was answered by whom."""

    def __init__(self, ports: Sequence[int], *, held: float = 5.0) -> None:
        self._ports, self._held = tuple(ports), held
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None
        self.handed: Counter[int] = Counter()
        self.passed_over = self.cut = self.nobody = 0
        self.app = Starlette(
            routes=[Route("/{path:path}", self._hand_on, methods=["POST"])],
            lifespan=self._lifespan,
        )

    def told(self) -> str:
        """One line for whoever reads the counts."""
        handed = " + ".join(str(self.handed[port]) for port in self._ports)
        return (
            f"handed {handed} to the replicas, passed over {self.passed_over} that were dead, "
            f"{self.cut} cut half-way, {self.nobody} found nobody"
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        # A connection a request: one that is kept could be dead without having refused anything.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, timeout=_PATIENCE) as self._session:
            yield

    async def _hand_on(self, request: Request) -> Response:
        assert self._session is not None, "requests come while the app is served"
        body, path = await request.body(), request.url.path
        headers = {k: v for k, v in request.headers.items() if k not in _OF_THE_CONNECTION}
        until = time.monotonic() + self._held
        for port in self._tried(until):
            if port is None:
                await asyncio.sleep(_LOOK_AGAIN)
                continue
            try:
                async with self._session.post(
                    f"http://127.0.0.1:{port}{path}", data=body, headers=headers
                ) as answer:
                    kind = answer.headers.get("Content-Type")
                    said = Response(await answer.read(), answer.status, media_type=kind)
            except aiohttp.ClientConnectorError:
                self.passed_over += 1
                continue
            except (aiohttp.ClientError, OSError, TimeoutError):
                self.cut += 1
                return Response(status_code=502)
            self.handed[port] += 1
            return said
        self.nobody += 1
        return Response(status_code=502)

    def _tried(self, until: float) -> Iterator[int | None]:
        """One after another, again and again for as long as that; None: wait before the next."""
        first = self._turn % len(self._ports)
        self._turn += 1
        while True:
            yield from self._ports[first:] + self._ports[:first]
            if time.monotonic() >= until:
                return
            yield None
