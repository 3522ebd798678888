"""Counting a walk: that the numbers are those of what happened, never how fast it was."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import aiosqlite
import pytest

from benchmarks import walks
from benchmarks.counting import Counter, Tally, aside

HERE = Path(__file__).parent


@pytest.fixture
def counter() -> Counter:
    """What counts as ours is what stands in this folder."""
    return Counter(HERE.parent, [HERE.name])


@pytest.fixture
async def toy(counter: Counter, tmp_path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """A database with one table."""
    with counter.installed():
        async with aiosqlite.connect(tmp_path / "toy.db", isolation_level=None) as database:
            await database.execute("create table said (word)")
            yield database


async def test_hops_and_statements_are_those_that_were_sent(
    counter: Counter, toy: aiosqlite.Connection
) -> None:
    with counter.counting() as tally:
        await toy.execute("begin")
        await toy.execute("insert into said values ('one')")
        await toy.commit()
        await toy.execute_fetchall("select word from said")
        await toy.rollback()
    assert [hop.statements for hop in tally.hops] == [
        ["begin"],
        ["insert into said values ('one')"],
        ["COMMIT"],
        ["select word from said"],
        [],
    ]
    assert (tally.statements, tally.rollbacks, tally.inline) == (4, 0, [])


async def test_a_rollback_is_counted_apart(counter: Counter, toy: aiosqlite.Connection) -> None:
    with counter.counting() as tally:
        await toy.execute("begin")
        await toy.rollback()
    assert (len(tally.hops), tally.statements, tally.rollbacks) == (2, 1, 1)


async def test_many_statements_may_travel_in_one_hop(
    counter: Counter, toy: aiosqlite.Connection
) -> None:
    with counter.counting() as tally:
        await toy.executemany("insert into said values (?)", [("two",), ("three",)])
    assert (len(tally.hops), tally.statements) == (1, 2)


async def test_what_is_done_aside_is_counted_nowhere(
    counter: Counter, toy: aiosqlite.Connection
) -> None:
    with counter.counting() as tally:
        with aside():
            await toy.execute("insert into said values ('aside')")
            plain()
        assert tally == Tally()
        await toy.execute_fetchall("select word from said")
    assert (len(tally.hops), tally.statements) == (1, 1)


async def test_a_statement_outside_every_hop_is_counted_all_the_same(counter: Counter) -> None:
    with counter.installed(), counter.counting() as tally:
        connection = sqlite3.connect(":memory:")
        connection.execute("select 1")
        connection.close()
    assert tally.inline == ["select 1"]
    assert tally.statements == 1


def test_a_coroutine_is_entered_again_each_time_it_goes_on(counter: Counter) -> None:
    with counter.installed(), counter.counting() as tally:
        for _ in range(2):
            plain()
        asyncio.run(twice_interrupted())
    assert tally.calls == 2 + 3
    assert tally.files == {"tests/test_walks.py"}


async def test_nothing_is_counted_before_or_after(
    counter: Counter, toy: aiosqlite.Connection
) -> None:
    with counter.counting() as tally:
        pass
    await toy.execute("select 1")
    plain()
    assert tally == Tally()


async def test_each_walk_is_counted_whole(tmp_path: Path) -> None:
    tallies = await walks.once(tmp_path)
    to_the_settings, _, to_the_other_phone = tallies
    for tally in tallies:
        assert not any(sql.lower().startswith("commit") for sql in tally.inline)
        assert 0 < len(tally.hops) <= tally.statements + tally.rollbacks
        assert tally.calls > len(tally.files) > 10
    assert "handlers/errands/settings.py" in to_the_settings.files
    assert "bot/workers/watcher.py" in to_the_other_phone.files
    assert "insert into updates" in walks.trace(to_the_settings)
    assert [row["walk"] for row in walks.rows([tallies])] == list(walks.WALKS)


def plain() -> None:
    """Is called."""


async def twice_interrupted() -> None:
    """Waits twice, so that it is entered three times."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
