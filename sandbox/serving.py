"""An ASGI app on a real socket of the loopback interface, for as long as a `with` block lasts.

Guarantees: the address is reachable when the block begins; the server has ended when it is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol


class _Server(uvicorn.Server):
    """Leaves the process's signals to whoever owns the process, and ends as soon as it is told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.leaving = asyncio.Event()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), 1)

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


class _Protocol(H11Protocol):
    """Lets the app reset a connection: `scope["extensions"]["sandbox.reset"]()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrowing
        super().connection_made(transport)
        app = self.app

        async def resettable(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})["sandbox.reset"] = lambda: _reset(transport)
            await app(scope, receive, send)

        self.app = resettable


def _reset(transport: asyncio.Transport) -> None:
    """Close at once, so that the other end sees a reset and no orderly end."""
    at_once = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    transport.abort()


@contextlib.asynccontextmanager
async def serving(app: Any, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `app` in the running loop and yield its base URL (no trailing slash).

    `port` 0 takes any free port. Raises OSError when the address is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay (40 ms an answer) off only for a socket that says it is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    config = uvicorn.Config(
        app,
        http=_Protocol,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="serving")
    try:
        while not server.started:
            if task.done():
                task.result()
                raise OSError("the server ended before it had started")
            await asyncio.sleep(0.005)
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.leaving.set()
        await task
        listener.close()
