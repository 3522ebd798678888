"""What people do with their parcels, each when the plan or their phone's ring says so.

Guarantees: whatever somebody could not do (a full tower, nobody answers) they try later, a few
times; nobody does two things at once with one phone.
"""

from __future__ import annotations

import asyncio
from bisect import bisect
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bot.domain.actions import Action
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from city.agenda import Act, Agenda
from city.plan import MINUTE, Parcel
from city.world import BEGINS, OPENS, WATCH, NotYet, World

_LATER = 15 * MINUTE
_TRIES = 6
_GLANCE, _GLANCES, _QUIET = 0.004, 1000, 20
"""Seconds of the machine between two looks at a phone, how many there are at most, and after how
many in a row at which the bot had nothing to do nothing more will come."""


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


class People:
    """See the module. `syncs` is when somebody comes by at which tower, in order; what is found to
    be wrong is told to `wrong`."""

    def __init__(
        self,
        world: World,
        agenda: Agenda,
        syncs: Sequence[tuple[float, int]],
        wrong: Callable[[str], object],
    ) -> None:
        self._world, self._agenda, self._wrong = world, agenda, wrong
        self._syncing: defaultdict[int, list[float]] = defaultdict(list)
        for at, tower in syncs:
            self._syncing[tower].append(at)
        self._people: dict[int, int] = {}
        self._busy: dict[int, asyncio.Lock] = {}
        self._unsynced: dict[str, list[Life]] = {}
        self._by_delivery: dict[str, Life] = {}
        self._expected: set[tuple[int, float]] = set()
        self._heard = 0

    def will_book(self, life: Life) -> None:
        """Its sender will, when the plan says so."""
        act = self._trying(life, self._books, "no locker was to be had")
        self._agenda.at(life.parcel.booked, act)

    def hear_rings(self) -> None:
        """Whose phone has rung goes to fetch the parcel, after a while."""
        for chat, delivery, at in self._world.rung[self._heard :]:
            life = self._by_delivery.get(delivery)
            if life is None or life.put_in is None or life.rung is not None:
                continue
            if chat == self._people.get(life.parcel.recipient):
                life.rung = at
                if not life.parcel.kept:
                    fetched = self._trying(life, self._collects, "could not take it out", 12)
                    self._agenda.at(at + life.parcel.stays + MINUTE, fetched)
        self._heard = len(self._world.rung)

    def _trying(
        self, life: Life, act: Callable[[Life], Awaitable[None]], vain: str, tries: int = _TRIES
    ) -> Act:
        """`act`, and again later for as often as people have the patience."""

        async def tried() -> None:
            try:
                self._world.reaches_the_bot()
                await act(life)
            except NotYet as why:
                if tries > 1 and life.cancelled is False:
                    again = self._trying(life, act, vain, tries - 1)
                    self._agenda.at(self._world.now + _LATER, again)
                elif not life.cancelled:
                    life.gave_up = f"{vain}: {why}"

        return tried

    def _person(self, number: int) -> int:
        if number not in self._people:
            self._people[number] = self._world.phones.make(f"Person {number}").id
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
                quiet = 0 if self._world.at_work else quiet + 1
                if quiet == _QUIET:
                    raise
                await asyncio.sleep(_GLANCE)
        return act()

    async def _books(self, life: Life) -> None:
        world, parcel, me = self._world, life.parcel, self._person(life.parcel.sender)
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
            self._agenda.at(parcel.brought, self._trying(life, self._cancels, "could not cancel"))
        else:
            self._agenda.at(
                world.now + MINUTE, self._trying(life, self._claims, "could not forward it")
            )
            brings = self._trying(life, self._brings, "could not put it in")
            self._agenda.at(max(parcel.brought, world.now + 2 * MINUTE), brings)

    def _sees(self, person: int, words: str) -> str:
        newest = self._world.messages(person)[:1]
        if not newest or words not in (newest[0].get("text") or ""):
            raise NotYet(f"no {words}")
        return words

    async def _newest(self, person: int) -> set[str]:
        sender = PersonId(person)
        live = await self._world.bot.database.look(lambda tx: tx.deliveries_of(sender, live=True))
        return {x.id for x in live}

    async def _after(self, person: int, before: set[str]) -> Delivery:
        """The delivery that they have just asked for, once it is decided. Raises NotYet."""
        sender = PersonId(person)
        for _ in range(_GLANCES):
            both = [
                *await self._world.bot.database.look(
                    lambda tx: tx.deliveries_of(sender, live=True)
                ),
                *await self._world.bot.database.look(
                    lambda tx: tx.deliveries_of(sender, live=False, limit=3)
                ),
            ]
            mine = [x for x in both if x.sender == sender and x.id not in before]
            made = max(mine, key=lambda x: x.created_at or BEGINS, default=None)
            if made is not None and made.created_at == self._world.clock.now():
                if made.state is State.NO_LOCKER:
                    raise NotYet("the tower is full")
                if made.state is not State.REQUESTED or "harbor" in self._world.out:
                    return made
            await asyncio.sleep(_GLANCE)
        raise NotYet("nothing was booked")

    async def _cancels(self, life: Life) -> None:
        me = self._person(life.parcel.sender)
        async with self._alone(me):
            for button in (Action.CANCEL, Action.CANCEL_OK):
                pressed = partial(self._world.presses, me, data=f"{button}:{life.delivery}")
                await self._until(pressed)
        life.cancelled = True

    async def _claims(self, life: Life) -> None:
        """The sender forwards the link, and the recipient follows it."""
        me, them = self._person(life.parcel.sender), self._person(life.parcel.recipient)
        life.link = life.link or await self._until(lambda: self._world.link(me, life.delivery))
        async with self._alone(them):
            self._world.opens(them, life.link)

    async def _brings(self, life: Life) -> None:
        """The sender gets the code, and puts the parcel in."""
        world, me = self._world, self._person(life.parcel.sender)
        async with self._alone(me):
            tower, locker = await self._opened(me, life, Action.DROP_OFF_CODE)
        world.puts_in(tower, locker, life.delivery)
        life.put_in = world.now
        self._unsynced.setdefault(tower, []).append(life)
        self._somebody_syncs(life.parcel.tower)

    async def _opened(self, person: int, life: Life, verb: str) -> tuple[str, int]:
        """They ask for the code unless they have it, and open the door."""
        read = partial(self._world.reads, person, OPENS, life.delivery)
        try:
            read()
        except NotYet:
            await self._until(partial(self._world.presses, person, data=f"{verb}:{life.delivery}"))
            await self._until(read)
        return await self._world.door(person, life.delivery)

    async def _collects(self, life: Life) -> None:
        world, them = self._world, self._person(life.parcel.recipient)
        async with self._alone(them):
            tower, locker = await self._opened(them, life, Action.PICK_UP_CODE)
        taken = world.takes_out(tower, locker)
        if taken != life.delivery:
            self._wrong(f"{life.delivery}: {taken} was behind its door")
        life.taken = world.now
        self._somebody_syncs(life.parcel.tower)

    def _somebody_syncs(self, tower: int) -> None:
        """The next who comes by; where nothing has happened nobody's coming by changes anything."""
        moments = self._syncing[tower]
        later = moments[bisect(moments, self._world.now) :][:1]
        at = later[0] if later else self._world.now + 5 * MINUTE
        if (tower, at) not in self._expected:
            self._expected.add((tower, at))
            self._agenda.at(at, partial(self._syncs, tower))

    async def _syncs(self, tower: int) -> None:
        self._world.syncs(tower)
        for life in self._unsynced.pop(self._world.towers[tower].id, ()):
            life.synced = self._world.now
        self._agenda.at(self._world.now + WATCH, _nothing)


async def _nothing() -> None:
    """Time passes, and the bot looks."""
