"""Transactions: whole or not at all, durable before anybody is told, taken again on conflict."""

import asyncio
import contextvars
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from bot.domain.claims import Claim
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.person import Draft, Person
from bot.ports.database import Database
from bot.ports.errors import Conflict
from storage import StorageBroken, StorageUnavailable, group_commit, migrate, open_database
from storage.group_commit import STEPS_A_COMMIT, Writer
from storage.sealing import Sealer
from storage.sqlite import SqliteDatabase
from storage.sqlite_connection import InlineConnection
from storage.sqlite_thread import connect
from storage.urls import sqlite_path
from tests.support.databases import KEYS, a_delivery

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
CHAT = PersonId(7_000_000_001)


async def count_one_up(tx) -> int:
    """A step that two can't take at once without one noticing."""
    draft = await tx.draft(CHAT)
    await asyncio.sleep(0)
    saved = await tx.save_draft(replace(draft, answers={"n": draft.answers.get("n", 0) + 1}))
    return saved.answers["n"]


async def test_a_step_that_raises_leaves_nothing_and_passes_its_error_on(
    database: Database,
) -> None:
    async def fails(tx):
        await tx.save_draft(Draft(CHAT))
        await tx.mark(CHAT, "screen", now=NOW)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await database.run(fails)
    assert (await database.look(lambda tx: tx.draft(CHAT))).version == 0
    assert await database.look(lambda tx: tx.card(CHAT, "screen")) is None


@pytest.mark.parametrize("brief", [False, True])
async def test_what_a_step_that_raised_has_left_running_writes_nothing(
    database: Database, brief: bool
) -> None:
    crowd = [PersonId(number) for number in range(20)]
    left = list[asyncio.Task[None]]()

    async def marked(tx, chat: PersonId) -> None:
        for _ in range(chat % 7):
            await asyncio.sleep(0)
        await tx.draft(chat)
        await tx.mark(chat, "screen", now=NOW)
        if chat == crowd[3]:
            raise LookupError("mine")

    async def fails(tx) -> None:
        left.extend(asyncio.create_task(marked(tx, chat)) for chat in crowd)
        await asyncio.gather(*left)

    with pytest.raises(LookupError, match="mine"):
        await database.run(fails, brief=brief)
    await asyncio.gather(*left, return_exceptions=True)
    await database.run(lambda tx: tx.save_draft(Draft(CHAT)))
    assert [await database.look(lambda tx, c=c: tx.card(c, "screen")) for c in crowd] == [None] * 20


async def test_a_step_that_comes_second_leaves_nothing(database: Database) -> None:
    await database.run(lambda tx: tx.save_draft(Draft(CHAT)))

    async def late(tx):
        await tx.mark(CHAT, "screen", now=NOW)
        await tx.save_draft(Draft(CHAT, version=7))  # its commit would travel along

    with pytest.raises(Conflict):
        await database.run(late)
    assert (await database.look(lambda tx: tx.draft(CHAT))).version == 1
    assert await database.look(lambda tx: tx.card(CHAT, "screen")) is None


@pytest.mark.parametrize("brief", [False, True])
async def test_a_failing_step_leaves_those_it_shares_a_commit_with(
    database: Database, brief: bool
) -> None:
    async def mark(tx, number: int) -> int:
        if number % 2:
            await tx.draft(PersonId(number))
        await tx.mark(PersonId(number), "screen", now=NOW)
        if number % 3 == 0:
            raise ZeroDivisionError
        if number % 3 == 1:
            await tx.card(PersonId(number), "screen")
        return number

    many = range(150)
    told = await asyncio.gather(
        *(database.run(lambda tx, n=number: mark(tx, n), brief=brief) for number in many),
        return_exceptions=True,
    )
    kept = {card.chat for card in await database.look(lambda tx: tx.cards_about("screen"))}
    assert kept == {number for number in many if number % 3}
    assert {number for number in told if isinstance(number, int)} == kept
    assert sum(isinstance(error, ZeroDivisionError) for error in told) == 50


