"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`.

Guarantees: every answer is what Telegram's would be, `{"ok", "result"}` or `{"ok", "error_code",
"description", "parameters"}`; faults strike before or after the call was taken, as their names
say. No framework between the socket and the method: thousands of calls a second pass here.
"""

from __future__ import annotations

import json
import time
from typing import Any

from starlette.types import Receive, Scope, Send

from sandbox.telegram.bot_api.methods import METHODS, Answer
from sandbox.telegram.protocol import schema
from sandbox.telegram.protocol.calls import Call, read_call
from sandbox.telegram.protocol.errors import ApiError, bad_request, too_many_requests
from sandbox.telegram.state.core import Telegram

_JSON = [(b"content-type", b"application/json")]
_HTML = [(b"content-type", b"text/html")]
_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    b"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
_POLL = "getUpdates"


class _ConnectionLostError(Exception):
    """The fault that leaves the caller without an answer."""


class BotApi:
    """ASGI; `check`: whether each call is held against the schema."""

    def __init__(self, telegram: Telegram, *, check: bool) -> None:
        self._telegram = telegram
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        began = time.monotonic()
        parameters: dict[str, str] = scope["path_params"]
        call = Call(parameters["method"], {})
        try:
            self._authorize(parameters["token"])
            call.method = self._name(parameters["method"])
            call = await read_call(scope, receive, call.method)
            status, body = 200, await self._answer(call, receive)
        except ApiError as refused:
            status, body = refused.status, refused.body()
        except _ConnectionLostError:
            self._log(call, None, None, began)
            await _reset(scope, receive, send)
            return
        self._log(call, status, body, began)
        if status == 502:
            await _respond(send, 502, _HTML, _BAD_GATEWAY)
        else:
            await _respond(send, status, _JSON, json.dumps(body, separators=(",", ":")).encode())

    def obey(self, call: Call) -> None:
        """Carry out a call that came as a webhook's answer: whether it succeeds, nobody is told."""
        began = time.monotonic()
        try:
            call.method = self._name(call.method)
            self._look_at(call)
            status, body = 200, self._done(call)
        except ApiError as refused:
            status, body = refused.status, refused.body()
        self._log(call, status, body, began)

    def _authorize(self, token: str) -> None:
        if token == self._telegram.token:
            return
        number, colon, _ = token.partition(":")
        if not colon or not number.isdecimal():
            raise ApiError(401, "Unauthorized: invalid token specified")
        raise ApiError(401, "Unauthorized")

    @staticmethod
    def _name(method: str) -> str:
        if method.lower() == _POLL.lower():
            return _POLL
        if method.lower() not in METHODS:
            raise ApiError(404, "Not Found: method not found")
        return METHODS[method.lower()][0]

    async def _answer(self, call: Call, receive: Receive) -> dict[str, Any]:
        telegram = self._telegram
        chat = 0
        if telegram.faults.on:
            chat = call.number("chat_id")
            await self._fail_before(call, chat)
        self._look_at(call)
        if call.method == _POLL:
            done = {"ok": True, "result": await telegram.poller.get_updates(call, receive)}
        else:
            done = self._done(call)
        if telegram.faults.on and telegram.faults.take_in("reply_lost", call.method, chat):
            raise _ConnectionLostError
        return done

    def _look_at(self, call: Call) -> None:
        if self._check and (said := schema.problem(call.method, call)):
            raise bad_request(f"the schema refuses it: {said}")

    def _done(self, call: Call) -> dict[str, Any]:
        result = METHODS[call.method.lower()][1](self._telegram, call)
        if isinstance(result, Answer):
            return {"ok": True, "result": result.result, "description": result.description}
        return {"ok": True, "result": result}

    async def _fail_before(self, call: Call, chat: int) -> None:
        faults, name = self._telegram.faults, call.method
        if fault := faults.take_in("slow", name, chat):
            await self._telegram.clock.sleep(float(fault["seconds"]))
        if faults.take_in("bad_gateway", name, chat):
            raise ApiError(502, "Bad Gateway")
        if faults.take_in("reset", name, chat):
            raise _ConnectionLostError
        if fault := faults.take_in("too_many_requests", name, chat):
            raise too_many_requests(int(fault["retry_after"]))

    def _log(self, call: Call, status: int | None, body: Any, began: float) -> None:
        """A poll that brought nothing is not worth a line."""
        if call.method == _POLL and status == 200 and not body["result"]:
            return
        asked = dict(call.parameters)
        for name, upload in call.files.items():
            asked[name] = f"{upload.name}, {upload.mime_type}, {len(upload.content)} bytes"
        spent = (time.monotonic() - began) * 1000
        self._telegram.exchanged("in", "POST", f"/{call.method}", status, asked, body, spent)


class FileApi:
    """ASGI: the files getFile tells of."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the file's bytes, or 404."""
        parameters = scope["path_params"]
        stored = self._telegram.files.by_path(parameters["path"])
        if parameters["token"] != self._telegram.token or stored is None:
            body = json.dumps(ApiError(404, "Not Found").body()).encode()
            await _respond(send, 404, _JSON, body)
            return
        headers = [(b"content-type", b"application/octet-stream")]
        await _respond(send, 200, headers, stored.content)


async def _respond(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _reset(scope: Scope, receive: Receive, send: Send) -> None:
    """Reset the TCP connection, if the server lets its app do that; else break the reply off."""
    reset = scope.get("extensions", {}).get("sandbox.reset")
    if reset is None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionResetError("the fault that was asked for")
    reset()
    while (await receive())["type"] != "http.disconnect":
        pass
