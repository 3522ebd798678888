"""Browsers in which somebody has claimed: found by two secrets, of which none can be read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.browsers import Browser, new_cookie, somebody_in_browser
from bot.domain.ids import PersonId, in_browser, new_browser_id
from bot.domain.lifecycle import State
from bot.ports.database import Database
from tests.support.databases import KEYS, a_delivery, opened
from tests.test_storage_codes import CLAIM, NOW, A, B, raw_sql

PAGE, COOKIE = CLAIM.page or "", new_cookie()
DORA = somebody_in_browser("de")
BROWSER = Browser(DORA.id, A, NOW)
DAY = timedelta(days=1)


async def claimed(database: Database, **changes: object) -> None:
    async def step(tx):
        await tx.add_delivery(a_delivery(A, recipient=DORA.id, **changes))
        await tx.save_person(DORA)
        await tx.add_browser(BROWSER, page=PAGE, cookie=COOKIE)

    await database.run(step)


async def test_a_browser_is_found_by_page_and_cookie_together(database: Database) -> None:
    await claimed(database)
    assert await database.look(lambda tx: tx.browser(PAGE, COOKIE)) == BROWSER
    assert await database.look(lambda tx: tx.browser(PAGE, new_cookie())) is None
    assert await database.look(lambda tx: tx.browser("B" * 22, COOKIE)) is None
    assert await database.look(lambda tx: tx.browser(COOKIE, PAGE)) is None


async def test_neither_of_its_secrets_is_in_its_row(database: Database, database_url: str) -> None:
    await claimed(database)
    with raw_sql(database_url) as connection:
        [row] = connection.execute("select * from browsers").fetchall()
    assert PAGE not in str(row)
    assert COOKIE not in str(row)
    assert COOKIE not in repr(BROWSER)


async def test_while_its_key_is_listed_a_browser_is_known_again(database_url: str) -> None:
    async with opened(database_url) as database:
        await claimed(database)
    async with opened(database_url, ["a newer key of the house", *KEYS]) as database:
        assert await database.look(lambda tx: tx.browser(PAGE, COOKIE)) == BROWSER
    async with opened(database_url, ["a newer key of the house"]) as database:
        assert await database.look(lambda tx: tx.browser(PAGE, COOKIE)) is None


@pytest.mark.parametrize(
    ("state", "changed_at", "left"),
    [
        (State.STORED, NOW, True),
        (State.COLLECTED, NOW + 6 * DAY, True),
        (State.COLLECTED, NOW, False),
        (State.CANCELLED, NOW, False),
    ],
)
async def test_a_browser_goes_with_its_person_once_its_parcel_is_long_over(
    database: Database, state: State, changed_at, left: bool
) -> None:
    await claimed(database, state=state, changed_at=changed_at)
    await database.run(lambda tx: tx.prune(NOW + 5 * DAY, 10))
    assert (await database.look(lambda tx: tx.browser(PAGE, COOKIE)) is not None) is left
    assert (await database.look(lambda tx: tx.person(DORA.id)) is not None) is left


async def test_a_browser_that_has_lost_its_parcel_to_somebody_else_goes_too(
    database: Database,
) -> None:
    async def step(tx):
        await tx.add_delivery(a_delivery(B, state=State.STORED, recipient=PersonId(2)))
        await tx.save_person(DORA)
        await tx.add_browser(Browser(DORA.id, B, NOW), page=PAGE, cookie=COOKIE)

    await database.run(step)
    await database.run(lambda tx: tx.prune(NOW - DAY, 10))
    assert await database.look(lambda tx: tx.person(DORA.id)) is not None, "it is young yet"
    await database.run(lambda tx: tx.prune(NOW + DAY, 10))
    assert await database.look(lambda tx: tx.person(DORA.id)) is None


async def test_nothing_is_marked_for_somebody_in_a_browser(database: Database) -> None:
    await database.run(lambda tx: tx.mark(DORA.id, "screen", now=NOW, ring=True))
    assert await database.look(lambda tx: tx.cards_of(DORA.id)) == []


def test_no_chat_of_telegrams_is_taken_for_a_browser() -> None:
    assert all(in_browser(new_browser_id()) for _ in range(1000))
    assert len({new_browser_id() for _ in range(1000)}) == 1000
    assert min(new_browser_id() for _ in range(1000)) >= -(2**63)
    for chat in (1, 2**52, -1, -1_001_234_567_890, -(2**52)):
        assert not in_browser(PersonId(chat))