async def test_a_step_that_fails_before_it_asks_anything_spoils_nothing(
    database: Database,
) -> None:
    async def fails(tx):
        raise ZeroDivisionError

    told = await asyncio.gather(
        *(database.run(step) for step in (count_one_up, fails, count_one_up, fails)),
        return_exceptions=True,
    )
    assert sorted(each for each in told if isinstance(each, int)) == [1, 2]
    assert (await database.look(lambda tx: tx.draft(CHAT))).answers == {"n": 2}


async def test_a_brief_step_that_comes_second_leaves_nothing_of_itself_and_all_of_the_others(
    database: Database,
) -> None:
    late = Draft(CHAT, version=7)

    async def step(tx, number: int) -> None:
        await tx.mark(PersonId(number), "screen", now=NOW)
        if number == 3:
            await tx.save_draft(late)  # its check fails at the very end

    told = await asyncio.gather(
        *(database.run(lambda tx, n=n: step(tx, n), brief=True) for n in range(1, 9)),
        return_exceptions=True,
    )
    assert [type(each) for each in told if each is not None] == [Conflict]
    kept = {card.chat for card in await database.look(lambda tx: tx.cards_about("screen"))}
    assert kept == {1, 2, 4, 5, 6, 7, 8}


async def test_a_brief_step_waits_for_another_programs_writing_and_holds_up_nobody_else(
    sqlite_database: Database, sqlite_url: str
) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        waiting = asyncio.create_task(sqlite_database.run(count_one_up, brief=True))
        async with asyncio.timeout(2):  # where the loop itself waited, it would be late for that
            for _ in range(20):
                await asyncio.sleep(0)
                assert (await sqlite_database.glance(lambda tx: tx.draft(CHAT))).version == 0
        assert not waiting.done()
        other.execute("rollback")
        assert await waiting == 1


async def test_a_brief_step_is_committed_beside_the_loop(
    sqlite_database: SqliteDatabase,
) -> None:
    """A commit waits for the disk, which may take its time."""
    threads: list[tuple[str, int]] = []

    def traced(sql: str) -> None:
        threads.append((sql.split()[0].lower(), threading.get_ident()))

    thread = sqlite_database._writer._thread
    thread._raw.set_trace_callback(traced)
    await sqlite_database.run(count_one_up, brief=True)
    thread._raw.set_trace_callback(None)
    here = [verb for verb, ident in threads if ident == threading.get_ident()]
    assert "select" in here
    assert [verb for verb, _ in threads].count("commit") == 1
    assert "commit" not in here


async def test_waiting_steps_share_commits(sqlite_database: Database, sqlite_url: str) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    seen = []
    with closing(sqlite3.connect(path)) as onlooker:

        async def step(tx, number: int):
            await tx.mark(PersonId(number), "screen", now=NOW)
            [row] = onlooker.execute("select count(*) from cards").fetchall()
            seen.append(row[0])

        steps = [lambda tx, number=number: step(tx, number) for number in range(STEPS_A_COMMIT)]
        await asyncio.gather(*(sqlite_database.run(each) for each in steps))
    assert len(set(seen)) < STEPS_A_COMMIT / 2


async def test_what_somebody_waits_for_goes_ahead_of_what_waits_and_is_committed_without_it(
    sqlite_database: Database, sqlite_url: str
) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    taken: list[tuple[int, list[int]]] = []
    with closing(sqlite3.connect(path)) as onlooker:

        async def step(tx, number: int):
            committed = onlooker.execute("select chat from cards where chat > 90")
            taken.append((number, [chat for [chat] in committed]))
            await tx.mark(PersonId(number), "screen", now=NOW)

        def run(number: int, *, urgent: bool = False):
            return sqlite_database.run(lambda tx: step(tx, number), urgent=urgent)

        news = (run(number) for number in range(1, 9))
        await asyncio.gather(*news, run(91, urgent=True), run(92, urgent=True))
    order = [number for number, _ in taken]
    assert order == [91, 92, *range(1, 9)]
    assert taken[2] == (1, [91, 92])


