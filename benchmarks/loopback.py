"""A server that costs next to nothing, so that what is measured is the client.

Guarantees: HTTP/1.1 with bodies of a stated length, connections kept; answers may come later, and
in any order, as no client here sends a second request before the first is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import cast

import uvloop

_REQUEST = re.compile(
    rb"(?P<method>[A-Z]+) (?P<path>\S+) .*?(?:\r\ncontent-length: *(?P<length>\d+).*?)?\r\n\r\n",
    re.I | re.S,
)
_HEAD = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that has arrived whole, and the way back."""

    method: str
    path: str
    body: bytes
    line: asyncio.WriteTransport | None = None

    def answer(self, body: bytes, status: bytes = b"200 OK") -> None:
        """This JSON; where nobody waits for it, nothing."""
        if self.line is not None and not self.line.is_closing():
            self.line.write(_HEAD % (status, len(body)) + body)


Handler = Callable[[Exchange], None]


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (request := _REQUEST.match(self._heard)) is not None:
            end = request.end() + int(request["length"] or 0)
            if len(self._heard) < end:
                return
            body, self._heard = self._heard[request.end() : end], self._heard[end:]
            method, path = request["method"].decode(), request["path"].decode()
            self._handler(Exchange(method, path, body, self._line))


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """The base address at which `handler` answers in the running loop."""
    server = await asyncio.get_running_loop().create_server(lambda: _Line(handler), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@contextlib.contextmanager
def serving_apart(handler: Handler) -> Iterator[str]:
    """The same in a process of its own; `handler` must be picklable."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(handler, theirs), daemon=True
    )
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(handler: Handler, pipe: Pipe) -> None:
    async def run() -> None:
        async with serving(handler) as url:
            pipe.send(url)
            await asyncio.Event().wait()

    uvloop.run(run())
