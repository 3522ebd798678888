"""What time alone brings about: whose phone rings when, and that one bad alarm stops no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.usecases.collect import take_back
from bot.usecases.extend import more_time
from bot.usecases.report import door_did_not_open
from tests.support.core import ANNA, BEN, Core, core_on


async def waiting_for_ben(core: Core) -> Any:
    delivery = await core.stored()
    await core.claimed(delivery, BEN)
    await core.all_shown()
    return delivery


async def test_extending_rings_nobody_at_once_and_the_last_call_comes_again(core: Core):
    delivery = await waiting_for_ben(core)
    await core.pass_time(hours=67)
    await core.all_shown()
    await core.on(ANNA, delivery, more_time)
    await core.ring()
    assert not await core.rings(BEN, delivery)
    await core.pass_time(hours=24)
    assert await core.rings(BEN, delivery)


async def test_extending_what_is_overdue_settles_it_till_it_is_overdue_again(core: Core):
    delivery = await waiting_for_ben(core)
    await core.pass_time(hours=73)
    assert await core.alerts() == [f"overdue:{delivery.id}:0"]
    await core.on(ANNA, delivery, more_time)
    assert await core.alerts() == []
    await core.pass_time(hours=25)
    assert await core.alerts() == [f"overdue:{delivery.id}:1"]


async def test_what_was_alarming_about_a_delivery_is_over_with_it(core: Core):
    delivery = await waiting_for_ben(core)
    await core.pass_time(hours=73)
    for _ in range(3):
        await core.on(BEN, delivery, door_did_not_open)
    assert len(await core.alerts()) == 2
    await core.collected(delivery)
    assert await core.alerts() == []


async def test_whoever_took_it_back_is_reminded_and_the_recipient_is_left_in_peace(core: Core):
    delivery = await waiting_for_ben(core)
    await core.on(ANNA, delivery, take_back)
    for hours in (25, 42, 6):
        await core.all_shown()
        await core.pass_time(hours=hours)
        assert await core.rings(ANNA, delivery)
        assert not await core.rings(BEN, delivery)
    assert (await core.now(delivery)).overdue_at is not None


async def test_several_alarms_after_a_leap_of_days_ring_once(core: Core):
    delivery = await waiting_for_ben(core)
    before = await core.card(BEN, delivery)
    await core.pass_time(days=9)
    after = await core.card(BEN, delivery)
    assert before is not None
    assert after is not None
    assert after.wanted == before.wanted + 1
    assert (await core.history(delivery)).count("overdue") == 1


async def test_a_storage_time_shorter_than_the_last_call_rings_for_the_parcel_alone(
    sqlite_database,
):
    async with core_on(sqlite_database, storage=timedelta(hours=5)) as core:
        delivery = await waiting_for_ben(core)
        await core.ring()
        assert not await core.rings(BEN, delivery)
        await core.pass_time(hours=5, minutes=1)
        assert (await core.now(delivery)).overdue_at is not None


async def test_an_alarm_that_fails_stops_no_other_and_is_tried_again(core: Core):
    broken, whole = await waiting_for_ben(core), await waiting_for_ben(core)
    quiet = Person(BEN, "Ben", quiet_from=time(1), quiet_until=time(2))
    towers = await core.database.look(lambda tx: tx.towers())
    here = next(tower for tower in towers if tower.id == broken.tower)
    elsewhere = replace(here, id="ffffffffffffffff", zone="Nowhere/At_All")

    async def spoil(tx: Any) -> None:
        await tx.save_person(quiet)
        await tx.save_towers([*towers, elsewhere])
        await tx.save_delivery(replace(await tx.delivery(broken.id), tower=elsewhere.id))

    await core.database.run(spoil)
    await core.pass_time(hours=24, minutes=1)
    assert not await core.rings(BEN, broken)
    assert await core.rings(BEN, whole)
    await core.database.run(lambda tx: tx.save_towers([*towers, replace(elsewhere, zone="UTC")]))
    await core.pass_time(minutes=10)
    assert await core.rings(BEN, broken)


async def test_a_hold_that_ended_while_the_bot_was_down_is_said_without_ringing(core: Core):
    delivery = await core.reserved()
    await core.all_shown()
    await core.pass_time(hours=2)
    assert not await core.rings(ANNA, delivery)
    assert (await core.now(delivery)).state is State.RESERVED
