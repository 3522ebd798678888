"""A sandbox on a socket: by the bot's own server, with connections that it can reset, and for its
own page alone."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.guard import Guard
from sandbox.resettable import Resettable
from web.pages.where import PATH
from web.serving import serving

_IDLE = 75
"""Seconds; longer than clients keep a connection (httpx 5 s), so that none sends its next request
into one that is just being ended."""


class Doorway:
    """Before the sandbox: what is asked for a parcel page goes to `pages`, which says itself whom
    it answers; everything else to `app`, behind its guard. While no bot serves pages: 503."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._guarded = Guard(app, host)
        self.pages: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._guarded(scope, receive, send)
        elif self.pages is not None:
            await self.pages(scope, receive, send)
        else:
            await PlainTextResponse("no bot is here", status_code=503)(scope, receive, send)


def serving_sandbox(
    app: ASGIApp | Doorway, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[str]:
    """Serve a sandbox's `app` for as long as the block lasts; see `web.serving.serving`."""
    guarded = app if isinstance(app, Doorway) else Guard(app, host)
    return serving(guarded, host=host, port=port, protocol=Resettable, idle=_IDLE)
