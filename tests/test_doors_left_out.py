"""A door that two people report is left out of booking until an operator says otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.alerts import AlertKind
from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.tower import Low, Size
from bot.ports.database import Database
from bot.usecases.actor import NotPermitted, NotYours
from bot.usecases.book import another_door, cancel
from bot.usecases.closing import back_in_use, leave_out_if_reported
from bot.usecases.report import door_did_not_open
from bot.workers.towers import Towers
from tests.support.core import ANNA, BEN, CLEO, OPERATOR, TOWER, Core, core_on
from tests.support.openers import BOTH_BY_LINK

OTTO = PersonId(77)


@pytest.fixture
async def core(database: Database) -> AsyncIterator[Core]:
    async with core_on(database) as core:
        yield core


async def left_out(core: Core) -> set[tuple[TowerId, LockerId | None]]:
    found = await core.database.look(lambda tx: tx.closures())
    return {(each.tower, each.locker) for each in found}


async def reports(core: Core, delivery: Delivery, who: PersonId = ANNA) -> Delivery:
    await core.on(who, delivery, door_did_not_open)
    return await core.now(delivery)


async def given_back(core: Core, delivery: Delivery) -> None:
    await core.on(delivery.sender, delivery, cancel)
    await core.work()
    await core.sync(delivery.tower)
    core.clock.turn(5)
    await core.look()


async def only(core: Core, locker: LockerId | None, size: Size = Size.MEDIUM) -> None:
    """Every other locker of the size is out of service."""
    for each in await core.lockers.lockers(TOWER):
        if each.size is size and each.id != locker:
            path = f"/sandbox/towers/{TOWER}/lockers/{each.id}/status"
            await core.control.post(path, json={"status": "out of service"})
    core.clock.turn(60)


async def reported_twice(core: Core, **wish: Any) -> Delivery:
    """A door that Anna and then Ben have had and reported; Ben's delivery, which has it."""
    first = await reports(core, await core.rented(**wish))
    door = first.locker
    await given_back(core, first)
    await only(core, door)
    second = await core.request(BEN, **wish)
    await core.work()
    second = await core.now(second)
    assert second.locker == door, "the only one there is"
    return await reports(core, second, BEN)


async def test_two_people_within_half_an_hour_leave_a_door_out_and_operators_are_told_once(
    core: Core,
) -> None:
    second = await reported_twice(core)
    assert await left_out(core) == {(TOWER, second.locker)}
    assert second.door_suspect
    await reports(core, second, BEN)
    found = await core.database.look(lambda tx: tx.alerts())
    told = [alert for alert in found if alert.kind is AlertKind.DOOR_OUT]
    assert [(alert.locker, alert.detail) for alert in told] == [(second.locker, {"people": 2})]


async def test_one_person_alone_leaves_no_door_out_however_often(core: Core) -> None:
    delivery = await core.rented()
    for _ in range(5):
        delivery = await reports(core, delivery)
    assert await left_out(core) == set()
    assert not delivery.door_suspect


async def test_sender_and_recipient_of_a_parcel_are_two_people(core: Core) -> None:
    delivery = await reports(core, await core.rented())
    await core.claimed(delivery)
    await core.put_in(delivery)
    core.clock.turn(1)
    await core.look()
    await reports(core, delivery, BEN)
    assert await left_out(core) == {(TOWER, delivery.locker)}


@pytest.mark.parametrize(("minutes", "out"), [(29, True), (31, False)])
async def test_reports_count_together_for_as_long_as_the_policy_says(
    core: Core, minutes: int, out: bool
) -> None:
    delivery = await reports(core, await core.rented())
    await core.claimed(delivery)
    await core.put_in(delivery)
    core.clock.turn(60 * minutes)
    await core.look()
    await reports(core, delivery, BEN)
    assert bool(await left_out(core)) is out


async def test_how_many_and_how_long_are_the_policys(sqlite_database: Database) -> None:
    async with core_on(sqlite_database, door_reporters=1) as core:
        delivery = await reports(core, await core.rented())
        assert await left_out(core) == {(TOWER, delivery.locker)}


async def test_where_nobody_could_take_it_in_again_no_door_is_left_out(
    sqlite_database: Database,
) -> None:
    async with core_on(sqlite_database, operators=frozenset()) as core:
        assert not (await reported_twice(core)).door_suspect
        assert await left_out(core) == set()


async def test_the_same_number_at_another_tower_is_another_door(core: Core) -> None:
    second = await reported_twice(core)
    assert second.locker is not None
    other = TowerId("0100000000000102")
    assert await core.database.look(lambda tx: tx.door_closed(other, second.locker)) is None


