"""An ASGI app on a socket, for as long as a block lasts: the one way in which this project serves.

Guarantees: the address is reachable when the block begins; the server has ended when it is left,
at once if no request is under way; signals stay the program's own; whoever holds connections open
and asks nothing keeps nobody else from being answered (`web.connections`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from web.connections import Bounded

_GRACE = 2
"""Seconds for requests under way when the block ends."""
_BACKLOG = 4096


class _Server(uvicorn.Server):
    """Leaves the process's signals to whoever owns the process, and ends as soon as it is told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()
        self._leaving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        with contextlib.suppress(SystemExit):  # a server ends no program
            await super().startup(sockets)
        if not self.started:
            raise OSError("the app could not begin; its log says why")
        self.begun.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), 1)

    def leave(self) -> None:
        """End: uvicorn by itself would only look ten times a second whether it should."""
        self.should_exit = True
        self._leaving.set()


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    protocol: type[asyncio.Protocol] | None = None,
    idle: int = 5,
) -> AsyncIterator[str]:
    """Serve `app` in the running loop and yield its base URL, without a trailing slash.

    `port` 0 takes any that is free. `protocol`: what speaks HTTP on a connection, if not
    `web.connections.Bounded`. `idle`: seconds after which a connection that asks nothing is ended.
    Raises OSError when the address is taken or the app's lifespan can't begin.

    No access log: the webhook's path is a secret.
    """
    with _listener(host, port) as listener:
        config = uvicorn.Config(
            app,
            http=protocol or Bounded,
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=idle,
            proxy_headers=False,  # an address is the socket's: see web.pages.visitors
            timeout_graceful_shutdown=_GRACE,
            backlog=_BACKLOG,
            lifespan="on",
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]), name="web")
        task.add_done_callback(lambda _: server.begun.set())
        try:
            await server.begun.wait()
            if task.done():
                await task
            shown = f"[{host}]" if ":" in host else host
            yield f"http://{shown}:{listener.getsockname()[1]}"
        finally:
            server.leave()
            await task


def is_loopback(host: str) -> bool:
    """Whether what listens at `host` is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay (40 ms an answer) off only for a socket that says it is TCP,
    # which one from socket.create_server does not.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
