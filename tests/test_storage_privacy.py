"""Who may read the database's files, and whether the key is the one they were sealed with."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.claims import Claim
from bot.domain.ids import DeliveryId
from bot.ports.database import Database
from storage import open_database, opens_nothing
from tests.support.databases import KEYS, a_delivery

OTHER = "another key, of more than sixteen characters"


@pytest.fixture
def generous() -> Iterator[None]:
    """A process whose new files anybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


@pytest.mark.usefixtures("generous")
async def test_every_file_of_a_new_database_is_its_owners_alone(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_database(sqlite_url, keys=KEYS):
        found = modes(tmp_path)
    assert len(found) == 3
    assert set(found.values()) == {0o600}


@pytest.mark.usefixtures("generous")
async def test_a_database_that_a_link_places_elsewhere_is_private_there(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "bot.db").symlink_to(tmp_path / "volume" / "real.db")
    async with open_database(f"sqlite:///{tmp_path}/bot.db", keys=KEYS):
        assert set(modes(tmp_path / "volume").values()) == {0o600}


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o666, 0o600), (0o640, 0o640)])
async def test_a_database_that_anybody_could_read_no_longer_is(
    sqlite_url: str, tmp_path: Path, before: int, after: int
) -> None:
    async with open_database(sqlite_url, keys=KEYS):
        pass
    (tmp_path / "lockerbot.db").chmod(before)
    async with open_database(sqlite_url, keys=KEYS):
        assert set(modes(tmp_path).values()) == {after}


async def test_a_key_opens_nothing_only_where_something_is_sealed_and_none_by_it(
    database: Database, database_url: str
) -> None:
    assert not await opens_nothing(database)
    async with open_database(database_url, keys=[OTHER]) as under_another:
        assert not await opens_nothing(under_another), "nothing is sealed yet"
        sealed = DeliveryId("sealed0000")
        await database.run(lambda tx: tx.add_delivery(a_delivery(sealed)))
        await database.run(lambda tx: tx.save_claim(Claim(sealed, "ABCD2345", "x" * 22)))
        assert not await opens_nothing(database)
        assert await opens_nothing(under_another)
    async with open_database(database_url, keys=[OTHER, *KEYS]) as rotated:
        assert not await opens_nothing(rotated)
