"""What follows when a parcel is seen to be in or out: its code, its claim, and the next in turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, RequestKind, Turn
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.lifecycle import Event, State
from tests.support.desk import ANNA, BEN, NOW, Desk, asks, one
from tests.support.scenes import CLAIM, a_code


async def claimable(desk: Desk, delivery: Delivery) -> bool:
    return await desk.look(lambda tx: tx.claim(delivery.id)) is not None


async def claims(desk: Desk, delivery: Delivery) -> Delivery:
    await desk.database.run(lambda tx: tx.save_claim(replace(CLAIM, delivery=delivery.id)))
    return delivery


@pytest.mark.parametrize(
    ("state", "event", "left"),
    [(State.RENTED, Event.DROPPED_OFF, True), (State.STORED, Event.COLLECTED, False)],
)
async def test_a_code_that_was_used_is_kept_no_longer_and_a_claim_until_the_parcel_is_out(
    desk: Desk, state: State, event: Event, left: bool
) -> None:
    kept = await claims(desk, await desk.keep(one(state, recipient=None)))
    code = replace(a_code(CodeKind.DROP_OFF, ANNA.id), delivery=kept.id)
    await desk.database.run(lambda tx: tx.save_code(code))
    await desk.observe(kept, event)
    assert await desk.look(lambda tx: tx.code(kept.id)) is None
    assert await claimable(desk, kept) is left


@pytest.mark.parametrize("here", [True, False])
async def test_whoever_has_opened_the_bot_as_they_were_picked_has_the_parcel_once_it_is_in(
    desk: Desk, here: bool
) -> None:
    rented = await claims(desk, await desk.keep(one(State.RENTED, awaited=True)))
    await desk.database.run(lambda tx: tx.save_person(replace(BEN, reachable=here)))
    stored = await desk.observe(rented, Event.DROPPED_OFF)
    assert (stored.recipient, stored.awaited) == (BEN.id, not here)
    assert await claimable(desk, stored) is not here


@pytest.mark.parametrize("turn", [Turn.NOW, Turn.LEFT])
async def test_the_next_turn_begins_when_the_parcel_of_the_present_one_is_out(
    desk: Desk, turn: Turn
) -> None:
    stored = await desk.keep(one(State.STORED, turn=turn, visit_at=NOW), one(State.STORED, "b"))
    out = await desk.observe(stored, Event.COLLECTED)
    assert (out.turn, out.visit_at) == (None, None)
    after = await desk.now_of(one(State.STORED, "b"))
    if turn is Turn.NOW:
        assert (after.turn, after.visit_at) == (Turn.NOW, NOW)
        assert asks(after) == (RequestKind.PICK_UP_TOKEN, BEN.id, NOW)
        assert after.changed_at == NOW
    else:
        assert (after.turn, after.request) == (None, None), "it was left out"


async def test_only_a_parcel_that_nobody_was_given_a_code_for_is_odd_when_it_is_gone(
    desk: Desk,
) -> None:
    issued, unasked = [await desk.keep(one(State.STORED, name)) for name in "ab"]
    entry = HistoryEntry(issued.id, NOW, HistoryEvent.PICK_UP_ISSUED, BEN.id)
    await desk.database.run(lambda tx: tx.record(entry))
    for each in (issued, unasked):
        await desk.observe(each, Event.COLLECTED)
    assert await desk.alerts() == ["gone:b"]
