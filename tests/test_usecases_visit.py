"""A visit on a database alone: what is shown once more, what is left out, and how it stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.codes import CodeKind
from bot.domain.delivery import RequestKind, Turn
from bot.domain.lifecycle import State
from bot.usecases.visit import collect_all, go_on, leave_out, stop
from tests.support.desk import BEN, NOW, POLICY, Desk, asks, one
from tests.support.scenes import a_code


async def test_where_a_visit_is_under_way_the_present_door_is_asked_for_and_no_other(
    desk: Desk,
) -> None:
    first = await desk.keep(
        one(State.STORED, locker_name="1"),
        one(State.STORED, "b", locker_name="2", turn=Turn.NOW, visit_at=NOW),
    )
    shown = await desk.act(BEN, collect_all, first)
    assert (shown.id, asks(shown)) == ("b", (RequestKind.PICK_UP_TOKEN, BEN.id, NOW))
    assert (await desk.now_of(first)).turn is None


async def test_a_visit_that_is_stopped_is_none_any_more(desk: Desk) -> None:
    present = await desk.keep(one(State.STORED, turn=Turn.NOW, visit_at=NOW))
    stopped = await desk.act(BEN, stop, present)
    assert (stopped.turn, stopped.visit_at) == (None, None)


@pytest.mark.parametrize(("seconds", "turn"), [(0, Turn.LEFT), (1, Turn.NOW)])
async def test_a_door_is_left_out_unless_what_may_open_it_is_still_good(
    desk: Desk, seconds: int, turn: Turn
) -> None:
    present = await desk.keep(one(State.STORED, turn=Turn.NOW, visit_at=NOW))
    until = NOW + timedelta(seconds=seconds)
    code = replace(a_code(CodeKind.PICK_UP, BEN.id), delivery=present.id, expires_at=until)
    await desk.database.run(lambda tx: tx.save_code(code))
    await desk.database.run(lambda tx: leave_out(tx, present, now=NOW, policy=POLICY))
    assert (await desk.now_of(present)).turn is turn
    assert ("Ben code:a" in await desk.owed()) is (turn is Turn.LEFT), "it is taken out of the chat"


async def test_after_a_parcel_that_is_part_of_no_visit_nothing_has_its_turn(desk: Desk) -> None:
    alone = await desk.keep(one(State.STORED, locker_name="1"), one(State.STORED, "b"))
    await desk.database.run(lambda tx: go_on(tx, alone, now=NOW, policy=POLICY))
    waiting = await desk.look(lambda tx: tx.deliveries_of(BEN.id, live=True))
    assert [each.turn for each in waiting] == [None, None]
