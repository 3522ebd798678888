"""The one ASGI app of the bot.

Guarantees: Telegram is answered 200 only after its update has been committed (promise 2), and with
503 when it could not be, so that it comes again; a request without the secret token learns nothing
(404); Harbor's push is answered at once and is never more than a nudge unless it was verified; a
body over 1 MiB is refused; metrics are shown on this machine alone, unless the token is shown for
them; parcel pages have a budget of their own (`web.pages`); anything else is 404.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.ports.errors import EdgeError
from web.connections import ASKED_BY_RIGHT
from web.pages import Pages

log = structlog.get_logger()

LARGEST_BODY = 1024 * 1024
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True, slots=True)
class TelegramHook:
    """Where Telegram delivers, with which secret, and who takes an update (until committed) or
    raises Refusal."""

    path: str
    secret: str
    take: Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """What was brought is not accepted: the HTTP status, and why in a few words."""

    status: int
    why: str


HarborHook = Callable[[Mapping[str, str], bytes], Awaitable[None]]
"""Takes a push's headers and raw body; raises Refusal, and EdgeError to have it come again."""

Health = Callable[[], Awaitable[Mapping[str, Any]]]
"""`{"ok": bool, "reasons": [...], …}`."""

Exposition = Callable[[], Awaitable[tuple[bytes, str]]]
"""What Prometheus reads, and its content type."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


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
) -> Starlette:
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
    if telegram is not None:
        routes.append(Route(telegram.path, _telegram(telegram), methods=["POST"]))
    if harbor is not None:
        routes.append(Route("/harbor", _harbor(harbor), methods=["POST"]))
    if pages is not None:
        routes += pages.routes()
    return Starlette(routes=routes, exception_handlers={HTTPException: _plain, 405: _not_found})


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


def _telegram(hook: TelegramHook) -> Callable[[Request], Awaitable[Response]]:
    async def deliver(request: Request) -> Response:
        shown = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(shown.encode(), hook.secret.encode()):
            raise HTTPException(404)
        request.scope[ASKED_BY_RIGHT] = True
        try:
            update = json.loads(await body_of(request))
        except (ValueError, RecursionError):
            raise HTTPException(400) from None
        if not isinstance(update, dict):
            raise HTTPException(400)
        try:
            await hook.take(update)
        except Refusal as refusal:
            raise HTTPException(refusal.status, refusal.why) from refusal
        except EdgeError as error:
            log.warning("update_not_taken", why=type(error).__name__)
            raise HTTPException(503) from error
        except Exception as error:  # Telegram brings it again, as after any other failure
            log.exception("update_not_taken")
            raise HTTPException(503) from error
        return Response(status_code=200)

    return deliver


def _harbor(hook: HarborHook) -> Callable[[Request], Awaitable[Response]]:
    async def deliver(request: Request) -> Response:
        try:
            await hook(request.headers, await body_of(request))
        except Refusal as refusal:
            raise HTTPException(refusal.status, refusal.why) from refusal
        except EdgeError as error:
            log.warning("push_not_taken", why=type(error).__name__)
            raise HTTPException(503) from error
        request.scope[ASKED_BY_RIGHT] = True
        return Response(status_code=200)

    return deliver


async def body_of(request: Request) -> bytes:
    """The whole body; 413 as soon as it is longer than allowed, whatever its header claims."""
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > LARGEST_BODY:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)


async def _plain(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return PlainTextResponse(detail, status_code=status)


async def _not_found(_: Request, __: Exception) -> Response:
    return PlainTextResponse("Not Found", status_code=404)
