"""What is asked of Harbor and who is shown the code; who is let, and who is told why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.actions import Action
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, HarborRequest, RequestKind, Trouble, Turn
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.usecases.actor import NotPermitted, NotYours, Stale, ask_of_harbor, authorized, check
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code, disown_code
from bot.usecases.extend import more_time
from bot.usecases.transitions import save
from tests.support.desk import ANNA, BEN, CARA, NOW, OLGA, POLICY, Desk, asks, one
from tests.support.scenes import a_code

LATER = NOW + timedelta(minutes=45)


async def with_code(desk: Desk, delivery: Delivery, kind: CodeKind, **facts: Any) -> Delivery:
    kept = await desk.keep(delivery)
    holder = ANNA if kind is CodeKind.DROP_OFF else BEN
    code = replace(a_code(kind, holder.id), delivery=kept.id, **facts)
    await desk.database.run(lambda tx: tx.save_code(code))
    return kept


# -- codes


async def test_a_code_that_is_there_is_revealed_and_rings_for_its_holder_alone(desk: Desk) -> None:
    stored = await with_code(desk, one(State.STORED), CodeKind.PICK_UP, revealed=False)
    after = await desk.act(BEN, ask_pick_up_code, stored)
    assert after.request is None
    assert (await desk.look(lambda tx: tx.code(stored.id))).revealed
    expected = {"Ben code:a rings", "Anna code:a", "Ben delivery:a", "Anna delivery:a"}
    assert await desk.owed() == expected


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (CodeKind.PICK_UP, {"expires_at": NOW}),
        (CodeKind.PICK_UP, {"holder": ANNA.id}),
        (CodeKind.DROP_OFF, {"holder": BEN.id}),
    ],
)
async def test_a_code_that_is_over_or_for_somebody_or_something_else_is_asked_for_anew(
    desk: Desk, kind: CodeKind, facts: dict[str, Any]
) -> None:
    stored = await with_code(desk, one(State.STORED), kind, **facts)
    after = await desk.act(BEN, ask_pick_up_code, stored)
    assert asks(after) == (RequestKind.PICK_UP_TOKEN, BEN.id, NOW)


async def test_a_new_code_is_asked_for_although_the_old_one_is_good(desk: Desk) -> None:
    stored = await with_code(desk, one(State.STORED), CodeKind.PICK_UP)
    after = await desk.act(BEN, ask_pick_up_code, stored, fresh=True)
    assert asks(after) == (RequestKind.PICK_UP_TOKEN, BEN.id, NOW)
    rented = await with_code(desk, one(State.RENTED, "b"), CodeKind.DROP_OFF)
    assert (await desk.act(ANNA, ask_drop_off_code, rented)).request is None
    after = await desk.act(ANNA, ask_drop_off_code, rented, fresh=True)
    assert asks(after) == (RequestKind.DROP_OFF_TOKEN, ANNA.id, NOW)


async def test_a_new_code_is_not_asked_for_while_the_link_there_is_opens_the_door(
    desk: Desk,
) -> None:
    good = {
        "drop_off_opener": Opener.LINK,
        "pick_up_opener": Opener.LINK,
        "code_until": LATER,
    }
    stored = await desk.keep(one(State.STORED, **good))
    rented = await desk.keep(one(State.RENTED, "b", **good))
    for who, act, kept in ((BEN, ask_pick_up_code, stored), (ANNA, ask_drop_off_code, rented)):
        with pytest.raises(NotPermitted):
            await desk.act(who, act, kept, fresh=True)
        assert (await desk.act(who, act, kept)).request is not None, "it is not there any more"


@pytest.mark.parametrize(
    ("kind", "facts", "before", "until"),
    [
        (CodeKind.PICK_UP, {}, None, LATER),
        (CodeKind.PICK_UP, {}, LATER + timedelta(hours=1), LATER + timedelta(hours=1)),
        (CodeKind.PICK_UP, {}, NOW, LATER),
        (CodeKind.PICK_UP, {"revealed": False}, None, None),
        (CodeKind.DROP_OFF, {}, None, None),
        (CodeKind.DROP_OFF, {}, NOW, NOW),
    ],
)
async def test_a_shown_code_that_is_taken_away_may_open_the_door_until_it_runs_out(
    desk: Desk, kind: CodeKind, facts: dict[str, Any], before: Any, until: Any
) -> None:
    visit = {"turn": Turn.NOW, "visit_at": NOW}
    delivery = one(State.STORED, old_code_until=before, code_until=LATER, **visit)
    stored = await with_code(desk, delivery, kind, **facts)
    after = await desk.act(ANNA, disown_code, stored)
    assert (after.old_code_until, after.code_until) == (until, None)
    assert (after.turn, after.visit_at) == (None, None)
    assert await desk.look(lambda tx: tx.code(stored.id)) is None
    assert {"Anna code:a", "Ben code:a"} <= await desk.owed()


@pytest.mark.parametrize(
    ("facts", "by"), [({}, ANNA.id), ({"revealed": False}, None), (None, None)]
)
async def test_a_longer_hold_shows_its_code_only_where_one_was_shown(
    desk: Desk, facts: dict[str, Any] | None, by: Any
) -> None:
    if facts is None:
        rented = await desk.keep(one(State.RENTED))
    else:
        rented = await with_code(desk, one(State.RENTED), CodeKind.DROP_OFF, **facts)
    after = await desk.act(ANNA, more_time, rented)
    assert asks(after) == (RequestKind.DROP_OFF_TOKEN, by, NOW)


# -- asking Harbor


async def test_what_is_under_way_is_not_asked_again_unless_by_somebody_else(desk: Desk) -> None:
    kind = RequestKind.PICK_UP_TOKEN
    asked = HarborRequest.made(kind, NOW - timedelta(hours=1), BEN.id)
    stored = await desk.keep(one(State.STORED, request=asked, trouble=Trouble.HARBOR_AWAY))
    for by in (BEN.id, None):
        assert await desk.act(ANNA, ask_of_harbor, stored, kind, by=by) is stored
    assert await desk.owed() == set()
    other = await desk.act(OLGA, ask_of_harbor, stored, RequestKind.RELEASE, by=None)
    assert (asks(other), other.trouble) == ((RequestKind.RELEASE, None, NOW), None)
    assert {"Anna delivery:a", "Ben delivery:a"} <= await desk.owed()
    hers = await desk.act(ANNA, ask_of_harbor, other, kind, by=ANNA.id)
    assert asks(await desk.act(BEN, ask_of_harbor, hers, kind, by=BEN.id)) == (kind, BEN.id, NOW)


async def test_a_successor_asks_for_its_locker_once_the_first_has_been_given_back(
    desk: Desk,
) -> None:
    waits = one(State.REQUESTED, "b", request=None, trouble=Trouble.REFUSED)
    releasing = await desk.keep(
        one(
            State.RELEASING, successor=waits.id, request=HarborRequest(5, RequestKind.RELEASE, NOW)
        ),
        waits,
    )

    async def again(**changes: Any) -> Delivery:
        found = replace(await desk.now_of(releasing), **changes)
        await desk.database.run(lambda tx: save(tx, found, now=LATER, policy=POLICY))
        return await desk.now_of(waits)

    assert (await again()).request is None
    begun = await again(request=None)
    assert asks(begun) == (RequestKind.LOCKER, ANNA.id, LATER)
    assert (begun.trouble, begun.changed_at) == (None, LATER)
    assert (await again()).request == begun.request, "once"


async def test_a_successor_that_has_gone_on_asks_for_nothing(desk: Desk) -> None:
    gone_on = one(State.RENTED, "b")
    old = await desk.keep(one(State.LAPSED, successor=gone_on.id), gone_on)
    lost = await desk.keep(one(State.LAPSED, "c", successor=DeliveryId("gone")))
    for each in (old, lost):
        await desk.database.run(lambda tx, it=each: save(tx, it, now=NOW, policy=POLICY))
    assert (await desk.now_of(gone_on)).request is None


async def test_a_change_that_nobody_can_see_keeps_the_buttons_good(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED))

    async def step(tx):
        unseen = await save(tx, rented, now=LATER, policy=POLICY, seen=False)
        return unseen, await save(tx, unseen, now=LATER, policy=POLICY)

    unseen, seen = await desk.database.run(step)
    assert (unseen.revision, seen.revision) == (rented.revision, rented.revision + 1)


# -- who is let


async def test_who_may_is_let_who_may_not_is_told_why(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED))
    name, revision = rented.id, rented.revision
    assert await desk.act(ANNA, authorized, name, Action.CANCEL_OK, revision=revision) == rented
    assert await desk.act(ANNA, authorized, name, Action.CANCEL_OK) == rented
    with pytest.raises(NotYours):
        await desk.act(BEN, authorized, name, Action.CANCEL)
    with pytest.raises(NotYours):
        await desk.act(ANNA, authorized, DeliveryId("gone"), Action.CANCEL)
    with pytest.raises(Stale) as stale:
        await desk.act(ANNA, authorized, name, Action.CANCEL_OK, revision=revision - 1)
    assert stale.value.delivery == rented
    with pytest.raises(NotPermitted) as refused:
        await desk.act(ANNA, authorized, name, Action.TAKE_BACK, revision=revision)
    assert (refused.value.action, refused.value.delivery) == (Action.TAKE_BACK, rented)


async def test_what_asks_first_and_what_only_shows_counts_at_any_revision(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED))
    for action in (Action.CANCEL, Action.HISTORY, Action.DOOR):
        assert await desk.act(ANNA, authorized, rented.id, action, revision=1) == rented
    for action in (Action.CANCEL_OK, Action.MORE_TIME):
        with pytest.raises(Stale):
            await desk.act(ANNA, authorized, rented.id, action, revision=1)


async def test_a_check_tells_what_is_not_theirs_from_what_is_not_now(desk: Desk) -> None:
    async def checked(act: Any, action: Action) -> None:
        check(act, action, one(State.RENTED))

    with pytest.raises(NotYours):
        await desk.act(CARA, checked, Action.CANCEL)
    with pytest.raises(NotPermitted):
        await desk.act(ANNA, checked, Action.TAKE_BACK)
    await desk.act(ANNA, checked, Action.CANCEL)
