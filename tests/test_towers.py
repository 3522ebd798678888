"""What screens may show of Harbor when it is slow, failing, or says that there is nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.tower import LockerStatus, Size, Tower
from bot.ports.errors import TryLater
from bot.ports.zones import Point, ZonesAt, nowhere
from bot.workers.towers import Towers
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from tests.support.core import TOWER, Core, Twisted
from tests.support.harbor_stand_in import access


def towers_of(core: Core, zones_at: ZonesAt = nowhere, **instead: Any) -> Towers:
    twisted: Any = Twisted(core, **instead)
    return Towers(core.database, twisted, core.clock, zones_at)


async def test_all_who_ask_at_once_share_one_reading(core: Core):
    asked = 0

    async def lockers(tower: Any) -> Any:
        nonlocal asked
        asked += 1
        return await core.lockers.lockers(tower)

    towers = towers_of(core, lockers=lockers)
    readings = await asyncio.gather(*(towers.free(TOWER) for _ in range(20)))
    assert asked == 1
    assert len({str(reading) for reading in readings}) == 1


async def test_a_harbor_that_fails_is_not_asked_anew_by_every_screen(core: Core):
    asked = 0

    async def lockers(tower: Any) -> Any:
        nonlocal asked
        asked += 1
        raise TryLater("away")

    towers = towers_of(core, lockers=lockers)
    for _ in range(20):
        assert (await towers.free(TOWER)).at is None
    assert asked == 1
    core.clock.turn(6)
    await towers.free(TOWER)
    assert asked == 2


async def test_a_slow_harbor_keeps_nobody_longer_than_their_patience(core: Core):
    on = asyncio.Event()

    async def lockers(tower: Any) -> Any:
        await on.wait()
        return await core.lockers.lockers(tower)

    towers = towers_of(core, lockers=lockers)
    asking = asyncio.create_task(towers.free(TOWER))
    while not asking.done():
        await asyncio.sleep(0)
        core.clock.turn(0.5)
    assert asking.result().at is None
    on.set()


async def test_a_reading_is_as_old_as_the_question(core: Core):
    began = core.clock.now()

    async def lockers(tower: Any) -> Any:
        found = await core.lockers.lockers(tower)
        core.clock.turn(2)
        return found

    assert (await towers_of(core, lockers=lockers).free(TOWER)).at == began


def at_one_place(core: Core, known: list[Tower]) -> Any:
    """Harbor, but that all its towers stand at one location."""

    async def towers() -> list[Tower]:
        return [replace(tower, location=11) for tower in known]

    return towers


async def test_the_towers_of_a_place_are_counted_together(core: Core):
    known = await core.lockers.towers()
    towers = towers_of(core, towers=at_one_place(core, known))
    each = [(await towers.free(tower.id)).value for tower in known]
    together = (await towers.free(TOWER, at_place=True)).value
    assert len(known) > 1
    assert together == {
        size: sum(counts.get(size, 0) for counts in each)
        for size in Size
        if any(size in counts for counts in each)
    }


async def test_low_doors_can_be_counted_alone(core: Core):
    lockers = await core.lockers.lockers(TOWER)
    low = [x for x in lockers if x.low and x.status is LockerStatus.AVAILABLE]
    counted = (await towers_of(core).free(TOWER, low_only=True)).value
    assert 0 < sum(counted.values()) == len(low)
    assert set(counted) == {locker.size for locker in lockers}


async def test_a_place_is_not_counted_while_one_of_its_towers_was_never_read(core: Core):
    known = await core.lockers.towers()

    async def lockers(tower: Any) -> Any:
        if tower != TOWER:
            raise TryLater("away")
        return await core.lockers.lockers(tower)

    towers = towers_of(core, towers=at_one_place(core, known), lockers=lockers)
    assert (await towers.free(TOWER)).at is not None
    reading = await towers.free(TOWER, at_place=True)
    assert (reading.value, reading.at) == ({}, None)


async def test_whoever_wants_to_know_is_told_of_all_towers_that_were_found(core: Core):
    told: list[Any] = []
    towers = Towers(core.database, core.lockers, core.clock, found=told.append)
    found = (await towers.all()).value
    assert told == [found]


async def test_an_empty_list_of_towers_makes_nobody_forget_those_there_were(core: Core):
    known = await core.database.look(lambda tx: tx.towers())

    async def nothing() -> list[Any]:
        return []

    towers = towers_of(core, towers=nothing)
    await towers.load()
    assert (await towers.all()).value == known
    assert await core.database.look(lambda tx: tx.towers()) == known


@pytest.mark.parametrize("fault", ["422", "404", "empty_list"])
async def test_a_location_that_could_not_be_read_is_looked_at_again_after_a_minute(
    core: Core, fault: str
):
    asked = 0

    async def found() -> Any:
        nonlocal asked
        asked += 1
        return await lockers.towers()

    await core.database.run(lambda tx: tx.save_towers([]))
    await core.faults({"name": fault, "call": "location_lockers", "times": 1})
    async with Harbor(access(str(core.control.base_url)), clock=core.clock.now) as started_anew:
        lockers = HarborLockers(started_anew)
        towers = towers_of(core, towers=found, unanswered=lockers.unanswered)
        some = len((await towers.all()).value)
        core.clock.turn(59)
        assert len((await towers.all()).value) == some
        core.clock.turn(1)
        assert len((await towers.all()).value) == some + 1
        core.clock.turn(599)
        await towers.all()
        assert asked == 2, "all of them are good for ten minutes"
        core.clock.turn(1)
        await towers.all()
        assert asked == 3


async def test_that_there_is_no_tower_at_all_is_asked_again_after_a_minute(core: Core):
    await core.database.run(lambda tx: tx.save_towers([]))
    await core.faults({"name": "empty_list", "call": "locations", "times": 1})
    towers = towers_of(core)
    none = await towers.all()
    assert (none.value, none.at) == ([], core.clock.now()), "Harbor was reached"
    core.clock.turn(59)
    assert (await towers.all()).value == []
    core.clock.turn(1)
    assert (await towers.all()).value


async def test_what_no_error_of_ours_explains_is_outlived_too(core: Core):
    async def broken(tower: Any) -> Any:
        raise KeyError(tower)

    towers = towers_of(core, lockers=broken)
    assert (await towers.free(TOWER)).at is None
    core.clock.turn(timedelta(minutes=1).total_seconds())
    assert (await towers.free(TOWER)).at is None


# -- time zones


class Map:
    """A map on which every place but the sea lies in Chicago; it remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Point] = []
        self.torn = False

    async def zones_at(self, points: Sequence[Point]) -> Sequence[str | None]:
        self.asked += points
        if self.torn:
            raise TryLater("torn")
        return [None if point == (0.0, 0.0) else "America/Chicago" for point in points]


