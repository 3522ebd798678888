"""What operators should look at: what is stuck, and what takes up a locker for too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.lifecycle import LIVE, State
from bot.domain.oversight import Stale, is_stale, is_stuck
from tests.support.scenes import NOW, POLICY, a_delivery

TICK = timedelta.resolution
PATIENCE, EMPTY = timedelta(minutes=10), timedelta(hours=2)


@pytest.mark.parametrize("state", sorted(LIVE))
def test_what_is_in_trouble_overdue_or_reported_is_stuck_in_whatever_state(state: State) -> None:
    fresh = a_delivery(state, held_until=None, changed_at=NOW)
    assert not is_stuck(fresh, NOW)
    assert is_stuck(replace(fresh, trouble="harbor"), NOW)
    assert is_stuck(replace(fresh, overdue_at=NOW), NOW)
    assert is_stuck(replace(fresh, door_reports=1), NOW)


@pytest.mark.parametrize("state", [State.REQUESTED, State.RELEASING])
def test_what_is_only_passed_through_is_stuck_after_ten_minutes(state: State) -> None:
    passing = a_delivery(state, changed_at=NOW, held_until=NOW - timedelta(days=1))
    assert not is_stuck(passing, NOW + PATIENCE)
    assert is_stuck(passing, NOW + PATIENCE + TICK)
    assert not is_stuck(replace(passing, changed_at=None), NOW + timedelta(days=9))


@pytest.mark.parametrize("state", [State.PREPARED, State.RESERVED, State.RENTED])
def test_what_is_held_is_stuck_ten_minutes_after_its_hold_however_long_that_was(
    state: State,
) -> None:
    held = a_delivery(state, changed_at=NOW - timedelta(days=9), held_until=NOW)
    assert not is_stuck(held, NOW + PATIENCE)
    assert is_stuck(held, NOW + PATIENCE + TICK)
    assert not is_stuck(replace(held, held_until=None), NOW + PATIENCE + TICK)


def test_a_parcel_that_waits_is_never_stuck_by_time_alone() -> None:
    assert not is_stuck(a_delivery(State.STORED, held_until=NOW), NOW + timedelta(days=9))


def test_a_parcel_is_overdue_once_it_is_said_to_be_and_only_while_it_waits() -> None:
    waiting = a_delivery(State.STORED)
    assert not is_stale(waiting, Stale.OVERDUE, NOW + timedelta(days=99), POLICY)
    assert is_stale(replace(waiting, overdue_at=NOW), Stale.OVERDUE, NOW, POLICY)
    assert not is_stale(a_delivery(State.RENTED, overdue_at=NOW), Stale.OVERDUE, NOW, POLICY)


def test_a_parcel_is_unclaimed_too_long_after_the_time_in_which_somebody_is_awaited() -> None:
    nobodys = a_delivery(State.STORED, reported_at=NOW, recipient=None, recipient_name=None)
    late = NOW + POLICY.awaited_reminder
    assert not is_stale(nobodys, Stale.UNCLAIMED, late, POLICY)
    assert is_stale(nobodys, Stale.UNCLAIMED, late + TICK, POLICY)
    assert not is_stale(
        a_delivery(State.STORED, reported_at=NOW), Stale.UNCLAIMED, late + TICK, POLICY
    )
    assert not is_stale(replace(nobodys, reported_at=None), Stale.UNCLAIMED, late + TICK, POLICY)
    assert not is_stale(replace(nobodys, state=State.RENTED), Stale.UNCLAIMED, late + TICK, POLICY)


@pytest.mark.parametrize("state", [State.RESERVED, State.RENTED])
def test_an_empty_locker_is_held_too_long_after_two_hours(state: State) -> None:
    held = a_delivery(state, changed_at=NOW, reported_at=NOW - timedelta(days=99))
    assert not is_stale(held, Stale.HELD, NOW + EMPTY, POLICY)
    assert is_stale(held, Stale.HELD, NOW + EMPTY + TICK, POLICY)
    assert not is_stale(replace(held, changed_at=None), Stale.HELD, NOW + EMPTY + TICK, POLICY)


def test_a_full_locker_is_held_too_long_after_the_time_a_parcel_may_wait() -> None:
    """An operator who lets a parcel wait longer still sees it among them."""
    waiting = a_delivery(State.STORED, reported_at=NOW, changed_at=NOW - timedelta(days=99))
    late = NOW + POLICY.storage
    assert not is_stale(waiting, Stale.HELD, late, POLICY)
    assert is_stale(waiting, Stale.HELD, late + TICK, POLICY)
    assert not is_stale(replace(waiting, state=State.REQUESTED), Stale.HELD, late + TICK, POLICY)
