"""The city's days, moment by moment: each parcel from its booking to its end, and what is measured.

Guarantees: at the end each parcel is held against what the bot believes and what lies behind the
doors, and one that is not as it should be is a line of `wrong`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from city.agenda import Act, Agenda
from city.people import Life, People
from city.plan import DAY, HOUR, MINUTE, Plan
from city.reckoning import reckoned
from city.world import World

STEP = 15.0
"""Seconds of the city that are taken at once: how exactly a ring's lateness is known."""
_AT_ONCE = 16
_AFTERWARDS = 4 * DAY
"""So long after the last day until whatever nobody fetches is overdue."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """How things stood at an hour."""

    hour: int
    doors: int
    database: float
    memory: float
    spent: float
    """Seconds of the machine since the beginning."""


@dataclass
class Days:
    """The run; `all_of_it` fills in what is asked of it."""

    world: World
    plan: Plan
    folder: Path
    deadline: float
    lives: list[Life] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    complete: bool = True

    def __post_init__(self) -> None:
        self._agenda = Agenda()
        self._people = People(self.world, self._agenda, self.plan.syncs, self.wrong.append)
        self._began = time.monotonic()

    async def all_of_it(self) -> None:
        """From the first midnight until all is quiet, or the machine's time is over."""
        self.lives += map(Life, self.plan.parcels)
        for life in self.lives:
            self._people.will_book(life)
        for outage in self.plan.outages:
            self._agenda.at(outage.begins, partial(self.world.fails, outage.side, out=True))
            self._agenda.at(outage.ends, partial(self.world.fails, outage.side, out=False))
        until = self.plan.days * DAY + _AFTERWARDS
        while (due := self._agenda.next) is not None and due < until:
            if time.monotonic() > self.deadline:
                self.complete = False
                break
            await self._step(due + STEP)
        for _ in range(10):
            await self.world.turn_to(self.world.now + MINUTE)
        self.ended, wrong = await reckoned(self.world, self.lives, complete=self.complete)
        self.wrong += wrong

    @property
    def left_off(self) -> Counter[str]:
        """Why people had no more patience, and how many parcels' people."""
        return Counter(life.gave_up for life in self.lives if life.gave_up)

    async def _step(self, end: float) -> None:
        """Whatever happens in the city until then, side by side."""
        now = self._agenda.until(end)
        await self.world.turn_to(end)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(act: Act) -> None:
            async with slots:
                await act()

        await asyncio.gather(*map(one, now))
        await self.world.calm()
        self._people.hear_rings()
        self._sample()

    def _sample(self) -> None:
        hour = int(self.world.now // HOUR)
        if self.samples and self.samples[-1].hour == hour:
            return
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20
        size = sum(file.stat().st_size for file in self.folder.iterdir()) / 2**20
        spent = time.monotonic() - self._began
        self.samples.append(Sample(hour, self.world.doors_in_use(), size, resident, spent))
