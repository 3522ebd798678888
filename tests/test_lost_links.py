"""A Locker Open link whose answer was lost: what is given back, and what is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId
from bot.domain.lifecycle import State
from bot.domain.tower import LockerStatus, Size
from bot.ports.errors import TryLater
from bot.ports.lockers import Push
from bot.usecases.book import cancel
from crash.audit import every_locker_has_its_delivery
from tests.support.core import ANNA, BEN, TOWER, Core, core_on, working
from tests.support.openers import BOTH_BY_LINK


@pytest.fixture
async def core(database) -> AsyncIterator[Core]:
    async with core_on(database, openers=BOTH_BY_LINK) as core:
        yield core


async def assigned(core: Core) -> set[int]:
    found = await core.lockers.assigned()
    return {int(x.id) for x in found if x.status is not LockerStatus.DECLINED}


async def test_after_a_lost_answer_the_locker_that_a_push_names_is_given_back_and_no_other(
    core: Core,
) -> None:
    delivery = await with_a_lost_answer(core)
    [ours] = await assigned(core)
    foreign = next(
        x for x in await core.lockers.lockers(TOWER) if x.status is LockerStatus.AVAILABLE
    )
    await core.lockers.drop_off_token(TOWER, foreign.id, 24 * 3600)
    await core.watcher.heard(created(core, LockerId(ours), reference=delivery.id))
    core.clock.turn(10)
    await core.work()
    after = await core.now(delivery)
    assert after.state is State.RENTED
    assert await assigned(core) == {int(after.locker or 0), int(foreign.id)}
    await core.look()
    told = await core.database.look(lambda tx: tx.alerts())
    assert [(alert.locker, alert.asked) for alert in told] == [(foreign.id, False)]
    core.clock.turn(10 * 3600)
    await core.look()
    assert int(foreign.id) in await assigned(core)
    assert await every_locker_has_its_delivery(core.database, core.lockers) == []


async def test_what_a_push_names_as_another_delivery_s_is_not_given_back(core: Core) -> None:
    lost, other = await with_a_lost_answer(core), await core.request(BEN, openers=BOTH_BY_LINK)
    [locker] = await assigned(core)
    await core.watcher.heard(created(core, LockerId(locker), reference=other.id))
    await core.on(ANNA, lost, cancel)
    worker = working(core, drop_off_link=unheard_of)
    await worker.turn()
    await worker.settle()
    assert (await core.now(lost)).state is State.CANCELLED
    assert await assigned(core) == {locker}


async def test_a_locker_given_back_after_a_lost_answer_is_ours_no_longer(core: Core) -> None:
    delivery = await with_a_lost_answer(core)
    [locker] = await assigned(core)
    await core.watcher.heard(created(core, LockerId(locker), reference=delivery.id))
    await core.on(ANNA, delivery, cancel)
    await core.work()
    await core.sync()
    assert await assigned(core) == set()
    await core.lockers.drop_off_token(TOWER, LockerId(locker), 24 * 3600)  # by another system
    for hours in (0, 10):
        core.clock.turn(hours * 3600)
        await core.look()
    assert await assigned(core) == {locker}


async def test_a_locker_that_nobody_here_knows_of_is_found_by_the_audit_of_crash_runs(
    core: Core,
) -> None:
    tower = next(x for x in await core.lockers.towers() if x.id == TOWER)
    link = await core.lockers.drop_off_link(tower, Size.MEDIUM, low=False, keypad=False)
    [found] = await every_locker_has_its_delivery(core.database, core.lockers)
    assert f"{int(link.locker)}" in found


def created(core: Core, locker: LockerId, *, reference: str) -> Push:
    """What Harbor pushes of a link that it has made."""
    at, source = core.clock.now(), "LOCKER_OPEN_LINK_CREATED"
    rented = LockerStatus.RENTED
    return Push(
        tower=TOWER,
        locker=locker,
        status=rented,
        at=at,
        source=source,
        verified=True,
        reference=reference,
    )


async def unheard_of(*_: Any, **__: Any) -> Any:
    raise TryLater("no answer")


async def with_a_lost_answer(core: Core) -> Delivery:
    """Harbor has rented a locker for it, and nobody here knows which."""

    async def drop_off_link(*wanted: Any, **named: Any) -> Any:
        await core.lockers.drop_off_link(*wanted, **named)
        raise TryLater("as if the answer had been lost")

    delivery = await core.request(openers=BOTH_BY_LINK)
    worker = working(core, drop_off_link=drop_off_link)
    await worker.turn()
    await worker.settle()
    assert len(await assigned(core)) == 1
    return delivery


@pytest.mark.parametrize("named", [True, False])
async def test_giving_up_after_a_lost_answer_gives_the_locker_back_that_a_push_has_named(
    core: Core, named: bool
) -> None:
    delivery = await with_a_lost_answer(core)
    [locker] = await assigned(core)
    if named:
        await core.watcher.heard(created(core, LockerId(locker), reference=delivery.id))
    await core.on(ANNA, delivery, cancel)
    await core.work()
    assert (await core.now(delivery)).state is State.CANCELLED
    assert await assigned(core) == (set() if named else {locker})


async def test_a_named_locker_of_a_tower_that_is_known_no_longer_is_given_back(core: Core) -> None:
    delivery = await with_a_lost_answer(core)
    [locker] = await assigned(core)
    await core.watcher.heard(created(core, LockerId(locker), reference=delivery.id))
    await core.database.run(lambda tx: tx.save_towers([]))
    core.clock.turn(10)
    await core.work()
    assert (await core.now(delivery)).state is State.NO_LOCKER
    assert await assigned(core) == set()


async def test_a_locker_where_the_tower_is_known_no_longer_stays_if_nothing_names_it(
    core: Core,
) -> None:
    delivery = await with_a_lost_answer(core)
    held = await assigned(core)
    await core.database.run(lambda tx: tx.save_towers([]))
    core.clock.turn(10)
    await core.work()
    assert (await core.now(delivery)).state is State.NO_LOCKER
    assert await assigned(core) == held


async def test_each_locker_that_two_lost_answers_leave_is_told_once_and_left_alone(
    core: Core,
) -> None:
    await core.faults({"name": "reset_after", "call": "drop_off_request", "times": 2})
    delivery = await core.request(openers=BOTH_BY_LINK)
    for _ in range(6):
        await core.work()
        core.clock.turn(10)
        await core.look()
    after = await core.now(delivery)
    assert after.state is State.RENTED
    told = await core.database.look(lambda tx: tx.alerts())
    left = await assigned(core) - {int(after.locker or 0)}
    assert len(left) == 2
    assert sorted(int(alert.locker or 0) for alert in told) == sorted(left)
    assert not any(alert.asked for alert in told)
