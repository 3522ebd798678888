"""A sandbox on a socket: by the bot's own server, with connections that it can reset, and for its
own page alone."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from starlette.types import ASGIApp

from sandbox.guard import Guard
from sandbox.resettable import Resettable
from web.serving import serving


def serving_sandbox(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[str]:
    """Serve a sandbox's `app` for as long as the block lasts; see `web.serving.serving`."""
    return serving(Guard(app, host), host=host, port=port, protocol=Resettable)
