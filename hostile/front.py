"""A way in before the sandbox's Telegram: what stands here is what getUpdates answers first.

Guarantees: a portion is the bot's until it asks beyond the last of it; all else is the sandbox's.
Bytes are handed over as they are, since a sandbox would refuse to write some of them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Numbered = tuple[int | None, bytes]
"""An update's id and its JSON; without the id, where that is spoilt, it can't be confirmed."""


@dataclass
class Front:
    """`within` is the sandbox; `wake` ends a poll that waits in it."""

    within: ASGIApp
    wake: Callable[[], object]
    again: int = 0
    """How often the bot had an update come again."""
    _portion: list[Numbered] = field(default_factory=list)
    _handed: bool = False
    _taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def hand_over(self, portion: Sequence[Numbered], seconds: float) -> bool:
        """Whether the bot took all of it within `seconds`; what it did not take is withdrawn."""
        self._portion, self._handed = list(portion), False
        self._taken.clear()
        self.wake()
        try:
            await asyncio.wait_for(self._taken.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            self._portion = []
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        asked = scope["type"] == "http" and scope["path"].endswith("/getUpdates")
        if not asked or not self._portion:
            await self.within(scope, receive, send)
            return
        offset = json.loads(await _body(receive)).get("offset")
        if self._handed:
            self._confirm(offset)
        if not self._portion:
            await _answer(send, b"")  # and asks again
            return
        self._handed = True
        await _answer(send, b",".join(body for _, body in self._portion))

    def _confirm(self, offset: int | None) -> None:
        numbers = [number for number, _ in self._portion if number is not None]
        left = offset is not None and bool(numbers) and numbers[0] <= offset <= numbers[-1]
        self.again += left
        self._portion = [
            (number, body)
            for number, body in self._portion
            if left and offset is not None and number is not None and number >= offset
        ]
        if not left:
            self._taken.set()


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message: Message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, updates: bytes) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"ok":true,"result":[' + updates + b"]}"})
