"""One connection of the bot's own server, and how long it may keep a place without asking anything.

Guarantees: a request that is not whole within `REQUEST_SECONDS` ends its connection, however
slowly it drips, and so does one whose head is longer than `LONGEST_HEAD`, or that is longer than
`LARGEST_REQUEST` with all that stands between and behind its chunks; of `most()` connections and
more the one that has kept us waiting longest goes, so that whoever does ask is always answered, and
of those that have ever asked by right (Telegram and Harbor) none before the others; a request that
is being answered is never cut off.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 10.0
MOST = 512
"""Telegram opens 40 at most."""
LONGEST_HEAD = 64 * 1024
"""Bytes: llhttp, which reads it, knows no bound."""
LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes, trailers and the marks between chunks included: more than any body that an app takes."""
ASKED_BY_RIGHT = "lockerbot.asked_by_right"
"""What the app sets in the scope of a request that showed the right secret, or was taken."""


def most() -> int:
    """How many connections may be open: half of the files that this process may open, or `MOST`."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else max(1, min(MOST, files // 2))


class Bounded(HttpToolsProtocol):
    """See the module; to be handed to uvicorn as `http`."""

    _deadline: asyncio.TimerHandle | None = None
    _waiting_since = 0.0
    _by_right = False
    _in_head = True
    _length = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrowing
        """Begin to wait for a request, and make room if it was the last place."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > most():
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """The first byte of a request begins its time; its last one ends it."""
        if self._deadline is None:
            self._wait()
        self._length += len(data)
        super().data_received(data)
        if self._length > (LONGEST_HEAD if self._in_head else LARGEST_REQUEST):
            self.give_up()
        self._settle()

    def on_headers_complete(self) -> None:
        """What comes from now on is a body."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes from now on is the next request."""
        self._in_head, self._length = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, which may have begun already."""
        self._waiting_since = self.loop.time()
        self._by_right |= bool(self.scope and self.scope.get(ASKED_BY_RIGHT))
        super().on_response_complete()
        self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._forget_deadline()
        super().connection_lost(exc)

    @property
    def waiting(self) -> bool:
        """Whether it is the other end's turn: no request is there whole and unanswered."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def give_up(self) -> None:
        """End the connection at once."""
        self._forget_deadline()
        self.connections.discard(self)
        self.transport.abort()

    def _wait(self) -> None:
        self._waiting_since = self.loop.time()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.give_up)

    def _settle(self) -> None:
        if not self.waiting:
            self._forget_deadline()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        idle = [each for each in self.connections if isinstance(each, Bounded) and each.waiting]
        longest = min(idle, key=lambda each: (each._by_right, each._waiting_since), default=self)
        longest.give_up()
