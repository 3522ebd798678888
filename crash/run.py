"""One run: people at work, the plug pulled again and again, an evening, an audit.

Guarantees: it ends by itself, within a time that follows from the number of kills; whatever it
started has ended by then; whatever went wrong is a line of `faults`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from bot.domain.card import SCREEN
from bot.ports.database import Database
from bot.ports.errors import EdgeError
from cli.sandbox_server import serving_sandbox
from cli.settings import page_links
from crash import audit
from crash.databases import claims, held
from crash.ear import listen
from crash.kills import Kills
from crash.ledger import Ledger
from crash.modes import Mode
from crash.people import Person, Town, again
from crash.plug import (
    OPERATOR,
    PUBLIC_URL,
    PUSH_SECRET,
    SECRET_KEY,
    Bots,
    Nursery,
    Plug,
    environment,
    free_ports,
)
from crash.queries import Queries
from crash.router import Router
from harbor.access import Access
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from sandbox.stage import create_stage
from storage import open_database

PEOPLE = 12
_A_KILL_TAKES = 20.0
"""Seconds to wait for a sign of life before the plug is pulled again all the same."""
_SETTLED_WITHIN = 30.0
_CLAIMS_RUN_OUT = 60.0
"""After a kill: a bot redeems its claims at its start, where others may be alive within seconds of
it, and looks for a while."""
_BETWEEN_KILLS = (0, 25)
"""So many updates, as time says little on a busy machine."""
_ALL_AT_ONCE = 0.2
"""Of the kills, those that strike every replica."""
_REACHED_WITHIN = 8.0
"""Seconds within which a bot is to reach a point where it is to kill itself; else it is killed."""
SILENCE = 3.0
"""Seconds at the end in which nothing may be said; see `Ledger.since`."""
_TRACEBACK = "Traceback (most recent call last)"
_ANYBODYS = SecretStr("sandbox")


@dataclass
class Run:
    """One run of the harness on the database at `database_url`, and what it counted."""

    database_url: str
    mode: Mode
    kills: int
    seconds: float
    chance: random.Random
    folder: Path
    town: Town | None = None
    router: Router | None = None
    ledger: Ledger = field(default_factory=Ledger)
    queries: Queries = field(default_factory=Queries)
    confirmed: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    tracebacks: int = 0
    ghosts: int = 0
    ghosts_unexplained: int = 0
    late_calls: int = 0
    quiet_after: float = 0.0
    deliveries: dict[str, int] = field(default_factory=dict)
    alerts: Counter[str] = field(default_factory=Counter)
    on_quiet: Callable[[], None] = lambda: None  # once no kill is to come any more

    def __post_init__(self) -> None:
        self.struck = Kills(self.chance)

    async def all_of_it(self) -> None:
        """Fill in all that is asked of a Run."""
        longest = 60 + self.seconds + self.kills * (_A_KILL_TAKES + 15) + 3 * self._quiet_within()
        try:
            async with asyncio.timeout(longest):
                await self._on_stage()
        except TimeoutError:
            self.faults.append(f"the run did not end within {longest:.0f} s")

    async def _on_stage(self) -> None:
        stage = create_stage(limits=False, schema=False)
        telegram = stage.state.stage.telegram.state.telegram
        listen(telegram, self.ledger, self.queries, self.confirmed)
        limits = httpx.Limits(max_connections=64, keepalive_expiry=2)
        ports, nursery = free_ports(self.mode.replicas), Nursery()
        async with (
            serving_sandbox(stage) as url,
            nursery.open(),
            httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http,
            self._routed(http, ports) as router,
        ):
            towers = self.folder / "towers.toml"
            given = environment(url, self.database_url, towers, router)
            bots = Bots(nursery, given, ports, self.folder)
            self.town = Town(http, self.chance)
            people = [Person(self.town, number) for number in range(PEOPLE)]
            lives: list[asyncio.Task[None]] = []
            try:
                await self._meet_operator(http)
                await bots.insert()
                lives += [asyncio.create_task(person.live()) for person in people]
                await self._pull_again_and_again(bots)
                self.on_quiet()
                async with self._the_truth(url) as (database, lockers):
                    await self._let_it_become_quiet(lives, bots, telegram, database, lockers)
                    await self._audit(http, database, lockers)
            except (RuntimeError, httpx.HTTPError) as error:
                self.faults.append(str(error) or type(error).__name__)
            finally:
                for life in lives:
                    life.cancel()
                await asyncio.gather(*lives, return_exceptions=True)
                self.logs = bots.logs()
                self._read_logs()

    async def _meet_operator(self, http: httpx.AsyncClient) -> None:
        """Somebody who reads what operators are told, and does nothing."""
        operator = {"first_name": "Operator", "id": OPERATOR}
        (await http.post("/telegram/sandbox/people", json=operator)).raise_for_status()
        opened = f"/telegram/sandbox/people/{OPERATOR}/open"
        (await http.post(opened, json={})).raise_for_status()

    @contextlib.asynccontextmanager
    async def _routed(self, http: httpx.AsyncClient, ports: list[int]) -> AsyncIterator[str | None]:
        """The router's URL, to which Harbor pushes as well; None where a bot polls."""
        if not self.mode.webhook:
            yield None
            return
        self.router = Router(ports)
        async with serving_sandbox(self.router.app) as url:
            endpoint = {"url": f"{url}/harbor", "secret": PUSH_SECRET}
            (await http.put("/harbor/sandbox/webhook", json=endpoint)).raise_for_status()
            yield url

    async def _pull_again_and_again(self, bots: Bots) -> None:
        await _until(bots.up, _A_KILL_TAKES)
        await asyncio.sleep(self.seconds)
        for _ in range(self.kills):
            # After some work has been done; now and then while it is still starting.
            if self.chance.random() < 0.8:
                some = len(self.confirmed) + self.chance.randint(*_BETWEEN_KILLS)
                await _until(partial(self._more_than, some), _A_KILL_TAKES)
            struck = self._some(bots)
            await self._strike(struck, bots)
            if self.mode.replicas > 1:  # the one left alone has the house to itself for a moment
                await asyncio.sleep(self.chance.uniform(0, 1))
            for plug in struck:
                await plug.insert()

    def _some(self, bots: Bots) -> Sequence[Plug]:
        everyone = self.chance.random() < _ALL_AT_ONCE
        return bots.plugs if everyone else [self.chance.choice(bots.plugs)]

    async def _strike(self, struck: Sequence[Plug], bots: Bots) -> None:
        """Where the first of them reaches a point that is aimed at, or at any instant."""
        points, passes = self.struck.aim()
        if points:
            for plug in struck:
                plug.aim(points, passes)
            within = [asyncio.create_task(x.killed_itself(_REACHED_WITHIN)) for x in struck]
            await asyncio.wait(within, return_when=asyncio.FIRST_COMPLETED)
            for wait in within:
                wait.cancel()
        else:
            await asyncio.sleep(self.chance.expovariate(0.6))
        now = time.monotonic()
        for plug in struck:
            await plug.pull()
            plug.aim((), 0)
        hits = [at for plug in bots.plugs for at in self.struck.read(plug.diary())]
        self.struck.anywhere += not hits
        holding = await asyncio.to_thread(held, self.database_url)
        self.ledger.killed(min([now, *hits]), holding)

    async def _more_than(self, before: int) -> bool:
        return len(self.confirmed) > before

    @contextlib.asynccontextmanager
    async def _the_truth(self, url: str) -> AsyncIterator[tuple[Database, HarborLockers]]:
        """What the bots have written down, and what Harbor holds for them."""
        access = Access(f"{url}/harbor", f"{url}/harbor", "sandbox", _ANYBODYS)
        async with (
            open_database(self.database_url, keys=[SECRET_KEY]) as database,
            Harbor(access) as harbor,
        ):
            yield database, HarborLockers(harbor)

    async def _let_it_become_quiet(
        self,
        lives: list[asyncio.Task[None]],
        bots: Bots,
        telegram: Any,
        database: Database,
        lockers: HarborLockers,
    ) -> None:
        if not await _until(bots.up, _A_KILL_TAKES):
            self.faults.append("a bot does not find itself well")
        if not self.confirmed:
            raise RuntimeError("the bots have taken no update at all")
        assert self.town is not None, "people have lived"
        self.town.ending = True
        await asyncio.gather(*lives)
        began = time.monotonic()
        await self._calm(database, lockers, telegram)
        await self._press_what_is_outdated()
        await self._calm(database, lockers, telegram)
        silent_from = time.monotonic()
        self.quiet_after = silent_from - began
        await asyncio.sleep(SILENCE)
        self.late_calls = self.ledger.since(silent_from)
        try:
            codes = await bots.end()
        except TimeoutError:
            self.faults.append("SIGTERM did not end a bot in time")
        else:
            self.faults += [f"SIGTERM ended a bot with code {code}" for code in codes if code]

    async def _calm(self, database: Database, lockers: HarborLockers, telegram: Any) -> None:
        """Nothing is owed for a while, and no locker is left to be told of or to be given back;
        what still is when that takes too long, the audit says."""
        calm, deadline = 0, time.monotonic() + self._quiet_within()
        while calm < 4 and time.monotonic() < deadline:
            with contextlib.suppress(EdgeError):  # Harbor was slow: asked again
                owed = telegram.updates.pending or await audit.nothing_is_owed(database)
                owed = owed or await audit.every_locker_has_its_delivery(database, lockers)
                calm = 0 if owed else calm + 1
            await asyncio.sleep(0.7)  # longer than one look of the watcher

    async def _press_what_is_outdated(self) -> None:
        """A question shows how things stood when it was asked, and an audit could not tell that
        from a message left behind. A button that nobody knows (any more) brings it up to date."""
        assert self.town is not None, "people have lived"
        for chat, subject, message in await asyncio.to_thread(claims, self.database_url):
            if subject == SCREEN:
                outdated = {"message_id": message, "data": "an_older_version", "forged": True}
                there = f"/telegram/sandbox/people/{chat}/press"
                (await again(partial(self.town.http.post, there, json=outdated))).raise_for_status()

    def _quiet_within(self) -> float:
        if not self.kills:
            return _SETTLED_WITHIN
        return _SETTLED_WITHIN + _CLAIMS_RUN_OUT

    def _read_logs(self) -> None:
        """A bot that was killed may complain of much, but of nothing that it had not foreseen."""
        for number, log in enumerate(self.logs, 1):
            found = log.count(_TRACEBACK)
            self.tracebacks += found
            if found:
                self.faults.append(f"{found} tracebacks in the log of bot {number}")

    async def _audit(
        self, http: httpx.AsyncClient, database: Database, lockers: HarborLockers
    ) -> None:
        assert self.town is not None, "people have lived"
        page = page_links(PUBLIC_URL if self.router is not None else None)
        chats = audit.Chats(http, database, lockers, page)
        claimed = await asyncio.to_thread(claims, self.database_url)
        self.faults += await audit.nothing_is_owed(database)
        self.faults += await audit.every_update_took_effect(database, self.confirmed)
        self.faults += await audit.every_locker_has_its_delivery(database, lockers)
        self.faults += audit.no_message_is_shared(claimed)
        self.faults += await chats.tell_the_truth([OPERATOR, *self.town.people], claimed)
        alerts = await database.look(lambda tx: tx.alerts())
        self.alerts = Counter(alert.kind.value for alert in alerts)
        self.deliveries = (await database.look(lambda tx: tx.counts())).deliveries
        self.ghosts = len(chats.ghosts)
        self.faults += self.ledger.faults() + self.queries.faults()
        unexplained = self.ledger.unexplained(chats.ghosts)
        self.ghosts_unexplained = len(unexplained)
        self.faults += [
            f"message {message} of chat {chat} is nobody's, and no kill explains it"
            for chat, message in unexplained
        ]
        if self.late_calls:
            self.faults.append(f"{self.late_calls} calls were made when nothing was to be said")


async def _until(true: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not await true():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True
