"""One call of a method: its parameters, whichever way they came.

Guarantees: JSON, form, multipart and query string read alike; numbers, flags and structures may
come as strings, as Telegram takes them. Source: Bot API, "Making requests".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from sandbox.telegram.protocol.errors import ApiError, bad_request

LARGEST_REQUEST = 50 * 1024 * 1024
_KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_TRUE = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call."""

    name: str
    content: bytes
    mime_type: str


@dataclass(slots=True)
class Call:
    """A method's name as its caller wrote it, the parameters, and the files by field name."""

    method: str
    parameters: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A string parameter; "" when absent."""
        value = self.parameters.get(name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int = 0) -> int:
        """An integer parameter; like Telegram, what is no number counts as 0."""
        value = self.parameters.get(name)
        return default if value is None or value == "" else as_integer(value)

    def flag(self, name: str) -> bool:
        """A boolean parameter; False when absent."""
        return self.text(name).strip().lower() in _TRUE

    def structure(self, name: str, refusal: str) -> Any:
        """A JSON-serialized parameter; None when absent. Raises ApiError (400, `refusal`)."""
        value = self.parameters.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad_request(refusal) from error

    def upload(self, name: str) -> Upload | None:
        """A file by its field, or by the `attach://<field>` in its place."""
        value = self.parameters.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            name = value.removeprefix("attach://")
        return self.files.get(name)


def as_integer(value: Any) -> int:
    """Like Telegram, take what is no number for 0."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


async def read_call(scope: Scope, receive: Receive, method: str) -> Call:
    """Read the call off the wire. Raises ApiError (400, 413)."""
    kind = next((v for k, v in scope["headers"] if k == b"content-type"), b"").partition(b";")[0]
    parameters: dict[str, Any] = {}
    if query := scope.get("query_string"):
        parameters.update(parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == b"multipart/form-data":
        return await _multipart(Request(scope, receive), method, parameters)
    body = await _body(receive)
    if kind == b"application/json":
        parameters.update(_json_object(body))
    elif body:
        parameters.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return Call(method, parameters)


async def read_answer(body: bytes, kind: str) -> Call:
    """The call in a webhook's answer; "" is its method where there is none. Raises ApiError."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", kind.encode("latin-1"))]
    plain = kind.partition(";")[0].strip() in _KINDS
    call = (
        await read_call({"type": "http", "headers": headers}, receive, "")
        if plain
        else Call("", {})
    )
    call.method = str(call.parameters.pop("method", ""))
    return call


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_REQUEST:
            raise ApiError(413, "Request Entity Too Large")
    return body


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body.strip() else {}
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise bad_request("can't parse the JSON object") from error
    if not isinstance(value, dict):
        raise bad_request("object expected")
    return value


async def _multipart(request: Request, method: str, parameters: dict[str, Any]) -> Call:
    call = Call(method, parameters)
    async with request.form(max_part_size=LARGEST_REQUEST) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                if len(content) > LARGEST_REQUEST:
                    raise ApiError(413, "Request Entity Too Large")
                mime = value.content_type or "application/octet-stream"
                call.files[name] = Upload(value.filename or name, content, mime)
            else:
                call.parameters[name] = value
    return call
