"""How many doors are free is noted once an hour, by one process, and only if it is known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.closures import Closure
from bot.domain.figures import Doors, Seen, week
from bot.domain.ids import LockerId, TowerId
from bot.domain.tower import Locker, LockerStatus, Size
from bot.ports.errors import TryLater
from bot.workers.sampler import AFTER, AGAIN, Sampler, counted
from tests.support.core import TOWER, Core, Twisted
from tests.support.databases import opened


async def known(core: Core) -> list[TowerId]:
    """Harbor's towers, as the bot remembers them."""
    towers = await core.lockers.towers()
    await core.database.run(lambda tx: tx.save_towers(towers))
    return [tower.id for tower in towers]


def sampler(core: Core, **instead: Any) -> Sampler:
    """One that has just been started, some time ago."""
    lockers: Any = Twisted(core, **instead) if instead else core.lockers
    made = Sampler(core.database, lockers, core.clock)
    core.clock.turn((AGAIN + AFTER).total_seconds())
    return made


async def noted(core: Core) -> list[Seen]:
    days = week(["UTC"], core.clock.now())
    return await core.database.look(lambda tx: tx.doors_by_hour(days, {"UTC": [TOWER]}))


def to_the_minute(core: Core, minute: int) -> None:
    """On to that minute of the next hour."""
    now = core.clock.now()
    there = now.replace(minute=minute, second=0, microsecond=0) + timedelta(hours=1)
    core.clock.turn((there - now).total_seconds())


class Asked:
    """`Lockers.lockers`, of which it is known for which towers it was asked."""

    def __init__(self, core: Core, *failing: TowerId) -> None:
        self._core, self.failing = core, set(failing)
        self.towers: list[TowerId] = []

    async def __call__(self, tower: TowerId) -> list[Locker]:
        self.towers.append(tower)
        if tower in self.failing:
            raise TryLater("not now")
        return await self._core.lockers.lockers(tower)


async def test_an_hour_is_noted_once_and_the_next_one_again(core: Core) -> None:
    towers, asked = await known(core), Asked(core)
    it = sampler(core, lockers=asked, lately=lambda *_: None)
    to_the_minute(core, 19)
    assert await it.turn() == core.clock.now() + timedelta(minutes=1)
    assert asked.towers == []
    core.clock.turn(60)
    due = await it.turn()
    assert due == core.clock.now() + timedelta(hours=1)
    assert sorted(asked.towers) == sorted(towers)
    [first] = await noted(core)
    lockers = await core.lockers.lockers(TOWER)
    assert first.doors == counted(lockers)
    assert first.at == core.clock.now().replace(minute=0)
    core.clock.turn(600)
    assert await it.turn() == due
    assert len(asked.towers) == len(towers), "once an hour"
    core.clock.turn(3000)
    await it.turn()
    assert len(await noted(core)) == 2


async def test_a_list_that_was_read_within_the_hour_is_not_asked_for_again(core: Core) -> None:
    towers, asked = await known(core), Asked(core)
    it = sampler(core, lockers=asked, lately=core.lockers.lately)
    to_the_minute(core, 5)
    await core.lockers.lockers(TOWER)
    core.clock.turn(20 * 60)
    await it.turn()
    assert sorted(asked.towers) == sorted(set(towers) - {TOWER})
    assert len(await noted(core)) == 1


async def test_a_tower_that_does_not_answer_is_asked_again_and_else_that_hour_has_no_note(
    core: Core,
) -> None:
    towers, asked = await known(core), Asked(core, TOWER)
    it = sampler(core, lockers=asked, lately=lambda *_: None)
    to_the_minute(core, 20)
    assert await it.turn() == core.clock.now() + AGAIN
    assert await noted(core) == [], "not nought"
    for _ in range(7):
        core.clock.turn(AGAIN.total_seconds())
        await it.turn()
    assert asked.towers.count(TOWER) == 8
    assert len(asked.towers) == len(towers) + 7, "the others were noted at once"
    asked.failing.clear()
    to_the_minute(core, 20)
    await it.turn()
    assert len(await noted(core)) == 1


async def test_a_slow_harbor_is_left_for_the_next_turn(core: Core) -> None:
    towers = await known(core)

    async def slowly(tower: TowerId) -> list[Locker]:
        core.clock.turn(AGAIN.total_seconds())
        return await core.lockers.lockers(tower)

    it = sampler(core, lockers=slowly, lately=lambda *_: None)
    to_the_minute(core, 20)
    hour = core.clock.now().replace(minute=0)
    for count in (1, 2):
        await it.turn()
        got = await core.database.look(lambda tx: tx.towers_noted(hour))
        assert len(got) == count < len(towers)
        core.clock.turn(AGAIN.total_seconds())


async def test_a_bot_that_has_just_started_has_other_things_to_ask(core: Core) -> None:
    await known(core)
    to_the_minute(core, 40)
    it = Sampler(core.database, core.lockers, core.clock)
    assert await it.turn() == core.clock.now() + AGAIN
    assert await noted(core) == []
    core.clock.turn(AGAIN.total_seconds())
    await it.turn()
    assert len(await noted(core)) == 1


def test_doors_that_can_not_be_used_are_none_that_could_be_free() -> None:
    def door(number: int, status: LockerStatus) -> Locker:
        return Locker(LockerId(number), str(number), TOWER, status, Size.SMALL)

    doors = [door(number, status) for number, status in enumerate(LockerStatus)]
    assert counted(doors) == Doors(1, len(LockerStatus) - 1)
    assert counted([]) == Doors(0, 0)


async def test_a_door_that_is_left_out_of_booking_does_not_count(core: Core) -> None:
    await known(core)
    lockers = await core.lockers.lockers(TOWER)
    free = next(x for x in lockers if x.status is LockerStatus.AVAILABLE)
    now = core.clock.now()
    await core.database.run(lambda tx: tx.close(Closure(1, TOWER, now, free.id)))
    it = sampler(core)
    to_the_minute(core, 20)
    await it.turn()
    [seen] = await noted(core)
    every = counted(lockers)
    assert seen.doors == Doors(every.free - 1, every.doors - 1)


async def test_of_two_processes_the_one_that_watches_notes(core: Core, postgres_url: str) -> None:
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        towers = await core.lockers.towers()
        await first.run(lambda tx: tx.save_towers(towers))
        both = [Sampler(database, core.lockers, core.clock) for database in (first, second)]
        to_the_minute(core, 20)
        hour = core.clock.now().replace(minute=0)
        assert await both[1].turn() == core.clock.now() + AGAIN
        assert not await first.look(lambda tx: tx.towers_noted(hour))
        assert await both[0].turn() == core.clock.now() + timedelta(hours=1)
        found = await second.look(lambda tx: tx.towers_noted(hour))
        assert set(found) == {tower.id for tower in towers}


async def test_what_another_process_has_noted_is_not_asked_for(core: Core) -> None:
    towers, asked = await known(core), Asked(core)
    it = sampler(core, lockers=asked, lately=lambda *_: None)
    to_the_minute(core, 20)
    hour = core.clock.now().replace(minute=0)
    await core.database.run(lambda tx: tx.note_doors(hour, {TOWER: Doors(0, 1)}))
    await it.turn()
    assert TOWER not in asked.towers
    assert len(asked.towers) == len(towers) - 1
