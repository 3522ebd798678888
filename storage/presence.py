"""A process among others on one PostgreSQL database: who is at work, who watches, who is gone.

Guarantees: a process is at work for as long as its session lasts, which holds an advisory lock with
its number; a lease carries that number, so that what a process held whose lock is free is given
back by another, in one transaction with the row that says so, within a few seconds of its end. One
process at a time has the watcher's lock. What is told to others travels by NOTIFY, after the
commit; it may be lost, and is then found by whoever looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import count

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from bot.ports.replicas import Hears, News
from storage.postgres_connection import Raw, border
from storage.tables import cards, deliveries
from storage.tables.rows import moment, stamp

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two roll calls."""
_PATIENCE = 10.0
"""Seconds for one; a session that takes longer is given up, and another opened."""
_CHANNEL = "lockerbot"
_HERE = "here"
_NEWS = frozenset(News)
_REPLICA, _WATCHER = 512574038, 512574039  # any numbers, so long as all replicas agree
_BITS = 32
"""A lease is its process's number and, below that, so many bits of its own."""
_SERVER = (
    "set tcp_keepalives_idle = 3",
    "set tcp_keepalives_interval = 1",
    "set tcp_keepalives_count = 3",
)
"""So that either side hears of it when the other's machine has gone without a word."""

_ROLL = """select id, looked_at, case when id = %s then false
               else pg_try_advisory_xact_lock_shared(%s, id::int) end from replicas"""
