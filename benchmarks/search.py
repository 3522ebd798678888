"""Milliseconds until an operator's search is answered, or a list is read, at a million deliveries.

They are over. A hundred thousand people with names out of a few hundred, so that many share one;
thirty towers, three hundred deliveries under way; a third of all has a name. What is measured is
the search and the page of deliveries that is then listed, by one who asks alone; and what the lists
of /ops are made of.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Bench, Value
from benchmarks.storage import databases
from bot.domain.alerts import AlertKind
from bot.domain.ids import PersonId, TowerId
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.ports.database import Database, Transaction
from bot.usecases.find import search
from bot.usecases.oversight import deliveries_at_harbor, standing_alerts
from storage.connection import tuples
from storage.tables.words import as_stored

PAST, LIVE, PEOPLE, TOWERS = 1_000_000, 300, 100_000, 30
_OPERATOR = PersonId(1)
_POLICY = Policy(operators=frozenset({_OPERATOR}))
_PAGE, _MOST = 6, 60
Look = Callable[[Transaction], Awaitable[Sequence[object]]]
_PORTION = 500
_LETTERS = "bcdfghklmnprstvw"
_NAMES = [f"{a}{v}{b}" for a in _LETTERS for v in "aeiou" for b in _LETTERS[:5]]


def _tower(number: int) -> Tower:
    return Tower(TowerId(f"{number:016x}"), f"Tower{number}", "", "Town", None, None, None)


def _person(number: int) -> tuple[str, str]:
    """First and last name; of the first 400 there are, so each is 250 people's."""
    return _NAMES[number % len(_NAMES)], _NAMES[number * 7919 // 400 % len(_NAMES)] + "us"


def _called(number: int) -> Sequence[str]:
    """The words of a parcel's name: "Order 4242", "Gift", or none."""
    if number % 3 == 0:
        return "order", str(number // 3)
    return ("gift",) if number % 50 == 1 else ()


_QUERIES = {
    "first and last name": " ".join(_person(1000)),
    "the beginnings of both": " ".join(name[:2] for name in _person(1000)),
    "a name that 250 people have": "Bab",
    "a username": "@user1077",
    "a Telegram id": "4242",
    "a door of one tower": "16 tower15",
    "a door of any tower": "17",
    "a tower": "tower5",
    "all towers": "tower",
    "a name that a third of all parcels have": "order",
    "a name that 20,000 parcels have": "gift",
    "two such names, both of which none has": "order gift",
    "the name of a hundred parcels": "order 424",
    "the name of 37,000 parcels, no two alike": "order 1",
    "a digit with which 111,000 names begin, no two alike": "1",
    "nothing": "nobody of that name",
}


async def fill(database: Database, past: int, people: int) -> None:
    """The people, then the deliveries; a server knows of itself what it would after a while."""

    async def write(tx: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        for start in range(0, len(rows), _PORTION):
            some = rows[start : start + _PORTION]
            listed = tuples(len(some), len(some[0]))
            await tx._db.execute(f"{sql} values {listed}", [x for row in some for x in row])

    async def who(tx: Any) -> None:
        await tx.save_towers([_tower(number) for number in range(TOWERS)])
        numbers = range(1000, 1000 + people)
        await write(
            tx,
            """insert into people (id, name, language, language_chosen, username, reachable,
                   low_locker, larger_allowed, reminders, pickable, indexed)""",
            [
                (n, " ".join(_person(n)).title(), "en", 0, f"user{n}", 1, 0, 1, 1, 1, 1)
                for n in numbers
            ],
        )
        words = [(n, as_stored(word)) for n in numbers for word in dict.fromkeys(_person(n))]
        await write(tx, "insert into people_words (person, word)", words)

    async def what(tx: Any) -> None:
        await tx._db.execute(_DELIVERIES, (past, LIVE, people, people, TOWERS, past))
        called = [(f"d{n}", as_stored(word)) for n in range(past) for word in _called(n)]
        await write(tx, "insert into parcel_words (delivery, word)", called)
        await tx._db.execute(_OVER, (past,))

    async def tidy(tx: Any) -> None:
        await tx._db.execute("vacuum analyze")

    await database.run(who)
    await database.run(what)
    if database.shared:  # as its server does by itself; the bot never asks SQLite to
        await database.run(tidy, one_statement=True)


_DELIVERIES = """
insert into deliveries (id, sender, recipient, tower, size, state, version, revision, low,
    larger_allowed, locker, locker_name, created_at, changed_at, reminders_sent, extensions,
    taken_back, door_reports, failures)
with recursive n(i) as (
    select cast(0 as bigint)
    union all select i + 1 from n where i < cast(? as bigint) + cast(? as bigint) - 1
)
select 'd' || i, 1000 + (i * 7919) % cast(? as bigint),
    1000 + (i * 104729 + 13) % cast(? as bigint),
    substr('000000000000000', 1, 14) || case when i % cast(? as bigint) < 16 then '0' else '1' end
        || substr('0123456789abcdef', cast(1 + (i % 30) % 16 as integer), 1),
    'small', case when i >= cast(? as bigint) then 'stored' else 'collected' end, 1, 1, 0, 1,
    i, cast(1 + i / 30 % 60 as text), i, i, 0, 0, 0, 0, 0
from n
"""

_OVER = """update parcel_words set
    tower = (select tower from deliveries where id = delivery),
    ended_at = (select changed_at from deliveries where id = delivery and changed_at < ?)"""


def _search(query: str) -> Look:
    async def look(tx: Transaction) -> Sequence[object]:
        found = await search(tx, _OPERATOR, _POLICY, query)
        await tx.deliveries_with(found.deliveries[:_PAGE])
        return found.deliveries

    return look


async def _heeded(tx: Transaction) -> Sequence[object]:
    over = await tx.alerts_over(AlertKind.PROBLEM, _MOST)
    return [*await standing_alerts(tx, _OPERATOR, _POLICY), *over]


_LISTS: Mapping[str, Look] = {
    "list: under way, of which those are taken that are stuck or stale": (
        lambda tx: deliveries_at_harbor(tx, _OPERATOR, _POLICY)
    ),
    "list: alerts and problems": _heeded,
    "list: doors that were reported": lambda tx: tx.doors_reported(_MOST),
    "list: what is at one tower": lambda tx: tx.deliveries_at_harbor_in(_tower(7).id),
}


async def measure(database: Database, look: Look, rounds: int) -> tuple[int, list[float]]:
    """How many are found, and how long each round took, in milliseconds."""
    spans = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = await database.look(look)
        spans.append((time.perf_counter() - began) * 1000)
    return len(found), spans


async def compare(
    directory: Path, *, rounds: int, past: int = PAST, people: int = PEOPLE, postgres: bool = True
) -> list[dict[str, Value]]:
    """A row for each way to ask, its columns the databases."""
    looks = {**{said: _search(query) for said, query in _QUERIES.items()}, **_LISTS}
    rows: dict[str, dict[str, Value]] = {said: {"looked for": said} for said in looks}
    async with databases(directory, with_postgres=postgres) as kinds:
        for name, database in kinds.items():
            await fill(database, past, people)
            for said, look in looks.items():
                found, spans = await measure(database, look, rounds)
                rows[said] |= {
                    "found": found,
                    f"{name}, ms": round(statistics.median(spans), 1),
                    f"{name}, worst": round(max(spans), 1),
                }
    return list(rows.values())


async def bench(directory: Path, *, rounds: int = 5) -> Bench:
    """The whole; the databases' files lie in `directory`."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="search-") as place:
        rows = await compare(Path(place), rounds=4 * rounds)
    return Bench(
        "An operator's search",
        f"medians of {4 * rounds} times, one after another; {PAST:,} deliveries that are over, "
        f"{PEOPLE:,} people, {LIVE} under way at {TOWERS} towers",
        rows,
    )