async def test_a_patient_step_shares_the_commit_of_whoever_comes_next(
    sqlite_database: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "SECONDS_FOR_COMPANY", 60.0)
    path = sqlite_path(sqlite_url)
    assert path is not None
    with closing(sqlite3.connect(path)) as onlooker:

        async def next_one(tx):
            await tx.draft(CHAT)
            return onlooker.execute("select count(*) from cards").fetchall()

        def mark(tx):
            return tx.mark(CHAT, "screen", now=NOW)

        first = asyncio.create_task(sqlite_database.run(mark, one_statement=True, patient=True))
        for _ in range(3):  # behind its statement, if that had gone
            await asyncio.sleep(0)
            await sqlite_database._writer._thread.fetch_last([("select 1", ())])
        assert await sqlite_database.run(next_one) == [(0,)]
        await first
        assert onlooker.execute("select count(*) from cards").fetchall() == [(1,)]


async def test_a_patient_step_that_nobody_joins_is_committed_all_the_same(
    database: Database,
) -> None:
    await database.run(lambda tx: tx.mark(CHAT, "screen", now=NOW), patient=True)
    assert await database.look(lambda tx: tx.card(CHAT, "screen"))


async def test_closing_waits_for_no_company(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "SECONDS_FOR_COMPANY", 60.0)
    async with asyncio.timeout(30):
        async with open_database(sqlite_url, keys=KEYS) as database:
            marking = database.run(lambda tx: tx.mark(CHAT, "screen", now=NOW), patient=True)
            told = asyncio.create_task(marking)
            await asyncio.sleep(0)
        await told


async def test_who_is_told_finds_it_committed(sqlite_database: Database, sqlite_url: str) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    with closing(sqlite3.connect(path)) as onlooker:

        async def mark_and_look(number: int):
            await sqlite_database.run(lambda tx: tx.mark(PersonId(number), "screen", now=NOW))
            return onlooker.execute(
                "select count(*) from cards where chat = ?", (number,)
            ).fetchall()

        found = await asyncio.gather(*(mark_and_look(number) for number in range(50)))
    assert found == [[(1,)]] * 50


async def test_a_failing_commit_fails_everybody_in_it(sqlite_database: Database) -> None:
    writer = sqlite_database._writer._thread  # the one thing that can't be brought about outside
    honest = writer.run

    async def full_disk(statements):
        if statements[-1][0] == "commit":
            raise StorageUnavailable("disk full")
        return await honest(statements)

    async def fails(tx):
        raise ZeroDivisionError

    writer.run = full_disk
    told = await asyncio.gather(
        *(sqlite_database.run(step) for step in (count_one_up, fails, count_one_up)),
        return_exceptions=True,
    )
    writer.run = honest
    assert [type(each) for each in told] == [StorageUnavailable] * 3
    assert await sqlite_database.run(count_one_up) == 1


async def test_a_commit_that_fails_concerns_nobody_who_was_committed_before(
    sqlite_database: Database,
) -> None:
    writer = sqlite_database._writer._thread
    honest, later = writer.run, []

    async def run(statements):
        if later and statements[-1][0] == "commit":
            raise StorageUnavailable("disk full")
        found = await honest(statements)
        if statements[-1][0] == "commit":  # two come while the first is committed
            later.extend(asyncio.create_task(sqlite_database.run(count_one_up)) for _ in range(2))
            await asyncio.sleep(0)
        return found

    writer.run = run
    assert await sqlite_database.run(count_one_up) == 1
    told = await asyncio.gather(*later, return_exceptions=True)
    assert [type(each) for each in told] == [StorageUnavailable] * 2


