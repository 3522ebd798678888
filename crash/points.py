"""Named points in a bot's process at which it kills itself when it is told to.

Guarantees: the bot knows nothing of them; `install` puts them around what it calls (a step of the
database and its commit, a call to Harbor or Telegram, what a webhook brings), in this process only.
Reaching one costs a look at a file's time. A kill is SIGKILL, at that instant.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cli.assembly import Assembly
from handlers.telegram.transport import AiohttpRequest
from harbor.connection import Connection
from storage.postgres import PostgresDatabase
from storage.sqlite import SqliteDatabase

MET, HIT = "met", "hit"
"""What a line of the diary says: that a point exists (once a life), or when it killed."""


class Trigger:
    """Reads from `aim` at which points to die, and writes into `diary` which ones it meets.

    `aim` holds `{"points": […], "passes": n}`: the n-th time that any of the points is reached.
    """

    def __init__(self, aim: Path, diary: Path) -> None:
        self._aim = aim
        self._diary = os.open(diary, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._met: set[str] = set()
        self._read_at = 0
        self._points: frozenset[str] = frozenset()
        self._passes = 0

    def reach(self, point: str) -> None:
        """This is `point`."""
        if point not in self._met:
            self._met.add(point)
            self._write(MET, point)
        self._look()
        if point in self._points:
            self._passes -= 1
            if self._passes <= 0:
                self._write(HIT, point)
                os.kill(os.getpid(), signal.SIGKILL)

    def _look(self) -> None:
        at = self._aim.stat().st_mtime_ns
        if at != self._read_at:
            self._read_at, told = at, json.loads(self._aim.read_text())
            self._points, self._passes = frozenset(told["points"]), told["passes"]

    def _write(self, kind: str, point: str) -> None:
        os.write(self._diary, f"{kind} {time.monotonic()} {point}\n".encode())


def install(trigger: Trigger) -> None:
    """Every point in place, for as long as the process lives."""
    for database in (SqliteDatabase, PostgresDatabase):
        _around(database, "run", partial(_step, trigger))
    _around(Connection, "call", partial(_call_of_harbor, trigger))
    _around(AiohttpRequest, "do_request", partial(_call_of_telegram, trigger))
    _around(Assembly, "take", partial(_brought, trigger, "an update"))
    _around(Assembly, "push", partial(_brought, trigger, "a push"))


Original = Callable[..., Awaitable[Any]]


def _around(owner: type, name: str, instead: Callable[..., Awaitable[Any]]) -> None:
    original: Original = getattr(owner, name)

    async def wrapped(self: Any, *what: Any, **how: Any) -> Any:
        return await instead(partial(original, self), *what, **how)

    setattr(owner, name, wrapped)


async def _step(
    trigger: Trigger, run: Original, step: Callable[[Any], Awaitable[Any]], **how: Any
) -> Any:
    """A single statement commits itself, so that the instant before is the one before it."""
    name = purpose(step)

    async def taken(tx: Any) -> Any:
        if how.get("one_statement"):
            trigger.reach(f"{name}: before its commit")
            return await step(tx)
        result = await step(tx)
        trigger.reach(f"{name}: before its commit")
        return result

    result = await run(taken, **how)
    trigger.reach(f"{name}: committed")
    return result


async def _call_of_harbor(
    trigger: Trigger, call: Original, name: str, *content: Any, **how: Any
) -> Any:
    return await _call(trigger, f"Harbor {name}", partial(call, name, *content, **how))


async def _call_of_telegram(trigger: Trigger, call: Original, url: str, **how: Any) -> Any:
    return await _call(trigger, f"Telegram {url.rpartition('/')[2]}", partial(call, url, **how))


async def _call(trigger: Trigger, name: str, call: Original) -> Any:
    trigger.reach(f"{name}: not yet asked")
    answer = await call()
    trigger.reach(f"{name}: answered")
    return answer


async def _brought(trigger: Trigger, what: str, take: Original, *body: Any) -> Any:
    trigger.reach(f"{what} is brought: not yet taken")
    answer = await take(*body)
    trigger.reach(f"{what} is brought: taken, not yet confirmed")
    return answer


def purpose(step: Any) -> str:
    """Who has a step taken: `Showing._send`."""
    while isinstance(step, partial):
        step = step.func
    name: str = getattr(step, "__qualname__", type(step).__qualname__)
    return name.partition(".<locals>")[0]


def install_from(environment: Mapping[str, str]) -> None:
    """As the harness asks; nothing where it does not."""
    if folder := environment.get("CRASH_AIM"):
        install(Trigger(Path(folder), Path(environment["CRASH_DIARY"])))
