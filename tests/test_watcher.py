"""What the watcher makes of Harbor's answers: odd ones, late ones, and none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, TowerId
from bot.domain.lifecycle import State
from bot.domain.tower import Locker, LockerStatus
from bot.ports.errors import Refused
from bot.ports.lockers import Push
from bot.usecases import operate
from bot.usecases.book import cancel
from bot.usecases.codes import ask_drop_off_code
from bot.workers.signals import Signals
from bot.workers.watcher import Watcher
from tests.support.core import ANNA, BEN, OPERATOR, TOWER, Core, Twisted, core_on


@pytest.fixture
async def core(sqlite_database) -> AsyncIterator[Core]:
    async with core_on(sqlite_database) as core:
        yield core


def watching(core: Core, **instead: Callable[..., Any]) -> Watcher:
    twisted: Any = Twisted(core, **instead)
    return Watcher(core.database, twisted, core.clock, core.policy, Signals())


def seen_as(core: Core, delivery: Delivery, status: LockerStatus) -> Callable[[], Any]:
    """What is assigned, with the delivery's locker in another status."""

    async def assigned() -> list[Locker]:
        return [
            replace(x, status=status) if x.id == delivery.locker else x
            for x in await core.lockers.assigned()
        ]

    return assigned


async def test_one_list_that_calls_our_locker_available_ends_no_delivery(core: Core):
    delivery = await core.stored()
    odd = watching(core, assigned=seen_as(core, delivery, LockerStatus.AVAILABLE))
    core.clock.turn(5)
    await odd.look()
    assert (await core.now(delivery)).state is State.STORED


async def test_a_reading_older_than_the_delivery_raises_no_alarm(core: Core):
    delivery = await core.reserved()

    async def assigned() -> list[Locker]:
        old = await core.lockers.assigned()
        core.clock.turn(1)
        await core.on(ANNA, delivery, ask_drop_off_code)
        await core.work()
        return old

    await watching(core, assigned=assigned).look()
    assert (await core.now(delivery)).state is State.RENTED
    assert await core.alerts() == []


async def test_an_odd_status_is_told_once_and_once_more_when_it_is_over(core: Core):
    delivery = await core.stored()
    core.clock.turn(5)
    odd = watching(core, assigned=seen_as(core, delivery, LockerStatus.DECLINED))
    await odd.look()
    await odd.look()
    assert [key.partition(":")[0] for key in await core.alerts()] == ["odd"]
    await core.look()
    assert await core.alerts() == []


async def test_a_tower_that_does_not_answer_holds_up_no_other(core: Core):
    here, there = await core.reserved(), await core.reserved(tower=await other_tower(core))

    async def lockers(tower: TowerId) -> list[Locker]:
        if tower == here.tower:
            raise Refused("no such tower")
        return await core.lockers.lockers(tower)

    core.clock.turn(301)
    await watching(core, lockers=lockers).look()
    assert (await core.now(there)).state is State.LAPSED
    assert (await core.now(here)).state is State.RESERVED


async def other_tower(core: Core) -> TowerId:
    towers = await core.lockers.towers()
    return next(tower.id for tower in towers if tower.id != TOWER)


@pytest.mark.parametrize("status", [LockerStatus.RESERVED, LockerStatus.OCCUPIED])
async def test_a_hold_that_is_over_ends_though_a_stranger_has_the_locker_now(
    core: Core, status: LockerStatus
):
    delivery = await core.rented()

    async def nothing() -> list[Locker]:
        return []

    async def lockers(tower: TowerId) -> list[Locker]:
        found = await core.lockers.lockers(tower)
        return [replace(x, status=status) if x.id == delivery.locker else x for x in found]

    strangers = watching(core, assigned=nothing, lockers=lockers)
    core.clock.turn(5)
    if status is LockerStatus.OCCUPIED:  # it might be ours: said so nowhere, denied nowhere
        await strangers.look()
        assert (await core.now(delivery)).state is State.RENTED
    core.clock.turn(core.policy.drop_off.total_seconds() + 1200)
    await strangers.look()
    assert (await core.now(delivery)).state is State.LAPSED


async def test_a_push_about_a_locker_that_was_only_tried_stores_nothing(core: Core):
    owner = await core.rented()
    other = await core.request(BEN)
    tried = replace(await core.now(other), candidate=owner.locker)
    await core.database.run(lambda tx: tx.save_delivery(tried))
    await core.on(BEN, other, cancel)
    await core.watcher.heard(occupied(core, owner))
    assert (await core.now(owner)).state is State.STORED
    assert (await core.now(other)).state is State.RELEASING


async def test_a_push_from_before_the_locker_was_theirs_says_nothing(core: Core):
    delivery = await core.request()
    core.clock.turn(60)
    earlier = core.clock.now()
    core.clock.turn(60)
    await core.work()
    await core.on(ANNA, delivery, ask_drop_off_code)
    await core.work()
    rented = await core.now(delivery)
    await core.watcher.heard(replace(occupied(core, rented), at=earlier))
    assert (await core.now(delivery)).state is State.RENTED


async def test_a_push_from_a_clock_that_is_ahead_puts_nothing_into_the_future(core: Core):
    delivery = await core.rented()
    ahead = core.clock.now() + timedelta(hours=1)
    await core.watcher.heard(replace(occupied(core, delivery), at=ahead))
    assert (await core.now(delivery)).occupied_at == core.clock.now()


def occupied(core: Core, delivery: Delivery) -> Push:
    locker = delivery.locker or LockerId(0)
    at = core.clock.now()
    return Push(delivery.tower, locker, LockerStatus.OCCUPIED, at, "LOCKER_TOKEN_USED", True)


async def test_a_parcel_gone_though_no_code_was_ever_given_alerts_the_operators(core: Core):
    delivery = await core.stored()
    core.clock.turn(5)

    async def nothing() -> list[Locker]:
        return []

    async def lockers(tower: TowerId) -> list[Locker]:
        found = await core.lockers.lockers(tower)
        gone = LockerStatus.AVAILABLE
        return [replace(x, status=gone) if x.id == delivery.locker else x for x in found]

    await watching(core, assigned=nothing, lockers=lockers).look()
    assert (await core.now(delivery)).state is State.COLLECTED
    assert await core.alerts() == [f"gone:{delivery.id}"]


async def test_a_stray_locker_that_harbor_will_not_take_back_is_asked_for_once(core: Core):
    lockers = await core.lockers.lockers(TOWER)
    stray = next(x for x in lockers if x.status is LockerStatus.AVAILABLE)
    await core.lockers.drop_off_token(TOWER, stray.id, 3000)
    asked = []

    async def release(tower: TowerId, locker: LockerId) -> None:
        asked.append(locker)
        raise Refused("occupied")

    stubborn = watching(core, release=release)
    await stubborn.look()
    await core.act(OPERATOR, operate.release_orphan, f"orphan:{TOWER}/{stray.id}")
    for _ in range(3):
        await stubborn.look()
    assert asked == [stray.id]
    await core.act(OPERATOR, operate.release_orphan, f"orphan:{TOWER}/{stray.id}")
    await stubborn.look()
    assert asked == [stray.id] * 2
