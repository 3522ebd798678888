"""What cards are told beside the delivery: towers, what is closed, what comes next in a visit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.delivery import Turn
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import Event, State
from bot.domain.openers import Opener
from bot.domain.situation import Links
from bot.usecases.closing import close_tower
from bot.usecases.situation import Surroundings, read_card, read_situation
from bot.usecases.surroundings import KnownSurroundings
from sandbox.clock import Clock
from tests.support.desk import ANNA, BEN, NOW, OLGA, POLICY, TOWER, Desk, one
from tests.support.scenes import LINKS, OTHER


async def test_towers_are_read_anew_after_a_minute_and_as_long_as_there_are_none(
    desk: Desk,
) -> None:
    clock, links = Clock(NOW, stopped=True), [Links(), LINKS]
    known = KnownSurroundings(desk.database, clock, POLICY, lambda: links[-1])

    async def name() -> str:
        return (await known.now()).tower(TOWER.id).name

    async def renamed(name: str) -> None:
        await desk.database.run(lambda tx: tx.save_towers([replace(TOWER, name=name)]))

    assert (await known.now()).towers == {}
    await renamed("One")
    assert await name() == "One"
    await renamed("Two")
    clock.turn(59)
    assert await name() == "One"
    clock.turn(1)
    assert await name() == "Two"
    found = await known.now()
    assert (found.now, found.policy, found.links) == (clock.now(), POLICY, LINKS)
    links.pop()
    assert (await known.now()).links == Links()


READS: dict[str, Any] = {
    "card": lambda database, of, who, known: read_card(database, of, who, known),
    "step": lambda database, of, who, known: database.look(
        lambda tx: read_situation(tx, of, who, known)
    ),
}


@pytest.fixture(params=list(READS))
def read(request: pytest.FixtureRequest) -> Any:
    """Both ways in which a situation is read."""
    return READS[request.param]


async def test_why_no_locker_can_be_booked_is_told_to_who_has_prepared_there_alone(
    desk: Desk, read: Any
) -> None:
    places = {TOWER.id: replace(TOWER, location=7), OTHER.id: replace(OTHER, location=7)}
    known = Surroundings(NOW, POLICY, places, LINKS)
    by_link = {"drop_off_opener": Opener.LINK, "pick_up_opener": Opener.TOKEN}
    await desk.keep(
        one(State.PREPARED, "token", drop_off_opener=Opener.TOKEN, pick_up_opener=Opener.LINK),
        one(State.PREPARED, "link", **by_link),
        one(State.PREPARED, "there", tower=OTHER.id),
        one(State.REQUESTED, "asked", tower=OTHER.id),
    )

    async def closed(name: str, reader: Any = ANNA) -> bool:
        found = await read(desk.database, DeliveryId(name), reader.id, known)
        assert found is not None
        return found.closure is not None

    names = ("token", "link", "there", "asked")
    assert [await closed(name) for name in names] == [False] * 4
    await desk.act(OLGA, close_tower, OTHER.id)
    assert [await closed(name) for name in names] == [False, True, True, False]
    assert not await closed("there", BEN)


async def test_what_comes_next_in_a_visit_is_told_without_any_story(desk: Desk) -> None:
    known = Surroundings(NOW, POLICY, {TOWER.id: TOWER}, LINKS)
    await desk.keep(one(State.STORED, turn=Turn.NOW), one(State.STORED, "b"))
    await desk.befall(await desk.now_of(one(State.STORED, "b")), Event.OVERDUE)

    async def told(name: str, *, stories: bool = False) -> tuple[int, list[str]]:
        found = await read_card(desk.database, DeliveryId(name), BEN.id, known, stories=stories)
        assert found is not None
        return len(found.history), [each.id for each in found.companions]

    assert await told("a") == (0, ["b"])
    assert await told("b") == (0, [])
    assert await told("b", stories=True) == (1, ["a"])


async def test_times_name_their_zone_where_towers_stand_in_several(desk: Desk, read: Any) -> None:
    await desk.keep(one(State.STORED))
    for zone, several in ((TOWER.zone, False), ("America/Chicago", True)):
        towers = {TOWER.id: TOWER, OTHER.id: replace(OTHER, zone=zone)}
        known = Surroundings(NOW, POLICY, towers, LINKS)
        found = await read(desk.database, DeliveryId("a"), ANNA.id, known)
        assert found is not None
        assert found.zones is several
