"""What Telegram brings, taken before the app, so that an update passes no layer it does not need.

Guarantees: 200 only after the update has been committed (promise 2), and 503 when it could not be,
so that it comes again; what the bot has Telegram do in return stands in that 200, and nowhere else;
a request without the secret token, or to any other path, is the app's, which knows none of it; a
body over 1 MiB is refused.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.ports.errors import EdgeError
from web.connections import ASKED_BY_RIGHT

log = structlog.get_logger()

LARGEST_BODY = 1024 * 1024
SECRET_HEADER = b"x-telegram-bot-api-secret-token"

_TEXT = b"text/plain; charset=utf-8"
_JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class TelegramHook:
    """Where Telegram delivers, with which secret, and who takes an update (until committed) and
    gives the call that Telegram is to carry out in return, or raises Refusal."""

    path: str
    secret: str
    take: Callable[[dict[str, Any]], Awaitable[Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """What was brought is not accepted: the HTTP status, and why in a few words."""

    status: int
    why: str


class Deliveries:
    """ASGI: updates that come by right go to `hook`, all else to `app`."""

    def __init__(self, hook: TelegramHook, app: ASGIApp) -> None:
        self._path, self._secret, self._take = hook.path, hook.secret.encode(), hook.take
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take an update, or pass on."""
        if not (scope["type"] == "http" and scope["path"] == self._path and self._by_right(scope)):
            await self._app(scope, receive, send)
            return
        scope[ASKED_BY_RIGHT] = True
        try:
            call = await self._taken(receive)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            await _respond(send, refusal.status, refusal.why.encode(), _TEXT)
        else:
            await _respond(send, 200, json.dumps(call).encode() if call else b"", _JSON)

    def _by_right(self, scope: Scope) -> bool:
        shown = next((value for name, value in scope["headers"] if name == SECRET_HEADER), b"")
        return scope["method"] == "POST" and hmac.compare_digest(shown, self._secret)

    async def _taken(self, receive: Receive) -> Mapping[str, Any] | None:
        try:
            update = json.loads(await body_of(receive))
        except (ValueError, RecursionError):
            raise _refused(HTTPStatus.BAD_REQUEST) from None
        if not isinstance(update, dict):
            raise _refused(HTTPStatus.BAD_REQUEST)
        try:
            return await self._take(update)
        except Refusal:
            raise
        except EdgeError as error:
            log.warning("update_not_taken", why=type(error).__name__)
            raise _refused(HTTPStatus.SERVICE_UNAVAILABLE) from error
        except Exception as error:  # Telegram brings it again, as after any other failure
            log.exception("update_not_taken")
            raise _refused(HTTPStatus.SERVICE_UNAVAILABLE) from error


async def body_of(receive: Receive) -> bytes:
    """The whole body; Refusal as soon as it is longer than allowed, whatever its header claims.
    Raises ClientDisconnect."""
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > LARGEST_BODY:
            raise _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        more = message.get("more_body", False)
    return b"".join(parts)


def _refused(status: HTTPStatus) -> Refusal:
    return Refusal(status, status.phrase)


async def _respond(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    if body:
        headers.append((b"content-type", kind))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
