"""Harbor's faults: which there are, and a route that suffers them.

Guarantees: a fault before the call leaves everything unchanged; one after it comes when the call
has been carried out, so that its outcome is unknown to the caller.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute

from sandbox.faults import Faults, KnownFault

AFTER = {"after": False}
KNOWN = [
    KnownFault("latency", "The answer takes so many seconds of the clock", {"seconds": 5.0}),
    KnownFault("401", "The bearer token is refused"),
    KnownFault("403", "The scope does not suffice"),
    KnownFault("404", "There is no such thing"),
    KnownFault("409", "Somebody else was quicker"),
    KnownFault("422", "The body is found at fault"),
    KnownFault("429", "Too many requests; seconds for Retry-After", {"retry_after": 2}),
    KnownFault("500", "Harbor fails, before or after carrying the call out", AFTER),
    KnownFault(
        "503",
        "Harbor is unavailable, before or after carrying the call out; 0: no Retry-After",
        {**AFTER, "retry_after": 0},
    ),
    KnownFault("reset_before", "The connection is reset before the call is carried out"),
    KnownFault("reset_after", "The connection is reset after the call was carried out"),
    KnownFault("truncated", "Half of the JSON arrives"),
    KnownFault("empty_list", "A list comes without its items"),
    KnownFault("unknown_status", "Every locker has a status of this name", {"status": "resting"}),
    KnownFault("wrong_clock", "Times named are off by so many seconds", {"seconds": -3600.0}),
    KnownFault(
        "no_open_requests",
        "This Harbor has no such routes: 404, or 405, to whoever asks for a Locker Open link",
        {"status": 404},
        {"status": (404, 405)},
    ),
    KnownFault(
        "gateway_page",
        "A gateway answers with a page of its own",
        {"status": 404},
        {"status": frozenset(int(status) for status in HTTPStatus if status >= 400)},
    ),
    KnownFault("webhook_duplicated", "A webhook is sent twice"),
    KnownFault("webhook_delayed", "A webhook comes so many seconds late", {"seconds": 30.0}),
    KnownFault("webhook_reordered", "A webhook comes after the one that follows it"),
    KnownFault("webhook_forged", "A forgery comes before a webhook, signed with a wrong secret"),
]
_DETAILS: dict[str, Any] = {
    "401": "Could not validate credentials",
    "403": "Not enough permissions",
    "404": "Not Found",
    "409": "Locker was taken by somebody else",
    "422": [{"loc": ["body", "duration"], "msg": "Input is not valid", "type": "value_error"}],
    "429": "Too many requests",
    "500": "Internal Server Error",
    "503": "Service unavailable",
}
LINK_CALLS = frozenset({"drop_off_request", "pick_up_request"})
_PAGE = """\
<html>
<head><title>{title}</title></head>
<body><center><h1>{title}</h1></center><hr><center>nginx</center></body>
</html>
"""
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FaultyRoute(APIRoute):
    """A route that suffers the faults in force for a call of its name."""

    def get_route_handler(self) -> _Handler:
        """The handler, with the faults around it."""
        carry_out = super().get_route_handler()

        async def handler(request: Request) -> Response:
            harbor = request.app.state.harbor
            return await _suffer(request, harbor.clock, harbor.faults, self.name, carry_out)

        return handler


async def _suffer(
    request: Request, clock: Any, faults: Faults, call: str, carry_out: _Handler
) -> Response:
    if slow := faults.take("latency", call):
        await clock.sleep(slow["seconds"])
    if faults.take("reset_before", call):
        return await _reset(request)
    if page := faults.take("gateway_page", call):
        return _page(HTTPStatus(page["status"]))
    if call in LINK_CALLS and (gone := faults.take("no_open_requests", call)):
        return _no_route(HTTPStatus(gone["status"]))
    for code in _DETAILS:
        if refused := faults.take(code, call):
            if refused.get("after"):
                await carry_out(request)
            return _refusal(code, refused, oauth=call == "token")
    response = await carry_out(request)
    if faults.take("reset_after", call):
        return await _reset(request)
    return _spoilt(response, faults, call)


def _no_route(status: HTTPStatus) -> Response:
    """What FastAPI says of a route that it does not have, or has for another method."""
    headers = {"Allow": "GET"} if status == HTTPStatus.METHOD_NOT_ALLOWED else None
    return JSONResponse({"detail": status.phrase}, status_code=status, headers=headers)


def _page(status: HTTPStatus) -> Response:
    return HTMLResponse(_PAGE.format(title=f"{status} {status.phrase}"), status)


def _refusal(code: str, fault: dict[str, Any], *, oauth: bool) -> Response:
    detail = _DETAILS[code]
    body = (
        {"error": "unauthorized_client", "error_description": detail}
        if oauth
        else {"detail": detail}
    )
    wait = fault.get("retry_after")
    headers = {"Retry-After": str(wait)} if wait else None
    return JSONResponse(body, status_code=int(code), headers=headers)


def _spoilt(response: Response, faults: Faults, call: str) -> Response:
    if not faults.on or not bytes(response.body):
        return response
    body = json.loads(bytes(response.body))
    if isinstance(body, list) and faults.take("empty_list", call):
        body = []
    if "isLowLocker" in str(body) and (odd := faults.take("unknown_status", call)):
        body = _each(body, "status", lambda status: {"name": odd["status"], "id": 99})
    if "'expires'" in str(body) and (wrong := faults.take("wrong_clock", call)):
        by = timedelta(seconds=wrong["seconds"])
        body = _each(body, "expires", lambda t: (datetime.fromisoformat(t) + by).isoformat())
    whole = JSONResponse(body, status_code=response.status_code)
    if not faults.take("truncated", call):
        return whole
    raw = bytes(whole.body)
    return Response(raw[: len(raw) // 2], response.status_code, media_type="application/json")


def _each(body: Any, key: str, change: Callable[[Any], Any]) -> Any:
    """`body` with every value of `key` changed, however deep."""
    if isinstance(body, list):
        return [_each(item, key, change) for item in body]
    if isinstance(body, dict):
        return {k: change(v) if k == key else _each(v, key, change) for k, v in body.items()}
    return body


async def _reset(request: Request) -> Response:
    """Reset the connection; where the server has no such means, fail."""
    abort = request.scope.get("extensions", {}).get("sandbox.reset")
    if abort is None:
        raise ConnectionResetError("the connection is reset")
    abort()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()