def without_zones(core: Core, **changes: Any) -> Any:
    async def towers() -> list[Any]:
        return [replace(each, zone=None, **changes) for each in await core.lockers.towers()]

    return towers


async def test_a_tower_without_a_zone_has_that_of_its_place_and_is_asked_for_once(core: Core):
    chart = Map()
    first = towers_of(core, chart.zones_at, towers=without_zones(core))
    await core.database.run(lambda tx: tx.save_towers([]))
    assert {tower.zone for tower in (await first.all()).value} == {"America/Chicago"}
    asked = len(chart.asked)
    assert asked == len({*chart.asked}) > 0
    core.clock.turn(timedelta(hours=1).total_seconds())
    await first.all()
    restarted = towers_of(core, chart.zones_at, towers=without_zones(core))
    await restarted.load()
    assert {tower.zone for tower in (await restarted.all()).value} == {"America/Chicago"}
    assert len(chart.asked) == asked


async def test_a_zone_that_harbor_gives_is_never_looked_up(core: Core):
    chart = Map()
    await core.database.run(lambda tx: tx.save_towers([]))
    towers = (await towers_of(core, chart.zones_at).all()).value
    assert towers == await core.lockers.towers()
    assert chart.asked == []


async def test_a_tower_that_was_moved_is_looked_up_anew(core: Core):
    chart = Map()
    await core.database.run(lambda tx: tx.save_towers([]))
    await towers_of(core, chart.zones_at, towers=without_zones(core)).all()
    chart.asked.clear()
    moved = without_zones(core, latitude=35.0)
    await towers_of(core, chart.zones_at, towers=moved).all()
    assert {latitude for latitude, _ in chart.asked} == {35.0}


async def test_a_place_at_sea_and_one_without_coordinates_have_no_zone(core: Core):
    for place in ({"latitude": 0.0, "longitude": 0.0}, {"latitude": None, "longitude": None}):
        chart = Map()
        await core.database.run(lambda tx: tx.save_towers([]))
        towers = towers_of(core, chart.zones_at, towers=without_zones(core, **place))
        for _ in range(3):
            assert {tower.zone for tower in (await towers.all()).value} == {None}
            core.clock.turn(timedelta(hours=1).total_seconds())
        assert len(chart.asked) <= 1


async def test_a_map_that_cant_be_read_leaves_zones_unknown_until_it_can(core: Core):
    chart = Map()
    chart.torn = True
    await core.database.run(lambda tx: tx.save_towers([]))
    towers = towers_of(core, chart.zones_at, towers=without_zones(core))
    reading = await towers.all()
    assert reading.value
    assert {tower.zone for tower in reading.value} == {None}
    chart.torn = False
    core.clock.turn(timedelta(hours=1).total_seconds())
    assert {tower.zone for tower in (await towers.all()).value} == {"America/Chicago"}
