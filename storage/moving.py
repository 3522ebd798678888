"""Moving all that is kept from SQLite to PostgreSQL.

Guarantees: everything arrives, each table with as many rows as it had, or nothing does (the target
then has empty tables at most); a target that holds anything is refused; the source is only read,
and only while nobody else has it open.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql

from storage.errors import StorageBroken
from storage.migrating import migrate, missing
from storage.postgres_connection import border
from storage.progress import Progress, unheard
from storage.restore import alone
from storage.sqlite_thread import border as sqlite_border
from storage.urls import sqlite_path, url_fault

_TABLES = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
_THEIRS = "select table_name from information_schema.tables where table_schema = current_schema()"
_RECORDS = "migrations"
_PORTION = 500


async def move(source: str, target: str, progress: Progress = unheard) -> Mapping[str, int]:
    """Copy all rows; how many of each table.

    Raises StorageBroken (InUse among it) where that is refused, StorageUnavailable where a
    database can't be reached.
    """
    for which, url in (("first", source), ("second", target)):
        if fault := url_fault(url):
            raise StorageBroken(f"the {which} address {fault}")
    path = sqlite_path(source)
    if path is None or sqlite_path(target) is not None:
        raise StorageBroken("data go from sqlite:///file to postgresql://host/name: write both so")
    if not path.exists():
        raise StorageBroken(f"there is no database {path}: name the one that the bot has used")
    if lacks := await missing(source):
        raise StorageBroken(
            f"{path} lacks {', '.join(lacks)}: run `lockerbot migrate` on it as DATABASE_URL first"
        )
    await asyncio.to_thread(_refuse_unless_empty, target)
    await migrate(target)
    return await asyncio.to_thread(_move, path, target, progress)


def _refuse_unless_empty(target: str) -> None:
    with border(), psycopg.connect(target) as there:
        _nothing_in(there)


def _nothing_in(there: psycopg.Connection) -> None:
    for (name,) in there.execute(_THEIRS).fetchall():
        held = sql.SQL("select 1 from {} limit 1").format(sql.Identifier(name))
        if name != _RECORDS and there.execute(held).fetchone():
            raise StorageBroken(f"the target holds something already ({name}): name an empty one")


def _move(path: Path, target: str, progress: Progress) -> Mapping[str, int]:
    with sqlite_border(), alone(path) as here, border(), psycopg.connect(target) as there:
        tables = list(_tables(here))
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        there.execute(sql.SQL("lock table {} in access exclusive mode").format(names))
        _nothing_in(there)
        counts = {name: _count(here, name) for name in tables}
        done, total = 0, sum(counts.values())
        for name in tables:
            for copied in _copy(here, there, name):
                done += copied
                progress(done, total)
        for name, count in counts.items():
            counted = sql.SQL("select count(*) from {}").format(sql.Identifier(name))
            if there.execute(counted).fetchone() != (count,):
                raise StorageBroken(f"not all of {name} has arrived; nothing was kept: try again")
        return counts  # and with that it is committed


def _tables(here: sqlite3.Connection) -> Iterator[str]:
    """Those that name no other first: what is referred to has to be there."""
    names = sorted(name for (name,) in here.execute(_TABLES) if name != _RECORDS)
    refers = {name: here.execute(f'pragma foreign_key_list("{name}")').fetchall() for name in names}
    yield from sorted(names, key=lambda name: (bool(refers[name]), name))


def _count(here: sqlite3.Connection, name: str) -> int:
    ((count,),) = here.execute(f'select count(*) from "{name}"').fetchall()  # noqa: S608 - ours
    return int(count)


def _copy(here: sqlite3.Connection, there: psycopg.Connection, name: str) -> Iterator[int]:
    """Copy a table; how many rows more, again and again."""
    table = sql.Identifier(name)
    with closing(here.execute(f'select * from "{name}"')) as rows:  # noqa: S608 - ours
        columns = sql.SQL(", ").join(sql.Identifier(column) for column, *_ in rows.description)
        into = sql.SQL("copy {} ({}) from stdin").format(table, columns)
        try:
            with there.cursor() as cursor, cursor.copy(into) as copy:
                while portion := rows.fetchmany(_PORTION):
                    for row in portion:
                        copy.write_row(row)
                    yield len(portion)
        except psycopg.DataError:  # whose words hold the value, which may be somebody's own
            raise StorageBroken(
                f"a row of {name} is not as PostgreSQL can keep it; nothing was moved: report it"
            ) from None
