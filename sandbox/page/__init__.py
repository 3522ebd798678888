"""The page to play on, as an ASGI app: static files, told to the browser with a strict policy.

Guarantees: nothing is loaded from anywhere but this server (nor into the browser on the page), no
inline script or style runs, and a browser asks again after each restart instead of keeping an old
page.
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["create_page"]

HERE = Path(__file__).parent
FILES = {"/": "index.html", "/icon.svg": "icon.svg", "/icons.svg": "icons.svg"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class _PolicyMiddleware:
    """Adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, sending)


async def _file(request: Request) -> Response:
    return FileResponse(HERE / FILES[request.url.path])


def create_page() -> Starlette:
    """The page's files, to be mounted at the root."""
    return Starlette(
        routes=[
            *(Route(path, _file, methods=["GET"]) for path in FILES),
            Mount("/css", StaticFiles(directory=HERE / "css")),
            Mount("/js", StaticFiles(directory=HERE / "js")),
        ],
        middleware=[Middleware(_PolicyMiddleware)],
    )