async def test_a_full_disk_is_told_and_outlived(sqlite_database: Database) -> None:
    writer = sqlite_database._writer._thread
    [[pages]] = await writer.fetch_last([("pragma page_count", ())])
    await writer.fetch_last([(f"pragma max_page_count = {pages + 2}", ())])

    async def big(tx):
        await tx.save_person(Person(CHAT, "x" * 100_000))

    told = await asyncio.gather(
        *(sqlite_database.run(step) for step in (count_one_up, big, count_one_up)),
        return_exceptions=True,
    )
    assert isinstance(told[1], StorageUnavailable)
    await writer.fetch_last([("pragma max_page_count = 100000", ())])
    kept = (await sqlite_database.look(lambda tx: tx.draft(CHAT))).answers.get("n", 0)
    assert kept == sum(isinstance(each, int) for each in told)
    assert await sqlite_database.run(count_one_up) == kept + 1


async def test_a_step_that_meets_a_conflict_is_taken_again(database: Database) -> None:
    stale = await database.run(lambda tx: tx.save_draft(Draft(CHAT)))
    await database.run(lambda tx: tx.save_draft(stale))
    taken = []

    async def step(tx):
        taken.append(tx)
        draft = stale if len(taken) == 1 else await tx.draft(CHAT)
        return await tx.save_draft(replace(draft, step="mine"))

    assert (await database.run(step)).version == 3
    assert len(taken) == 2


async def test_a_conflict_that_does_not_go_away_is_passed_on(database: Database) -> None:
    taken = []

    async def step(tx):
        taken.append(tx)
        await tx.mark(CHAT, "screen", now=NOW)
        raise Conflict("always")

    with pytest.raises(Conflict, match="always"):
        await database.run(step)
    assert 1 < len(taken) < 10
    assert await database.look(lambda tx: tx.card(CHAT, "screen")) is None


async def test_two_replicas_lose_no_step(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        replicas = [
            await stack.enter_async_context(open_database(database_url, keys=KEYS))
            for _ in range(2)
        ]

        async def ten(replica: Database) -> list[int]:
            return [await replica.run(count_one_up) for _ in range(10)]

        told = await asyncio.gather(*(ten(replica) for replica in replicas for _ in range(2)))
        assert sorted(number for numbers in told for number in numbers) == list(range(1, 41))


async def test_two_replicas_handle_an_update_once(database_url: str) -> None:
    async def handle(tx, update: int) -> bool:
        opening = await tx.open_update(update, CHAT, NOW)
        if opening.fresh:
            await tx.mark(PersonId(update), "screen", now=NOW)
        return opening.fresh

    async with (
        open_database(database_url, keys=KEYS) as one,
        open_database(database_url, keys=KEYS) as other,
    ):
        told = await asyncio.gather(
            *(
                replica.run(lambda tx, update=update: handle(tx, update))
                for update in range(20)
                for replica in (one, other)
            )
        )
        cards = await one.look(lambda tx: tx.cards_about("screen"))
    assert sum(told) == 20
    assert [card.wanted for card in cards] == [1] * 20


async def test_steps_and_looks_outlive_lost_connections(postgres_url: str) -> None:
    async with open_database(postgres_url, keys=KEYS) as database:
        for number in range(1, 4):
            assert await database.run(count_one_up) == number
            assert (await database.look(lambda tx: tx.draft(CHAT))).version == number
            with psycopg.connect(postgres_url) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )


async def test_a_look_sees_one_moment_and_waits_for_no_writer(database: Database) -> None:
    await database.run(count_one_up)
    seen = asyncio.Event()
    written = asyncio.Event()

    async def look(tx):
        before = await tx.draft(CHAT)
        seen.set()
        await written.wait()
        return before, await tx.draft(CHAT)

    looking = asyncio.create_task(database.look(look))
    await seen.wait()

    async def write(tx):
        await count_one_up(tx)
        # In the midst of writing, somebody else looks and sees what was.
        return await database.look(lambda other: other.draft(CHAT))

    meanwhile = await database.run(write)
    written.set()
    before, after = await looking
    assert before == after == meanwhile
    assert (await database.look(lambda tx: tx.draft(CHAT))).version == 2


