"""One person can't hold all lockers of a tower, nor hold one for ever; operators see who tries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.card import alert_subject
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import State
from bot.domain.limits import FREE_TRIES, Limit, Limits, paused_until
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.tower import Size
from bot.ports.database import Database
from bot.usecases.book import (
    Booking,
    another_size,
    at_tower,
    cancel,
    new_drop_off_code,
    prepare,
    request,
    try_again,
)
from bot.usecases.extend import more_time
from bot.usecases.limits import OverLimit
from cli.settings import Settings
from tests.support.chats import MARKET, START, chats
from tests.support.chats import OPERATOR as OLGA
from tests.support.core import ANNA, BEN, NAMES, OPERATOR, TOWER, Core, core_on

WISH = Booking(TOWER, Size.SMALL)


@pytest.fixture
async def core(database: Database) -> AsyncIterator[Core]:
    async with core_on(database, limits=Limits(live=4, holds=3, bookings=5)) as core:
        yield core


async def booked(core: Core, who: PersonId = ANNA) -> Delivery:
    delivery: Delivery = await core.act(who, request, Person(who, NAMES[who]), WISH)
    return delivery


async def refused(core: Core, act, *about, limit: Limit, **more) -> OverLimit:
    """`act` writes nothing but the alert; what it was refused by."""
    caught: list[OverLimit] = []

    async def step(*given, **named):
        try:
            await act(*given, **named)
        except OverLimit as reached:
            caught.append(reached)

    await core.act(ANNA, step, *about, **more)
    [reached] = caught
    [alert] = await core.alerts()
    assert reached.limit == limit
    assert alert.startswith(f"limit:{limit}:")
    return reached


async def test_nobody_holds_more_lockers_at_once_than_the_limit_and_operators_hear_of_it_once(
    core: Core,
) -> None:
    held = [await booked(core) for _ in range(3)]
    anna = Person(ANNA, NAMES[ANNA])
    await refused(core, request, anna, WISH, limit=Limit.HOLDS)
    await core.all_shown()
    await refused(core, request, anna, WISH, limit=Limit.HOLDS)
    [alert] = await core.alerts()
    subject = alert_subject(alert)
    card = await core.database.look(lambda tx: tx.card(OPERATOR, subject))
    assert card is not None
    assert card.wanted == card.shown
    await booked(core, BEN)  # whose limit is his own
    await core.on(ANNA, held[0], cancel)
    await core.work()
    assert await booked(core)


async def test_what_is_prepared_does_not_count_until_its_sender_is_at_the_tower(core: Core) -> None:
    anna = Person(ANNA, NAMES[ANNA])
    prepared = [await core.act(ANNA, prepare, anna, WISH) for _ in range(9)]
    for delivery in prepared[:3]:
        await core.on(ANNA, delivery, at_tower)
    await refused(core, at_tower, await core.now(prepared[3]), limit=Limit.HOLDS)
    assert (await core.now(prepared[3])).state is State.PREPARED


async def test_giving_up_and_booking_again_all_the_time_has_an_end(core: Core) -> None:
    for _ in range(4):
        await core.on(ANNA, await booked(core), cancel)
        await core.work()
    last = await booked(core)
    anna = Person(ANNA, NAMES[ANNA])
    await refused(core, request, anna, WISH, limit=Limit.BOOKINGS)
    await refused(core, another_size, last, Size.MEDIUM, limit=Limit.BOOKINGS)
    assert (await core.now(last)).successor is None
    core.clock.turn(3601)
    assert await booked(core)


async def test_a_cancelled_parcel_that_is_tried_again_counts(core: Core) -> None:
    over = await core.reserved()
    await core.on(ANNA, over, cancel)
    await core.work()
    core.clock.turn(1)
    await core.look()
    await core.work()
    for _ in range(3):
        await booked(core)
    await refused(core, try_again, await core.now(over), limit=Limit.HOLDS)


async def test_parcels_under_way_are_limited_those_in_their_lockers_too(core: Core) -> None:
    first = await booked(core)
    await core.on(ANNA, first, cancel)
    await core.work()
    basics = {"state": State.STORED, "locker": None, "request": None, "version": 0}
    over = replace(await core.now(first), **basics)

    async def four(tx):
        for number in range(4):
            await tx.add_delivery(replace(over, id=DeliveryId(f"stored{number}")))

    await core.database.run(four)
    core.clock.turn(3601)
    await refused(core, request, Person(ANNA, NAMES[ANNA]), WISH, limit=Limit.LIVE)


@pytest.mark.parametrize("longer", [more_time, new_drop_off_code])
async def test_one_locker_is_not_held_for_ever(core: Core, longer) -> None:
    delivery = await core.reserved()
    for _ in range(3):
        await core.on(ANNA, await core.now(delivery), more_time)
        await core.work()
    reached = await refused(core, longer, await core.now(delivery), limit=Limit.HOLDS)
    assert reached.longer
    assert (await core.now(delivery)).request is None


async def test_operators_have_no_limits(database: Database) -> None:
    async with core_on(database, limits=Limits(1, 1, 1), operators=frozenset({ANNA})) as core:
        assert [await booked(core) for _ in range(3)]
        assert await core.alerts() == []


async def test_whoever_reaches_a_limit_is_told_and_keeps_their_booking(
    sqlite_database: Database,
) -> None:
    policy = Policy(operators=frozenset({OLGA}), limits=Limits(holds=1))
    async with chats(sqlite_database, policy=policy) as world:
        olga = await world.phone("Olga", id=OLGA)
        anna = await world.phone("Anna")
        await olga.open()
        await anna.open()
        for _ in range(2):
            await anna.text("/send")
            await anna.press(MARKET, "Medium", "Myself", "Reserve")
        said = "Lockers you hold with no parcel in them: 1. More are not allowed at once"
        assert said in (await anna.toasts())[-1]
        assert await world.state(anna) == "send/review"
        assert len(await world.deliveries(anna)) == 1
        await olga.sees("Somebody has reached a limit", "LOCKERBOT_HOLDS=1", str(anna.id))


def test_limits_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LIVE_DELIVERIES", 7), ("HOLDS", 3), ("BOOKINGS_AN_HOUR", 9)):
        monkeypatch.setenv(f"LOCKERBOT_{name}", str(value))
    assert Settings.load().policy.limits == Limits(7, 3, 9)


@pytest.mark.parametrize(("more", "seconds"), [(0, 30), (1, 60), (5, 960), (99, 6 * 3600)])
def test_the_pause_doubles_with_each_wrong_code_up_to_six_hours(more: int, seconds: int) -> None:
    last: datetime = START
    assert paused_until(FREE_TRIES + more, last) == last + timedelta(seconds=seconds)
    assert paused_until(FREE_TRIES - 1, last) is None
