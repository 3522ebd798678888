"""What the watcher makes of Harbor's answers: odd ones, late ones, and none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.domain.alerts import Away, harbor_away
from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, TowerId
from bot.domain.lifecycle import State
from bot.domain.tower import Locker, LockerStatus
from bot.ports.errors import Refused, TryLater
from bot.ports.lockers import Push
from bot.usecases import operate
from bot.usecases.alerts import raise_alert
from bot.usecases.book import cancel
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from bot.usecases.collect import take_back
from bot.workers.signals import Signals
from bot.workers.watcher import Watcher
from tests.support.core import ANNA, BEN, OPERATOR, TOWER, Core, Twisted, working


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


async def test_a_hold_that_is_over_ends_though_a_stranger_has_reserved_the_locker_now(core: Core):
    delivery = await core.rented()
    strangers = unlisted(core, delivery, LockerStatus.RESERVED)
    core.clock.turn(core.policy.drop_off.total_seconds() + 1200)
    await strangers.look()
    assert (await core.now(delivery)).state is State.LAPSED


def unlisted(core: Core, delivery: Delivery, status: LockerStatus) -> Watcher:
    """Nothing is said to be ours, and the delivery's locker has that status at its tower."""

    async def nothing() -> list[Locker]:
        return []

    async def lockers(tower: TowerId) -> list[Locker]:
        found = await core.lockers.lockers(tower)
        return [replace(x, status=status) if x.id == delivery.locker else x for x in found]

    return watching(core, assigned=nothing, lockers=lockers)


@pytest.mark.parametrize("state", [State.RENTED, State.RELEASING, State.STORED])
async def test_occupied_at_the_tower_and_missing_from_our_list_is_told_and_never_an_end(
    core: Core, state: State
):
    delivery = await (core.stored() if state is State.STORED else core.rented())
    if state is State.RELEASING:
        await core.on(ANNA, delivery, cancel)
    lacking = unlisted(core, delivery, LockerStatus.OCCUPIED)
    for days in (0, 30):
        core.clock.turn(days * 86_400 + 5)
        for _ in range(2):
            await lacking.look()
        assert (await core.now(delivery)).state is state
        assert await core.alerts() == [f"odd:{delivery.id}:{state}:occupied"]
    (alert,) = await core.database.look(lambda tx: tx.alerts())
    assert alert.detail == {"unlisted": True}
    await core.look()
    assert await core.alerts() == []


async def test_what_is_occupied_and_missing_from_our_list_is_not_taken_for_released(core: Core):
    delivery = await core.rented()
    await core.put_in(delivery)
    await core.on(ANNA, delivery, cancel)

    async def nothing() -> list[Locker]:
        return []

    worker = working(core, assigned=nothing)
    await worker.turn()
    await worker.settle()
    after = await core.now(delivery)
    assert (after.state, after.request) == (State.RELEASING, None)
    core.clock.turn(5)
    await core.look()
    assert (await core.now(delivery)).state is State.STORED


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


async def test_a_push_about_an_earlier_holder_stores_nothing_for_the_next(core: Core):
    first = await core.stored()
    then = core.clock.now()
    core.clock.turn(120)
    await core.on(ANNA, first, take_back)
    await core.on(ANNA, first, ask_pick_up_code)
    await core.work()
    await core.take_out(first)
    await core.sync()
    core.clock.turn(60)
    await core.look()
    assert (await core.now(first)).state is State.COLLECTED
    second = await core.rented(who=BEN)
    in_the_same = replace(second, locker=first.locker)  # as if Harbor had given it again
    await core.database.run(lambda tx: tx.save_delivery(in_the_same))
    second = await core.now(second)
    await core.watcher.heard(replace(occupied(core, second), at=then))
    assert (await core.now(second)).state is State.RENTED
    assert (await core.now(first)).state is State.COLLECTED


async def test_pushes_that_anybody_may_have_sent_make_us_look_once_a_second(core: Core):
    delivery = await core.rented()
    looks = 0

    async def assigned() -> list[Locker]:
        nonlocal looks
        looks += 1
        return await core.lockers.assigned()

    watcher = watching(core, assigned=assigned)
    anybody = replace(occupied(core, delivery), verified=False)
    for _ in range(40):
        await watcher.heard(anybody)
        due = await watcher.turn()
        assert due is not None
        assert due - core.clock.now() <= core.policy.watch
        core.clock.turn(0.1)
    assert looks == 4
    await watcher.heard(anybody)
    await watcher.turn()
    core.clock.turn(0.1)
    before = looks
    await watcher.heard(anybody)
    due = await watcher.turn()
    assert looks == before
    assert due is not None
    assert due - core.clock.now() <= timedelta(seconds=1), "it is looked then, not forgotten"
    await watcher.heard(replace(anybody, verified=True))
    await watcher.turn()
    assert looks == before + 1, "what is signed is looked after at once"


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


