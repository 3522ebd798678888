"""Operators find what is over by parcels' names, the latest first, so many and at their towers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.lifecycle import State
from bot.usecases import find
from bot.usecases.find import Found, search
from storage.tables import search as stored
from tests.support.desk import NOW, OLGA, OTTO, TOWER, Desk, one
from tests.support.scenes import OTHER


async def found(desk: Desk, query: str, who: Any = OLGA) -> Found:
    """What an operator finds."""
    what: Found = await desk.look(lambda tx: search(tx, who.id, desk.policy, query))
    return what


@pytest.fixture
async def over(desk: Desk) -> Desk:
    """Three parcels called boots are over, the oldest of them at another tower."""
    theirs = {TOWER.id: frozenset({OTTO.id})}
    desk.policy = replace(desk.policy, operators=frozenset({OLGA.id}), tower_operators=theirs)
    await desk.database.run(lambda tx: tx.save_towers([TOWER, OTHER]))
    for name, hours, tower in (("c", 2, TOWER), ("b", 1, TOWER), ("a", 3, OTHER)):
        ago = NOW - timedelta(hours=hours)
        kept = await desk.keep(
            one(State.STORED, name, parcel_name="Boots", tower=tower.id, changed_at=ago)
        )
        await desk.database.run(lambda tx, it=kept: tx.index_parcel(it))
        over = replace(kept, state=State.COLLECTED)
        await desk.database.run(lambda tx, it=over: tx.save_delivery(it))
    return desk


async def test_what_is_over_is_found_by_its_name_the_latest_first(over: Desk) -> None:
    assert await found(over, "boots") == Found(("b", "c", "a"))
    assert await found(over, "boots", OTTO) == Found(("b", "c"))
    assert await found(over, "@boots") == Found(), "that is somebody's username"


async def test_what_is_under_way_is_found_the_latest_first_and_before_what_is_over(
    over: Desk,
) -> None:
    for name, hours in (("x", 9), ("y", 5), ("z", 7)):
        ago = NOW - timedelta(hours=hours)
        await over.keep(one(State.STORED, name, parcel_name="Boots", changed_at=ago))
    assert await found(over, "boots") == Found(("y", "z", "x", "b", "c", "a"))


async def test_of_more_than_are_told_of_the_latest_are_and_that_there_are_more_is_said(
    over: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most, more in ((2, True), (3, False)):
        monkeypatch.setattr(find, "MOST_FOUND", most)
        assert await found(over, "boots") == Found(("b", "c", "a")[:most], more=more)
    monkeypatch.setattr(find, "MOST_FOUND", 1)
    assert await found(over, "main station") == Found(("b",), more=True)


async def test_that_only_the_latest_were_looked_through_is_said(
    over: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_FREQUENT", 1)
    kept = await over.keep(one(State.STORED, "d", parcel_name="Boots red"))
    await over.database.run(lambda tx: tx.index_parcel(kept))
    done = replace(kept, state=State.COLLECTED, changed_at=NOW)
    await over.database.run(lambda tx: tx.save_delivery(done))
    assert (await found(over, "boots red")).latest


@pytest.mark.parametrize(("door", "query"), [("B14", "b14"), ("b14", "B14"), ("Bx", "Bx")])
async def test_a_door_is_found_at_its_tower_in_capitals_or_not(
    over: Desk, door: str, query: str
) -> None:
    for name, tower in (("d", TOWER), ("e", OTHER)):
        kept = one(State.COLLECTED, name, locker_name=door, tower=tower.id, changed_at=NOW)
        await over.keep(kept)
    assert await found(over, f"main {query}") == Found(("d",))
    assert await found(over, f"{query} main") == Found(("d",))


async def test_what_is_found_by_its_name_stands_among_what_is_found_by_its_tower(
    over: Desk,
) -> None:
    ago = NOW - timedelta(minutes=90)
    facts = {"tower": OTHER.id, "changed_at": ago}
    kept = await over.keep(one(State.STORED, "m", parcel_name="Main course", **facts))
    await over.database.run(lambda tx: tx.index_parcel(kept))
    done = replace(kept, state=State.COLLECTED)
    await over.database.run(lambda tx: tx.save_delivery(done))
    assert await found(over, "main") == Found(("b", "m", "c"))
