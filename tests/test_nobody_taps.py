"""The whole bot with its loops at work, on both databases: nobody taps, time alone passes.

No loop is turned by hand here; the clock is. See `test_quiet_bot` for the same as a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.ports.database import Database
from bot.workers.retention import PORTION, Retention
from sandbox.clock import Clock
from tests.support.chats import MARKET, START, Chats, chats
from tests.support.phones import PATIENCE, Phone

BOOKS = ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")


@pytest.fixture
async def world(database: Database) -> AsyncIterator[Chats]:
    async with chats(database) as world:
        yield world


async def holds(true: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as it does."""
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.005)


async def rings_again(phone: Phone, before: int) -> None:
    async def rung() -> bool:
        return await phone.rings() > before

    await holds(rung)
    assert await phone.rings() == before + 1


async def books(world: Chats, name: str, *labels: str) -> Phone:
    phone = await world.phone(name)
    await phone.open()
    await phone.press(*BOOKS, *labels)
    return phone


async def test_a_reservation_about_to_end_rings_and_then_ends(world: Chats) -> None:
    anna = await books(world, "Anna")
    before = await anna.rings()
    world.clock.turn(220)  # of 300 seconds; the last 90 are announced
    await anna.sees("Hurry")
    await rings_again(anna, before)
    world.clock.turn(90)
    await anna.sees("The time ran out")
    assert [each.state for each in await world.deliveries(anna)] == [State.LAPSED]


async def test_every_reservation_rings_though_another_is_to_ring_before_it(world: Chats) -> None:
    people = []
    for name in ("Anna", "Ben", "Cleo"):
        people.append(await books(world, name))
        world.clock.turn(20)
    before = [await phone.rings() for phone in people]
    world.clock.turn(130)
    for phone, rung in zip(people, before, strict=True):
        world.clock.turn(20)
        await rings_again(phone, rung)
        await phone.sees("Hurry")


async def test_a_drop_off_code_that_ran_out_leaves_the_chat(world: Chats) -> None:
    anna = await books(world, "Anna", "Get drop-off code")
    await anna.sees("HARBOR://OPEN/")
    world.clock.turn(3001)
    await anna.loses("HARBOR://OPEN/")


async def test_a_pick_up_code_that_ran_out_leaves_the_chat_and_the_reminder_comes_on_time(
    world: Chats,
) -> None:
    anna = await books(world, "Anna", "Get drop-off code")
    ben = await world.phone("Ben")
    await ben.open((await anna.claim())[0])
    await world.tower.put_in(await anna.code())
    await ben.press("Get pick-up code")
    await ben.sees("HARBOR://OPEN/")
    world.clock.turn(16 * 60)
    await ben.loses("HARBOR://OPEN/")
    before = await ben.rings()
    world.clock.turn(23.5 * 3600)
    await world.quiet()
    assert await ben.rings() == before, "not yet"
    world.clock.turn(3600)
    await rings_again(ben, before)


# -- what is forgotten

_MANY = 50_000


async def handled_long_ago(database: Database, number: int) -> None:
    """So many updates, handled nine days before START."""
    at = int((START - timedelta(days=9)).timestamp() * 1_000_000)

    async def step(tx) -> None:
        await tx._db.execute(  # one by one it would take a minute
            f"""with recursive numbers (n) as (
                    select 1 union all select n + 1 from numbers where n < {number}
                ) insert into updates (id, handled_at) select n, {at} from numbers"""
        )

    await database.run(step)


async def left(database: Database) -> int:
    async def count(tx) -> int:
        [row] = await tx._db.fetch_all("select count(*) from updates")
        return int(row[0])

    return await database.look(count)


class Watched:
    """A database that notes how much its steps have pruned."""

    def __init__(self, database: Database) -> None:
        self._database, self.look, self.pruned = database, database.look, []

    async def run(self, step):
        done = await self._database.run(step)
        if isinstance(done, int):
            self.pruned.append(done)
        return done


async def test_pruning_keeps_up_in_small_portions(database: Database) -> None:
    await handled_long_ago(database, _MANY)
    await database.run(lambda tx: tx.open_update(_MANY + 1, 1, START))
    clock, watched = Clock(START, stopped=True), Watched(database)
    retention = Retention(watched, clock, Policy())
    began = clock.now()
    for _ in range(_MANY // PORTION + 1):
        due = await retention.turn()
        assert due is not None
        clock.turn((due - clock.now()).total_seconds())
    assert await left(database) == 1, "what is younger is kept"
    assert max(watched.pruned) <= PORTION
    assert sum(watched.pruned) == _MANY
    assert clock.now() - began < timedelta(hours=2), "soon, while there is more"


async def test_pruning_goes_on_by_itself_until_there_is_nothing_left(world: Chats) -> None:
    await handled_long_ago(world.database, 4 * PORTION)

    async def begun() -> bool:
        world.clock.turn(60)  # it looks once an hour
        return await left(world.database) < 4 * PORTION

    async def gone() -> bool:
        world.clock.turn(0.1)
        return await left(world.database) == 0

    await holds(begun)
    began = world.clock.now()
    await holds(gone)
    assert world.clock.now() - began < timedelta(hours=1), "it does not wait for the next look"
