"""Codes and claims: sealed at rest, found by keyed hash, never out of their place."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.domain.claims import Claim
from bot.domain.codes import Code, CodeKind
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.openers import Opener
from bot.ports.codes import WrongTries
from bot.ports.database import Database
from bot.ports.errors import Conflict
from storage import StorageBroken, open_database, reseal
from storage.sealing import Sealer
from storage.urls import sqlite_path
from tests.support.databases import KEYS, a_delivery

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
ANNA = PersonId(7_000_000_001)
A, B = DeliveryId("aaaaaaaaaa"), DeliveryId("bbbbbbbbbb")
CODE = Code(
    A,
    CodeKind.PICK_UP,
    Opener.TOKEN,
    ANNA,
    "SECRET-PAYLOAD-CAFE",
    NOW + timedelta(minutes=15),
)
CLAIM = Claim(A, "K7QF2M9X", "LINKSECRETLINKSECRET22", "PAGESECRETPAGESECRET22")


@contextmanager
def raw_sql(url: str) -> Iterator[Any]:
    """The database as somebody with the file, or the server, would see it."""
    path = sqlite_path(url)
    with sqlite3.connect(path) if path else psycopg.connect(url) as connection:
        yield connection
    connection.close()


async def with_deliveries(database: Database) -> None:
    async def step(tx):
        await tx.add_delivery(a_delivery(A))
        await tx.add_delivery(a_delivery(B))

    await database.run(step)


async def test_a_code_comes_back_and_a_new_one_replaces_it(database: Database) -> None:
    await with_deliveries(database)
    await database.run(lambda tx: tx.save_code(CODE))
    found = await database.look(lambda tx: tx.code(A))
    assert found == CODE
    assert found is not None
    assert found.text == CODE.text
    newer = replace(CODE, kind=CodeKind.DROP_OFF, text="another", revealed=True)
    await database.run(lambda tx: tx.save_code(newer))
    assert await database.look(lambda tx: tx.code(A)) == newer
    await database.run(lambda tx: tx.drop_code(A))
    assert await database.look(lambda tx: tx.code(A)) is None


async def test_a_claim_is_found_by_code_link_and_page_and_by_delivery(database: Database) -> None:
    await with_deliveries(database)
    await database.run(lambda tx: tx.save_claim(CLAIM))

    async def ways(tx):
        return (
            await tx.claim(A),
            await tx.claim_by_code(CLAIM.code),
            await tx.claim_by_link(CLAIM.link),
            await tx.claim_by_page(CLAIM.page),
        )

    assert await database.look(ways) == (CLAIM,) * 4
    assert await database.look(lambda tx: tx.claim_by_page(CLAIM.link)) is None
    assert await database.look(lambda tx: tx.claim_by_code(CLAIM.link)) is None
    assert await database.look(lambda tx: tx.claim(B)) is None


async def test_a_replaced_or_dropped_claim_is_found_no_longer(database: Database) -> None:
    await with_deliveries(database)
    await database.run(lambda tx: tx.save_claim(CLAIM))
    await database.run(lambda tx: tx.save_claim(Claim(A, "NEWCODE1", "NEWLINK")))
    assert await database.look(lambda tx: tx.claim_by_code(CLAIM.code)) is None
    assert await database.look(lambda tx: tx.claim_by_link("NEWLINK")) is not None
    await database.run(lambda tx: tx.drop_claim(A))
    assert await database.look(lambda tx: tx.claim_by_link("NEWLINK")) is None


async def test_a_claim_moves_to_another_delivery_in_one_step(database: Database) -> None:
    await with_deliveries(database)
    await database.run(lambda tx: tx.save_claim(CLAIM))

    async def move(tx):
        await tx.drop_claim(A)
        await tx.save_claim(replace(CLAIM, delivery=B))

    await database.run(move)
    found = await database.look(lambda tx: tx.claim_by_code(CLAIM.code))
    assert found is not None
    assert found.delivery == B


OTHER = Claim(B, "OTHER111", "other", "another")


async def test_a_claim_from_before_there_were_pages_has_none(database: Database) -> None:
    await with_deliveries(database)

    async def both(tx):
        await tx.save_claim(replace(CLAIM, page=None))
        await tx.save_claim(replace(OTHER, page=None))

    await database.run(both)
    found = await database.look(lambda tx: tx.claim_by_link(CLAIM.link))
    assert found == replace(CLAIM, page=None)
    assert await database.look(lambda tx: tx.claim_by_page("")) is None


@pytest.mark.parametrize("name", ["code", "link", "page"])
async def test_no_two_deliveries_share_a_claim_code_link_or_page(
    database: Database, name: str
) -> None:
    await with_deliveries(database)
    await database.run(lambda tx: tx.save_claim(CLAIM))
    with pytest.raises(Conflict):
        await database.run(lambda tx: tx.save_claim(replace(OTHER, **{name: getattr(CLAIM, name)})))
    assert await database.look(lambda tx: tx.claim(B)) is None


async def test_after_a_taken_claim_code_the_same_step_may_try_another(database: Database) -> None:
    await with_deliveries(database)
    await database.run(lambda tx: tx.save_claim(CLAIM))

    async def step(tx):
        with pytest.raises(Conflict):
            await tx.save_claim(replace(CLAIM, delivery=B))
        await tx.save_claim(Claim(B, "FREECODE", "freelink"))

    await database.run(step)
    assert await database.look(lambda tx: tx.claim_by_code("FREECODE")) is not None


async def test_wrong_tries_are_counted_for_each_person_in_a_window_that_slides(
    database: Database,
) -> None:
    hour = timedelta(hours=1)
    assert await database.look(lambda tx: tx.wrong_tries(ANNA, NOW)) == WrongTries()

    async def tries(tx):
        for late in (0, 0, 2):
            await tx.note_wrong_try(ANNA, NOW + late * hour, asked=True)
        await tx.note_wrong_try(ANNA, NOW + hour, asked=False)
        await tx.note_wrong_try(PersonId(1), NOW, asked=True)

    await database.run(tries)
    last = NOW + 2 * hour
    seen = [
        await database.look(lambda tx, h=h: tx.wrong_tries(ANNA, NOW + h * hour))
        for h in (-1, 0, 1)
    ]
    assert seen == [WrongTries(3, last, 1), WrongTries(1, last, 1), WrongTries(1, last, 0)]
    assert await database.look(lambda tx: tx.all_wrong_tries(NOW - hour)) == 5
    assert await database.look(lambda tx: tx.all_wrong_tries(NOW)) == 2


async def test_of_who_tries_a_hash_is_written_down_that_every_listed_key_finds(
    database_url: str,
) -> None:
    async with open_database(database_url, keys=["old"]) as database:
        await database.run(lambda tx: tx.note_wrong_try(ANNA, NOW, asked=True))
    with raw_sql(database_url) as raw:
        [row] = raw.execute("select * from wrong_tries").fetchall()
    assert str(ANNA) not in str(row)
    async with open_database(database_url, keys=["new", "old"]) as database:
        found = await database.look(lambda tx: tx.wrong_tries(ANNA, NOW - timedelta(days=1)))
    assert found.asked == 1


async def save_both(database: Database) -> None:
    await with_deliveries(database)

    async def step(tx):
        await tx.save_code(CODE)
        await tx.save_claim(CLAIM)

    await database.run(step)


async def test_another_key_opens_nothing_and_finds_nothing(database_url: str) -> None:
    async with open_database(database_url, keys=["old"]) as database:
        await save_both(database)
    async with open_database(database_url, keys=["wrong"]) as database:
        with pytest.raises(StorageBroken, match="LOCKERBOT_SECRET_KEY"):
            await database.look(lambda tx: tx.code(A))
        with pytest.raises(StorageBroken):
            await database.look(lambda tx: tx.claim(A))
        assert await database.look(lambda tx: tx.claim_by_code(CLAIM.code)) is None


async def test_after_a_rotation_old_secrets_open_and_resealing_lets_the_old_key_go(
    database_url: str,
) -> None:
    async with open_database(database_url, keys=["old"]) as database:
        await save_both(database)
    async with open_database(database_url, keys=["new", "old"]) as database:
        assert await database.look(lambda tx: tx.code(A)) == CODE
        assert await database.look(lambda tx: tx.claim_by_link(CLAIM.link)) == CLAIM
        with pytest.raises(Conflict):  # the hash under the old key counts
            await database.run(lambda tx: tx.save_claim(replace(CLAIM, delivery=B)))
        assert await reseal(database) == 2
        assert await reseal(database) == 0
    async with open_database(database_url, keys=["new"]) as database:
        assert await database.look(lambda tx: tx.code(A)) == CODE
        assert await database.look(lambda tx: tx.claim_by_code(CLAIM.code)) == CLAIM
        assert await database.look(lambda tx: tx.claim_by_link(CLAIM.link)) == CLAIM


async def test_resealing_gets_through_more_than_one_portion(sqlite_url: str) -> None:
    async def many(tx):
        for number in range(250):
            delivery = await tx.add_delivery(a_delivery(f"d{number}"))
            await tx.save_code(replace(CODE, delivery=delivery.id))

    async with open_database(sqlite_url, keys=["old"]) as database:
        await database.run(many)
    async with open_database(sqlite_url, keys=["new", "old"]) as database:
        heard: list[tuple[int, int]] = []
        assert await reseal(database, lambda done, total: heard.append((done, total))) == 250
        assert heard == [(100, 250), (200, 250), (250, 250)]
        assert await reseal(database) == 0


SWAPS = [
    "update codes set text = (select text from codes where delivery = '{b}') "
    "where delivery = '{a}'",
    "update claims set code = (select code from claims where delivery = '{b}') "
    "where delivery = '{a}'",
    "update claims set code = link where delivery = '{a}'",
    "update claims set link = substr(link, 1, length(link) - 8) || 'AAAAAAA=' "
    "where delivery = '{a}'",
]


@pytest.mark.parametrize("swap", SWAPS)
async def test_a_sealed_text_put_elsewhere_or_altered_is_refused(
    database: Database, database_url: str, swap: str
) -> None:
    await save_both(database)

    async def others(tx):
        await tx.save_code(replace(CODE, delivery=B))
        await tx.save_claim(Claim(B, "OTHER111", "otherlink"))

    await database.run(others)
    with raw_sql(database_url) as raw:
        raw.execute(swap.format(a=A, b=B))
    kind = "code" if "update codes" in swap else "claim"
    with pytest.raises(StorageBroken, match="damaged or moved"):
        await database.look(lambda tx: getattr(tx, kind)(A))
    assert await database.look(lambda tx: getattr(tx, kind)(B)) is not None


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_nothing_secret_can_be_read_in_the_files(tmp_path: Path, sqlite_url: str) -> None:
    async with open_database(sqlite_url, keys=KEYS) as database:
        await save_both(database)
        written = everything_in(tmp_path)  # with the log that is still beside the database
    written += everything_in(tmp_path)
    assert A.encode() in written
    for secret in (CODE.text, CLAIM.code, CLAIM.link, CLAIM.page, KEYS[0]):
        assert secret.encode() not in written


async def test_nothing_secret_is_in_any_row(database: Database, database_url: str) -> None:
    await save_both(database)
    with raw_sql(database_url) as raw:
        rows = [
            *raw.execute("select * from codes").fetchall(),
            *raw.execute("select * from claims").fetchall(),
        ]
    assert len(rows) == 2
    for secret in (CODE.text, CLAIM.code, CLAIM.link, CLAIM.page, CLAIM.code.lower()):
        assert secret not in str(rows)


def test_the_same_secret_never_looks_the_same_twice() -> None:
    sealer = Sealer(["key"])
    assert sealer.seal("secret", "place") != sealer.seal("secret", "place")


@pytest.mark.parametrize("keys", [[], [""], ["fine", ""]])
def test_a_missing_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="secret key"):
        Sealer(keys)
