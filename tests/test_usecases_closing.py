"""Leaving a door out on a database alone: whose tower it is, what is kept of it, who is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.ports.database import Database
from bot.usecases.closing import back_in_use, leave_out_if_reported
from bot.usecases.report import door_did_not_open
from tests.support.desk import ANNA, OLGA, TOWER, Desk, one

DOOR = LockerId(14)
ELSEWHERE = TowerId("00000000000000bb")


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    return Desk(sqlite_database, Policy(operators=frozenset({OLGA.id}), door_reporters=1))


def had(**facts: object) -> Delivery:
    return one(State.RENTED, locker=DOOR, locker_name="14", **facts)


async def test_a_door_that_is_left_out_keeps_its_name_and_its_delivery_comes_back_as_it_stands(
    desk: Desk,
) -> None:
    reported = await desk.keep(had())
    after = await desk.act(ANNA, door_did_not_open, reported)
    [closure] = await desk.look(lambda tx: tx.closures())
    assert (closure.tower, closure.locker, closure.locker_name) == (TOWER.id, DOOR, "14")
    assert after.door_suspect
    assert after == await desk.now_of(reported)


@pytest.mark.parametrize(("tower", "out"), [(TOWER.id, True), (ELSEWHERE, False)])
async def test_whether_somebody_could_take_it_in_again_is_asked_of_its_own_tower(
    desk: Desk, tower: TowerId, out: bool
) -> None:
    operators = {tower: frozenset({PersonId(77)})}
    desk.policy = replace(desk.policy, operators=frozenset(), tower_operators=operators)
    reported = await desk.keep(had())
    after = await desk.act(ANNA, door_did_not_open, reported)
    assert bool(await desk.look(lambda tx: tx.closures())) is out
    assert after.door_suspect is out


async def test_whom_harbor_is_only_being_asked_to_give_the_door_has_no_door_to_suspect(
    desk: Desk,
) -> None:
    asked_for = one(State.REQUESTED, "b", candidate=DOOR)
    reported = await desk.keep(had(), asked_for)
    await desk.act(ANNA, door_did_not_open, reported)
    assert not (await desk.now_of(asked_for)).door_suspect


async def test_nothing_is_left_out_twice_and_what_was_taken_in_again_is_suspect_no_more(
    desk: Desk,
) -> None:
    reported = await desk.keep(had())
    after = await desk.act(ANNA, door_did_not_open, reported)
    assert await desk.act(ANNA, leave_out_if_reported, after) is after
    assert await desk.act(OLGA, back_in_use, TOWER.id, DOOR)
    assert not (await desk.now_of(reported)).door_suspect
