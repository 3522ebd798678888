"""Signals after commit: one for each committed step that made anything owed, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from bot.domain.delivery import HarborRequest, RequestKind
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import State
from bot.domain.person import Draft
from bot.ports.database import Database, Transaction
from bot.ports.errors import Conflict
from bot.ports.signals import Owed
from bot.workers.signals import Signals
from storage.sqlite import SqliteDatabase
from tests.support.databases import a_delivery, listen

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
ANNA, BEN = PersonId(7_000_000_001), PersonId(2)
LEASE = timedelta(minutes=2)


class Heard:
    """`bot.ports.signals.Signals` that keeps what it hears."""

    lease, crowded = LEASE, False

    def __init__(self) -> None:
        self.all: list[Owed] = []

    def committed(self, owed: Owed) -> None:
        self.all.append(owed)

    def heard(self, news: object) -> None:
        pass

    def taken_over(self, sends: int) -> None:
        pass

    @property
    def subjects(self) -> list[list[str]]:
        return [sorted(card.subject for card in owed.cards.values()) for owed in self.all]


@pytest.fixture
def heard(database: Database) -> Heard:
    heard: Any = Heard()
    listen(database, heard)
    return heard


def marking(*subjects: str) -> Callable[[Transaction], Awaitable[None]]:
    async def step(tx: Transaction) -> None:
        for subject in subjects:
            await tx.mark(ANNA, subject, now=NOW)

    return step


async def test_a_step_is_signalled_once_with_all_that_it_made_owed(
    database: Database, heard: Heard
) -> None:
    async def step(tx: Transaction) -> None:
        await marking("one", "two")(tx)
        due = NOW + timedelta(seconds=5)
        request = HarborRequest.made(RequestKind.LOCKER, due)
        delivery = await tx.add_delivery(a_delivery("a", deadline_at=NOW))
        await tx.save_delivery(replace(delivery, request=request))

    await database.run(step)
    [owed] = heard.all
    assert heard.subjects == [["one", "two"]]
    due = NOW + timedelta(seconds=5)
    assert (owed.requests, owed.deadlines, owed.live) == ({due}, {NOW}, True)
    shown = await database.look(lambda tx: tx.card(ANNA, "one"))
    assert shown in owed.cards.values()


async def test_what_is_signalled_is_committed_already(database: Database) -> None:
    found: list[asyncio.Task[Any]] = []

    class Looking(Heard):
        def committed(self, owed: Owed) -> None:
            look = database.look(lambda tx: tx.card(ANNA, "one"))
            found.append(asyncio.ensure_future(look))

    listening: Any = Looking()
    listen(database, listening)
    await database.run(marking("one"))
    assert await found[0] is not None


async def test_a_step_that_makes_nothing_owed_is_not_signalled(
    database: Database, heard: Heard
) -> None:
    await database.run(lambda tx: tx.save_draft(Draft(ANNA)))
    await database.run(lambda tx: tx.mark_about("nothing", now=NOW), one_statement=True)
    await database.look(lambda tx: tx.draft(ANNA))
    ended = a_delivery("a", state=State.COLLECTED)
    await database.run(lambda tx: tx.add_delivery(ended))
    assert heard.all == []


async def test_a_step_that_was_rolled_back_is_not_signalled(
    database: Database, heard: Heard
) -> None:
    async def fails(tx: Transaction) -> None:
        await marking("one")(tx)
        await tx.card(ANNA, "one")
        raise LookupError

    told = await asyncio.gather(
        *(database.run(step) for step in (fails, marking("two"), fails)), return_exceptions=True
    )
    assert [type(each) for each in told] == [LookupError, type(None), LookupError]
    assert heard.subjects == [["two"]]


async def test_a_step_that_is_taken_again_is_signalled_as_it_was_committed(
    database: Database, heard: Heard
) -> None:
    attempts: list[int] = []

    async def contended(tx: Transaction) -> None:
        attempts.append(1)
        await marking(f"attempt {len(attempts)}")(tx)
        if len(attempts) < 3:
            raise Conflict("somebody else was first")

    await database.run(contended)
    assert heard.subjects == [["attempt 3"]]


async def test_steps_that_cross_are_signalled_once_each(database: Database, heard: Heard) -> None:
    """On PostgreSQL they undo one another, and are taken again."""

    async def step(tx: Transaction) -> None:
        draft = await tx.draft(BEN)
        await asyncio.sleep(0)
        await tx.save_draft(replace(draft, answers={"n": draft.answers.get("n", 0) + 1}))
        await tx.mark(ANNA, "one", now=NOW)

    await asyncio.gather(*(database.run(step) for _ in range(6)))
    card = await database.look(lambda tx: tx.card(ANNA, "one"))
    assert card is not None
    assert card.wanted == 6
    # The first has taken the card's turn; whoever marks it later leaves it to whom that signalled.
    assert heard.subjects == [["one"]]


async def test_many_steps_at_once_are_signalled_each_for_itself(
    database: Database, heard: Heard
) -> None:
    names = [f"subject {number:02}" for number in range(60)]
    steps = [
        database.run(marking(name), one_statement=number % 3 == 0)
        for number, name in enumerate(names)
    ]
    await asyncio.gather(*steps)
    assert sorted(heard.subjects) == [[name] for name in names]


async def test_who_gives_up_before_their_turn_leaves_no_signal(
    sqlite_database: Database,
) -> None:
    heard: Any = Heard()
    listen(sqlite_database, heard)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction) -> None:
        begun.set()
        await go_on.wait()
        await marking("slow")(tx)

    first = asyncio.create_task(sqlite_database.run(slow))
    await begun.wait()
    given_up = asyncio.create_task(sqlite_database.run(marking("given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    go_on.set()
    await first
    assert heard.subjects == [["slow"]]


# -- cancelled while the commit is under way


@asynccontextmanager
async def commit_held_up(database: Database, url: str) -> AsyncIterator[asyncio.Event]:
    """Commits stop half way while the block lasts; the event says that one has come so far."""
    async with _sqlite(database) if isinstance(database, SqliteDatabase) else _postgres(url) as at:
        yield at


@asynccontextmanager
async def _sqlite(database: SqliteDatabase) -> AsyncIterator[asyncio.Event]:
    thread = database._writer._thread  # nothing outside can stop a commit half way
    honest, stopped, go_on = thread.run, asyncio.Event(), asyncio.Event()

    async def run(statements: Any) -> Any:
        if statements[-1][0] == "commit":
            stopped.set()
            await go_on.wait()
        return await honest(statements)

    thread.run = run  # type: ignore[method-assign]  # stands in until the test is over
    yield stopped
    go_on.set()
    thread.run = honest  # type: ignore[method-assign]  # its own again


_TRAP = """
create function held_up() returns trigger language plpgsql as $$
begin perform pg_advisory_xact_lock(7); return null; end $$;
create constraint trigger held_up after insert on cards deferrable initially deferred
    for each row execute function held_up();
