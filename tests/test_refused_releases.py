"""A locker that Harbor does not take back at once: it is asked again, and its sender is told."""

from datetime import timedelta

import pytest

from bot.domain.delivery import Trouble
from bot.domain.lifecycle import State
from bot.domain.tower import Size
from bot.usecases.book import another_size, cancel
from bot.usecases.operate import release
from tests.support.core import ANNA, OPERATOR, Core
from tests.support.openers import BOTH_BY_LINK


def refusing(call: str, name: str = "409", times: int | None = 1) -> dict[str, object]:
    return {"name": name, "call": call, "times": times}


_SAID = ("403", "404", "409", "422")
_CALLS = [("release", name) for name in _SAID]
_CALLS += [("assigned_lockers", name) for name in _SAID if name != "403"]  # asked with a new token


@pytest.mark.parametrize(("call", "name"), _CALLS)
async def test_a_refusal_to_take_a_locker_back_is_said_and_asked_again_by_itself(
    core: Core, call: str, name: str
):
    delivery = await core.rented()
    await core.on(ANNA, delivery, cancel)
    await core.faults(refusing(call, name))
    await core.work()
    refused = await core.now(delivery)
    assert (refused.state, refused.trouble) == (State.RELEASING, Trouble.REFUSED)
    assert refused.request is not None, "what is to be asked again is owed"
    core.clock.turn(59)
    await core.work()
    assert await core.now(delivery) == refused, "not before a minute has passed"
    core.clock.turn(1)
    await core.work()
    taken = await core.now(delivery)
    assert (taken.request, taken.trouble) == (None, None), "the card no longer says so"
    await core.sync()
    await core.look()
    assert (await core.now(delivery)).state is State.CANCELLED
    assert await core.assigned() == set()


async def test_an_operator_need_not_wait_until_it_is_asked_again_by_itself(core: Core):
    delivery = await core.rented()
    await core.on(ANNA, delivery, cancel)
    await core.faults(refusing("release"))
    await core.work()
    assert (await core.now(delivery)).trouble is Trouble.REFUSED
    await core.on(OPERATOR, delivery, release)
    await core.work()
    taken = await core.now(delivery)
    assert (taken.request, taken.trouble) == (None, None)


async def test_who_stands_at_the_tower_waits_for_another_locker_no_longer_than_for_a_refusal(
    core: Core,
):
    delivery = await core.reserved(openers=BOTH_BY_LINK)
    assert delivery.state is State.RENTED
    await core.faults(refusing("release", times=None))
    another = await core.on(ANNA, delivery, another_size, size=Size.LARGE)
    await core.work()
    assert (await core.now(delivery)).request is not None, "it is asked again all the same"
    taken = await core.now(another)
    assert (taken.state, taken.trouble) == (State.RENTED, None)
    assert taken.locker not in (None, delivery.locker)


async def test_a_reservation_whose_cancelling_is_refused_is_cancelled_a_little_later(core: Core):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, cancel)
    await core.faults(refusing("cancel_reservation"))
    await core.work()
    assert (await core.now(delivery)).trouble is Trouble.REFUSED
    core.clock.turn(60)
    await core.work()
    await core.look()
    assert (await core.now(delivery)).state is State.CANCELLED
    assert await core.assigned() == set()


async def test_who_goes_on_refusing_is_asked_five_times_in_a_quarter_of_an_hour(core: Core):
    delivery = await core.rented()
    await core.on(ANNA, delivery, cancel)
    await core.faults(refusing("release", times=None))
    began = core.clock.now()
    for minutes in (0, 1, 2, 4, 8):
        assert (await core.now(delivery)).request is not None
        core.clock.turn(timedelta(minutes=minutes).total_seconds())
        await core.work()
    left = await core.now(delivery)
    assert core.clock.now() - began == timedelta(minutes=15)
    assert (left.state, left.trouble, left.request) == (State.RELEASING, Trouble.REFUSED, None)
    assert left.locker == delivery.locker, "which the watcher goes on looking at"


async def test_a_status_that_nobody_knows_gives_nothing_back_and_is_no_refusal(core: Core):
    delivery = await core.rented()
    await core.on(ANNA, delivery, cancel)
    await core.faults(refusing("assigned_lockers", "unknown_status", times=None))
    for _ in range(3):
        await core.work()
        waits = await core.now(delivery)
        assert (waits.state, waits.trouble) == (State.RELEASING, None)
        assert waits.request is not None
        core.clock.turn(60)
    await core.faults()
    await core.work()
    await core.sync()
    await core.look()
    assert (await core.now(delivery)).state is State.CANCELLED
