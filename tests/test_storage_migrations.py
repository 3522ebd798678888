"""Migrations: each whole or not at all, once, by whichever replica comes first."""

import asyncio
from typing import Any

import pytest

from bot.domain.lifecycle import State
from storage import StorageBroken, StorageUnavailable, migrate, migrating, open_database
from storage.tables.words import as_stored
from storage.urls import sqlite_path
from tests.support.databases import KEYS, a_delivery


async def test_migrating_names_what_it_applied_and_repeats_nothing(bare_url: str) -> None:
    assert await migrating.missing(bare_url) == list(migrating.known())
    assert await migrate(bare_url) == list(migrating.known())
    assert await migrate(bare_url) == []
    assert await migrating.missing(bare_url) == []


async def test_of_replicas_that_start_at_once_each_migration_is_applied_by_one(
    bare_url: str,
) -> None:
    applied = await asyncio.gather(*(migrate(bare_url) for _ in range(8)))
    assert sorted(name for names in applied for name in names) == sorted(migrating.known())


async def test_a_database_that_is_not_up_to_date_is_refused_without_migrating(
    bare_url: str,
) -> None:
    with pytest.raises(StorageBroken, match="lockerbot migrate"):
        async with open_database(bare_url, keys=KEYS, migrate=False):
            pass
    await migrate(bare_url)
    async with open_database(bare_url, keys=KEYS, migrate=False) as database:
        assert (await database.look(lambda tx: tx.counts())).deliveries == {}


def with_more(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """This version's migrations and some that a later one may have."""
    every = migrating.known() | {
        name: tuple((statement, ()) for statement in script.split("; "))
        for name, script in more.items()
    }
    monkeypatch.setattr(migrating, "known", lambda: every)


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        with_more(later, **{"9999_later": "create table later (id bigint)"})
        assert (await migrate(bare_url))[-1] == "9999_later"
    for attempt in (migrate(bare_url), migrating.missing(bare_url)):
        with pytest.raises(StorageBroken, match=r"newer version.*9999_later"):
            await attempt


async def test_a_migration_that_fails_leaves_nothing_of_itself(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = list(migrating.known())
    with monkeypatch.context() as later:
        with_more(
            later,
            **{
                "9998_good": "create table good (id bigint)",
                "9999_bad": "create table half (id bigint); create table half (id bigint)",
            },
        )
        with pytest.raises(StorageBroken):
            await migrate(bare_url)
        assert await migrating.missing(bare_url) == ["9999_bad"]
    with monkeypatch.context() as mended:
        with_more(
            mended,
            **{
                "9998_good": "create table good (id bigint)",
                "9999_bad": "create table half (id bigint)",
            },
        )
        assert await migrate(bare_url) == ["9999_bad"]
    assert ours == list(migrating.known())


def test_a_migration_cut_off_in_the_middle_is_refused() -> None:
    assert migrating.statements(
        "-- why\ncreate table a (id int);\n\ncreate table\nb (id int);"
    ) == [
        ("create table a (id int);", ()),
        ("create table\nb (id int);", ()),
    ]
    with pytest.raises(StorageBroken, match="middle"):
        migrating.statements("create table a (id int);\ncreate table b (")


async def test_parcels_of_an_earlier_version_are_found_by_their_names_where_they_were(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = a_delivery("over", state=State.COLLECTED, parcel_name="Boots")
    live = a_delivery("live", state=State.STORED, parcel_name="Boots")

    async def write(tx: Any) -> None:
        for delivery in (over, live):
            await tx.add_delivery(delivery)
            await tx._db.execute(
                "insert into parcel_words (delivery, word) values (?, ?)",
                (delivery.id, as_stored("boots")),
            )

    with monkeypatch.context() as earlier:
        before = {name: all_ for name, all_ in migrating.known().items() if name < "0023"}
        earlier.setattr(migrating, "known", lambda: before)
        await migrate(bare_url)
        async with open_database(bare_url, keys=KEYS) as database:
            await database.run(write)
    async with open_database(bare_url, keys=KEYS) as database:
        for towers in (None, [over.tower]):
            found = await database.look(
                lambda tx, towers=towers: tx.ended_called(["boot"], towers, 5)
            )
            assert found == ([(over.id, over.changed_at)], True)


@pytest.mark.parametrize(
    "url",
    ["", "lockerbot.db", "mysql://root:hunter2@host/x", "sqlite://", "sqlite:///", "http://[",
     "sqlite:///:memory:", "sqlite://relative.db"],
)  # fmt: skip
async def test_an_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StorageBroken, match="DATABASE_URL") as refused:
        await migrate(url)
    assert "hunter2" not in str(refused.value)


def test_urls_of_sqlite_are_relative_or_absolute() -> None:
    assert str(sqlite_path("sqlite:///lockerbot.db")) == "lockerbot.db"
    assert str(sqlite_path("sqlite:////var/lib/a%20b/c.db")) == "/var/lib/a b/c.db"
    assert sqlite_path("postgres://host/name") is sqlite_path("postgresql://host/name") is None


async def test_a_file_that_is_no_database_is_refused(tmp_path, sqlite_url: str) -> None:
    (tmp_path / "lockerbot.db").write_text("this is not a database, " * 100)
    with pytest.raises(StorageBroken):
        await migrate(sqlite_url)


async def test_a_directory_that_is_not_there_may_come_later(tmp_path) -> None:
    with pytest.raises(StorageUnavailable):
        await migrate(f"sqlite:///{tmp_path}/nowhere/lockerbot.db")


async def test_a_server_that_is_not_there_may_come_later(tmp_path) -> None:
    with pytest.raises(StorageUnavailable) as away:
        await migrate(f"postgresql://user:hunter2@/x?host={tmp_path}")
    assert "hunter2" not in str(away.value)
