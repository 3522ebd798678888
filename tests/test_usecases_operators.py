"""What operators do to deliveries, orphans and alerts: what is written of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import door_reported, guessing, not_collected, orphan
from bot.domain.delivery import Delivery, HarborRequest, RequestKind, Trouble
from bot.domain.history import HistoryEvent
from bot.domain.ids import LockerId
from bot.domain.lifecycle import State
from bot.domain.opening_hours import collectable_by
from bot.domain.person import WRITTEN
from bot.domain.tower import Locker, LockerStatus, Size
from bot.usecases.actor import NotYours
from bot.usecases.alerts import end_what_has_run_out
from bot.usecases.operate import (
    end,
    fetch,
    fetch_orphan,
    give,
    hold,
    release,
    release_orphan,
    see,
    settle,
)
from bot.usecases.report import report_problem
from tests.support.desk import ANNA, BEN, NOW, OLGA, OTTO, POLICY, TOWER, Desk, asks, one
from tests.support.scenes import CLAIM

LATER = NOW + timedelta(minutes=45)


async def test_what_an_operator_does_stands_in_the_history_with_the_reason(desk: Desk) -> None:
    done, owed = [], set()
    for name, state, act, event in (
        ("a", State.RENTED, release, HistoryEvent.RELEASED_BY_OPERATOR),
        ("b", State.RENTED, end, HistoryEvent.CLOSED),
        ("c", State.STORED, fetch, HistoryEvent.FETCHED_BY_OPERATOR),
        ("d", State.STORED, hold, HistoryEvent.EXTENDED),
        ("e", State.STORED, give, HistoryEvent.GIVEN_BY_OPERATOR),
    ):
        kept = await desk.keep(one(state, name, code_until=LATER))
        done.append(await desk.act(OLGA, act, kept, "  so\n it  goes "))
        entry = (await desk.history(kept))[-1]
        assert (entry.event, entry.by, entry.detail) == (event, OLGA.id, "so it goes")
        owed |= await desk.owed()
    released, ended, fetched, held, given = done
    assert (released.state, asks(released)) == (
        State.RELEASING,
        (RequestKind.RELEASE, None, NOW),
    )
    assert (ended.state, ended.code_until) == (State.CLOSED, None)
    assert asks(ended) == (RequestKind.RELEASE, None, NOW)
    assert (fetched.fetcher, asks(fetched)) == (OLGA.id, (RequestKind.PICK_UP_TOKEN, OLGA.id, NOW))
    assert held.extensions == 0
    assert (given.recipient, given.handed_over_by) == (None, OLGA.id)
    assert {"Anna delivery:a rings", "Ben delivery:a rings"} <= owed
    assert {"Anna delivery:c rings", "Ben delivery:c rings"} <= owed
    assert {"Anna delivery:e rings", "Ben delivery:e"} <= owed


async def test_where_no_reason_is_given_none_is_written_down(desk: Desk) -> None:
    for name, state, act in (
        ("a", State.RENTED, release),
        ("b", State.RENTED, end),
        ("c", State.STORED, fetch),
        ("d", State.STORED, hold),
        ("e", State.STORED, give),
    ):
        kept = await desk.keep(one(state, name))
        await desk.act(OLGA, act, kept)
        assert (await desk.history(kept))[-1].detail is None, act


async def test_no_reason_is_none_and_an_end_without_a_locker_asks_for_nothing(desk: Desk) -> None:
    requested = await desk.keep(one(State.REQUESTED, request=None))
    ended = await desk.act(OLGA, end, requested, "  ")
    assert ended.request is None
    assert [entry.detail for entry in await desk.history(requested)] == [None]
    tried = await desk.keep(one(State.REQUESTED, "b", request=None, candidate=LockerId(7)))
    assert asks(await desk.act(OLGA, end, tried)) == (RequestKind.RELEASE, None, NOW)


@pytest.mark.parametrize(("state", "act"), [(State.RENTED, end), (State.STORED, fetch)])
async def test_what_was_ended_or_fetched_out_can_be_claimed_no_more(
    desk: Desk, state: State, act: Any
) -> None:
    kept = await desk.keep(one(state, recipient=None))
    claim = replace(CLAIM, delivery=kept.id)
    await desk.database.run(lambda tx: tx.save_claim(claim))
    await desk.act(OLGA, act, kept)
    assert await desk.look(lambda tx: tx.claim(kept.id)) is None


async def test_releasing_what_is_being_released_already_changes_nothing(desk: Desk) -> None:
    under_way = HarborRequest.made(RequestKind.RELEASE, NOW)
    releasing = await desk.keep(one(State.RELEASING, request=under_way))
    assert await desk.act(OLGA, release, releasing) is releasing
    assert await desk.history(releasing) == []
    refused = await desk.keep(one(State.RELEASING, "c", request=under_way, trouble=Trouble.REFUSED))
    desk.now = LATER
    again = await desk.act(OLGA, release, refused)
    assert (asks(again), again.trouble) == ((RequestKind.RELEASE, None, LATER), None)
    assert [entry.event for entry in await desk.history(again)] == ["released_by_operator"]
    desk.now = NOW
    stuck = await desk.keep(one(State.RELEASING, "b", request=None))
    assert asks(await desk.act(OLGA, release, stuck)) == (RequestKind.RELEASE, None, NOW)
    assert len(await desk.history(stuck)) == 1


async def test_whoever_reported_a_problem_is_rung_and_reads_the_words_that_settle_it(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED))
    await desk.act(BEN, report_problem, stored, "it smells")
    await desk.shown()
    assert await desk.act(OLGA, settle, await desk.now_of(stored), "It is  gone")
    owed = await desk.owed()
    assert {"Anna delivery:a", "Ben delivery:a rings", "Ben screen rings"} <= owed
    assert not {"Anna delivery:a rings", "Anna screen rings"} & owed
    assert (await desk.look(lambda tx: tx.draft(BEN.id))).answers[WRITTEN] == "It is gone"
    assert WRITTEN not in (await desk.look(lambda tx: tx.draft(ANNA.id))).answers
    assert (await desk.now_of(stored)).problem_reported is False


async def test_a_problem_that_is_settled_without_words_rings_nobody(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED))
    await desk.act(BEN, report_problem, stored, "it smells")
    await desk.shown()
    assert await desk.act(OLGA, settle, await desk.now_of(stored))
    owed = await desk.owed()
    assert {"Anna delivery:a", "Ben delivery:a"} <= owed
    assert not {"Ben delivery:a rings", "Ben screen rings"} & owed
    assert WRITTEN not in (await desk.look(lambda tx: tx.draft(BEN.id))).answers


async def test_whoever_has_no_part_in_a_parcel_any_more_reads_nothing_of_how_it_was_settled(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED))
    await desk.act(BEN, report_problem, stored, "it smells")
    await desk.act(OLGA, give, await desk.now_of(stored))
    await desk.shown()
    assert await desk.act(OLGA, settle, await desk.now_of(stored), "It is gone")
    owed = await desk.owed()
    assert not {"Anna delivery:a rings", "Ben delivery:a rings", "Ben screen rings"} & owed
    assert WRITTEN not in (await desk.look(lambda tx: tx.draft(BEN.id))).answers


def found_in(status: LockerStatus = LockerStatus.OCCUPIED, size: Size | None = Size.LARGE) -> Any:
    return orphan(NOW, Locker(LockerId(14), "B14", TOWER.id, status, size))


async def test_a_parcel_in_an_orphan_becomes_its_operators_delivery(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    alert = found_in()
    await desk.database.run(lambda tx: tx.raise_alert(alert))
    made = await desk.act(OLGA, fetch_orphan, alert.key)
    until = collectable_by(None, NOW + POLICY.storage)
    assert made == Delivery(
        made.id,
        OLGA.id,
        TOWER.id,
        Size.LARGE,
        state=State.STORED,
        version=made.version,
        revision=made.revision,
        locker=LockerId(14),
        locker_name="B14",
        created_at=NOW,
        changed_at=NOW,
        reported_at=NOW,
        collect_until=until,
        deadline_at=NOW + POLICY.first_reminder,
        fetcher=OLGA.id,
        request=made.request,
    )
    assert asks(made) == (RequestKind.PICK_UP_TOKEN, OLGA.id, NOW)
    [entry] = await desk.history(made)
    assert (entry.event, entry.by, entry.at) == (HistoryEvent.FOUND_BY_OPERATOR, OLGA.id, NOW)
    assert await desk.alerts() == []
    assert await desk.act(OLGA, fetch_orphan, alert.key) is None


async def test_a_parcel_found_at_night_can_be_collected_until_its_tower_is_open_again(
    desk: Desk,
) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    await desk.database.run(lambda tx: tx.save_towers([TOWER]))
    desk.now = NOW + timedelta(hours=11)
    alert = found_in()
    await desk.database.run(lambda tx: tx.raise_alert(alert))
    made = await desk.act(OLGA, fetch_orphan, alert.key)
    until = collectable_by(TOWER, desk.now + POLICY.storage)
    assert made.collect_until == until > desk.now + POLICY.storage


async def test_of_an_orphan_of_no_known_size_a_medium_one_is_made(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    alert = replace(found_in(size=None), locker_name=None)
    await desk.database.run(lambda tx: tx.raise_alert(alert))
    made = await desk.act(OLGA, fetch_orphan, alert.key)
    assert (made.size, made.locker_name) == (Size.MEDIUM, "14")


async def test_nothing_is_fetched_from_an_empty_orphan_or_one_that_has_a_delivery(
    desk: Desk,
) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    empty = found_in(LockerStatus.RENTED)
    await desk.database.run(lambda tx: tx.raise_alert(empty))
    assert await desk.act(OLGA, fetch_orphan, empty.key) is None
    await desk.database.run(lambda tx: tx.save_alert(found_in()))
    await desk.keep(one(State.STORED, locker=LockerId(14)))
    assert await desk.act(OLGA, fetch_orphan, empty.key) is None
    assert await desk.alerts() == [empty.key]


async def test_an_empty_orphan_is_released_at_an_operators_word_and_a_full_one_is_not(
    desk: Desk,
) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    alert = replace(found_in(LockerStatus.RENTED), refused=True)
    await desk.database.run(lambda tx: tx.raise_alert(alert))
    await desk.database.run(lambda tx: tx.save_alert(alert))
    await desk.act(OLGA, release_orphan, alert.key)
    kept = await desk.look(lambda tx: tx.alert(alert.key))
    assert (kept.owner, kept.release, kept.refused) == (OLGA.id, True, False)
    assert f"Olga alert:{alert.key} rings" in await desk.owed()
    await desk.database.run(lambda tx: tx.save_alert(found_in()))
    await desk.act(OLGA, release_orphan, alert.key)
    assert not (await desk.look(lambda tx: tx.alert(alert.key))).release


async def test_only_operators_touch_alerts(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    for act in (see, release_orphan, fetch_orphan):
        with pytest.raises(NotYours):
            await desk.act(ANNA, act, "orphan:x")
        assert await desk.act(OLGA, act, "orphan:x") is None


async def test_who_has_seen_an_alert_first_is_remembered(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    alert = found_in()
    await desk.database.run(lambda tx: tx.raise_alert(alert))
    await desk.act(OLGA, see, alert.key)
    desk.now = LATER
    await desk.act(OLGA, see, alert.key)
    kept = await desk.look(lambda tx: tx.alert(alert.key))
    assert (kept.seen_by, kept.seen_at, kept.stands) == (OLGA.id, NOW, True)


async def test_an_alert_that_is_over_once_it_was_seen_ends_with_it_and_says_so(
    desk: Desk,
) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    guessed = guessing(NOW, ANNA.id, "anna")
    await desk.database.run(lambda tx: tx.raise_alert(guessed))
    desk.now = LATER
    await desk.act(OLGA, see, guessed.key)
    kept = await desk.look(lambda tx: tx.alert(guessed.key))
    assert (kept.seen_by, kept.seen_at, kept.cleared_at) == (OLGA.id, LATER, LATER)
    assert f"Otto alert:{guessed.key} rings" in await desk.owed()


async def test_an_operator_of_one_tower_touches_the_alerts_of_that_tower_alone(
    desk: Desk,
) -> None:
    theirs = {TOWER.id: frozenset({OTTO.id})}
    desk.policy = replace(POLICY, operators=frozenset(), tower_operators=theirs)
    kept = await desk.keep(one(State.STORED))
    here, nowhere = door_reported(NOW, kept), guessing(NOW, ANNA.id, "anna")
    for alert in (here, nowhere):
        await desk.database.run(lambda tx, it=alert: tx.raise_alert(it))
    await desk.act(OTTO, see, here.key)
    assert (await desk.look(lambda tx: tx.alert(here.key))).seen_by == OTTO.id
    with pytest.raises(NotYours):
        await desk.act(OTTO, see, nowhere.key)


async def test_more_time_ends_what_was_told_of_the_overdue_parcel_and_nothing_else(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED))
    late, jammed = not_collected(NOW, stored), door_reported(NOW, stored)

    async def step(tx):
        await tx.raise_alert(late)
        await tx.raise_alert(jammed)

    await desk.database.run(step)
    desk.now = LATER
    await desk.act(OLGA, hold, stored)
    assert await desk.alerts() == [jammed.key]
    assert (await desk.look(lambda tx: tx.alert(late.key))).cleared_at == LATER
    assert f"Olga alert:{late.key} rings" in await desk.owed()


async def test_an_alert_whose_last_day_has_come_is_over(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED, "z"))
    guessed = guessing(NOW, ANNA.id, "anna")
    await desk.database.run(lambda tx: tx.raise_alert(guessed))
    for moment, left in (
        (NOW + timedelta(hours=23), [guessed.key]),
        (NOW + timedelta(hours=24), []),
    ):
        await desk.database.run(lambda tx, at=moment: end_what_has_run_out(tx, POLICY, now=at))
        assert await desk.alerts() == left
    kept = await desk.look(lambda tx: tx.alert(guessed.key))
    assert kept.cleared_at == NOW + timedelta(hours=24)
    assert f"Olga alert:{guessed.key} rings" in await desk.owed()
