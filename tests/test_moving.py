"""Moving from SQLite to PostgreSQL: all of it or nothing, and never onto what is there."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from bot.domain.claims import Claim
from bot.domain.ids import DeliveryId
from cli.commands import app
from storage import StorageBroken, migrate, open_database
from storage.moving import move
from storage.restore import InUse
from tests.support.databases import KEYS, a_delivery

ROWS = 700
"""Of each table: more than are copied at once."""


def tables(path: Path) -> dict[str, list[tuple[str, str]]]:
    """By name, each column and its type."""
    with closing(sqlite3.connect(path)) as database:
        names = database.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        ).fetchall()
        return {
            name: [(row[1], row[2]) for row in database.execute(f"pragma table_info({name})")]
            for (name,) in names
            if name != "migrations"
        }


def fill(path: Path) -> None:
    """Every column of every table: numbers beyond 32 bits, text with what COPY has to escape."""
    with closing(sqlite3.connect(path)) as database, database:
        for name, columns in tables(path).items():
            marks = ", ".join("?" for _ in columns)
            for number in range(ROWS):
                row = [value(kind, number) for _, kind in columns]
                database.execute(f"insert into {name} values ({marks})", row)


def value(kind: str, number: int) -> object:
    if kind == "bigint":
        return 2**40 + number
    return number if kind != "text" else f"{number}\t\\N 'ü'\n\u202e{number}"


async def filled(url: str, path: Path) -> None:
    await migrate(url)
    fill(path)


def rows(connection: object, name: str) -> Counter[tuple[object, ...]]:
    found = connection.execute(f"select * from {name}").fetchall()  # type: ignore[attr-defined]
    return Counter(map(tuple, found))


async def test_every_row_of_every_table_arrives_as_it_was(sqlite_url, postgres_url, tmp_path):
    path = tmp_path / "lockerbot.db"
    await filled(sqlite_url, path)
    heard: list[tuple[int, int]] = []
    counts = await move(sqlite_url, postgres_url, lambda done, total: heard.append((done, total)))
    assert counts == dict.fromkeys(tables(path), ROWS)
    assert len(counts) > 10
    assert heard[-1] == (ROWS * len(counts),) * 2
    with closing(sqlite3.connect(path)) as here, psycopg.connect(postgres_url) as there:
        for name, columns in tables(path).items():
            in_order = ", ".join(column for column, _ in columns)
            theirs = there.execute(f"select {in_order} from {name}").fetchall()
            assert Counter(theirs) == rows(here, name), name


async def test_what_was_sealed_opens_there_with_the_same_key(sqlite_url, postgres_url):
    async with open_database(sqlite_url, keys=KEYS) as database:
        sealed = DeliveryId("sealed0000")
        await database.run(lambda tx: tx.add_delivery(a_delivery(sealed)))
        await database.run(lambda tx: tx.save_claim(Claim(sealed, "ABCD2345", "x" * 22)))
    await move(sqlite_url, postgres_url)
    async with open_database(postgres_url, keys=KEYS, migrate=False) as there:
        claim = await there.look(lambda tx: tx.claim(sealed))
    assert claim is not None
    assert claim.code == "ABCD2345"


async def test_a_target_that_holds_anything_is_refused_and_left_as_it_is(
    sqlite_url, postgres_url, tmp_path
):
    await filled(sqlite_url, tmp_path / "lockerbot.db")
    async with open_database(postgres_url, keys=KEYS) as there:
        await there.run(lambda tx: tx.add_delivery(a_delivery(DeliveryId("here000000"))))
    with pytest.raises(StorageBroken, match=r"holds something already \(deliveries\)"):
        await move(sqlite_url, postgres_url)
    with psycopg.connect(postgres_url) as there:
        assert there.execute("select id from deliveries").fetchall() == [("here000000",)]


async def test_what_can_not_be_kept_there_leaves_nothing_of_anything(
    sqlite_url, postgres_url, tmp_path
):
    path = tmp_path / "lockerbot.db"
    await filled(sqlite_url, path)
    with closing(sqlite3.connect(path)) as here, here:
        here.execute("update history set detail = 'a' || char(0)")
    with pytest.raises(StorageBroken, match="a row of history"):
        await move(sqlite_url, postgres_url)
    with psycopg.connect(postgres_url) as there:
        assert all(not rows(there, name) for name in tables(path))


async def test_what_can_not_be_moved_is_refused_in_one_line(sqlite_url, postgres_url, tmp_path):
    for source, target in (
        (postgres_url, sqlite_url),
        (sqlite_url, sqlite_url),
        (f"sqlite:///{tmp_path}/nowhere.db", postgres_url),
        (sqlite_url, "postgresql://bot:hunter2%@host/name"),
    ):
        with pytest.raises(StorageBroken) as refused:
            await move(source, target)
        assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("the second address has a %")
    await migrate(sqlite_url)
    with closing(sqlite3.connect(tmp_path / "lockerbot.db")) as old, old:
        old.execute("delete from migrations where name = (select max(name) from migrations)")
    with pytest.raises(StorageBroken, match="run `lockerbot migrate`"):
        await move(sqlite_url, postgres_url)


async def test_nothing_is_moved_while_a_bot_has_the_database_open(sqlite_url, postgres_url):
    async with open_database(sqlite_url, keys=KEYS):
        with pytest.raises(InUse, match="stop the bot"):
            await move(sqlite_url, postgres_url)


def test_the_command_refuses_with_2(monkeypatch):
    words = ["migrate-data", "sqlite:///nowhere.db", "postgresql://nowhere/none"]
    refused = CliRunner().invoke(app, words)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "there is no database" in refused.stderr
