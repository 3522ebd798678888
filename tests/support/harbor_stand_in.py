"""A server that says exactly what a test tells it to, byte by byte, and remembers what it heard.

For what no well-behaved server does: broken lines, half answers, answers that are no HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any

from pydantic import SecretStr

from harbor.access import Access
from harbor.client import Harbor
from harbor.connection import Patience

TOKEN_PATH = "/realms/harbor/protocol/openid-connect/token"
ONCE = Patience(attempts=1)


def access(url: str, client: str = "sandbox", secret: str | None = None) -> Access:
    """A Harbor whose API and accounts are both at `url`; the secret is the id unless given."""
    return Access(url, url, client, SecretStr(client if secret is None else secret))


class Line(Enum):
    """What can happen to a connection instead of an answer."""

    SILENT = "never answers"
    CUT = "is cut as soon as the request has arrived"


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = bytes | Line
Say = Callable[[Heard], Answer]


@dataclass
class StandIn:
    """Answers tokens by `token`, everything else by `say`."""

    say: Say
    token: Say
    url: str = ""
    calls: list[Heard] = field(default_factory=list)
    renewals: list[Heard] = field(default_factory=list)

    def harbor(self, **changes: Any) -> Harbor:
        """A client for this server; reads are tried once unless told otherwise."""
        where = {
            field.name: changes.pop(field.name) for field in fields(Access) if field.name in changes
        }
        shop = access(self.url, "shop", "hush-hush")
        own: dict[str, Any] = {"timeout": 5.0, "read_retries": ONCE}
        return Harbor(replace(shop, **where), **{**own, **changes})

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                heard = await _hear(reader)
                accounts = heard.path == TOKEN_PATH
                (self.renewals if accounts else self.calls).append(heard)
                answer = (self.token if accounts else self.say)(heard)
                if answer is Line.SILENT:
                    await reader.read()
                if isinstance(answer, Line):
                    break
                writer.write(answer)
                await writer.drain()
                if b"x-then: cut" in answer:
                    break
        writer.transport.abort()


async def _hear(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Heard(method, path, headers, body)


def answer(status: int = 200, body: Any = None, /, **headers: str) -> bytes:
    """A whole answer; `body` is bytes, or a value to send as JSON; `retry_after="7"` a header."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", "content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(sent)}", "", ""]
    return "\r\n".join(lines).encode() + sent


def half(body: bytes = b"[{") -> bytes:
    """An answer that promises more than it sends before its line is cut."""
    return b"HTTP/1.1 200 Said\r\nx-then: cut\r\ncontent-length: 4096\r\n\r\n" + body


def granted(_: Heard) -> bytes:
    """What the accounts host says to good credentials."""
    return answer(200, {"access_token": "a-token", "expires_in": 300, "refresh_token": None})


@contextlib.asynccontextmanager
async def stand_in(say: Say | Answer, token: Say | Answer = granted) -> AsyncIterator[StandIn]:
    """A server on a free port of the loopback interface."""
    server = StandIn(_always(say), _always(token))
    listening = await asyncio.start_server(server.converse, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


def _always(say: Say | Answer) -> Say:
    return say if callable(say) else lambda _: say
