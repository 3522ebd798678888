"""What went over a counterparty's wire, for people to look at.

Guarantees: the latest 500 exchanges, in order, as they were when they passed; bearer tokens never
(headers are not kept), and the values of secret fields and whatever a secret pattern matches are
blanked before anybody is shown them.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BLANK = "•••"
KEPT = 500
TOO_DEEP = "nested too deeply to show"
MOST_BYTES = 65_536
"""A longer body is described, not kept."""


class WireLog:
    """The log, and the rules for blanking.

    `fields` are the names of secret JSON and form fields; `patterns` are blanked in every string
    and path. `listener(shown)` hears of each new entry; `shown()` is what may be seen of it.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        fields: Collection[str] = (),
        patterns: Sequence[re.Pattern[str]] = (),
        listener: Callable[[Callable[[], dict[str, Any]]], None] = lambda shown: None,
    ) -> None:
        self._now = now
        self._fields = set(fields)
        self._patterns = tuple(patterns)
        self._listener = listener
        self._entries: deque[_Entry] = deque(maxlen=KEPT)
        self._count = 0

    def hide(self, field: str) -> None:
        """From now on blank the values of `field`, too."""
        self._fields.add(field)

    def since(self, after: int = 0) -> list[dict[str, Any]]:
        """The entries numbered above `after`, oldest first."""
        return [self._shown(entry) for entry in self._entries if entry.n > after]

    def record(
        self,
        direction: str,
        method: str,
        path: str,
        status: int | None,
        request: Any,
        response: Any,
        milliseconds: float,
    ) -> None:
        """Keep one exchange: `direction` is in or out; `status` None when there was no answer."""
        self._count += 1
        entry = _Entry(
            n=self._count,
            at=self._now().isoformat(),
            direction=direction,
            method=method,
            path=path,
            status=status,
            request=_written(request),
            response=_written(response),
            milliseconds=round(milliseconds, 1),
        )
        self._entries.append(entry)
        self._listener(lambda: self._shown(entry))

    def _shown(self, entry: _Entry) -> dict[str, Any]:
        return {
            **dataclasses.asdict(entry),
            "path": self.blanked(entry.path),
            "request": self._read(entry.request),
            "response": self._read(entry.response),
        }

    def _read(self, written: str | None) -> Any:
        try:
            return TOO_DEEP if written is None else self.blanked(json.loads(written))
        except RecursionError:
            return TOO_DEEP

    def blanked(self, value: Any) -> Any:
        """The same value without its secrets, and fit to be sent on as JSON."""
        if isinstance(value, dict):
            return {
                self.blanked(key): BLANK if key in self._fields and held else self.blanked(held)
                for key, held in value.items()
            }
        if isinstance(value, list):
            return [self.blanked(item) for item in value]
        if isinstance(value, str):
            for pattern in self._patterns:
                value = pattern.sub(BLANK, value)
            return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True, slots=True)
class _Entry:
    """One exchange with its secrets; bodies as JSON, None for one nested too deeply."""

    n: int
    at: str
    direction: str
    method: str
    path: str
    status: int | None
    request: str | None = field(repr=False)
    response: str | None = field(repr=False)
    milliseconds: float


def _written(body: Any) -> str | None:
    """At once, as others may change the body later; to blank it takes longer and can wait."""
    try:
        return json.dumps(body)
    except RecursionError:
        return None


class WireLogMiddleware:
    """Pure ASGI: logs each HTTP exchange but those of the control side (`/sandbox`)."""

    def __init__(self, app: ASGIApp, wire: WireLog) -> None:
        self.app = app
        self.wire = wire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the call, listening."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or path == "/sandbox" or path.startswith("/sandbox/"):
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        exchange.asked.kind = _content_type(scope["headers"])
        try:
            await self.app(scope, exchange.receive, exchange.send)
        finally:
            query = scope.get("query_string", b"").decode("latin-1")
            self.wire.record(
                "in",
                scope["method"],
                f"{path}?{query}" if query else path,
                exchange.status,
                exchange.asked.shown(),
                exchange.answered.shown(),
                (time.monotonic() - exchange.began) * 1000,
            )


class _Body:
    def __init__(self) -> None:
        self.kind = ""
        self._bytes = bytearray()
        self._size = 0

    def add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= MOST_BYTES:
            self._bytes += part

    def shown(self) -> Any:
        """Decoded if it is JSON, a form or text of a sensible size; else described."""
        if not self._size:
            return None
        kind = self.kind.partition(";")[0].strip().lower()
        if self._size <= MOST_BYTES:
            text = self._bytes.decode("utf-8", "replace")
            if kind == "application/x-www-form-urlencoded":
                return dict(parse_qsl(text, keep_blank_values=True))
            if kind.endswith("json"):
                try:
                    return json.loads(text)
                except (ValueError, RecursionError):
                    return f"not JSON, {self._size} bytes"
        return f"{kind or 'unnamed'}, {self._size} bytes"


class _Exchange:
    """Listens to one exchange while it passes."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.asked, self.answered = _Body(), _Body()
        self.status: int | None = None
        self.began = time.monotonic()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.asked.add(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.answered.kind = _content_type(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self.answered.add(message.get("body", b""))
        await self._send(message)


def _content_type(headers: Sequence[tuple[bytes, bytes]]) -> str:
    return next((v.decode("latin-1") for k, v in headers if k.lower() == b"content-type"), "")
