"""`python -m crash --kills N --seed S` (`make crash`): counts, and exit code 1 for any loss."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from cli.sandbox_server import serving_sandbox
from crash import audit
from crash.people import Person, Town
from crash.plug import SECRET_KEY, Plug
from harbor.access import Access
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from sandbox.stage import create_stage
from storage import open_database

PEOPLE = 12
_QUIET_WITHIN = 90.0


@dataclass
class Run:
    """One run of the harness, and what it counted."""

    kills: int
    chance: random.Random
    folder: Path
    confirmed: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    ghosts: int = 0
    deliveries: dict[str, int] = field(default_factory=dict)

    async def all_of_it(self) -> Town:
        """People at work, the plug pulled `kills` times, an evening, an audit."""
        stage = create_stage(limits=False, schema=False)
        telegram = stage.state.stage.telegram.state.telegram
        self._listen(telegram)
        limits = httpx.Limits(max_connections=64)
        async with (
            serving_sandbox(stage) as url,
            httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http,
        ):
            town, plug = Town(http, self.chance), Plug(url, self.folder)
            people = [Person(town, number) for number in range(PEOPLE)]
            await plug.insert()
            lives = [asyncio.create_task(person.live()) for person in people]
            try:
                await self._pull_again_and_again(plug, telegram)
                await self._let_it_become_quiet(town, lives, plug, telegram)
                await self._audit(url, http, plug, [person.id for person in people])
            finally:
                for life in lives:
                    life.cancel()
                await asyncio.gather(*lives, return_exceptions=True)
                with contextlib.suppress(RuntimeError):
                    await plug.pull()
            return town

    def _listen(self, telegram: Any) -> None:
        """Note every update whose receipt the bot confirms."""
        confirm = telegram.updates.confirm

        def noting(update: Any) -> None:
            self.confirmed.add(update.id)
            confirm(update)

        telegram.updates.confirm = noting

    async def _pull_again_and_again(self, plug: Plug, telegram: Any) -> None:
        for _ in range(self.kills):
            before = len(self.confirmed)
            # At any instant after it has begun to work; now and then while it is still starting.
            if self.chance.random() < 0.9:
                await _until(partial(self._more_than, before), 60)
            await asyncio.sleep(self.chance.expovariate(0.6))
            await plug.pull()
            await plug.insert()

    def _more_than(self, before: int) -> bool:
        return len(self.confirmed) > before

    async def _let_it_become_quiet(
        self, town: Town, lives: list[asyncio.Task[None]], plug: Plug, telegram: Any
    ) -> None:
        await _until(lambda: not telegram.poller.idle, 60)
        town.ending = True
        await asyncio.gather(*lives)
        async with open_database(plug.database_url, keys=[SECRET_KEY]) as database:
            deadline = time.monotonic() + _QUIET_WITHIN
            calm = 0
            while calm < 4 and time.monotonic() < deadline:
                owed = await audit.nothing_is_owed(database)
                calm = 0 if owed or telegram.updates.pending else calm + 1
                await asyncio.sleep(0.7)  # longer than one look of the watcher
        if code := await plug.end():
            self.faults.append(f"SIGTERM ended the bot with code {code}")

    async def _audit(
        self, url: str, http: httpx.AsyncClient, plug: Plug, people: list[int]
    ) -> None:
        base = f"{url}/harbor"
        async with (
            open_database(plug.database_url, keys=[SECRET_KEY]) as database,
            Harbor(Access(base, base, "sandbox", SecretStr("sandbox"))) as harbor,
        ):
            lockers = HarborLockers(harbor)
            chats = audit.Chats(http, database, lockers)
            self.faults += await audit.nothing_is_owed(database)
            self.faults += await audit.every_update_took_effect(database, self.confirmed)
            self.faults += await audit.every_locker_has_its_delivery(database, lockers)
            self.faults += await chats.tell_the_truth(people)
            self.ghosts = chats.ghosts
            self.deliveries = (await database.look(lambda tx: tx.counts())).deliveries


async def _until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:  # noqa: ASYNC110 - watched from outside
        await asyncio.sleep(0.01)


def main() -> int:
    """Parse, run, print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lockerbot-crash-") as folder:
        run = Run(asked.kills, random.Random(asked.seed), Path(folder))  # noqa: S311 - a game
        town = asyncio.run(run.all_of_it())
        log = (Path(folder) / "bot.log").read_text("utf-8", "replace")
    states = ", ".join(f"{n} {state}" for state, n in sorted(run.deliveries.items()))
    print(
        f"{asked.kills} kills, seed {asked.seed}: {town.taps} taps, "
        f"{len(run.confirmed)} updates confirmed, {town.parcels_in} parcels in, "
        f"{town.parcels_out} out; deliveries: {states}\n"
        f"messages doubled because a send was cut off: {run.ghosts}"
    )
    for fault in run.faults:
        print(f"LOST: {fault}", file=sys.stderr)
    if run.faults:
        print(f"--- the bot's log, its end ---\n{log[-4000:]}", file=sys.stderr)
    print("1 failed" if run.faults else "nothing was lost")
    return int(bool(run.faults))


if __name__ == "__main__":
    sys.exit(main())
