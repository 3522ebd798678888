"""Counts what work costs in steps instead of seconds, so that two machines agree about it.

Guarantees: a call is every entry into a function that stands in the folders named, and a coroutine
is entered again each time it goes on; a hop is one piece of work handed to the thread of an
aiosqlite connection; a statement is one that SQLite ran, BEGIN and COMMIT included, and once more
for what a trigger does. A ROLLBACK is counted apart: it ends every read, and undoes nothing there.
Nothing but aiosqlite and sqlite3 is patched, so it counts the same however storage is built on
them. Work that the measuring itself asks for, inside `aside()`, is left out.
"""

from __future__ import annotations

import contextlib
import contextvars
import sqlite3
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import CodeType, FrameType
from typing import Any
from unittest import mock

import aiosqlite.core

_aside = contextvars.ContextVar("aside", default=False)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What this task does within the block is not counted; neither is what it starts."""
    was = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(was)


@dataclass(slots=True)
class Hop:
    """A piece of work for a database's thread: which thread, who asked, what SQL it ran."""

    thread: int
    asked_by: str
    statements: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """What was counted; `inline` are statements that SQLite ran outside any hop: on the spot."""

    calls: int = 0
    files: set[str] = field(default_factory=set)
    hops: list[Hop] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)

    @property
    def statements(self) -> int:
        """How many statements SQLite ran, without `rollbacks`."""
        return len(self._sql()) - self.rollbacks

    @property
    def rollbacks(self) -> int:
        """How many transactions ended with nothing kept."""
        return sum(sql.lower() == "rollback" for sql in self._sql())

    def _sql(self) -> list[str]:
        return [*self.inline, *(sql for hop in self.hops for sql in hop.statements)]


class Counter:
    """Counts while `counting`; only connections and threads made while `installed` are seen.

    `folders` in `root` hold the functions that count as ours.
    """

    def __init__(self, root: Path, folders: Collection[str]) -> None:
        self._root, self._folders = root, frozenset(folders)
        self._tally: Tally | None = None
        self._files: dict[CodeType, str | None] = {}
        self._threads = 0
        self._local = threading.local()
        self.events = 0
        """Grows with everything of ours that happens, counted or not, except aside."""

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Every thread is watched that exists as the caller's, or is made in the block."""
        before = sys.getprofile()
        with (
            mock.patch.object(aiosqlite.core, "SimpleQueue", self._queue),
            mock.patch.object(sqlite3, "connect", self._connect(sqlite3.connect)),
        ):
            threading.setprofile(self._profile)
            sys.setprofile(self._profile)
            try:
                yield
            finally:
                sys.setprofile(before)
                threading.setprofile(None)

    @contextlib.contextmanager
    def counting(self) -> Iterator[Tally]:
        """Everything that happens until the block ends."""
        self._tally = tally = Tally()
        try:
            yield tally
        finally:
            self._tally = None

    # -- calls

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (file := self._file(frame.f_code)) is None or self._is_aside():
            return
        self.events += 1
        if self._tally is not None:
            self._tally.files.add(file)
            self._tally.calls += 1

    def _is_aside(self) -> bool:
        """A database's thread has no context: there, the hop it works on knows."""
        return _aside.get() or (getattr(self._local, "within", False) and self._local.hop is None)

    def _file(self, code: CodeType) -> str | None:
        """Where the function stands, below the root; None when it is not ours."""
        try:
            return self._files[code]
        except KeyError:
            path = Path(code.co_filename)
            file = path.relative_to(self._root) if path.is_relative_to(self._root) else Path()
            ours = file.parts[:1] and file.parts[0] in self._folders
            found = self._files[code] = file.as_posix() if ours else None
            return found

    # -- hops and statements

    def _queue(self) -> SimpleQueue[Any]:
        """For one more of aiosqlite's connections."""
        self._threads += 1
        return _Queue(self, self._threads)

    def hop(self, thread: int) -> Hop | None:
        """A piece of work is being queued; None when it does not count."""
        if _aside.get():
            return None
        self.events += 1
        if self._tally is None:
            return None
        hop = Hop(thread, self._asker(sys._getframe(2)))
        self._tally.hops.append(hop)
        return hop

    def _asker(self, frame: FrameType | None) -> str:
        """The innermost function of ours outside storage; within it, if there is no other."""
        within = "?"
        while frame is not None:
            if (file := self._file(frame.f_code)) is not None:
                name = f"{file}:{frame.f_code.co_qualname}".replace("<locals>.", "")
                if not file.startswith("storage/"):
                    return name
                within = name
            frame = frame.f_back
        return within

    def arrived(self, hop: Hop | None) -> None:
        """The thread that calls this is about to do that piece of work."""
        self._local.within, self._local.hop = True, hop

    def _connect(self, connect: Any) -> Any:
        def connected(*given: Any, **more: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*given, **more)
            connection.set_trace_callback(self._traced)
            return connection

        return connected

    def _traced(self, sql: str) -> None:
        if getattr(self._local, "within", False):
            if self._local.hop is not None:
                self._local.hop.statements.append(sql)
        elif self._tally is not None and not _aside.get():
            self._tally.inline.append(sql)


class _Queue(SimpleQueue):  # type: ignore[type-arg]  # generic in its stub only
    """aiosqlite's queue of work for one thread; each item travels with its hop."""

    def __init__(self, counter: Counter, thread: int) -> None:
        super().__init__()
        self._counter, self._thread = counter, thread

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put((self._counter.hop(self._thread), item))

    def put_nowait(self, item: Any) -> None:
        super().put((self._counter.hop(self._thread), item))

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        hop, item = super().get(block, timeout)
        self._counter.arrived(hop)
        return item
