"""What a locker's absence proves, and behind which door a parcel may be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.ids import LockerId
from bot.domain.lifecycle import HOLDING, State
from bot.domain.observations import FREES, door, has_left, may_hold_parcel
from bot.domain.tower import LockerStatus
from tests.support.scenes import NOW, TOWER, a_delivery

# What a tower must say of a locker that is missing among ours, before it is believed to have left.
PROOFS = {
    State.RESERVED: {"available"},
    State.RENTED: {"available", "reserved"},
    State.RELEASING: {"available"},
    State.STORED: {"available", "reserved", "rented", "declined"},
}
LONG_AFTER = NOW + timedelta(days=9)
NEVER_OURS_AGAIN = {status for status in LockerStatus if status is not LockerStatus.UNKNOWN}


@pytest.mark.parametrize("state", PROOFS)
@pytest.mark.parametrize("status", list(LockerStatus))
def test_while_it_is_held_a_locker_has_left_only_by_its_towers_word(
    state: State, status: LockerStatus
) -> None:
    delivery = a_delivery(state, held_until=NOW)
    assert has_left(delivery, status, NOW) is (status.value in PROOFS[state])


@pytest.mark.parametrize("state", PROOFS)
@pytest.mark.parametrize("status", list(LockerStatus))
def test_well_after_its_hold_an_empty_locker_is_somebody_elses_whatever_its_tower_says(
    state: State, status: LockerStatus
) -> None:
    delivery = a_delivery(state, held_until=NOW)
    believed = {status.value for status in NEVER_OURS_AGAIN}
    if state in (State.RENTED, State.RELEASING):
        believed -= {"occupied"}  # a parcel may be in it, and that parcel ours
    if state is State.STORED:
        believed = PROOFS[state]  # which no hold's end makes anybody else's
    assert has_left(delivery, status, LONG_AFTER) is (status.value in believed)


def test_a_hold_is_over_ten_minutes_after_its_end_and_never_where_it_has_none() -> None:
    held = a_delivery(State.RESERVED, held_until=NOW)
    ends = NOW + timedelta(minutes=10)
    assert not has_left(held, LockerStatus.RENTED, ends)
    assert has_left(held, LockerStatus.RENTED, ends + timedelta.resolution)
    endless = a_delivery(State.RESERVED, held_until=None)
    assert not has_left(endless, LockerStatus.RENTED, LONG_AFTER)


def test_a_parcel_may_be_where_a_code_that_opens_the_door_may_be_out() -> None:
    assert {state for state in HOLDING if may_hold_parcel(a_delivery(state))} == {
        State.RENTED,
        State.RELEASING,
        State.STORED,
    }
    assert not may_hold_parcel(a_delivery(State.RELEASING, locker=None))
    assert not may_hold_parcel(a_delivery(State.COLLECTED))


def test_a_door_is_a_tower_and_a_number_and_none_is_locker_zero() -> None:
    assert door(a_delivery(State.STORED)) == (TOWER.id, LockerId(14))
    assert door(a_delivery(State.REQUESTED)) == (TOWER.id, LockerId(0))


def test_what_proves_that_a_locker_has_left_is_told_for_each_state_that_holds_one() -> None:
    assert {state: set(proofs) for state, proofs in FREES.items()} == PROOFS
