"""The last moment to collect at a tower whose opening hours are known: it falls into none it is
closed in."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.lifecycle import Event, State
from bot.domain.opening_hours import collectable_by, is_open
from bot.usecases.extend import more_time
from tests.support.desk import ANNA, NOW, POLICY, TOWER, Desk, one

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