async def test_a_glance_sees_what_was_committed_and_nothing_else(database: Database) -> None:
    async def write_and_glance(tx):
        await count_one_up(tx)
        return await database.glance(lambda other: other.draft(CHAT))

    assert await database.run(write_and_glance) == Draft(CHAT)
    assert (await database.glance(lambda tx: tx.draft(CHAT))).answers == {"n": 1}


async def test_a_glance_at_a_locked_file_waits_on_another_thread(
    sqlite_url: str, tmp_path: Path
) -> None:
    sealer, path = Sealer(KEYS), sqlite_path(sqlite_url)
    assert path is not None
    await migrate(sqlite_url)
    locked = tmp_path / "locked.db"
    with (
        closing(sqlite3.connect(locked, isolation_level=None)) as other,
        closing(InlineConnection(locked)) as inline,
    ):
        other.execute("begin exclusive")
        async with AsyncExitStack() as stack:
            writer, reader = Writer(await connect(path), sealer), await connect(path)
            stack.push_async_callback(writer.close)
            stack.push_async_callback(reader.close)
            database = SqliteDatabase(writer, [reader], inline, sealer)
            await database.run(count_one_up)
            assert (await database.glance(lambda tx: tx.draft(CHAT))).answers == {"n": 1}


async def test_more_looks_than_readers_all_get_their_turn(database: Database) -> None:
    looks = (database.look(lambda tx: tx.draft(CHAT)) for _ in range(40))
    assert await asyncio.gather(*looks) == [Draft(CHAT)] * 40


async def test_a_caller_who_gives_up_while_waiting_takes_the_step_along(
    sqlite_database: Database,
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx):
        begun.set()
        await go_on.wait()
        return await count_one_up(tx)

    first = asyncio.create_task(sqlite_database.run(slow))
    await begun.wait()
    given_up = asyncio.create_task(sqlite_database.run(count_one_up))
    third = asyncio.create_task(sqlite_database.run(count_one_up))
    await asyncio.sleep(0)
    given_up.cancel()
    go_on.set()
    assert [await first, await third] == [1, 2]
    assert given_up.cancelled()


