"""Harbor says what it said before: that hides neither what time makes due, nor what we changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import Delivery
from bot.domain.lifecycle import State
from bot.domain.tower import Locker, LockerStatus
from bot.workers import comparison, watcher
from storage import open_database
from tests.support.core import ANNA, TOWER, Core
from tests.support.databases import KEYS
from tests.test_watcher import watching


class Again:
    """Harbor's list as it was first given, whatever has become of it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._listed: list[Locker] | None = None

    async def assigned(self) -> list[Locker]:
        if self._listed is None:
            self._listed = await self._core.lockers.assigned()
        return self._listed


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many deliveries were compared, look by look."""
    seen: list[int] = []

    async def compare(live: Any, listed: Any) -> comparison.Found:
        seen.append(len(live))
        return await comparison.compare(live, listed)

    monkeypatch.setattr(watcher, "compare", compare)
    return seen


async def test_what_agrees_is_not_compared_again_until_something_changes(
    core: Core, compared: list[int]
) -> None:
    delivery = await core.stored()
    for _ in range(3):
        core.clock.turn(5)
        await core.look()
    seen = len(compared)
    core.clock.turn(5)
    await core.look()
    assert len(compared) == seen
    await core.claimed(delivery)
    collected = await core.collected(delivery)
    assert collected.state is State.COLLECTED
    assert len(compared) > seen


async def test_our_own_change_is_held_against_the_same_answer(core: Core) -> None:
    delivery = await core.stored()
    same = watching(core, assigned=Again(core).assigned)
    for _ in range(2):
        core.clock.turn(5)
        await same.look()
    await _put_back(core, delivery, State.RENTED)
    core.clock.turn(5)
    await same.look()
    assert (await core.now(delivery)).state is State.STORED, "the locker is said to be occupied"


async def test_a_delivery_that_is_new_to_us_is_held_against_the_same_answer(core: Core) -> None:
    first, second = await core.stored(), await core.stored()
    await _put_back(core, second, State.LAPSED)
    same = watching(core, assigned=Again(core).assigned)
    core.clock.turn(5)
    await same.look()
    assert (await core.now(second)).state is State.STORED, "a late fact"
    assert (await core.now(first)).state is State.STORED


async def test_what_was_too_young_to_be_believed_is_believed_later_of_the_same_answer(
    core: Core,
) -> None:
    delivery = await core.stored()
    same = watching(core, assigned=Again(core).assigned)
    core.clock.turn(5)
    await same.look()
    changed = core.clock.now() + timedelta(seconds=60)  # after the look begins
    await _put_back(core, delivery, State.RENTED, changed_at=changed)
    await same.look()
    assert (await core.now(delivery)).state is State.RENTED
    core.clock.turn(61)
    await same.look()
    assert (await core.now(delivery)).state is State.STORED


async def test_a_locker_that_time_alone_makes_strange_is_told_of_the_same_answer(
    core: Core,
) -> None:
    delivery = await core.reserved()
    await _put_back(core, delivery, State.CANCELLED)
    same = watching(core, assigned=Again(core).assigned)
    await same.look()
    assert await core.alerts() == [], "Harbor's list may not have followed yet"
    core.clock.turn(core.policy.drop_off.total_seconds() + 1)
    await same.look()
    assert await core.alerts() == [f"orphan:{TOWER}/{delivery.locker}"]


async def test_a_hold_that_time_alone_ends_is_over_though_harbor_says_the_same(
    core: Core,
) -> None:
    delivery = await core.reserved()

    async def lockers(tower: str) -> list[Locker]:
        found = await core.lockers.lockers(delivery.tower)
        taken = LockerStatus.RESERVED  # by somebody else
        return [replace(x, status=taken) if x.id == delivery.locker else x for x in found]

    nothing: list[Locker] = []

    async def assigned() -> list[Locker]:
        return nothing

    same = watching(core, assigned=assigned, lockers=lockers)
    await same.look()
    assert (await core.now(delivery)).state is State.RESERVED
    core.clock.turn(2 * 3600)
    await same.look()
    assert (await core.now(delivery)).state is State.LAPSED


async def test_an_alarm_that_stands_is_ended_by_the_same_answer(core: Core) -> None:
    delivery = await core.stored()
    same = watching(core, assigned=Again(core).assigned)
    core.clock.turn(5)
    await same.look()
    await _put_back(core, delivery, State.RESERVED)
    core.clock.turn(5)
    await same.look()
    assert await core.alerts() != []
    await _put_back(core, delivery, State.STORED)
    core.clock.turn(5)
    await same.look()
    assert await core.alerts() == []


async def test_what_another_process_changes_is_seen_too(core: Core, sqlite_url: str) -> None:
    delivery = await core.stored()
    same = watching(core, assigned=Again(core).assigned)
    core.clock.turn(5)
    await same.look()
    rented = replace(await core.now(delivery), state=State.RENTED)
    async with open_database(sqlite_url, keys=KEYS) as elsewhere:
        await elsewhere.run(lambda tx: tx.save_delivery(rented))
    core.clock.turn(5)
    await same.look()
    assert (await core.now(delivery)).state is State.STORED


async def _put_back(core: Core, delivery: Delivery, state: State, **more: Any) -> None:
    """The delivery in `state`, written down by hand."""
    current = await core.now(delivery)
    at = more.pop("changed_at", core.clock.now())
    changed = replace(current, state=state, changed_at=at, **more)
    await core.act(ANNA, lambda act: act.tx.save_delivery(changed))
