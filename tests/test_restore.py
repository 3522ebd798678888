"""Restoring SQLite: into an empty place, over what a killed bot left, and never under a bot."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.domain.ids import PersonId
from bot.domain.person import Draft
from cli.commands import app
from storage import StorageBroken, back_up, open_database, restore
from storage.restore import InUse
from tests.support.databases import KEYS


async def save(url: str, errand: str) -> None:
    async def step(tx):
        await tx.save_draft(
            Draft(PersonId(1), errand, version=(await tx.draft(PersonId(1))).version)
        )

    async with open_database(url, keys=KEYS) as database:
        await database.run(step)


async def errand(file: Path) -> str | None:
    async with open_database(f"sqlite:///{file}", keys=KEYS, migrate=False) as database:
        return (await database.look(lambda tx: tx.draft(PersonId(1)))).errand


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lockerbot.db"


@pytest.fixture
async def backup(sqlite_url: str, tmp_path: Path) -> Path:
    await save(sqlite_url, "early")
    await back_up(sqlite_url, tmp_path / "backup")
    return tmp_path / "backup"


async def test_a_backup_takes_the_place_of_what_is_there_and_that_is_kept(sqlite_url, backup, file):
    await save(sqlite_url, "late")
    file.chmod(0o640)
    heard: list[tuple[int, int]] = []
    kept = await restore(sqlite_url, backup, lambda done, total: heard.append((done, total)))
    assert kept is not None
    assert kept.parent == file.parent
    assert (await errand(file), await errand(kept)) == ("early", "late")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, kept)] == [0o600, 0o600]
    assert sorted(os.listdir(file.parent)) == sorted(["backup", file.name, kept.name])
    assert heard[-1][0] == heard[-1][1] > 0


async def test_into_an_empty_place_there_is_nothing_to_keep(sqlite_url, backup, file):
    file.unlink()
    assert await restore(sqlite_url, backup) is None
    assert await errand(file) == "early"


@pytest.mark.parametrize("gone", [False, True])
async def test_the_log_that_a_killed_bot_left_is_kept_with_the_old_and_not_read_into_the_new(
    sqlite_url, backup, file, tmp_path, gone
):
    async with open_database(sqlite_url, keys=KEYS) as database:

        async def late(tx):
            await tx.save_draft(Draft(PersonId(1), "late", version=1))

        await database.run(late)
        killed = tmp_path / "killed"
        killed.mkdir()
        for end in ("", "-wal", "-shm"):
            shutil.copy(f"{file}{end}", killed / f"bot.db{end}")
    left = killed / "bot.db"
    assert "bot.db-wal" in os.listdir(killed)
    if gone:
        left.unlink()
    kept = await restore(f"sqlite:///{left}", backup)
    assert await errand(left) == "early"
    assert "bot.db-wal" not in os.listdir(killed)
    assert gone or (kept is not None and await errand(kept) == "late")


async def test_nothing_is_touched_while_a_bot_has_the_database_open(sqlite_url, backup, file):
    async with open_database(sqlite_url, keys=KEYS) as database:
        before = sorted(os.listdir(file.parent))
        with pytest.raises(InUse, match="stop the bot first"):
            await restore(sqlite_url, backup)
        assert sorted(os.listdir(file.parent)) == before
        assert (await database.look(lambda tx: tx.draft(PersonId(1)))).errand == "early"
    assert await restore(sqlite_url, backup) is not None


async def test_a_damaged_database_is_replaced_and_kept_as_it_is(sqlite_url, backup, file):
    file.write_bytes(b"no database at all" * 1000)
    kept = await restore(sqlite_url, backup)
    assert kept is not None
    assert kept.read_bytes().startswith(b"no database")
    assert await errand(file) == "early"


@pytest.mark.parametrize(
    "what", ["absent", "text", "empty", "foreign", "newer", "itself", "damaged"]
)
async def test_what_is_no_backup_is_refused_in_one_line_and_nothing_changes(
    sqlite_url, backup, file, tmp_path, what
):
    source = tmp_path / what
    if what == "text":
        source.write_text("hello, this is no database " * 100)
    elif what == "empty":
        source.touch()
    elif what == "itself":
        source = file
    elif what != "absent":
        shutil.copy(backup, source)
        with sqlite3.connect(source) as changed:
            if what == "foreign":
                changed.execute("drop table migrations")
            if what == "newer":
                changed.execute("insert into migrations values ('9999_later', 1)")
        changed.close()
    if what == "damaged":
        content = bytearray(source.read_bytes())
        content[-30_000:-2_000] = b"\xaa" * 28_000
        source.write_bytes(content)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(StorageBroken) as refused:
        await restore(sqlite_url, source)
    assert "\n" not in str(refused.value)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_the_command_says_what_it_did_and_refuses_with_2(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///bot.db")
    run = CliRunner().invoke
    assert run(app, ["migrate"]).exit_code == 0
    assert run(app, ["backup", "copy"]).exit_code == 0
    restored = run(app, ["restore", "copy"])
    assert restored.stdout.startswith("restored from copy; what was there is now ")
    refused = run(app, ["restore", "bot.db"])
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "is the database itself" in refused.stderr
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/name")
    assert "pg_restore" in run(app, ["restore", "copy"]).stderr
