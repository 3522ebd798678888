"""Carries updates to a bot's webhook at next to no cost, so that what is measured is the bot.

Guarantees: one POST an update, on connections that are kept, as many at once as the bot has asked
for; the updates of one chat in order and one after another; an update that was not answered 2xx
comes again. Of JSON that comes in an answer nobody hears what became of it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_HEAD = re.compile(rb"HTTP/1\.1 (?P<status>\d{3})[^\r]*\r\n(?P<headers>.*?)\r\n\r\n", re.S)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
_JSON = re.compile(rb"content-type: *application/json", re.I)
_AGAIN = 0.05
"""Seconds before an update that was refused comes again."""


@dataclass(frozen=True, slots=True)
class Carried:
    """An update on its way, as Telegram writes it, and the chat it belongs to."""

    chat: int
    body: bytes


class Carrier:
    """`bring` an update; `obey` is called with each JSON that is answered."""

    def __init__(
        self, url: str, secret: str, connections: int, obey: Callable[[bytes], object]
    ) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
        ).encode()
        self.delay = 0.0
        self._most, self._obey = connections, obey
        self._idle: list[_Line] = []
        self._open = 0
        self._waiting: deque[Carried] = deque()
        self._behind: dict[int, deque[Carried]] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self.refused = 0

    def bring(self, update: Carried) -> None:
        """Carry it, once those of its chat that came before have been taken."""
        if (behind := self._behind.get(update.chat)) is not None:
            behind.append(update)
        else:
            self._behind[update.chat] = deque()
            self._go(update)

    def _go(self, update: Carried) -> None:
        if self._idle:
            self._idle.pop().carry(update)
            return
        self._waiting.append(update)
        if self._open < self._most:
            self._open += 1
            task = asyncio.create_task(self._connect())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: _Line(self), self.host, self.port
            )
        except OSError:
            self._open -= 1

    def free(self, line: _Line) -> None:
        """It can carry the next."""
        if self._waiting:
            line.carry(self._waiting.popleft())
        else:
            self._idle.append(line)

    def answered(self, update: Carried, status: int, head: bytes, body: bytes) -> None:
        """The bot has answered `update`."""
        if not 200 <= status < 300:
            self.refused += 1
            asyncio.get_running_loop().call_later(_AGAIN, self._go, update)
            return
        if body and _JSON.search(head):
            self._obey(body)
        if behind := self._behind[update.chat]:
            self._go(behind.popleft())
        else:
            del self._behind[update.chat]

    def lost(self, line: _Line, update: Carried | None) -> None:
        """The connection has ended, perhaps under an update."""
        self._open -= 1
        if line in self._idle:
            self._idle.remove(line)
        if update is not None:
            self._go(update)


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._heard = b""
        self._update: Carried | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._carrier.free(self)

    def carry(self, update: Carried) -> None:
        """Post it."""
        self._update = update
        whole = self._carrier.head + b"Content-Length: %d\r\n\r\n" % len(update.body) + update.body
        if self._carrier.delay:
            loop = asyncio.get_running_loop()
            loop.call_later(self._carrier.delay, self._transport.write, whole)
        else:
            self._transport.write(whole)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if self._update is None or (head := _HEAD.match(self._heard)) is None:
            return
        length = _LENGTH.search(head["headers"])
        end = head.end() + (int(length[1]) if length else 0)
        if len(self._heard) < end:
            return
        body, self._heard = self._heard[head.end() : end], self._heard[end:]
        update, self._update = self._update, None
        self._carrier.answered(update, int(head["status"]), head["headers"], body)
        self._carrier.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._carrier.lost(self, self._update)
