"""Backups of SQLite while it is written to."""

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.ids import PersonId
from bot.domain.person import Draft
from bot.ports.database import Database
from storage import StorageBroken, back_up, open_database
from tests.support.databases import KEYS


async def write(database: Database, until: asyncio.Event) -> None:
    """Keep two drafts in step."""

    async def both(tx):
        for chat in (PersonId(1), PersonId(2)):
            draft = await tx.draft(chat)
            await tx.save_draft(replace(draft, answers={"filler": "x" * 5000}))

    while not until.is_set():
        await database.run(both)


async def versions(database: Database) -> list[int]:
    async def step(tx):
        return [(await tx.draft(PersonId(chat))).version for chat in (1, 2)]

    return await database.look(step)


async def test_a_backup_taken_while_writing_is_whole_and_opens(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    over = asyncio.Event()
    writing = asyncio.create_task(write(sqlite_database, over))
    copies = [tmp_path / f"copy{number}" for number in range(5)]
    for copy in copies:
        await back_up(sqlite_url, copy)
    over.set()
    await writing
    for copy in copies:
        async with open_database(f"sqlite:///{copy}", keys=KEYS, migrate=False) as copied:
            one, other = await versions(copied)
            assert one == other
    assert stat.S_IMODE(copies[0].stat().st_mode) == 0o600


async def test_a_backup_has_everything_committed_before_it(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    saved = await sqlite_database.run(lambda tx: tx.save_draft(Draft(PersonId(1), "send")))
    await back_up(sqlite_url, tmp_path / "copy")
    async with open_database(f"sqlite:///{tmp_path}/copy", keys=KEYS) as copied:
        assert await copied.look(lambda tx: tx.draft(PersonId(1))) == saved


async def test_a_backup_overwrites_nothing(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    target = tmp_path / "copy"
    target.write_text("last week's")
    with pytest.raises(FileExistsError):
        await back_up(sqlite_url, target)
    assert target.read_text() == "last week's"


async def test_a_backup_follows_no_link_that_lies_in_wait_for_it(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    victim = tmp_path / "somebody else's"
    victim.write_text("precious")
    folder = tmp_path / "for everybody"
    folder.mkdir()
    (folder / f".copy.{os.getpid()}").symlink_to(victim)
    await back_up(sqlite_url, folder / "copy")
    assert victim.read_text() == "precious"
    assert (folder / f".copy.{os.getpid()}").is_symlink()
    assert sorted(os.listdir(folder)) == [f".copy.{os.getpid()}", "copy"]


async def test_a_target_that_is_a_link_to_nowhere_is_refused(
    sqlite_database: Database, sqlite_url: str, tmp_path: Path
) -> None:
    (tmp_path / "copy").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        await back_up(sqlite_url, tmp_path / "copy")
    assert not (tmp_path / "elsewhere").exists()


async def test_a_damaged_database_gives_no_backup(sqlite_url: str, tmp_path: Path) -> None:
    async with open_database(sqlite_url, keys=KEYS) as database:
        for chat in range(200):
            await database.run(
                lambda tx, chat=chat: tx.save_draft(Draft(PersonId(chat), answers={"x": "y" * 999}))
            )
    file = tmp_path / "lockerbot.db"
    content = bytearray(file.read_bytes())
    content[-40_000:-4_000] = b"\xaa" * 36_000
    file.write_bytes(content)
    with pytest.raises(StorageBroken):
        await back_up(sqlite_url, tmp_path / "copy")
    assert not [name for name in os.listdir(tmp_path) if "copy" in name]


async def test_without_a_database_there_is_nothing_to_back_up(
    sqlite_url: str, tmp_path: Path
) -> None:
    with pytest.raises(StorageBroken, match="no database"):
        await back_up(sqlite_url, tmp_path / "copy")
    assert os.listdir(tmp_path) == []


async def test_postgresql_is_left_to_its_own_tool(tmp_path: Path) -> None:
    with pytest.raises(StorageBroken, match="pg_dump"):
        await back_up("postgresql://host/name", tmp_path / "copy")
