"""The city's days, moment by moment: each parcel from its booking to its end, and what is measured.

Guarantees: whatever somebody could not do (a full tower, nobody answers) they try later, a few
times; at the end each parcel is held against what the bot believes and what lies behind the doors,
and one that is not as it should be is a line of `wrong`.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import time
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.domain.actions import Action
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import ENDS, State
from bot.ports.database import Transaction
from city.plan import DAY, HOUR, MINUTE, Parcel, Plan
from city.world import BEGINS, OPENS, WATCH, NotYet, World

STEP = 15.0
"""Seconds of the city that are taken at once: how exactly a ring's lateness is known."""
_LATER = 15 * MINUTE
_TRIES = 6
_AT_ONCE = 16
_GLANCE, _GLANCES, _QUIET = 0.004, 1000, 20
"""Seconds of the machine between two looks at a phone, how many there are at most, and after how
many in a row at which the bot had nothing to do nothing more will come."""
_AFTERWARDS = 4 * DAY
"""So long after the last day until whatever nobody fetches is overdue."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Life:
    """What has become of one parcel."""

    parcel: Parcel
    delivery: str = ""
    link: str = ""
    put_in: float | None = None
    synced: float | None = None
    rung: float | None = None
    taken: float | None = None
    cancelled: bool = False
    gave_up: str = ""
    """Why its sender or recipient has left off, if they have."""


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
        self._due: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []
        self._numbers = itertools.count()
        self._people: dict[int, int] = {}
        self._busy: dict[int, asyncio.Lock] = {}
        self._unsynced: dict[str, list[Life]] = {}
        self._by_delivery: dict[str, Life] = {}
        self._syncing: defaultdict[int, list[float]] = defaultdict(list)
        self._expected: set[tuple[int, float]] = set()
        self._heard = 0
        self._began = time.monotonic()

    async def all_of_it(self) -> None:
        """From the first midnight until all is quiet, or the machine's time is over."""
        for parcel in self.plan.parcels:
            life = Life(parcel)
            self.lives.append(life)
            self._at(parcel.booked, self._trying(life, self._books, "no locker was to be had"))
        for outage in self.plan.outages:
            self._at(outage.begins, partial(self.world.fails, outage.side, out=True))
            self._at(outage.ends, partial(self.world.fails, outage.side, out=False))
        for at, tower in self.plan.syncs:
            self._syncing[tower].append(at)
        until = self.plan.days * DAY + _AFTERWARDS
        while self._due and self._due[0][0] < until:
            if time.monotonic() > self.deadline:
                self.complete = False
                break
            await self._step()
        for _ in range(10):
            await self.world.turn_to(self.world.now + MINUTE)
        await self._account()

    async def _step(self) -> None:
        """Whatever happens in the next seconds of the city, side by side."""
        end = self._due[0][0] + STEP
        now = []
        while self._due and self._due[0][0] < end:
            now.append(heapq.heappop(self._due)[2])
        await self.world.turn_to(end)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(act: Callable[[], Awaitable[None]]) -> None:
            async with slots:
                await act()

        await asyncio.gather(*map(one, now))
        await self.world.calm()
        self._hear_rings()
        self._sample()

    def _at(self, moment: float, act: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._due, (moment, next(self._numbers), act))

    def _trying(
        self, life: Life, act: Callable[[Life], Awaitable[None]], vain: str, tries: int = _TRIES
    ) -> Callable[[], Awaitable[None]]:
        """`act`, and again later for as often as people have the patience."""

        async def tried() -> None:
            try:
                self.world.reaches_the_bot()
                await act(life)
            except NotYet as why:
                if tries > 1 and life.cancelled is False:
                    again = self._trying(life, act, vain, tries - 1)
                    self._at(self.world.now + _LATER, again)
                elif not life.cancelled:
                    life.gave_up = f"{vain}: {why}"

        return tried

    # -- what people do

    def _person(self, number: int) -> int:
        if number not in self._people:
            self._people[number] = self.world.phones.make(f"Person {number}").id
        return self._people[number]

    def _alone(self, person: int) -> asyncio.Lock:
        """One thing at a time with one phone."""
        return self._busy.setdefault(person, asyncio.Lock())

    async def _until(self, act: Callable[[], str]) -> str:
        """What `act` returns once what it needs is on the screen. Raises NotYet."""
        quiet = 0
        for _ in range(_GLANCES):
            try:
                return act()
            except NotYet:
                quiet = 0 if self.world.at_work else quiet + 1
                if quiet == _QUIET:
                    raise
                await asyncio.sleep(_GLANCE)
        return act()

    async def _books(self, life: Life) -> None:
        world, parcel, me = self.world, life.parcel, self._person(life.parcel.sender)
        tower = world.towers[parcel.tower]
        async with self._alone(me):
            world.says(me, "/send")
            await self._until(lambda: self._sees(me, "Which tower?"))
            world.is_at(me, tower)
            await self._until(lambda: world.presses(me, data=f"tower:{tower.id}"))
            await self._until(lambda: world.presses(me, label=parcel.size))
            await self._until(lambda: world.presses(me, data="to_link"))
            before = await self._newest(me)
            await self._until(lambda: world.presses(me, data="reserve"))
            made = await self._after(me, before)
        life.delivery = made.id
        self._by_delivery[made.id] = life
        if parcel.dropped:
            self._at(parcel.brought, self._trying(life, self._cancels, "could not cancel"))
        else:
            self._at(world.now + MINUTE, self._trying(life, self._claims, "could not forward it"))
            brings = self._trying(life, self._brings, "could not put it in")
            self._at(max(parcel.brought, world.now + 2 * MINUTE), brings)

    def _sees(self, person: int, words: str) -> str:
        newest = self.world.messages(person)[:1]
        if not newest or words not in (newest[0].get("text") or ""):
            raise NotYet(f"no {words}")
        return words

    async def _newest(self, person: int) -> set[str]:
        sender = PersonId(person)
        live = await self.world.bot.database.look(lambda tx: tx.deliveries_of(sender, live=True))
        return {x.id for x in live}

    async def _after(self, person: int, before: set[str]) -> Delivery:
        """The delivery that they have just asked for, once it is decided. Raises NotYet."""
        sender = PersonId(person)
        for _ in range(_GLANCES):
            both = [
                *await self.world.bot.database.look(lambda tx: tx.deliveries_of(sender, live=True)),
                *await self.world.bot.database.look(
                    lambda tx: tx.deliveries_of(sender, live=False, limit=3)
                ),
            ]
            mine = [x for x in both if x.sender == sender and x.id not in before]
            made = max(mine, key=lambda x: x.created_at or BEGINS, default=None)
            if made is not None and made.created_at == self.world.clock.now():
                if made.state is State.NO_LOCKER:
                    raise NotYet("the tower is full")
                if made.state is not State.REQUESTED or "harbor" in self.world.out:
                    return made
            await asyncio.sleep(_GLANCE)
        raise NotYet("nothing was booked")

    async def _cancels(self, life: Life) -> None:
        me = self._person(life.parcel.sender)
        async with self._alone(me):
            for button in (Action.CANCEL, Action.CANCEL_OK):
                pressed = partial(self.world.presses, me, data=f"{button}:{life.delivery}")
                await self._until(pressed)
        life.cancelled = True

    async def _claims(self, life: Life) -> None:
        """The sender forwards the link, and the recipient follows it."""
        me, them = self._person(life.parcel.sender), self._person(life.parcel.recipient)
        life.link = life.link or await self._until(lambda: self.world.link(me, life.delivery))
        async with self._alone(them):
            self.world.opens(them, life.link)

    async def _brings(self, life: Life) -> None:
        """The sender gets the code, and puts the parcel in."""
        world, me = self.world, self._person(life.parcel.sender)
        async with self._alone(me):
            tower, locker = await self._opened(me, life, Action.DROP_OFF_CODE)
        world.puts_in(tower, locker, life.delivery)
        life.put_in = world.now
        self._unsynced.setdefault(tower, []).append(life)
        self._somebody_syncs(life.parcel.tower)

    async def _opened(self, person: int, life: Life, verb: str) -> tuple[str, int]:
        """They ask for the code unless they have it, and open the door."""
        read = partial(self.world.reads, person, OPENS, life.delivery)
        try:
            read()
        except NotYet:
            await self._until(partial(self.world.presses, person, data=f"{verb}:{life.delivery}"))
            await self._until(read)
        return await self.world.door(person, life.delivery)

    async def _collects(self, life: Life) -> None:
        world, them = self.world, self._person(life.parcel.recipient)
        async with self._alone(them):
            tower, locker = await self._opened(them, life, Action.PICK_UP_CODE)
        taken = world.takes_out(tower, locker)
        if taken != life.delivery:
            self.wrong.append(f"{life.delivery}: {taken} was behind its door")
        life.taken = world.now
        self._somebody_syncs(life.parcel.tower)

    def _somebody_syncs(self, tower: int) -> None:
        """The next who comes by; where nothing has happened nobody's coming by changes anything."""
        moments = self._syncing[tower]
        later = moments[bisect(moments, self.world.now) :][:1]
        at = later[0] if later else self.world.now + 5 * MINUTE
        if (tower, at) not in self._expected:
            self._expected.add((tower, at))
            self._at(at, partial(self._syncs, tower))

    async def _syncs(self, tower: int) -> None:
        self.world.syncs(tower)
        for life in self._unsynced.pop(self.world.towers[tower].id, ()):
            life.synced = self.world.now
        self._at(self.world.now + WATCH, _nothing)

    def _hear_rings(self) -> None:
        """Whose phone has rung goes to fetch the parcel, after a while."""
        for chat, delivery, at in self.world.rung[self._heard :]:
            life = self._by_delivery.get(delivery)
            if life is None or life.put_in is None or life.rung is not None:
                continue
            if chat == self._people.get(life.parcel.recipient):
                life.rung = at
                if not life.parcel.kept:
                    fetched = self._trying(life, self._collects, "could not take it out", 12)
                    self._at(at + life.parcel.stays + MINUTE, fetched)
        self._heard = len(self.world.rung)

    # -- what is measured

    def _sample(self) -> None:
        hour = int(self.world.now // HOUR)
        if self.samples and self.samples[-1].hour == hour:
            return
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20
        size = sum(file.stat().st_size for file in self.folder.iterdir()) / 2**20
        spent = time.monotonic() - self._began
        self.samples.append(Sample(hour, self.world.doors_in_use(), size, resident, spent))

    async def _account(self) -> None:
        """Each parcel's end, as people, the bot and the doors have it."""
        behind = {
            door.parcel
            for tower in self.world.towers
            for door in self.world.harbor.registry.site(tower.id).tower.doors.values()
            if door.parcel
        }
        for life in self.lives:
            if not life.delivery:
                self.ended["not booked" if life.gave_up else "not begun"] += 1
                continue
            name = DeliveryId(life.delivery)
            found = await self.world.bot.database.look(partial(_read, name=name))
            if found is None:
                self.wrong.append(f"{name} is in no database")
                continue
            self.ended[found.state.value] += 1
            self.wrong += _differs(life, found, life.delivery in behind, self.complete)


async def _nothing() -> None:
    """Time passes, and the bot looks."""


async def _read(tx: Transaction, name: DeliveryId) -> Delivery | None:
    return await tx.delivery(name)


def _differs(life: Life, found: Delivery, behind: bool, complete: bool) -> list[str]:
    """What the bot believes and what is not so."""
    name, told = life.delivery, found.state
    late = [f"{name} lies behind a door, and is {told}"] if behind and told in ENDS else []
    if told is State.COLLECTED and life.taken is None:
        late.append(f"{name} is collected, and nobody has taken it")
    if told is State.STORED and not behind and complete:
        late.append(f"{name} is stored, and behind no door")
    if life.synced is not None and life.rung is None and complete:
        late.append(f"{name} came in, and no phone has rung")
    return late
