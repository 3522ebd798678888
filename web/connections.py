"""One connection of the bot's own server, and how long it may keep a place without asking anything.

Guarantees: a request that is not whole within `REQUEST_SECONDS` ends its connection, however
slowly it drips, and so does one whose head is longer than `LONGEST_HEAD`, or that is longer than
`LARGEST_REQUEST` with all that stands between and behind its chunks, and so do more than
`MOST_BEHIND` requests that come at once behind one that is being answered; an answer of which
nothing is taken for `REQUEST_SECONDS` ends its connection; of `most()` connections and more the one
that has kept us waiting longest, for a request or to take its answer, goes, so that whoever does
ask is always answered, and of those that have ever asked by right (Telegram and Harbor) none before
the others; otherwise a request that is being answered is never cut off.
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
MOST_BEHIND = 16
"""Requests: 256 KiB, which are read at once, hold 10,000, and each takes 2 KB and more."""
ASKED_BY_RIGHT = "lockerbot.asked_by_right"
"""What the app sets in the scope of a request that showed the right secret, or was taken."""


def most() -> int:
    """How many connections may be open: half of the files that this process may open, or `MOST`."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else max(1, min(MOST, files // 2))


class _TooManyError(Exception):
    """Ends the parser's work on what was read; the connection has ended."""


class Bounded(HttpToolsProtocol):
    """See the module; to be handed to uvicorn as `http`."""

    _deadline: asyncio.TimerHandle | None = None
    _taken_by: asyncio.TimerHandle | None = None
    _answered: Any = None
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
        """What comes from now on is a body, unless too many requests wait already."""
        self._in_head = False
        if len(self.pipeline) >= MOST_BEHIND:
            self.give_up()
            raise _TooManyError
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
        if self._deadline is None and self.waiting and self.cycle.more_body:
            self._wait()  # for the rest of one that was not read on while it stood behind
        self._settle()

    def send_400_response(self, msg: str) -> None:
        """Not to a connection that has ended."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """The other end takes less than it asked for: its time to take more begins."""
        super().pause_writing()
        self._waiting_since = self.loop.time()
        self._await_taking()

    def resume_writing(self) -> None:
        """It has taken nearly all."""
        self._forget_taking()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer, and let the app know: uvicorn tells only the request that came last."""
        self._forget_deadline()
        self._forget_taking()
        self.pipeline.clear()
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    @property
    def waiting(self) -> bool:
        """Whether it is the other end's turn: no request is there whole and unanswered."""
        cycle: Any = self.cycle  # of the request that came last, which may stand behind others
        if self.pipeline:
            return False
        return cycle is None or cycle.response_complete or cycle.more_body

    def give_up(self) -> None:
        """End the connection at once."""
        self._forget_deadline()
        self._forget_taking()
        self.pipeline.clear()
        self.connections.discard(self)
        self.transport.abort()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _wait(self) -> None:
        self._waiting_since = self.loop.time()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.give_up)

    def _settle(self) -> None:
        if not self.waiting:
            self._forget_deadline()
        if self.pipeline and not self.transport.is_closing():
            self.flow.pause_reading()  # uvicorn reads on after each answer, however many wait

    def _await_taking(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._taken_by = self.loop.call_later(REQUEST_SECONDS, self._expect_taken, left)

    def _expect_taken(self, before: int) -> None:
        # A large answer over a thin line stays paused for long, and is no reason to end it.
        if self.transport.get_write_buffer_size() < before:
            self._await_taking()
        else:
            self.give_up()

    def _forget_taking(self) -> None:
        if self._taken_by is not None:
            self._taken_by.cancel()
            self._taken_by = None

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        bounded = [each for each in self.connections if isinstance(each, Bounded)]
        idle = [each for each in bounded if each.waiting or each.flow.write_paused]
        longest = min(idle, key=lambda each: (each._by_right, each._waiting_since), default=self)
        longest.give_up()
