"""The one ASGI app of the bot.

Guarantees: what Telegram brings by right is taken before anything else looks at it
(`web.deliveries`), and without the secret token its path is no other than any (404); Harbor's push
is answered at once and is never more than a nudge unless it was verified; a body over 1 MiB is
refused; metrics are shown on this machine alone, unless the token is shown for them; parcel pages
have a budget of their own (`web.pages`); anything else is 404, and nothing is redirected; whoever
goes away before their body is whole leaves no trace in the log.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.ports.errors import EdgeError
from web.connections import ASKED_BY_RIGHT
from web.deliveries import Deliveries, Refusal, TelegramHook, body_of

if TYPE_CHECKING:
    from web.pages import Pages

log = structlog.get_logger()

HarborHook = Callable[[Mapping[str, str], bytes], Awaitable[None]]
"""Takes a push's headers and raw body; raises Refusal, and EdgeError to have it come again."""

Health = Callable[[], Awaitable[Mapping[str, Any]]]
"""`{"ok": bool, "reasons": [...], …}`."""

Exposition = Callable[[], Awaitable[tuple[bytes, str]]]
"""What Prometheus reads, and its content type."""

_FORWARDED = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is exposed, and to whom: to everybody who comes to an `open` address by themselves, not
    through a proxy, and to whoever shows the `token`, if there is one."""

    expose: Exposition
    open: bool
    token: str | None = None

    def may_read(self, headers: Mapping[str, str]) -> bool:
        """Whether whoever sends these headers may."""
        if self.open and not any(name in headers for name in _FORWARDED):
            return True
        if self.token is None:
            return False
        kind, _, shown = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(shown.strip().encode(), self.token.encode())
        return right and kind.lower() == "bearer"


def create_app(
    *,
    live: Health | None = None,
    health: Health | None = None,
    metrics: Metrics | None = None,
    telegram: TelegramHook | None = None,
    harbor: HarborHook | None = None,
    pages: Pages | None = None,
) -> ASGIApp:
    """Whatever is given; the hooks and the parcel pages are in webhook mode alone.

    `live` is for whoever restarts what does not work, `health` for whoever wants to know whether
    the bot is of use now.
    """
    routes = []
    if live is not None:
        routes.append(Route("/livez", _health(live), methods=["GET"]))
    if health is not None:
        routes.append(Route("/readyz", _health(health), methods=["GET"]))
        routes.append(Route("/healthz", _health(health), methods=["GET"]))
    if metrics is not None:
        routes.append(Route("/metrics", _metrics(metrics), methods=["GET"]))
    if harbor is not None:
        routes.append(Route("/harbor", _harbor(harbor), methods=["POST"]))
    if pages is not None:
        routes += pages.routes()
    handlers = {HTTPException: _plain, 405: _not_found, ClientDisconnect: _gone}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # it would send people wherever the Host header says
    return app if telegram is None else Deliveries(telegram, app)


def _health(health: Health) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        told = await health()
        return JSONResponse(dict(told), status_code=200 if told["ok"] else 503)

    return show


def _metrics(metrics: Metrics) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        if not metrics.may_read(request.headers):
            raise HTTPException(404)
        body, kind = await metrics.expose()
        return Response(body, media_type=kind)

    return show


def _harbor(hook: HarborHook) -> Callable[[Request], Awaitable[Response]]:
    async def deliver(request: Request) -> Response:
        try:
            await hook(request.headers, await body_of(request.receive))
        except Refusal as refusal:
            raise HTTPException(refusal.status, refusal.why) from refusal
        except EdgeError as error:
            log.warning("push_not_taken", why=type(error).__name__)
            raise HTTPException(503) from error
        request.scope[ASKED_BY_RIGHT] = True
        return Response(status_code=200)

    return deliver


async def _plain(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return PlainTextResponse(detail, status_code=status)


async def _not_found(_: Request, __: Exception) -> Response:
    return PlainTextResponse("Not Found", status_code=404)


async def _gone(_: Request, __: Exception) -> Response:
    """Nobody is left to read it: uvicorn drops it."""
    return Response(status_code=400)
