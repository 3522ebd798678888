"""The last moment to collect at a tower whose opening hours are known: it falls into none it is
closed in."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alerts import orphan
from bot.domain.ids import LockerId
from bot.domain.lifecycle import Event, State
from bot.domain.opening_hours import collectable_by, is_open
from bot.domain.tower import Locker, LockerStatus, Size
from bot.usecases.extend import more_time
from bot.usecases.operate import fetch_orphan
from tests.support.desk import ANNA, NOW, OLGA, POLICY, TOWER, Desk, one

NIGHT = NOW.replace(hour=23, minute=30)


async def test_a_parcel_put_in_or_extended_waits_until_the_tower_is_open(desk: Desk) -> None:
    assert not is_open(TOWER, NIGHT)
    await desk.database.run(lambda tx: tx.save_towers([TOWER]))
    rented = await desk.keep(one(State.RENTED))
    desk.now = NIGHT
    stored = await desk.observe(rented, Event.DROPPED_OFF)
    morning = collectable_by(TOWER, NIGHT + POLICY.storage)
    assert morning > NIGHT + POLICY.storage
    assert stored.collect_until == morning
    desk.now = NIGHT + timedelta(days=5)
    later = await desk.act(ANNA, more_time, stored)
    assert later.collect_until == collectable_by(TOWER, desk.now + POLICY.extension)
    assert later.collect_until > desk.now + POLICY.extension


async def test_what_is_found_in_an_orphan_at_night_waits_until_the_tower_is_open(
    desk: Desk,
) -> None:
    await desk.database.run(lambda tx: tx.save_towers([TOWER]))
    await desk.keep(one(State.COLLECTED, "z"))
    desk.now = NIGHT
    locker = Locker(LockerId(3), "B3", TOWER.id, LockerStatus.OCCUPIED, Size.SMALL)
    await desk.database.run(lambda tx: tx.raise_alert(orphan(NIGHT, locker)))
    found = await desk.act(OLGA, fetch_orphan, orphan(NIGHT, locker).key)
    assert found.collect_until == collectable_by(TOWER, NIGHT + POLICY.storage)
    assert found.collect_until > NIGHT + POLICY.storage
