"""Several processes on one PostgreSQL: who watches, who takes over from whom, who shares what.

Each database here has a session of its own, as a process has; one that is killed is a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest

from bot.domain.card import SCREEN, Lane
from bot.domain.delivery import RequestKind
from bot.domain.message import Message
from bot.ports.database import Database
from bot.ports.errors import TryLater
from bot.ports.replicas import News
from bot.workers.loop import Loop
from bot.workers.outbox import Outbox
from bot.workers.signals import Signals
from handlers.telegram.allowance import OVERALL
from handlers.telegram.rate_limit import RateLimit
from handlers.telegram.shares import Shares
from sandbox.clock import Clock
from storage import presence
from tests.support.databases import a_delivery, listen, opened
from tests.support.owed import ANNA, START, Chats, Truth

WITHIN = 5.0
"""Seconds within which what a killed process held is taken over."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The roll is called every few milliseconds, where nothing is said of how long that takes."""
    monkeypatch.setattr(presence, "EVERY", 0.02)


async def until(true: Callable[[], Any], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@dataclass
class Replica:
    """A process's database, what it hears, and the outbox that it shows cards with."""

    database: Database
    signals: Signals
    outbox: Outbox

    @contextlib.asynccontextmanager
    async def showing(self, clock: Clock) -> AsyncIterator[None]:
        """Its outbox at work, which has looked for what there was before."""
        await self.outbox.turn()
        loop = Loop("outbox", clock, self.outbox.turn, self.signals.cards)
        running = asyncio.create_task(loop.run())
        try:
            yield
        finally:
            loop.stop()
            await running
            await self.outbox.settle()


@contextlib.asynccontextmanager
async def replica(
    url: str, clock: Clock, chats: Chats, truth: Truth, *, shows_cards: bool = True
) -> AsyncIterator[Replica]:
    async with opened(url) as database:
        signals = Signals(shows_cards=shows_cards)
        listen(database, signals)
        yield Replica(database, signals, Outbox(database, chats, truth, clock, signals))


# -- who watches


async def test_of_several_processes_one_watches_and_when_it_ends_another_does(
    postgres_url: str, quick: None
) -> None:
    async with opened(postgres_url) as first:
        assert first.replicas.watches
        async with opened(postgres_url) as second, opened(postgres_url) as third:
            assert not second.replicas.watches
            assert not third.replicas.watches
            await until(lambda: first.replicas.size == second.replicas.size == 3)
        await until(lambda: first.replicas.size == 1)
        standby = contextlib.AsyncExitStack()
        other = await standby.enter_async_context(opened(postgres_url))
        assert not other.replicas.watches
    async with standby:
        await until(lambda: other.replicas.watches)


async def test_who_is_about_to_watch_is_woken_for_it(postgres_url: str, quick: None) -> None:
    signals = Signals()
    async with contextlib.AsyncExitStack() as first:
        await first.enter_async_context(opened(postgres_url))
        async with opened(postgres_url) as second:
            listen(second, signals)
            assert not signals.lockers.is_set
            await first.aclose()
            async with asyncio.timeout(10):
                await signals.lockers.wait()
            assert second.replicas.watches


async def test_a_process_whose_session_is_ended_watches_no_more_and_comes_back(
    postgres_url: str, quick: None
) -> None:
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        held = first.replicas.new_lease()  # type: ignore[attr-defined]
        assert first.replicas.holds(held)
        await _end_session(postgres_url, watcher=True)
        await until(lambda: second.replicas.watches)
        await until(lambda: not first.replicas.holds(held))
        assert not first.replicas.watches
        await until(lambda: first.replicas.size == second.replicas.size == 2)
        assert first.replicas.holds(first.replicas.new_lease())  # type: ignore[attr-defined]


async def _end_session(url: str, *, watcher: bool) -> None:
    """The server ends the session of the process that watches (or of one that does not)."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as raw:
        ended = await raw.execute(
            """select pg_terminate_backend(pid) from pg_locks
               where locktype = 'advisory' and granted and classid = %s
                   and database = (select oid from pg_database where datname = current_database())
                   and (pid in (select pid from pg_locks where classid = %s and granted)) = %s""",
            (presence._REPLICA, presence._WATCHER, watcher),
        )
        assert await ended.fetchall()


async def test_when_whoever_watches_has_looked_is_known_to_all(
    postgres_url: str, quick: None
) -> None:
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        assert second.replicas.looked_at is None
        first.replicas.looked(START)
        await until(lambda: second.replicas.looked_at == START)


# -- what a process tells the others


async def test_a_card_that_one_process_leaves_is_shown_by_another_at_once(
    postgres_url: str,
) -> None:
    """Its clock stands still, so it does not look by itself."""
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    async with (
        replica(postgres_url, clock, chats, truth) as showing,
        replica(postgres_url, clock, chats, truth, shows_cards=False) as marking,
        showing.showing(clock),
    ):
        await until(lambda: marking.database.replicas.size == 2)
        await marking.database.run(lambda tx: tx.mark(ANNA, SCREEN, now=START))
        await until(lambda: chats.of(ANNA) == ["one"])


async def test_what_was_not_begun_when_a_process_ends_is_shown_by_another_at_once(
    postgres_url: str,
) -> None:
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    async with (
        replica(postgres_url, clock, chats, truth) as staying,
        staying.showing(clock),
    ):
        async with replica(postgres_url, clock, chats, truth) as ending:
            await ending.database.run(lambda tx: tx.mark(ANNA, SCREEN, now=START))
            await ending.outbox.give_back()
            assert chats.of(ANNA) == []
        await until(lambda: chats.of(ANNA) == ["one"])
    assert staying.outbox.tally.possible_doubles == 0


@pytest.mark.parametrize("news", [News.PUSH, News.HINT])
async def test_a_push_that_comes_to_another_reaches_whoever_watches(
    postgres_url: str, news: News
) -> None:
    signals = Signals()
    async with opened(postgres_url) as watching, opened(postgres_url) as other:
        listen(watching, signals)
        heard = asyncio.create_task(signals.lockers.wait())
        async with asyncio.timeout(10):
            while not heard.done():  # what is told before anybody listens is told to nobody
                other.replicas.tell(news)
                await asyncio.wait({heard}, timeout=0.2)
        assert signals.pushes == {news}


async def test_a_delivery_that_one_process_saves_wakes_whoever_watches(postgres_url: str) -> None:
    signals = Signals()
    async with opened(postgres_url) as watching, opened(postgres_url) as other:
        listen(watching, signals)
        listen(other, Signals())
        heard, number = asyncio.create_task(signals.lockers.wait()), count()
        async with asyncio.timeout(10):
            while not heard.done():  # what is told before anybody listens is told to nobody
                asked = a_delivery(str(next(number)), want=RequestKind.LOCKER)
                await other.run(lambda tx, asked=asked: tx.add_delivery(asked))
                await asyncio.wait({heard}, timeout=0.2)


# -- a process that is killed

_HOLDS = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from bot.domain.card import SCREEN
from bot.domain.ids import PersonId
from bot.workers.signals import CARD_LEASE, Signals
from storage import open_database
from tests.support.databases import KEYS

async def main():
    async with open_database(sys.argv[1], keys=KEYS, signals=Signals()) as database:
        now = datetime.fromisoformat(sys.argv[2])
        await database.run(lambda tx: tx.mark(PersonId(1), SCREEN, now=now, ring=True))
        await database.run(lambda tx: tx.lease_requests(now, now + CARD_LEASE, 9))
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def holding(url: str, now: datetime) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that has begun to ring Anna's phone and to ask Harbor, and gets no further."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOLDS, url, now.isoformat()), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"held\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_what_a_killed_process_held_is_taken_over_in_seconds_and_may_have_been_sent(
    postgres_url: str,
) -> None:
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    async with replica(postgres_url, clock, chats, truth) as living:
        asked = a_delivery("a", want=RequestKind.LOCKER, want_due=START)
        await living.database.run(lambda tx: tx.add_delivery(asked))
        async with holding(postgres_url, START) as process, living.showing(clock):
            await until(lambda: living.database.replicas.size == 2)
            living.signals.requests.take()
            assert await _leases(living.database) == []
            assert chats.of(ANNA) == [], "it is the other's"
            process.kill()
            await until(lambda: chats.of(ANNA) == ["one"], WITHIN)
            assert living.signals.requests.is_set
        assert await _leases(living.database) == ["a"]
        assert living.outbox.tally.possible_doubles == 1
        assert living.database.replicas.size == 1
    assert chats.calls == ["send"]


async def _leases(database: Database) -> list[str]:
    """The deliveries whose requests are due and nobody's."""
    leased = await database.run(
        lambda tx: tx.lease_requests(START, START + timedelta(minutes=1), 9), one_statement=True
    )
    return [each.delivery.id for each in leased]


async def test_what_a_living_process_holds_is_its_own_however_many_come_and_go(
    postgres_url: str, quick: None
) -> None:
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    async with replica(postgres_url, clock, chats, truth) as holder:
        await holder.database.run(lambda tx: tx.mark(ANNA, SCREEN, now=START))
        for _ in range(3):
            async with replica(postgres_url, clock, chats, truth) as other:
                await until(lambda: holder.database.replicas.size == 2)
                await other.outbox.turn()
                await other.outbox.settle()
            await until(lambda: holder.database.replicas.size == 1)
        assert chats.calls == []
        await holder.outbox.turn()
        await holder.outbox.settle()
    assert chats.calls == ["send silently"]


async def test_who_has_lost_its_session_sends_nothing_that_another_may_have_taken_over(
    postgres_url: str, quick: None
) -> None:
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    async with (
        replica(postgres_url, clock, chats, truth) as first,
        replica(postgres_url, clock, chats, truth) as second,
        second.showing(clock),
    ):
        await first.database.run(lambda tx: tx.mark(ANNA, SCREEN, now=START))
        [card] = first.signals.take_cards()
        await _end_session(postgres_url, watcher=True)
        for _ in range(5):  # where the first takes it over itself, the second finds it in 10 s
            with contextlib.suppress(TimeoutError):
                await until(lambda: chats.of(ANNA) == ["one"], 2)
                break
            clock.turn(10)
        assert chats.of(ANNA) == ["one"]
        await until(lambda: not first.database.replicas.holds(card.lease))
        first.outbox._waiting.put(card)
        await first.outbox.turn()
        await first.outbox.settle()
    assert chats.calls == ["send silently"]


# -- what Telegram allows


class Speakers:
    """The processes' calls to Telegram, and when each was made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.moments: list[tuple[int, datetime]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.shares: list[Shares] = []

    def process(self, database: Database) -> RateLimit:
        """How fast a process speaks."""
        self.shares.append(Shares(database, self._clock))
        return RateLimit(self._clock, a_chat=None, shares=self.shares[-1])

    def ask(self, who: int, pace: RateLimit, times: int, lane: Lane = Lane.NEWS) -> None:
        async def speak(chat: int) -> None:
            with contextlib.suppress(TryLater):
                (await pace.turn(chat, message=False, lane=lane)).ended()
                self.moments.append((who, self._clock.now()))

        self.tasks += [asyncio.create_task(speak(chat)) for chat in range(times)]

    def most_in_a_second(self) -> int:
        second = timedelta(seconds=1)
        moments = [at for _, at in self.moments]
        return max(sum(at <= other < at + second for other in moments) for at in moments)


async def passing(clock: Clock, speakers: Speakers, *, seconds: float) -> None:
    """Time goes by in steps; at each, whoever can go on goes on, with what the database answers."""
    for _ in range(round(seconds / 0.02)):
        clock.turn(0.02)
        before = -1
        while len(speakers.moments) != before:
            before = len(speakers.moments)
            for _ in range(10):
                await asyncio.sleep(0)
            await until(lambda: not any(shares.asking for shares in speakers.shares))


async def test_several_processes_share_what_telegram_allows(postgres_url: str) -> None:
    clock = Clock(START, stopped=True)
    speakers = Speakers(clock)
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        await until(lambda: first.replicas.size == second.replicas.size == 2)
        for who, database in enumerate((first, second)):
            pace = speakers.process(database)
            speakers.ask(who, pace, 200)
        await passing(clock, speakers, seconds=4)
        for task in speakers.tasks:
            task.cancel()
    spoke = [sum(who == each for who, _ in speakers.moments) for each in (0, 1)]
    assert speakers.most_in_a_second() <= OVERALL.a_second + OVERALL.burst
    assert sum(spoke) >= 0.95 * 4 * OVERALL.a_second, "all of it is used"
    assert min(spoke) > 0.4 * sum(spoke), "by both of them"


async def test_who_alone_has_something_to_say_has_all_that_telegram_allows(
    postgres_url: str,
) -> None:
    clock = Clock(START, stopped=True)
    speakers = Speakers(clock)
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        await until(lambda: first.replicas.size == second.replicas.size == 2)
        pace = speakers.process(first)
        speakers.ask(1, pace, 200)
        await passing(clock, speakers, seconds=2)
        quiet = speakers.process(second)
        before = len(speakers.moments)
        speakers.ask(2, quiet, 1, Lane.ANSWER)
        await passing(clock, speakers, seconds=0.3)
        for task in speakers.tasks:
            task.cancel()
    assert before >= 0.95 * 2 * OVERALL.a_second
    assert 2 in {who for who, _ in speakers.moments[before:]}, "a tap there waits for no burst here"


async def test_a_process_that_is_alone_asks_nobody(postgres_url: str) -> None:
    clock = Clock(START, stopped=True)
    async with opened(postgres_url) as database:
        pace = RateLimit(clock, shares=Shares(database, clock))
        (await pace.turn(1, message=True)).ended()
        async with await psycopg.AsyncConnection.connect(postgres_url) as raw:
            rows = await (await raw.execute("select * from shares")).fetchall()
    assert rows == []
