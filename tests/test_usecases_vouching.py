"""Which lockers our records say that we asked for, and what a verified push says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, LockerId, TowerId
from bot.domain.lifecycle import Event, State
from bot.domain.observations import Door
from bot.domain.openers import Opener
from bot.domain.tower import Locker, LockerStatus, Size
from bot.ports.lockers import Push
from bot.usecases.vouching import Stray, heard, last_known, strays
from tests.support.desk import ANNA, NOW, POLICY, TOWER, Desk, one
from tests.support.scenes import a_code

DOOR: Door = (TOWER.id, LockerId(14))
OTHER_DOOR: Door = (TowerId("00000000000000bb"), LockerId(14))


async def vouched(desk: Desk, *doors: Door) -> dict[Door, DeliveryId]:
    """Which deliveries asked for these, by our records."""
    found: dict[Door, DeliveryId] = await desk.look(lambda tx: tx.vouched(doors or (DOOR,)))
    return found


async def vouch(desk: Desk, door: Door = DOOR, delivery: str = "first") -> None:
    await desk.database.run(lambda tx: tx.vouch(*door, DeliveryId(delivery), NOW))


async def push(desk: Desk, status: LockerStatus = LockerStatus.RENTED, **told: Any) -> str | None:
    """A push about the door is heard; who asked for it by then."""
    said = Push(*DOOR, status, desk.now, "TEST", verified=True, **told)
    await desk.database.run(lambda tx: heard(tx, said, POLICY, desk.now))
    return (await vouched(desk)).get(DOOR)


def ours(name: str = "a", state: State = State.RENTED, **facts: Any) -> Delivery:
    return one(state, name, **{"locker": DOOR[1]} | facts)


# -- what is known of a door


async def test_the_last_delivery_of_a_door_is_the_latest_that_had_it_or_was_to_try_it(
    desk: Desk,
) -> None:
    ago = [NOW - timedelta(hours=hours) for hours in range(4)]
    await desk.keep(
        ours("late", State.COLLECTED, changed_at=ago[1]),
        ours("early", State.COLLECTED, changed_at=ago[2]),
        ours("tried", State.CANCELLED, locker=None, candidate=LockerId(15), changed_at=ago[0]),
        ours("old", State.COLLECTED, locker=LockerId(16), changed_at=ago[3]),
        ours("live", State.RENTED, locker=LockerId(17)),
    )
    doors = [(TOWER.id, LockerId(number)) for number in range(14, 18)]
    found = await desk.look(lambda tx: last_known(tx, doors, ago[3]))
    assert {door: each.id for door, each in found.items()} == {doors[0]: "late", doors[1]: "tried"}


async def test_a_stray_locker_was_asked_for_where_our_records_say_so(desk: Desk) -> None:
    kept, last = await desk.keep(ours("a", State.COLLECTED)), ours("b", State.COLLECTED)
    locker = Locker(DOOR[1], "B14", TOWER.id, LockerStatus.RESERVED, Size.LARGE)
    other = replace(locker, tower=OTHER_DOOR[0])
    found = {DOOR: (locker, last), OTHER_DOOR: (other, last)}
    await vouch(desk, delivery="a")
    assert await desk.look(lambda tx: strays(tx, found)) == {
        DOOR: Stray(locker, kept, asked=True),
        OTHER_DOOR: Stray(other, last, asked=False),
    }


@pytest.mark.parametrize(("event", "left"), [(Event.LAPSED, False), (Event.CLOSED, True)])
async def test_what_is_over_vouches_for_no_locker_unless_it_is_yet_to_be_given_back(
    desk: Desk, event: Event, left: bool
) -> None:
    tried: Door = (TOWER.id, LockerId(15))
    rented = await desk.keep(ours(candidate=tried[1]))
    for door in (DOOR, tried, OTHER_DOOR):
        await vouch(desk, door, "a")
    await desk.befall(rented, event)
    doors = set(await vouched(desk, DOOR, tried, OTHER_DOOR))
    assert doors == ({DOOR, tried, OTHER_DOOR} if left else {OTHER_DOOR})


# -- what a push says


async def test_a_push_that_names_a_delivery_of_ours_is_written_down(desk: Desk) -> None:
    await desk.keep(ours(locker=None))
    assert await push(desk, reference="a") == "a"
    await vouch(desk)
    assert await push(desk, LockerStatus.RESERVED, reference="a") == "a"
    assert await push(desk, reference="nobody's") is None


@pytest.mark.parametrize(
    "status", [each for each in LockerStatus if each not in ("reserved", "rented")]
)
async def test_a_locker_that_is_free_is_nobodys_and_any_other_status_says_nothing(
    desk: Desk, status: LockerStatus
) -> None:
    await desk.keep(ours())
    await vouch(desk)
    await vouch(desk, OTHER_DOOR)
    free = status is LockerStatus.AVAILABLE
    assert await push(desk, status, reference="a") == (None if free else "first")
    assert await vouched(desk, OTHER_DOOR) == {OTHER_DOOR: "first"}


async def test_a_push_that_names_nobody_says_nothing_while_a_live_delivery_has_the_locker(
    desk: Desk,
) -> None:
    await desk.keep(ours())
    await vouch(desk)
    await vouch(desk, OTHER_DOOR)
    assert await push(desk) == "first"
    over = replace(await desk.now_of(ours()), state=State.LAPSED)
    await desk.database.run(lambda tx: tx.save_delivery(over))
    assert await push(desk) is None
    assert await vouched(desk, OTHER_DOOR) == {OTHER_DOOR: "first"}


async def test_what_is_only_to_be_tried_is_not_had(desk: Desk) -> None:
    await desk.keep(ours(state=State.REQUESTED, locker=None, candidate=DOOR[1]))
    await vouch(desk)
    assert await push(desk) is None


async def test_a_push_names_a_delivery_by_its_reservation_or_by_its_links_request(
    desk: Desk,
) -> None:
    await desk.keep(
        ours("a", reservation="r1"),
        ours("b", State.RELEASING, candidate=DOOR[1], locker=LockerId(15)),
    )
    code = replace(a_code(CodeKind.DROP_OFF, ANNA.id, Opener.LINK), delivery=DeliveryId("b"))
    await desk.database.run(lambda tx: tx.save_code(replace(code, request=77)))
    await vouch(desk)
    assert await push(desk, reservation="another", open_request=78) == "first"
    assert await push(desk, reservation="r1", open_request=78) == "a"
    assert await push(desk, open_request=77) == "b"


async def test_what_has_no_reservation_and_no_request_is_named_by_none(desk: Desk) -> None:
    await desk.keep(ours("a", reservation=None))
    code = replace(a_code(CodeKind.DROP_OFF, ANNA.id), delivery=DeliveryId("a"), request=None)
    await desk.database.run(lambda tx: tx.save_code(code))
    await vouch(desk)
    assert await push(desk) == "first"
    assert await push(desk, open_request=77) == "first"


async def test_a_delivery_that_is_over_is_named_for_as_long_as_facts_may_be_late(
    desk: Desk,
) -> None:
    late = NOW - POLICY.late_facts
    await desk.keep(
        ours("a", State.LAPSED, reservation="r1", changed_at=late + timedelta.resolution),
        ours("b", State.LAPSED, reservation="r2", changed_at=late),
    )
    assert await push(desk, reservation="r1") == "a"
    assert await push(desk, reservation="r2") is None