"""


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[asyncio.Event]:
    """The server itself stops at a lock that its commits need."""
    stopped = asyncio.Event()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
        await other.execute(_TRAP)
        await other.execute("select pg_advisory_lock(7)")
        try:
            watching = asyncio.create_task(_say_when_waiting(url, stopped))
            yield stopped
            await watching
            await other.execute("select pg_advisory_unlock(7)")
        finally:
            await other.execute("select pg_advisory_unlock_all()")
            await other.execute("drop trigger held_up on cards; drop function held_up()")


async def _say_when_waiting(url: str, stopped: asyncio.Event) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as looking:
        while not stopped.is_set():
            found = await looking.execute(
                "select 1 from pg_locks where locktype = 'advisory' and not granted"
            )
            if await found.fetchone():
                stopped.set()
            await asyncio.sleep(0.005)


async def test_who_is_cancelled_while_it_is_committed_leaves_its_signal(
    database: Database, database_url: str, heard: Heard
) -> None:
    async with asyncio.timeout(20):
        async with commit_held_up(database, database_url) as stopped:
            caller = asyncio.create_task(database.run(marking("one")))
            await stopped.wait()
            assert heard.all == []
            caller.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await caller
        await database.run(lambda tx: tx.draft(ANNA))  # behind whatever is still under way
    assert await database.look(lambda tx: tx.card(ANNA, "one")) is not None
    assert heard.subjects == [["one"]]


# -- what the loops make of it


async def test_each_loop_is_told_what_concerns_it(sqlite_database: Database) -> None:
    signals = Signals(shows_cards=False)
    listen(sqlite_database, signals)
    told = signals.cards, signals.requests, signals.deadlines, signals.lockers

    def lowered() -> list[bool]:
        raised = [signal.is_set for signal in told]
        for signal in told:
            signal.take()
        return raised

    await sqlite_database.run(marking("one"))
    assert lowered() == [True, False, False, False]
    later = NOW + timedelta(hours=1)
    waiting = a_delivery("a", state=State.NO_LOCKER, deadline_at=later)
    await sqlite_database.run(lambda tx: tx.add_delivery(waiting))
    assert signals.deadlines.take() == (later, False)
    signals.deadlines.set(later)
    assert lowered() == [False, False, True, False]
    asked = a_delivery("b", want=RequestKind.LOCKER, want_due=NOW)
    await sqlite_database.run(lambda tx: tx.add_delivery(asked))
    assert lowered() == [False, True, False, True]
    found = await sqlite_database.look(lambda tx: tx.delivery(DeliveryId("b")))
    assert found is not None
    await sqlite_database.run(lambda tx: tx.save_delivery(replace(found, request=None)))
    assert lowered() == [False, False, False, True]
