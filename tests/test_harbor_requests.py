"""The worker and the watcher on bad days: answers lost, Harbor away, readings that lie."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.delivery import Trouble
from bot.domain.lifecycle import State
from bot.domain.tower import LockerStatus
from bot.ports.lockers import Push
from bot.usecases import operate
from bot.usecases.actor import Actor
from bot.usecases.book import cancel
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from tests.support.core import ANNA, OPERATOR, TOWER, Core


def fault(name: str, call: str = "*", **more: object) -> dict[str, object]:
    return {"name": name, "call": call, "times": 1} | more


async def until(core: Core, delivery, state: State):
    """Let time pass and everybody work until the delivery is there; fail after many rounds."""
    for _ in range(40):
        await core.work()
        await core.look()
        if (await core.now(delivery)).state is state:
            return await core.now(delivery)
        core.clock.turn(10)
    raise AssertionError(f"never {state}, still {(await core.now(delivery)).state}")


async def test_a_reservation_whose_answer_was_lost_is_adopted_and_not_made_twice(core: Core):
    delivery = await core.request()
    await core.faults(fault("reset_after", "reserve"))
    await core.work()
    assert (await core.now(delivery)).state is State.REQUESTED
    assert len(await core.assigned()) == 1
    reserved = await until(core, delivery, State.RESERVED)
    assert await core.assigned() == {reserved.locker}


async def test_a_crash_after_harbor_answered_is_repaired_by_looking_first(core: Core):
    delivery = await core.request()
    lockers = await core.lockers.lockers(TOWER)
    tried = next(x for x in lockers if x.status is LockerStatus.AVAILABLE and x.size == "medium")
    written = replace(await core.now(delivery), candidate=tried.id)
    await core.database.run(lambda tx: tx.save_delivery(written))
    await core.lockers.reserve(TOWER, tried.id, 300)  # …and here the plug was pulled
    await core.work()
    reserved = await core.now(delivery)
    assert (reserved.state, reserved.locker) == (State.RESERVED, tried.id)
    assert await core.assigned() == {tried.id}


async def test_a_locker_that_another_delivery_has_is_never_adopted(core: Core):
    first = await core.reserved()
    second = await core.request(ANNA)
    written = replace(await core.now(second), candidate=first.locker)
    await core.database.run(lambda tx: tx.save_delivery(written))
    await core.work()
    other = await core.now(second)
    assert other.state is State.RESERVED
    assert other.locker != first.locker


async def test_a_locker_taken_between_list_and_reservation_leads_to_the_next(core: Core):
    delivery = await core.request()
    await core.faults(fault("409", "reserve"))
    await core.work()
    assert (await core.now(delivery)).state is State.RESERVED


async def test_cancelling_while_the_reservation_is_under_way_leaves_no_orphan(core: Core):
    delivery = await core.request()
    await core.faults(fault("reset_after", "reserve"))
    await core.work()
    await core.on(ANNA, delivery, cancel)
    await until(core, delivery, State.CANCELLED)
    assert await core.assigned() == set()


async def test_while_harbor_is_away_the_card_says_so_and_nothing_is_lost(core: Core):
    delivery = await core.request()
    await core.faults({"name": "503", "call": "*", "times": None})
    for _ in range(4):
        await core.work()
        core.clock.turn(30)
    waiting = await core.now(delivery)
    assert (waiting.state, waiting.trouble) == (State.REQUESTED, Trouble.HARBOR_AWAY)
    await core.faults()
    reserved = await until(core, delivery, State.RESERVED)
    assert reserved.trouble is None


@pytest.mark.parametrize("name", ["reset_after", "reset_before", "503", "500", "truncated", "429"])
@pytest.mark.parametrize("call", ["drop_off_token", "pick_up_token"])
async def test_a_token_is_had_in_the_end_whatever_happened_to_the_first_call(
    core: Core, name: str, call: str
):
    delivery = await (core.reserved() if call == "drop_off_token" else core.stored())
    ask = ask_drop_off_code if call == "drop_off_token" else ask_pick_up_code
    if call == "pick_up_token":
        await core.claimed(delivery, ANNA)
    await core.on(ANNA, delivery, ask)
    await core.faults(fault(name, call))
    for _ in range(10):
        await core.work()
        core.clock.turn(3)
    assert (await core.hold(await core.code(delivery))).status_code == 200


async def test_an_empty_list_ends_nothing(core: Core):
    stored, rented, reserved = await core.stored(), await core.rented(), await core.reserved()
    await core.faults({"name": "empty_list", "call": "assigned_lockers", "times": None})
    for _ in range(5):
        core.clock.turn(5)
        await core.look()
    assert (await core.now(stored)).state is State.STORED
    assert (await core.now(rented)).state is State.RENTED
    assert (await core.now(reserved)).state is State.RESERVED


async def test_an_unknown_status_ends_nothing_and_is_reported_once(core: Core):
    delivery = await core.stored()
    await core.faults({"name": "unknown_status", "call": "*", "times": None})
    for _ in range(3):
        core.clock.turn(5)
        await core.look()
    assert (await core.now(delivery)).state is State.STORED
    assert [key.partition(":")[0] for key in await core.alerts()] == ["odd"]


async def test_harbor_away_is_told_once_and_once_when_it_is_back(core: Core):
    await core.faults({"name": "503", "call": "*", "times": None})
    due = await core.watcher.turn()
    assert due == core.clock.now() + 3 * core.policy.watch, "it is asked less often meanwhile"
    for _ in range(3):
        core.clock.turn(20)
        await core.watcher.turn()
    assert core.watcher.away
    assert await core.alerts() == ["harbor"]
    card = await core.database.look(lambda tx: tx.card(OPERATOR, "alert:harbor"))
    assert card is not None
    told = card.wanted
    await core.faults()
    for _ in range(2):
        core.clock.turn(20)
        await core.watcher.turn()
    assert not core.watcher.away
    assert await core.alerts() == []
    card = await core.database.look(lambda tx: tx.card(OPERATOR, "alert:harbor"))
    assert card is not None
    assert card.wanted == told + 1


async def test_a_watcher_that_idles_is_woken_by_the_first_locker(core: Core):
    idle = await core.watcher.turn()
    assert idle == core.clock.now() + core.policy.watch_idle
    assert not core.signals.lockers.is_set
    delivery = await core.request()
    assert core.signals.lockers.is_set
    core.clock.turn(core.policy.watch.total_seconds())
    assert await core.watcher.turn() == core.clock.now() + core.policy.watch
    assert core.watcher.looked_at == core.clock.now()
    await core.on(ANNA, delivery, cancel)
    await core.work()
    await core.watcher.turn()
    assert (await core.now(delivery)).state is State.CANCELLED
    await core.act(OPERATOR, nothing)
    assert not core.signals.lockers.is_set


async def nothing(act: Actor) -> None:
    """A step that makes nothing owed."""
    await act.tx.alerts()


async def test_one_look_costs_one_request_however_many_deliveries_there_are(core: Core):
    for _ in range(5):
        await core.reserved()
    await core.look()  # the first one learns that the list has no pages
    before = len((await core.control.get("/sandbox/wire")).json())
    await core.look()
    after = (await core.control.get("/sandbox/wire")).json()
    calls = [entry["path"] for entry in after[before:] if "/api/" in entry["path"]]
    assert len(calls) == 1, calls


async def test_a_locker_that_nobody_remembers_is_reported_and_given_back_on_request(core: Core):
    lockers = await core.lockers.lockers(TOWER)
    stray = next(x for x in lockers if x.status is LockerStatus.AVAILABLE)
    await core.lockers.drop_off_token(TOWER, stray.id, 3000)
    await core.look()
    key = f"orphan:{TOWER}/{stray.id}"
    assert await core.alerts() == [key]
    await core.act(OPERATOR, operate.release_orphan, key)
    await core.look()
    await core.look()
    assert await core.alerts() == [key], "declined: free only when somebody syncs the tower"
    (await core.control.post(f"/sandbox/towers/{TOWER}/sync")).raise_for_status()
    await core.look()
    assert await core.alerts() == []


async def test_a_verified_push_tells_when_and_an_unverified_one_tells_nothing(core: Core):
    delivery = await core.rented()
    assert delivery.locker is not None
    at = core.clock.now() + timedelta(seconds=30)
    core.clock.turn(120)
    push = Push(TOWER, delivery.locker, LockerStatus.OCCUPIED, at, "LOCKER_TOKEN_USED", False)
    await core.watcher.heard(push)
    assert (await core.now(delivery)).state is State.RENTED
    await core.watcher.heard(replace(push, verified=True))
    stored = await core.now(delivery)
    assert (stored.state, stored.occupied_at) == (State.STORED, at)
    assert stored.reported_at == core.clock.now()


@pytest.mark.parametrize("is_in", [True, False])
async def test_a_push_of_the_second_in_which_the_locker_was_had_counts_if_the_list_agrees(
    core: Core, is_in: bool
):
    """A tower tells no fractions: it may be of the parcel that was in there before."""
    core.clock.turn(0.7)
    delivery = await core.rented()
    assert delivery.locker is not None
    at = core.clock.now().replace(microsecond=0)
    push = Push(TOWER, delivery.locker, LockerStatus.OCCUPIED, at, "LOCKER_TOKEN_USED", True)
    await core.watcher.heard(push)
    assert (await core.now(delivery)).state is State.RENTED
    if is_in:
        await core.put_in(delivery)
    await core.look()
    now = await core.now(delivery)
    expected = (State.STORED, at) if is_in else (State.RENTED, None)
    assert (now.state, now.occupied_at) == expected
    core.clock.turn(5)
    await core.look()
    assert (await core.now(delivery)).state is expected[0], "it is not heard again"


async def test_a_push_of_a_later_moment_of_that_second_needs_no_list(core: Core):
    delivery = await core.rented()
    assert delivery.locker is not None
    at = core.clock.now()
    push = Push(TOWER, delivery.locker, LockerStatus.OCCUPIED, at, "LOCKER_TOKEN_USED", True)
    await core.watcher.heard(push)
    assert (await core.now(delivery)).occupied_at == at


async def test_a_push_from_before_the_delivery_says_nothing_about_it(core: Core):
    delivery = await core.rented()
    assert delivery.locker is not None
    assert delivery.created_at is not None
    earlier = delivery.created_at - timedelta(minutes=5)
    push = Push(TOWER, delivery.locker, LockerStatus.OCCUPIED, earlier, "LOCKER_TOKEN_USED", True)
    await core.watcher.heard(push)
    assert (await core.now(delivery)).state is State.RENTED


async def test_a_late_push_adds_the_time_to_what_was_already_known(core: Core):
    delivery = await core.rented()
    await core.put_in(delivery)
    happened = core.clock.now()
    core.clock.turn(60)
    await core.look()
    before = await core.now(delivery)
    assert before.occupied_at is None
    assert delivery.locker is not None
    push = Push(TOWER, delivery.locker, LockerStatus.OCCUPIED, happened, "LOCKER_TOKEN_USED", True)
    await core.watcher.heard(push)
    known = await core.now(delivery)
    assert known.occupied_at == happened
    assert known.revision == before.revision, "a button on the card as it was counts still"


async def test_a_late_sync_after_the_hold_ran_out_still_finds_the_parcel(core: Core):
    (await core.control.put("/sandbox/sync", json={"automatic": False})).raise_for_status()
    delivery = await core.rented()
    await core.put_in(delivery)
    await core.pass_time(seconds=3100)
    for _ in range(3):
        await core.look()
        core.clock.turn(5)
    (await core.control.post(f"/sandbox/towers/{TOWER}/sync")).raise_for_status()
    await core.look()
    assert (await core.now(delivery)).state is State.STORED


async def test_what_is_asked_while_the_last_turn_is_being_given_back_waits_for_no_lease(
    core: Core, monkeypatch: pytest.MonkeyPatch
):
    delivery = await core.request()
    run, lingers, left = core.database.run, asyncio.Event(), asyncio.Event()

    async def lingering(step, **how):
        done = await run(step, **how)
        task = asyncio.current_task()
        if task and task.get_name().startswith("for ") and how.get("one_statement"):
            lingers.set()  # committed and signalled, and not back yet
            await left.wait()
        return done

    monkeypatch.setattr(core.database, "run", lingering)
    await core.worker.turn()
    await asyncio.wait_for(lingers.wait(), 10)
    await core.on(ANNA, delivery, ask_drop_off_code)
    await core.worker.turn()
    left.set()
    await core.work()
    assert await core.code(delivery) is not None, "with no time passed"