_HELD = "lease between %s and %s"
_FREE_CARDS = f"{cards.TURNS.freeing(_HELD)} returning {cards.UNHEARD}"
_FREE_REQUESTS = deliveries.TURNS.freeing(_HELD)
_PASSING = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class Presence:
    """`bot.ports.replicas.Replicas` on a shared database; made by `present`."""

    def __init__(self, url: str, pool: AsyncConnectionPool[Raw], hears: Hears) -> None:
        self._url, self._pool, self._hears = url, pool, hears
        self._number: int | None = None
        self._numbers = count(secrets.randbits(_BITS - 1))
        self._others: set[int] = set()
        self._gone: dict[int, float] = {}  # and since when that is known
        self._watches = False
        self._looked_at: datetime | None = None
        self._untold: set[str] = set()
        self._telling: asyncio.Task[None] | None = None

    @property
    def size(self) -> int:
        """`Replicas.size`."""
        return 1 + len(self._others)

    @property
    def watches(self) -> bool:
        """`Replicas.watches`."""
        return self._watches

    @property
    def looked_at(self) -> datetime | None:
        """`Replicas.looked_at`."""
        return self._looked_at

    def looked(self, at: datetime) -> None:
        """`Replicas.looked`; the others hear of it at their next roll call."""
        self._looked_at = at

    def new_lease(self) -> int:
        """The number of a lease that is this process's while its session lasts. Without a session
        it is nobody's, and runs out in its time."""
        low = next(self._numbers) % (1 << _BITS)
        return ((self._number or 0) << _BITS) | low

    def holds(self, lease: int | None) -> bool:
        """`Replicas.holds`."""
        return lease is None or (lease >> _BITS) in (0, self._number)

    def tell(self, *news: str) -> None:
        """`Replicas.tell`."""
        if self.size > 1:
            self._untold.update(news)
            if self._untold and self._telling is None:
                self._telling = asyncio.create_task(self._tell(), name="telling other replicas")

    async def _tell(self) -> None:
        try:
            while self._untold:
                said, self._untold = " ".join(sorted(self._untold)), set()
                async with self._pool.connection() as raw:
                    await raw.execute(
                        "select pg_notify(%s, %s)", (_CHANNEL, f"{self._number} {said}")
                    )
        except (psycopg.Error, TimeoutError) as error:
            log.debug("replicas_not_told", why=str(error))
        finally:
            self._telling = None

    # -- the session

    async def enter(self) -> Raw:
        """Open a session, and be one of those at work from now on."""
        raw: Raw = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            keepalives_idle=3,
            keepalives_interval=1,
            keepalives_count=3,
        )
        try:
            for setting in _SERVER:
                await raw.execute(setting)
            number = 1 + secrets.randbelow(2**31 - 1)
            await raw.execute(f"listen {_CHANNEL}")
            await raw.execute("select pg_advisory_lock(%s, %s)", (_REPLICA, number))
            await raw.execute("insert into replicas (id) values (%s)", (number,))
            self._number, self._gone = number, {}
            await self._call_the_roll(raw)
            await raw.execute("select pg_notify(%s, %s)", (_CHANNEL, f"{number} {_HERE}"))
        except BaseException:
            self._lost()
            await raw.close()
            raise
        return raw

    async def stay(self, raw: Raw) -> None:
        """Be there until cancelled: when a session ends, another is opened."""
        session: Raw | None = raw
        try:
            while True:
                try:
                    session = session or await self.enter()
                    await self._listen(session)
                    await self._call_the_roll(session)
                except (psycopg.Error, TimeoutError, OSError) as error:
                    if session is not None:
                        log.warning("session_lost", why=str(error) or type(error).__name__)
                        self._lost()
                        await session.close()
                    session = None
                    await asyncio.sleep(EVERY)
        finally:
            if self._telling is not None:
                self._telling.cancel()
            if session is not None:
                await self._leave(session)

    def _lost(self) -> None:
        """Whatever this process held is anybody's."""
        self._number, self._watches = None, False

    async def _leave(self, raw: Raw) -> None:
        left, self._number = self._number, None
        with contextlib.suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(2):
                await raw.execute("delete from replicas where id = %s", (left,))
                said = " ".join([_HERE, News.CARDS, News.REQUESTS, News.DEADLINES])
                await raw.execute("select pg_notify(%s, %s)", (_CHANNEL, f"{left} {said}"))
        await raw.close()

    async def _listen(self, raw: Raw) -> None:
        """Hand on what others tell, until the roll is to be called again."""
        async with contextlib.aclosing(raw.notifies(timeout=EVERY)) as notices:
            async for notice in notices:
                teller, *said = notice.payload.split()
                if teller == str(self._number):
                    continue
                self._hears.heard([News(each) for each in said if each in _NEWS])
                if _HERE in said:  # somebody has come or gone
                    return

    async def _call_the_roll(self, raw: Raw) -> None:
        """Who is at work, who is gone, and whether to watch."""
        async with asyncio.timeout(_PATIENCE):
            if not self._watches:
                await self._try_to_watch(raw)
            elif self._looked_at is not None:
                await raw.execute(
                    "update replicas set looked_at = %s where id = %s",
                    (stamp(self._looked_at), self._number),
                )
            rows = await (await raw.execute(_ROLL, (self._number, _REPLICA))).fetchall()
            if self._number not in {number for number, *_ in rows}:
                raise psycopg.OperationalError("this session is no longer on the roll")
            gone = {number for number, _, free in rows if free}
            self._others = {number for number, *_ in rows} - gone - {self._number}
            looks = [moment(at) for number, at, _ in rows if at is not None and number not in gone]
            if not self._watches and looks:
                self._looked_at = max(looks)
            await self._see_to_the_gone(raw, gone)

    async def _try_to_watch(self, raw: Raw) -> None:
        asked = await raw.execute("select pg_try_advisory_lock(%s, 0)", (_WATCHER,))
        row = await asked.fetchone()
        self._watches = bool(row and row[0])
        if self._watches:
            log.info("watching")
            self._hears.heard([News.LOCKERS])

    async def _see_to_the_gone(self, raw: Raw, gone: set[int]) -> None:
        """Not at first sight: by then a call that one made in its last instant has arrived."""
        now = asyncio.get_running_loop().time()
        self._gone = {number: self._gone.get(number, now) for number in gone}
        for number, since in self._gone.items():
            if now - since >= EVERY / 2:
                await self._take_over(raw, number)

    async def _take_over(self, raw: Raw, number: int) -> None:
        """Give back what it held, unless somebody else does."""
        held = (number << _BITS, (number << _BITS) | ((1 << _BITS) - 1))
        try:
            async with raw.transaction():
                lock = await raw.execute(
                    "select pg_try_advisory_xact_lock(%s, %s)", (_REPLICA, number)
                )
                row = await lock.fetchone()
                if row is None or not row[0]:
                    return
                if not (
                    await raw.execute("delete from replicas where id = %s", (number,))
                ).rowcount:
                    return
                freed = await (await raw.execute(_FREE_CARDS, held)).fetchall()
                requests = (await raw.execute(_FREE_REQUESTS, held)).rowcount
        except _PASSING:
            return  # it is gone still at the next roll call
        sends = sum(bool(unheard) for (unheard,) in freed)
        log.info("taken_over", cards=len(freed), requests=requests, possibly_sent=sends)
        self._hears.taken_over(sends)


@contextlib.asynccontextmanager
async def present(
    url: str, pool: AsyncConnectionPool[Raw], hears: Hears
) -> AsyncIterator[Presence]:
    """This process at work among others while the block lasts."""
    presence = Presence(url, pool, hears)
    with border():
        raw = await presence.enter()
    staying = asyncio.create_task(presence.stay(raw), name="presence")
    try:
        yield presence
    finally:
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)
