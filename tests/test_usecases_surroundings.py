"""What cards are told beside the delivery: how long the towers are kept in mind."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.situation import Links
from bot.usecases.surroundings import KnownSurroundings
from sandbox.clock import Clock
from tests.support.desk import NOW, POLICY, TOWER, Desk
from tests.support.scenes import LINKS


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
