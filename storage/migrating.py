"""Bringing a database up to date: numbered files, each applied whole or not at all.

Guarantees: a migration and the row that records it are one transaction; of several replicas that
start at once one applies it and the others wait; a database newer than this code is refused.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from importlib.resources import files
from pathlib import Path

from storage.connection import Session, Statement
from storage.errors import StorageBroken
from storage.sqlite_thread import border
from storage.sqlite_thread import connect as connect_sqlite
from storage.urls import sqlite_path

_RECORDS: Statement = (
    "create table if not exists migrations (name text not null primary key, at bigint not null)",
    (),
)
_APPLIED: Statement = ("select name from migrations order by name", ())
_HAS_RECORDS = "select 1 from sqlite_master where name = 'migrations'"
_RECORD = "insert into migrations (name, at) values (?, ?)"
_SQLITE_BEGIN: Sequence[Statement] = (("begin immediate", ()),)
_POSTGRES_BEGIN: Sequence[Statement] = (
    ("begin", ()),
    ("select pg_advisory_xact_lock(5125740381)", ()),  # any number, so long as all replicas agree
)


@cache
def known() -> dict[str, tuple[Statement, ...]]:
    """Every migration's statements by its name, in order."""
    found = {
        entry.name.removesuffix(".sql"): tuple(statements(entry.read_text()))
        for entry in files("storage").joinpath("migrations").iterdir()
        if entry.name.endswith(".sql")
    }
    return dict(sorted(found.items()))


def statements(script: str) -> list[Statement]:
    """The statements of an SQL file, one by one, without its comments."""
    found: list[Statement] = []
    collected = ""
    for line in script.splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith("--"):
            collected += line
        if sqlite3.complete_statement(collected):
            found.append((collected.strip(), ()))
            collected = ""
    if collected:
        raise StorageBroken(f"a migration ends in the middle of a statement: {collected[:60]!r}")
    return found


def pending(applied: Sequence[str]) -> list[str]:
    """What `applied` lacks. Raises StorageBroken where it is of a newer version."""
    if newer := sorted(set(applied) - set(known())):
        raise StorageBroken(
            f"the database was made by a newer version (it has {newer[-1]}, this one knows up to "
            f"{max(known())}): run that version, or restore a backup from before it"
        )
    return [name for name in known() if name not in applied]


async def _one_more(session: Session, begin: Sequence[Statement]) -> str | None:
    try:
        rows = await session.fetch_last([*begin, _RECORDS, _APPLIED])
        lacks = pending([name for (name,) in rows])
        statements: list[Statement] = []
        if lacks:
            record = (_RECORD, (lacks[0], time.time_ns() // 1000))
            statements = [*known()[lacks[0]], record]
        await session.fetch_last([*statements, ("commit", ())])
    except BaseException:
        await session.rollback()
        raise
    return lacks[0] if lacks else None


async def _session(url: str) -> tuple[Session, Sequence[Statement]]:
    if path := sqlite_path(url):
        return await connect_sqlite(path), _SQLITE_BEGIN
    return await _to_postgres(url), _POSTGRES_BEGIN


async def _to_postgres(url: str) -> Session:
    """Its driver is not loaded where SQLite will do."""
    from storage.postgres_connection import connect

    return await connect(url)


async def migrate(url: str) -> list[str]:
    """Apply what is missing and say what that was; safe from several replicas at once.

    Raises StorageBroken for a database of a newer version or an unusable URL, StorageUnavailable
    when it can't be reached.
    """
    session, begin = await _session(url)
    try:
        applied = []
        while name := await _one_more(session, begin):
            applied.append(name)
        return applied
    finally:
        await session.close()


async def missing(url: str) -> list[str]:
    """What `migrate` would apply, applying nothing; no file of SQLite is made or changed.

    Raises what `migrate` raises, and StorageBroken where SQLite has no folder to make a file in.
    """
    if path := sqlite_path(url):
        return pending(await asyncio.to_thread(applied_to_file, path))
    session = await _to_postgres(url)
    try:
        rows = await session.fetch_last([*_POSTGRES_BEGIN, _RECORDS, _APPLIED])
        return pending([name for (name,) in rows])
    finally:
        await session.rollback()
        await session.close()


def applied_to_file(path: Path) -> list[str]:
    """The migrations that a file of SQLite has had, making and changing none."""
    if not path.exists():
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise StorageBroken(f"no database can be made in {path.parent}: no folder to write to")
        return []
    # Not mode=ro, which would leave the files of a write-ahead log behind.
    address = f"{path.absolute().as_uri()}?mode=rw"
    with border(), closing(sqlite3.connect(address, uri=True)) as connection:
        if not connection.execute(_HAS_RECORDS).fetchall():
            return []
        return [name for (name,) in connection.execute(_APPLIED[0])]
