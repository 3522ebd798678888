"""What an operator does to a tower or to many parcels there, and who of them may: on a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.actions import Action
from bot.domain.alerts import door_reported, no_links, orphan
from bot.domain.closures import Closure
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.domain.ids import DeliveryId, LockerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.oversight import Stale
from bot.domain.tower import Locker, LockerStatus, as_place
from bot.usecases.actor import Actor, NotYours
from bot.usecases.bulk import MOST_AT_ONCE, Done, each, stale
from bot.usecases.closing import (
    ClosedForBooking,
    back_in_use,
    close_tower,
    open_for_booking,
    open_tower,
)
from bot.usecases.operate import hold
from bot.usecases.oversight import standing_alerts
from tests.support.desk import ANNA, NOW, OLGA, OTTO, TOWER, Desk, one
from tests.support.scenes import OTHER

# Otto looks after one tower, Olga after all.
THEIRS = {"operators": frozenset({OLGA.id}), "tower_operators": {TOWER.id: frozenset({OTTO.id})}}
BESIDE = replace(OTHER, location=7)
HERE = replace(TOWER, location=7)


@pytest.fixture
async def towers(desk: Desk) -> Desk:
    """Two towers at one location; a parcel is prepared at each, one more has its locker."""
    desk.policy = replace(desk.policy, **THEIRS)
    await desk.database.run(lambda tx: tx.save_towers([HERE, BESIDE]))
    prepared = one(State.PREPARED)
    await desk.keep(
        prepared,
        replace(prepared, id=DeliveryId("b"), tower=BESIDE.id),
        one(State.RESERVED, "c"),
    )
    return desk


async def standing(desk: Desk) -> list[Closure]:
    """Of the towers in the order of their ids."""
    found: list[Closure] = await desk.look(lambda tx: tx.closures())
    return sorted(found, key=lambda closure: closure.tower)


PREPARED = {"Anna delivery:a", "Ben delivery:a", "Anna delivery:b", "Ben delivery:b"}


async def test_a_tower_is_closed_with_words_and_whoever_has_prepared_there_sees_it_in_silence(
    towers: Desk,
) -> None:
    assert await towers.act(OTTO, close_tower, TOWER.id, "  New \n floor  ")
    [closure] = await standing(towers)
    assert closure == Closure(closure.id, TOWER.id, NOW, by=OTTO.id, words="New floor")
    assert await towers.owed() == PREPARED, "for a link Harbor picks among both towers"
    here, beside = [
        await towers.look(lambda tx, id_=each: tx.tower(id_)) for each in (TOWER.id, BESIDE.id)
    ]
    with pytest.raises(ClosedForBooking) as refused:
        await towers.act(ANNA, open_for_booking, TOWER.id, Opener.TOKEN)
    assert (refused.value.place, refused.value.words) == (here, "New floor")
    with pytest.raises(ClosedForBooking) as refused:
        await towers.act(ANNA, open_for_booking, BESIDE.id, Opener.LINK)
    assert refused.value.place == as_place(beside)
    await towers.act(ANNA, open_for_booking, BESIDE.id, Opener.TOKEN)


async def test_for_a_token_the_tower_is_closed_and_for_a_link_its_whole_place(towers: Desk) -> None:
    named = replace(TOWER, name="Market · 00aa", location_name="Market", location=77)
    await towers.database.run(lambda tx: tx.save_towers([named]))
    await towers.act(OTTO, close_tower, TOWER.id, "")
    told = {}
    for opener in Opener:
        with pytest.raises(ClosedForBooking) as refused:
            await towers.act(ANNA, open_for_booking, TOWER.id, opener)
        told[opener] = refused.value.place.name
    assert told == {Opener.TOKEN: "Market · 00aa", Opener.LINK: "Market"}


async def test_a_tower_that_nobody_remembers_is_closed_for_what_is_prepared_there(
    towers: Desk,
) -> None:
    strange = replace(one(State.PREPARED, "d"), tower=replace(TOWER, id="ff" * 8).id)
    await towers.keep(strange)
    assert await towers.act(OLGA, close_tower, strange.tower)
    assert await towers.owed() == {"Anna delivery:d", "Ben delivery:d"}
    await towers.act(ANNA, open_for_booking, strange.tower, Opener.TOKEN)


async def test_words_are_as_long_as_a_note_at_most_and_may_be_none(towers: Desk) -> None:
    await towers.act(OLGA, close_tower, TOWER.id, "x" * (MAX_NOTE + 1))
    await towers.act(OLGA, close_tower, BESIDE.id)
    assert [each.words for each in await standing(towers)] == ["x" * MAX_NOTE, None]


async def test_a_tower_that_is_closed_already_stays_as_it_is(towers: Desk) -> None:
    await towers.act(OLGA, close_tower, TOWER.id, "first")
    await towers.shown()
    assert not await towers.act(OTTO, close_tower, TOWER.id, "second")
    assert [each.words for each in await standing(towers)] == ["first"]
    assert await towers.owed() == set()


async def test_a_tower_is_opened_by_whoever_looks_after_it_once(towers: Desk) -> None:
    await towers.act(OLGA, close_tower, TOWER.id)
    await towers.act(OLGA, close_tower, BESIDE.id)
    here, beside = await standing(towers)
    await towers.shown()
    assert not await towers.act(OTTO, open_tower, TOWER.id, beside.id), "that is another tower's"
    assert not await towers.act(OTTO, open_tower, TOWER.id, 4711)
    assert await towers.owed() == set()
    towers.now = NOW + timedelta(minutes=5)
    assert await towers.act(OTTO, open_tower, TOWER.id, here.id)
    assert await standing(towers) == [beside]
    assert await towers.owed() == PREPARED
    assert not await towers.act(OTTO, open_tower, TOWER.id, here.id)
    [over] = await towers.look(lambda tx: tx.closures_at(TOWER.id, 9))
    assert (over.ended_at, over.ended_by) == (towers.now, OTTO.id)


async def test_nobody_closes_or_opens_a_tower_that_is_not_theirs(towers: Desk) -> None:
    await towers.act(OLGA, close_tower, BESIDE.id)
    [closure] = await standing(towers)
    for act, *about in ((close_tower, TOWER.id), (open_tower, BESIDE.id, closure.id)):
        with pytest.raises(NotYours):
            await towers.act(ANNA, act, *about)
    with pytest.raises(NotYours):
        await towers.act(OTTO, open_tower, BESIDE.id, closure.id)
    assert await standing(towers) == [closure]


async def test_a_door_is_taken_in_again_by_whoever_looks_after_its_tower(towers: Desk) -> None:
    for number, tower in ((1, TOWER), (2, BESIDE)):
        out = Closure(number, tower.id, NOW, LockerId(14), "14")
        await towers.database.run(lambda tx, it=out: tx.close(it))
    with pytest.raises(NotYours):
        await towers.act(OTTO, back_in_use, BESIDE.id, LockerId(14))
    assert await towers.act(OTTO, back_in_use, TOWER.id, LockerId(14))
    assert not await towers.act(OTTO, back_in_use, TOWER.id, LockerId(14))
    [over] = await towers.look(lambda tx: tx.closures_of(OTTO.id))
    assert (over.id, over.ended_by, over.ended_at) == (1, OTTO.id, NOW)


# -- many at once


async def overdue(desk: Desk, *names: str, **facts: Any) -> list[Delivery]:
    desk.policy = replace(desk.policy, **THEIRS)
    made = [one(State.STORED, name, overdue_at=NOW, **facts) for name in names]
    await desk.keep(*made)
    return [await desk.now_of(delivery) for delivery in made]


async def test_what_is_stale_is_found_at_an_operators_own_towers_where_the_act_is_permitted(
    desk: Desk,
) -> None:
    await overdue(desk, "a", "b")
    await overdue(desk, "c", tower=OTHER.id)
    await overdue(desk, "d", fetcher=OTTO.id)
    fresh = one(State.STORED, "e", overdue_at=None)
    await desk.keep(fresh)

    async def found(who: Any, why: Stale, action: Action) -> list[str]:
        return sorted(delivery.id for delivery in await desk.act(who, stale, why, action))

    assert await found(OTTO, Stale.OVERDUE, Action.HOLD) == ["a", "b", "d"]
    assert await found(OLGA, Stale.OVERDUE, Action.HOLD) == ["a", "b", "c", "d"]
    assert await found(OTTO, Stale.OVERDUE, Action.FETCH) == ["a", "b"], "d is fetched already"
    assert await found(OLGA, Stale.OVERDUE, Action.RELEASE) == []
    assert await found(OLGA, Stale.HELD, Action.HOLD) == []
    desk.now = NOW + timedelta(days=9)
    assert await found(OTTO, Stale.HELD, Action.HOLD) == ["a", "b", "d", "e"]
    assert await found(ANNA, Stale.OVERDUE, Action.HOLD) == []


async def waits_longer(act: Actor, delivery: Delivery, words: str) -> None:
    await hold(act, delivery, reason=words)


async def test_an_act_on_many_leaves_what_has_changed_or_is_not_theirs_and_does_the_rest(
    desk: Desk,
) -> None:
    changed, fetched, whole, last = await overdue(desk, "a", "b", "d", "e")
    [elsewhere] = await overdue(desk, "c", tower=OTHER.id)
    seen = [
        (changed.id, changed.revision - 1),
        (elsewhere.id, elsewhere.revision),
        (DeliveryId("nowhere"), 1),
        (whole.id, whole.revision),
        (last.id, last.revision),
    ]
    done = await desk.act(OTTO, each, seen, Action.HOLD_OK, waits_longer, "on holiday")
    assert done == Done(done=2, left=3)
    held = [
        delivery.id
        for delivery in (changed, fetched, elsewhere, whole, last)
        if await desk.history(delivery)
    ]
    assert held == ["d", "e"]
    [entry] = await desk.history(whole)
    assert (entry.by, entry.detail) == (OTTO.id, "on holiday")


async def test_of_very_many_only_so_many_are_done_at_once(desk: Desk) -> None:
    desk.policy = replace(desk.policy, **THEIRS)
    done: list[str] = []

    async def note(act: Actor, delivery: Delivery, words: str) -> None:
        done.append(delivery.id)

    made = [
        replace(one(State.STORED), id=DeliveryId(f"d{n:02}"), locker=LockerId(n))
        for n in range(MOST_AT_ONCE + 1)
    ]
    await desk.keep(*made)
    seen = [(delivery.id, delivery.revision) for delivery in made]
    assert await desk.act(OLGA, each, seen, Action.WRITE, note, "") == Done(MOST_AT_ONCE, 0)
    assert done == [delivery.id for delivery in made[:MOST_AT_ONCE]]


async def test_an_operator_hears_of_what_is_the_matter_at_their_towers_alone(desk: Desk) -> None:
    desk.policy = replace(desk.policy, **THEIRS)
    here = await desk.keep(one(State.STORED))
    there = Locker(LockerId(3), "3", OTHER.id, LockerStatus.OCCUPIED, None)

    async def step(tx: Any) -> None:
        for alert in (door_reported(NOW, here), orphan(NOW, there), no_links(NOW)):
            await tx.save_alert(alert)

    await desk.database.run(step)

    async def heard(who: Any) -> set[str]:
        found = await desk.look(lambda tx: standing_alerts(tx, who.id, desk.policy))
        return {alert.kind.value for alert in found}

    assert await heard(OLGA) == {"door", "orphan", "links"}
    assert await heard(OTTO) == {"door"}
    assert await heard(ANNA) == set()
