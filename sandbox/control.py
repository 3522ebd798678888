"""What the control sides of both counterparties share, from revision to reset.

Guarantees: whoever waits for a change hears of it as soon as it is made; a refused call is 4xx
with `{"error": {"code", "message"}}`. The calls are those of docs/sandbox.md, "Both control sides".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.clock import Clock
from sandbox.faults import Faults, KnownFault
from sandbox.wire import WireLog, WireLogMiddleware

__all__ = [
    "Control",
    "ControlError",
    "Faults",
    "KnownFault",
    "Revision",
    "WireLog",
    "WireLogMiddleware",
    "call",
    "json_body",
    "wait_for_change",
]

LONGEST_WAIT = 30.0
FURTHEST_TURN = 10 * 365 * 86_400
_HEARTBEAT = 15.0


class ControlError(Exception):
    """A control call that is refused; `more` joins code and message within `error`."""

    def __init__(self, status: int, code: str | int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, **more}


class Feed:
    """Server-sent events to whoever listens; a listener that lags loses the oldest."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[bytes]] = set()

    def publish(self, event: str, told: Callable[[], Any]) -> None:
        """Tell every listener at once what `told()` is; where nobody listens it is not asked."""
        if not self._listeners:
            return
        line = f"event: {event}\ndata: {json.dumps(told(), ensure_ascii=False)}\n\n".encode()
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(line)

    async def stream(self, first: bytes) -> AsyncIterator[bytes]:
        """Everything published from now on, with a heartbeat when there is nothing."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(256)
        self._listeners.add(queue)
        try:
            yield first
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), _HEARTBEAT)
                except TimeoutError:
                    yield b": alive\n\n"
        finally:
            self._listeners.discard(queue)


class Revision:
    """A number that grows with each change, and can be waited for."""

    def __init__(self, feed: Feed | None = None) -> None:
        self.value = 1
        self._feed = feed or Feed()
        self._changed = asyncio.Event()

    def bump(self) -> int:
        """Something visible changed: wake whoever waits, say the new number."""
        self.value += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._feed.publish("change", lambda: {"revision": self.value})
        return self.value

    async def wait(self, after: int, seconds: float) -> int:
        """Return once the revision is above `after`, or `seconds` of real time have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.value <= after:
                    await self._changed.wait()
        return self.value


class Control:
    """One counterparty's control side: what it says of itself, and the calls common to both.

    `state()` is its visible state without `revision` and `now`; `reset()` starts it again; the
    wire log blanks the values of `wire_fields` and whatever a compiled `wire_patterns` matches.
    """

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        *,
        state: Callable[[], dict[str, Any]],
        reset: Callable[[], None],
        wire_fields: frozenset[str] = frozenset(),
        wire_patterns: Sequence[re.Pattern[str]] = (),
    ) -> None:
        self.clock, self.faults = clock, faults
        self.feed = Feed()
        self.revision = Revision(self.feed)
        self.wire = WireLog(
            clock.now,
            fields=wire_fields,
            patterns=wire_patterns,
            listener=lambda shown: self.feed.publish("wire", shown),
        )
        self._state, self._reset = state, reset
        clock.on_turn(lambda by: self._turned())

    def routes(self) -> list[BaseRoute]:
        """The common calls, to be mounted at `/sandbox` with the counterparty's own."""
        return [
            call("GET", "/state", self._get_state),
            Route("/events", self._get_events, methods=["GET"]),
            call("GET", "/wire", self._get_wire),
            call("GET", "/clock", self._get_clock),
            call("POST", "/clock", self._turn_clock),
            call("GET", "/faults", self._get_faults),
            call("PUT", "/faults", self._put_faults),
            call("POST", "/reset", self._post_reset),
        ]

    def _turned(self) -> None:
        self.revision.bump()

    async def _get_state(self, request: Request) -> Any:
        await wait_for_change(request, self.revision)
        state = self._state()
        return {"revision": self.revision.value, "now": self.clock.now().isoformat(), **state}

    async def _get_events(self, request: Request) -> Response:
        first = f'event: change\ndata: {{"revision": {self.revision.value}}}\n\n'
        return StreamingResponse(
            self.feed.stream(first.encode()),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def _get_wire(self, request: Request) -> Any:
        return self.wire.since(int(_number(request, "after", 0)))

    async def _get_clock(self, request: Request) -> Any:
        return {
            "now": self.clock.now().isoformat(),
            "turned": self.clock.turned.total_seconds(),
        }

    async def _turn_clock(self, request: Request) -> Any:
        seconds = (await json_body(request)).get("turn")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= FURTHEST_TURN:
            raise ControlError(
                400, "bad_turn", "turn is a number of seconds ahead, at most ten years"
            )
        self.clock.turn(seconds)
        return await self._get_clock(request)

    async def _get_faults(self, request: Request) -> Any:
        known = [
            {"name": f.name, "description": f.description, "parameters": dict(f.parameters)}
            for f in self.faults.known.values()
        ]
        return {"known": known, "on": [fault.shown() for fault in self.faults.on]}

    async def _put_faults(self, request: Request) -> Any:
        wanted = await json_body(request, list)
        try:
            self.faults.put(wanted)
        except (ValueError, TypeError, AttributeError) as error:
            raise ControlError(400, "bad_fault", str(error)) from error
        self.revision.bump()
        return await self._get_faults(request)

    async def _post_reset(self, request: Request) -> Any:
        self.faults.clear()
        self._reset()
        self.revision.bump()
        return {"revision": self.revision.value}


def call(method: str, path: str, function: Callable[[Request], Awaitable[Any]]) -> Route:
    """A route that answers what `function` returns as JSON, a ControlError in the agreed shape."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await function(request))
        except ControlError as refused:
            return JSONResponse({"error": refused.error}, status_code=refused.status)

    return Route(path, endpoint, methods=[method], name=f"{method} {path}")


async def json_body(request: Request, kind: type = dict) -> Any:
    """The request's JSON body (an empty one counts as empty). Raises ControlError with 400."""
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() else kind()
    except ValueError as error:
        raise ControlError(400, "bad_json", "the body is not JSON") from error
    if not isinstance(body, kind):
        raise ControlError(400, "bad_json", f"the body is to be a JSON {kind.__name__}")
    return body


async def wait_for_change(request: Request, revision: Revision) -> None:
    """The long poll: with `?after=`, wait for a later revision, at most `?wait=` seconds."""
    if "after" in request.query_params:
        wait = min(_number(request, "wait", 0.0), LONGEST_WAIT)
        await revision.wait(int(_number(request, "after", 0)), max(wait, 0.0))


def _number(request: Request, name: str, default: float) -> float:
    try:
        number = float(request.query_params.get(name, default))
    except ValueError as error:
        raise ControlError(400, "bad_number", f"{name} is to be a number") from error
    if not math.isfinite(number):
        raise ControlError(400, "bad_number", f"{name} is to be a number")
    return number
