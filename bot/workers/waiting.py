"""Looks whether a locker is free where somebody waits for one, and gives turns.

Guarantees: Harbor is asked about towers at which somebody waits, each at most every
`Policy.wait_look`, and about no other; a reading is gone by while it is fresh alone; one that fails
holds up no other place. While a tower is closed nobody's turn begins. Of several processes the one
that watches does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain.closures import closed_towers
from bot.domain.ids import TowerId
from bot.domain.openers import Opener
from bot.domain.opening_hours import is_open
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.usecases.waiting import give_turns, let_time_pass
from bot.workers.loop import Dues
from bot.workers.open_requests import OpenRequests
from bot.workers.signals import LOOK_AGAIN, Signals
from bot.workers.towers import FRESH, PATIENCE, Towers

log = structlog.get_logger()

Place = tuple[TowerId, ...]
"""A tower, or where a link opens the door all of its location."""
_LEAST = timedelta(milliseconds=1)


class WaitingList:
    """See the module; `turn` takes what is due."""

    def __init__(
        self,
        database: Database,
        towers: Towers,
        clock: Clock,
        policy: Policy,
        signals: Signals,
        open_requests: OpenRequests,
    ) -> None:
        self._database, self._towers, self._clock = database, towers, clock
        self._policy, self._signals, self._open_requests = policy, signals, open_requests
        self._dues = Dues(clock.now())
        self._looked: dict[Place, datetime] = {}

    async def turn(self) -> datetime | None:
        """End what has run out, look where somebody waits; say when to look again."""
        now = self._clock.now()
        self._dues.take(self._signals.waits, now)
        await self._dues.when_come(now, self._look)
        return self._dues.next

    async def _look(self, now: datetime) -> None:
        if not self._database.replicas.watches:
            self._dues.add(now + LOOK_AGAIN)
            return
        if await self._database.look(lambda tx: tx.waits_due(now, 1), one_statement=True):
            while await self._database.run(lambda tx: let_time_pass(tx, now=now)):
                pass
        waited = await self._database.look(lambda tx: tx.waited_at(), one_statement=True)
        places = await self._places(waited)
        self._looked = {place: at for place, at in self._looked.items() if place in places}
        await asyncio.gather(*(self._at(place, towers, now) for place, towers in places.items()))
        for at in self._looked.values():
            self._dues.add(max(at + self._policy.wait_look, now + _LEAST))
        await self._dues.look_ahead(self._database, now, lambda tx: tx.next_wait_end())

    async def _places(self, waited: list[TowerId]) -> Mapping[Place, list[Tower]]:
        if not waited:
            return {}
        known = {tower.id: tower for tower in (await self._towers.all()).value}
        places: dict[Place, list[Tower]] = {}
        for tower in waited:
            there = known.get(tower)
            if there is None:
                continue  # it may be back tomorrow; who waits there does so for a day at most
            by_link = self._open_requests.openers_at(there).drop_off is Opener.LINK
            ids = await self._towers.beside(tower) if by_link else [tower]
            places[tuple(sorted(ids))] = [known[each] for each in ids]
        return places

    async def _at(self, place: Place, towers: list[Tower], now: datetime) -> None:
        looked = self._looked.get(place)
        if looked is not None and now < looked + self._policy.wait_look:
            return
        self._looked[place] = now
        closures = await self._database.glance(lambda tx: tx.closures())
        closed = closed_towers(closures)
        if any(tower.id in closed or is_open(tower, now) is False for tower in towers):
            return
        reading = await self._towers.lockers_of(place)
        now = self._clock.now()
        if reading.at is None or now - reading.at > FRESH + PATIENCE:
            return
        turns = await self._database.run(
            lambda tx: give_turns(tx, place, reading.value, self._policy, now=now)
        )
        if turns:
            log.info("turns_given", towers=place, turns=turns)