async def test_a_door_left_out_is_neither_counted_nor_picked(core: Core) -> None:
    second = await reported_twice(core)
    await given_back(core, second)
    towers = Towers(core.database, core.lockers, core.clock)
    assert await core.status(second) == "available"
    assert (await towers.free(TOWER)).value[Size.MEDIUM] == 0
    third = await core.request(CLEO, larger_allowed=False)
    await core.work()
    assert (await core.now(third)).state is State.NO_LOCKER
    await core.act(OPERATOR, back_in_use, TOWER, second.locker)
    assert (await towers.free(TOWER)).value[Size.MEDIUM] == 1
    fourth = await core.request(CLEO, larger_allowed=False)
    await core.work()
    assert (await core.now(fourth)).locker == second.locker


async def test_a_tower_whose_only_free_door_is_left_out_is_not_offered_instead(
    core: Core,
) -> None:
    second = await reported_twice(core)
    await given_back(core, second)
    towers = await core.database.look(lambda tx: tx.towers())
    elsewhere = next(tower for tower in towers if tower.id != TOWER)
    for tower in towers:
        for each in await core.lockers.lockers(tower.id):
            if each.id != second.locker:
                path = f"/sandbox/towers/{tower.id}/lockers/{each.id}/status"
                await core.control.post(path, json={"status": "out of service"})
    core.clock.turn(60)
    third = await core.request(CLEO, tower=elsewhere.id)
    await core.work()
    third = await core.now(third)
    assert (third.state, third.elsewhere) == (State.NO_LOCKER, None)


async def test_back_in_use_ends_the_alert_and_reports_count_anew(core: Core) -> None:
    second = await reported_twice(core)
    with pytest.raises(NotYours):
        await core.act(BEN, back_in_use, TOWER, second.locker)
    assert await core.act(OPERATOR, back_in_use, TOWER, second.locker)
    assert not await core.act(OPERATOR, back_in_use, TOWER, second.locker), "once is enough"
    assert not (await core.now(second)).door_suspect
    assert AlertKind.DOOR_OUT not in {
        alert.kind for alert in await core.database.look(lambda tx: tx.alerts())
    }
    core.clock.turn(1)
    await reports(core, second, BEN)
    assert await left_out(core) == set(), "what was reported before does not count any more"


async def test_an_operator_of_another_tower_takes_no_door_in(sqlite_database: Database) -> None:
    scoped = {TowerId("0100000000000102"): frozenset({OTTO})}
    async with core_on(sqlite_database, tower_operators=scoped) as core:
        second = await reported_twice(core)
        with pytest.raises(NotYours):
            await core.act(OTTO, back_in_use, TOWER, second.locker)
        assert await left_out(core) == {(TOWER, second.locker)}


async def test_by_link_harbor_may_give_such_a_door_and_it_is_kept_until_its_sender_chooses(
    sqlite_database: Database,
) -> None:
    async with core_on(sqlite_database, openers=BOTH_BY_LINK) as core:
        wish = {"openers": BOTH_BY_LINK, "larger_allowed": False}
        first = await core.request(**wish)
        await core.work()
        first = await reports(core, await core.now(first))
        await given_back(core, first)
        second = await core.request(BEN, **wish)
        await core.work()
        second = await core.now(second)
        assert second.locker == first.locker, "Harbor's first free one"
        assert not second.door_suspect
        await reports(core, second, BEN)
        await given_back(core, second)
        third = await core.request(CLEO, **wish)
        await core.work()
        third = await core.now(third)
        assert (third.locker, third.door_suspect) == (first.locker, True)
        core.clock.turn(30)
        await core.work()
        await core.look()
        assert (await core.now(third)).state is State.RENTED, "nothing is given back by itself"
        chosen = await core.on(CLEO, third, another_door)
        assert (await core.now(third)).state is State.RELEASING
        await core.work()
        chosen = await core.now(chosen)
        assert (chosen.state, chosen.door_suspect) == (State.RENTED, False)
        assert chosen.locker != first.locker
        assert "another_door" in await core.history(third)


async def test_a_door_that_is_not_left_out_is_changed_for_no_other(core: Core) -> None:
    delivery = await reports(core, await core.rented(low=Low.ANY))
    with pytest.raises(NotPermitted):
        await core.on(ANNA, delivery, another_door)
    assert (await core.now(delivery)).state is State.RENTED


async def test_of_two_reports_at_once_one_leaves_it_out(core: Core) -> None:
    second = await reported_twice(core)
    after = await core.on(BEN, second, leave_out_if_reported)
    assert after == second
    assert len(await left_out(core)) == 1