async def test_a_caller_who_gives_up_half_way_leaves_a_whole_step_or_none(
    database: Database,
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def two_marks(tx):
        await tx.mark(CHAT, "one", now=NOW)
        await tx.card(CHAT, "one")
        begun.set()
        await go_on.wait()
        await tx.mark(CHAT, "two", now=NOW)

    caller = asyncio.create_task(database.run(two_marks))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    assert await database.run(count_one_up) == 1
    cards = [await database.look(lambda tx, s=s: tx.card(CHAT, s)) for s in ("one", "two")]
    assert (cards[0] is None) == (cards[1] is None)


async def test_a_look_given_up_leaves_its_reader_usable(database: Database) -> None:
    for _ in range(12):
        begun = asyncio.Event()

        async def stuck(tx, begun=begun):
            await tx.draft(CHAT)
            begun.set()
            await asyncio.Event().wait()

        looking = asyncio.create_task(database.look(stuck))
        await begun.wait()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
    assert await database.run(count_one_up) == 1
    assert (await database.look(lambda tx: tx.draft(CHAT))).version == 1


async def test_a_step_that_cancels_itself_is_undone_alone(database: Database) -> None:
    async def impatient(tx):
        await tx.mark(CHAT, "screen", now=NOW)
        async with asyncio.timeout(0):
            await tx.card(CHAT, "screen")

    told = await asyncio.gather(
        *(database.run(step) for step in (count_one_up, impatient, count_one_up)),
        return_exceptions=True,
    )
    assert [type(each) for each in told] == [int, TimeoutError, int]
    assert await database.look(lambda tx: tx.card(CHAT, "screen")) is None


async def test_a_step_sees_its_callers_context(database: Database) -> None:
    language = contextvars.ContextVar("language", default="en")

    async def call(chosen: str) -> str:
        language.set(chosen)

        async def step(tx):
            await tx.draft(CHAT)
            return language.get()

        return await database.run(step)

    languages = ["de", "fr", "pl"]
    assert await asyncio.gather(*(call(each) for each in languages)) == languages


async def test_closing_finishes_what_is_queued_and_takes_no_more(sqlite_url: str) -> None:
    async with open_database(sqlite_url, keys=KEYS) as database:
        waiting = [asyncio.create_task(database.run(count_one_up)) for _ in range(5)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [1, 2, 3, 4, 5]
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.run(count_one_up)


async def test_a_row_without_its_delivery_is_refused(database: Database) -> None:
    claim = Claim(DeliveryId("nowhere"), "AAAA2222", "link")
    with pytest.raises(StorageBroken):
        await database.run(lambda tx: tx.save_claim(claim))
    await database.run(lambda tx: tx.add_delivery(a_delivery("nowhere")))
    await database.run(lambda tx: tx.save_claim(claim))


KILLED = """
import asyncio, sys
from dataclasses import replace
from datetime import UTC, datetime
from bot.domain.history import HistoryEntry, HistoryEvent
from storage import open_database
from tests.support.databases import KEYS, a_delivery

NOW = datetime(2026, 3, 1, tzinfo=UTC)

async def main(url):
    async with open_database(url, keys=KEYS) as database:
        async def writer(name):
            delivery = await database.run(lambda tx: tx.add_delivery(a_delivery(name)))
            while True:
                async def step(tx):
                    saved = await tx.save_delivery(delivery)
                    step = str(saved.version)
                    await tx.record(HistoryEntry(saved.id, NOW, HistoryEvent.MESSAGE, None, step))
                    return saved
                delivery = await database.run(step)
                print(name, delivery.version, flush=True)
        await asyncio.gather(*(writer(f"writer{number}") for number in range(6)))

asyncio.run(main(sys.argv[1]))
"""


async def test_killed_at_any_moment_it_leaves_whole_steps_and_all_that_was_told(
    database_url: str,
) -> None:
    for lines in (1, 40, 77, 150):
        told = await asyncio.to_thread(_run_and_kill, database_url, lines)
        await asyncio.to_thread(_until_the_killed_are_gone, database_url)
        async with open_database(database_url, keys=KEYS) as database:
            live = await database.look(lambda tx: tx.deliveries_at_harbor())
            for delivery in live:
                history = await database.look(lambda tx, each=delivery: tx.history(each.id))
                steps = [moment.detail for moment in history]
                assert steps == [str(number) for number in range(2, delivery.version + 1)]
                assert delivery.version >= told.get(delivery.id, 0)
            assert told.keys() <= {delivery.id for delivery in live}
            for delivery in live:
                await database.run(lambda tx, each=delivery: _remove(tx, each.id))


def _until_the_killed_are_gone(url: str) -> None:
    """PostgreSQL may still be committing what a killed client had asked for."""
    if sqlite_path(url) is not None:
        return
    with psycopg.connect(url, autocommit=True) as connection:
        others = "datname = current_database() and pid <> pg_backend_pid()"
        while connection.execute(f"select from pg_stat_activity where {others}").fetchone():
            connection.execute("select pg_sleep(0.01)")


async def _remove(tx, delivery: str) -> None:
    await tx._db.execute("delete from deliveries where id = ?", (delivery,))


def _run_and_kill(url: str, lines: int) -> dict[str, int]:
    """Kill a writing process after that many steps were told; the last version told of each."""
    told: dict[str, int] = {}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    with process, process.stdout as output:
        for _ in range(lines):
            name, version = output.readline().split()
            told[name] = int(version)
        os.kill(process.pid, signal.SIGKILL)
        for line in output:  # what it still told before it died counts too
            if line.endswith("\n"):
                name, version = line.split()
                told[name] = int(version)
    return told