# -- what is there is told before what is gone is confirmed


async def lapsed_soon(core: Core, tower: TowerId) -> Delivery:
    """A delivery whose locker Harbor has back in 300 seconds."""
    return await core.reserved(tower=tower)


def stuck(core: Core, tower: TowerId, on: asyncio.Event) -> Callable[..., Any]:
    """Lists of lockers, of which one tower's does not come before `on`."""

    async def lockers(asked: TowerId) -> list[Locker]:
        if asked == tower:
            await on.wait()
        return await core.lockers.lockers(asked)

    return lockers


async def becomes(core: Core, delivery: Delivery, state: State) -> None:
    async with asyncio.timeout(5):
        while (await core.now(delivery)).state is not state:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.001)


async def test_a_tower_that_never_answers_delays_neither_a_ring_nor_another_towers_confirmation(
    core: Core,
):
    never, there = await other_tower(core), TOWER
    gone_here, gone_there = await lapsed_soon(core, never), await lapsed_soon(core, there)
    core.clock.turn(300)
    put_in = await core.rented(tower=there, recipient=BEN, recipient_name="Ben")
    await core.put_in(put_in)
    core.clock.turn(1)
    await core.all_shown()
    on = asyncio.Event()
    watcher = watching(core, lockers=stuck(core, never, on))
    async with asyncio.timeout(5):
        due = await watcher.turn()
    assert due == core.clock.now() + core.policy.watch
    assert (await core.now(put_in)).state is State.STORED
    assert await core.rings(BEN, put_in)
    await becomes(core, gone_there, State.LAPSED)
    assert (await core.now(gone_here)).state is State.RESERVED

    second = await core.rented(tower=there, recipient=BEN, recipient_name="Ben")
    await core.put_in(second)
    core.clock.turn(core.policy.watch.total_seconds())
    async with asyncio.timeout(5):
        await watcher.turn()
    assert await core.rings(BEN, second), "nor at the looks that follow"
    on.set()
    await watcher.settle()
    core.clock.turn(core.policy.watch.total_seconds())
    await watcher.turn()
    await watcher.settle()
    assert (await core.now(gone_here)).state is State.LAPSED


async def test_a_tower_is_asked_by_one_at_a_time_however_long_it_takes(core: Core):
    await lapsed_soon(core, TOWER)
    core.clock.turn(301)
    on, asked = asyncio.Event(), 0

    async def lockers(tower: TowerId) -> list[Locker]:
        nonlocal asked
        asked += 1
        await on.wait()
        return await core.lockers.lockers(tower)

    watcher = watching(core, lockers=lockers)
    for _ in range(4):
        await watcher.turn()
        core.clock.turn(5)
        await asyncio.sleep(0)
    assert asked == 1
    on.set()
    await watcher.settle()


async def test_a_confirmation_that_could_not_be_written_down_is_heard_of_and_comes_again(
    core: Core,
):
    gone = await lapsed_soon(core, TOWER)
    core.clock.turn(301)
    full: Any = Full(core)
    watcher = Watcher(full, core.lockers, core.clock, core.policy, Signals())
    full.full = True
    await watcher.turn()
    await watcher.settle()
    core.clock.turn(5)
    with pytest.raises(TryLater):
        await watcher.turn()
    full.full = False
    await watcher.turn()
    await watcher.settle()
    assert (await core.now(gone)).state is State.LAPSED


class Full:
    """The core's database, to which nothing can be written while it is `full`."""

    def __init__(self, core: Core) -> None:
        self._database, self.look, self.shared = core.database, core.database.look, False
        self.replicas = core.database.replicas
        self.full = False

    async def run(self, step: Any, **asked: bool) -> Any:
        if self.full:
            raise TryLater("disk full")
        return await self._database.run(step, **asked)


def said(logged: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the log tells of Harbor."""
    return [line["event"] for line in logged if line["event"].startswith("harbor_")]


async def test_only_what_has_been_away_is_logged_to_be_back(core: Core):
    with capture_logs() as logged:
        await core.watcher.turn()
        assert said(logged) == []
        await core.faults({"name": "503", "call": "*", "times": None})
        for _ in range(3):
            core.clock.turn(core.policy.watch_idle.total_seconds())
            await core.watcher.turn()
        await core.faults()
        for _ in range(2):
            core.clock.turn(core.policy.watch_idle.total_seconds())
            await core.watcher.turn()
    assert said(logged) == ["harbor_away", "harbor_back"]


async def test_what_an_earlier_process_has_told_to_be_away_is_logged_to_be_back(core: Core):
    away = harbor_away(core.clock.now(), Away.SILENT)
    await core.database.run(lambda tx: raise_alert(tx, away, core.policy))
    with capture_logs() as logged:
        await core.watcher.turn()
    assert said(logged) == ["harbor_back"]
