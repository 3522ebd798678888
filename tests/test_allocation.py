"""How a delivery comes by its locker when Harbor refuses, hesitates, or has given it to another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.codes import CodeKind
from bot.domain.delivery import HarborRequest, RequestKind
from bot.domain.ids import LockerId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener, OpenLink
from bot.domain.tower import Locker, LockerStatus, Tower
from bot.ports.errors import Misconfigured, NotOffered, Refused, TryLater
from bot.usecases import operate
from bot.usecases.book import cancel
from bot.usecases.codes import ask_drop_off_code
from bot.workers import harbor_requests
from bot.workers.harbor_requests import HarborRequests
from bot.workers.signals import Signals
from tests.support.core import ANNA, BEN, OPERATOR, START, TOWER, Core, Twisted, core_on, worker_on
from tests.support.databases import listen, opened
from tests.support.openers import BOTH_BY_LINK


def working(core: Core, **instead: Callable[..., Any]) -> HarborRequests:
    twisted: Any = Twisted(core, **instead)
    signals = Signals(shows_cards=False)
    listen(core.database, signals)
    return worker_on(core.database, twisted, core.clock, core.policy, signals)


async def work(worker: HarborRequests) -> None:
    for _ in range(20):
        await worker.turn()
        if not worker.busy:
            return
        await worker.settle()


def reading(core: Core, asked: list[TowerId]) -> Callable[..., Any]:
    async def lockers(tower: TowerId) -> list[Locker]:
        asked.append(tower)
        return await core.lockers.lockers(tower)

    return lockers


@pytest.mark.parametrize(("seconds", "read"), [(0, []), (10, []), (11, [TOWER])])
async def test_the_list_that_a_sender_was_just_shown_is_not_read_again(
    core: Core, seconds: int, read: list[TowerId]
):
    asked: list[TowerId] = []
    await core.lockers.lockers(TOWER)
    core.clock.turn(seconds)
    delivery = await core.request()
    await work(working(core, lockers=reading(core, asked)))
    assert (await core.now(delivery)).state is State.RESERVED
    assert asked == read


async def test_a_locker_that_is_gone_since_the_list_was_shown_has_a_new_one_read(core: Core):
    asked: list[TowerId] = []
    tried: list[LockerId] = []
    await core.lockers.lockers(TOWER)

    async def reserve(tower: TowerId, locker: LockerId, seconds: int) -> str | None:
        tried.append(locker)
        if len(tried) == 1:
            raise Refused("taken meanwhile")
        return await core.lockers.reserve(tower, locker, seconds)

    delivery = await core.request()
    await work(working(core, lockers=reading(core, asked), reserve=reserve))
    assert (await core.now(delivery)).state is State.RESERVED
    assert asked == [TOWER]
    assert tried[0] != tried[1]


async def test_that_no_locker_is_free_is_believed_of_a_new_list_alone(core: Core):
    asked: list[TowerId] = []
    full = [replace(x, status=LockerStatus.OCCUPIED) for x in await core.lockers.lockers(TOWER)]
    delivery = await core.request()
    twisted = working(core, lately=lambda *_: full, lockers=reading(core, asked))
    await work(twisted)
    assert (await core.now(delivery)).state is State.RESERVED
    assert asked == [TOWER]


async def test_a_harbor_that_refuses_every_locker_is_asked_for_each_of_them_once(core: Core):
    delivery, asked = await core.request(), []

    async def reserve(tower: TowerId, locker: LockerId, seconds: int) -> None:
        asked.append(locker)
        if len(asked) > 50:
            raise TryLater("enough of that")
        raise Refused("no")

    await work(working(core, reserve=reserve))
    assert len(asked) == len(set(asked)) > 0
    assert (await core.now(delivery)).state is State.NO_LOCKER


@pytest.mark.parametrize("refusal", [NotOffered, Misconfigured])
async def test_what_no_other_locker_would_mend_is_not_asked_of_every_locker(
    core: Core, refusal: type[Refused]
):
    await core.request()
    asked = []

    async def reserve(tower: TowerId, locker: LockerId, seconds: int) -> None:
        asked.append(locker)
        if len(asked) > 5:
            raise TryLater("enough of that")
        raise refusal("no")

    await work(working(core, reserve=reserve))
    assert len(asked) == 1


async def test_what_is_asked_for_outlives_credentials_that_harbor_does_not_accept(core: Core):
    delivery = await core.request()

    async def refused(*_: object) -> None:
        raise Misconfigured("who are you?")

    await work(working(core, lockers=refused))
    assert (await core.now(delivery)).asks is RequestKind.LOCKER
    core.clock.turn(120)
    await core.work()
    assert (await core.now(delivery)).state is State.RESERVED


async def test_a_request_that_harbor_refuses_for_good_ends_and_can_be_made_anew(core: Core):
    delivery = await core.request()

    async def refused(tower: TowerId) -> None:
        raise Refused("no such tower")

    await work(working(core, lockers=refused))
    assert (await core.now(delivery)).state is State.NO_LOCKER


async def test_a_neighbour_that_does_not_answer_keeps_nobody_waiting(core: Core):
    delivery = await core.request()

    async def lockers(tower: TowerId) -> list[Any]:
        if tower == TOWER:
            return []
        raise Refused("no such tower")

    await work(working(core, lockers=lockers))
    assert (await core.now(delivery)).state is State.NO_LOCKER


async def test_an_adopted_locker_is_promised_for_as_long_as_harbor_was_asked_for(core: Core):
    delivery = await core.request()
    await core.faults({"name": "reset_after", "call": "reserve", "times": 1})
    await core.work()
    for _ in range(3):
        await core.faults({"name": "503", "call": "assigned_lockers", "times": None})
        core.clock.turn(20)
        await core.work()
    await core.faults()
    core.clock.turn(60)
    await core.work()
    adopted = await core.now(delivery)
    assert adopted.state is State.RESERVED
    assert adopted.held_until is not None
    assert adopted.held_until <= START + core.policy.reservation


async def test_two_that_tried_the_same_locker_do_not_both_adopt_it(core: Core):
    lockers = await core.lockers.lockers(TOWER)
    tried = next(x for x in lockers if x.status is LockerStatus.AVAILABLE and x.size == "medium")
    await core.lockers.reserve(TOWER, tried.id, 300)
    for who in (ANNA, BEN):
        written = replace(await core.request(who), candidate=tried.id)
        await core.database.run(lambda tx, written=written: tx.save_delivery(written))
    both, met = asyncio.Barrier(2), 0

    async def assigned() -> list[Any]:
        nonlocal met
        met += 1
        if met <= 2:
            await both.wait()
        return await core.lockers.assigned()

    await work(working(core, assigned=assigned))
    live = await core.database.look(lambda tx: tx.live_at(TOWER, tried.id))
    assert [delivery.locker for delivery in live].count(tried.id) == 1


# -- Locker Open links: Harbor chooses the locker


def linking(core: Core, locker: int, tower: TowerId = TOWER, **instead: Any) -> HarborRequests:
    async def drop_off_link(*_: object, **__: object) -> OpenLink:
        return OpenLink(tower, LockerId(locker), "https://open.example/secret")

    return working(core, drop_off_link=drop_off_link, **instead)


async def test_a_link_for_another_tower_of_the_place_says_where_the_parcel_goes(core: Core):
    towers = await core.database.look(lambda tx: tx.towers())
    other = next(tower.id for tower in towers if tower.id != TOWER)
    door = (await core.lockers.lockers(other))[0].id
    delivery = await core.request(openers=BOTH_BY_LINK)
    await work(linking(core, door, other))
    rented = await core.now(delivery)
    assert (rented.state, rented.tower, rented.locker) == (State.RENTED, other, door)


async def test_a_link_once_made_is_not_lost_with_the_label_on_its_door(core: Core):
    delivery = await core.request(openers=BOTH_BY_LINK)

    async def lockers(tower: TowerId) -> list[Any]:
        raise TryLater("busy")

    await work(linking(core, 103, lockers=lockers))
    assert (await core.now(delivery)).state is State.RENTED
    code = await core.database.look(lambda tx: tx.code(delivery.id))
    assert code is not None
    assert (code.kind, code.form) == (CodeKind.DROP_OFF, Opener.LINK)


async def test_cancelling_while_a_link_is_made_gives_its_locker_back(core: Core):
    delivery, released = await core.request(openers=BOTH_BY_LINK), []

    async def drop_off_link(tower: Tower, *_: object, **__: object) -> OpenLink:
        await core.on(ANNA, delivery, cancel)
        await core.lockers.drop_off_token(TOWER, LockerId(103), 300)
        return OpenLink(tower.id, LockerId(103), "https://open.example/secret")

    async def release(tower: TowerId, locker: LockerId) -> None:
        released.append((tower, locker))
        await core.lockers.release(tower, locker)

    await work(working(core, drop_off_link=drop_off_link, release=release))
    assert released == [(TOWER, 103)]
    (await core.control.post(f"/sandbox/towers/{TOWER}/sync")).raise_for_status()
    core.clock.turn(5)
    await core.look()
    assert (await core.now(delivery)).state is State.CANCELLED


@pytest.mark.parametrize("gone", [State.LAPSED, State.COLLECTED])
async def test_a_locker_that_harbor_gives_to_our_next_delivery_has_left_the_one_before(
    core: Core, gone: State
):
    first = await (core.rented() if gone is State.LAPSED else core.stored())
    second = await core.request(BEN, openers=BOTH_BY_LINK)
    await work(linking(core, int(first.locker or 0)))
    assert (await core.now(first)).state is gone
    after = await core.now(second)
    assert (after.state, after.locker) == (State.RENTED, first.locker)


# -- several replicas


async def test_a_request_that_one_replica_carries_out_is_not_touched_by_another(core: Core):
    delivery, asked = await core.reserved(), 0
    await core.on(ANNA, delivery, ask_drop_off_code)
    going, on = asyncio.Event(), asyncio.Event()

    async def drop_off_token(*wanted: Any) -> Any:
        nonlocal asked
        asked += 1
        going.set()
        await on.wait()
        return await core.lockers.drop_off_token(*wanted)

    here = working(core, drop_off_token=drop_off_token)
    there = working(core, drop_off_token=drop_off_token)
    await here.turn()
    await going.wait()
    await there.turn()
    await there.settle()
    on.set()
    await work(here)
    await work(there)
    assert asked == 1
    assert (await core.now(delivery)).state is State.RENTED


async def test_cancelling_while_a_replica_asks_for_the_locker_waits_for_its_answer(core: Core):
    delivery = await core.request()
    going, on = asyncio.Event(), asyncio.Event()

    async def reserve(*wanted: Any) -> Any:
        going.set()
        await on.wait()
        return await core.lockers.reserve(*wanted)

    here, there = working(core, reserve=reserve), working(core)
    await here.turn()
    await going.wait()
    await core.on(ANNA, delivery, cancel)
    await work(there)
    assert (await core.now(delivery)).state is State.RELEASING
    on.set()
    await work(here)
    await work(there)
    core.clock.turn(5)
    await core.look()
    assert (await core.now(delivery)).state is State.CANCELLED
    assert await core.assigned() == set()


async def test_what_a_replica_died_over_is_taken_up_by_another_soon(core: Core):
    delivery = await core.request()
    going = asyncio.Event()

    async def reserve(*_: object) -> None:
        going.set()
        await asyncio.Event().wait()

    here = working(core, reserve=reserve)
    await here.turn()
    await going.wait()
    there = working(core)
    await work(there)
    assert (await core.now(delivery)).state is State.REQUESTED
    core.clock.turn(100)
    await work(there)
    assert (await core.now(delivery)).state is State.RESERVED


async def test_after_a_restart_nothing_waits_for_the_process_that_was_killed(core: Core):
    delivery = await core.request()
    going = asyncio.Event()

    async def reserve(*_: object) -> None:
        going.set()
        await asyncio.Event().wait()

    await working(core, reserve=reserve).turn()
    await going.wait()
    again = working(core)
    await again.recover()
    await work(again)
    assert (await core.now(delivery)).state is State.RESERVED


class Unwritable:
    """A database that can be read, and (unless it is `mended`) not be written to: a full disk."""

    def __init__(self, core: Core, after: int = 0) -> None:
        self._database, self.look, self.shared = core.database, core.database.look, False
        self.replicas = core.database.replicas
        self.tried, self._after, self.mended = 0, after, False

    async def run(self, step: Any, **asked: bool) -> Any:
        self.tried += 1
        if self.mended or self.tried <= self._after:
            return await self._database.run(step, **asked)
        raise TryLater("disk full")


async def test_while_nothing_can_be_written_harbor_is_left_alone_and_the_loop_waits(core: Core):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, ask_drop_off_code)
    full: Any = Unwritable(core)
    asked = 0

    async def drop_off_token(*wanted: Any) -> Any:
        nonlocal asked
        asked += 1
        return await core.lockers.drop_off_token(*wanted)

    twisted: Any = Twisted(core, drop_off_token=drop_off_token)
    worker = worker_on(full, twisted, core.clock, core.policy, Signals())
    for _ in range(2):
        with pytest.raises(TryLater):
            await worker.turn()
    assert (asked, full.tried) == (0, 2)
    full.mended = True
    await worker.turn()
    await worker.settle()
    assert asked == 1


async def test_what_could_not_be_written_down_is_taken_up_when_its_turn_is_over(core: Core):
    delivery = await core.reserved()
    full: Any = Unwritable(core, after=1)
    signals = Signals(shows_cards=False)
    worker = worker_on(full, core.lockers, core.clock, core.policy, signals)
    await worker.turn()
    full.tried = 0
    listen(core.database, signals)
    await core.on(ANNA, delivery, ask_drop_off_code)
    await worker.turn()
    await worker.settle()
    with pytest.raises(TryLater):
        await worker.turn()
    full.mended = True
    due = await worker.turn()
    assert due is not None, "nobody may ever signal anything again"
    core.clock.turn((due - core.clock.now()).total_seconds())
    await work(worker)
    assert (await core.now(delivery)).state is State.RENTED


async def test_one_slow_call_does_not_keep_the_loop_from_what_falls_due_meanwhile(core: Core):
    slow, soon = await core.request(ANNA), await core.request(BEN)
    at = core.clock.now() + timedelta(seconds=2)
    later = HarborRequest.made(RequestKind.LOCKER, at)
    waiting = replace(await core.now(soon), request=later)
    await core.database.run(lambda tx: tx.save_delivery(waiting))
    going, on = asyncio.Event(), asyncio.Event()

    async def reserve(*wanted: Any) -> Any:
        going.set()
        await on.wait()
        return await core.lockers.reserve(*wanted)

    worker = working(core, reserve=reserve)
    await worker.turn()
    await going.wait()
    due = await worker.turn()
    on.set()
    await worker.settle()
    assert due == at
    assert (await core.now(slow)).state is State.RESERVED


# -- one request gives way to another


@pytest.fixture
async def either(database) -> AsyncIterator[Core]:
    """On both databases."""
    async with core_on(database) as core:
        yield core


async def test_cancelling_does_not_wait_for_harbors_pause_before_the_next_code(either: Core):
    core = either
    delivery = await core.reserved()
    asked = []

    async def drop_off_token(*_: object) -> None:
        asked.append(1)
        raise TryLater("too many requests", after=600)

    worker = working(core, drop_off_token=drop_off_token)
    await core.on(ANNA, delivery, ask_drop_off_code)
    await work(worker)
    due = (await core.now(delivery)).request
    assert due is not None
    assert due.run_at == core.clock.now() + timedelta(seconds=600)
    await core.on(ANNA, delivery, cancel)
    await work(worker)
    assert await core.status(delivery) == "available"
    core.clock.turn(1)
    await core.look()
    assert (await core.now(delivery)).state is State.CANCELLED
    core.clock.turn(700)
    await work(worker)
    assert asked == [1]


async def test_an_operator_who_releases_what_is_being_released_has_harbor_asked_once(either: Core):
    core = either
    delivery = await core.rented()
    going, on, asked = asyncio.Event(), asyncio.Event(), []

    async def release(*wanted: Any) -> None:
        asked.append(wanted)
        going.set()
        await on.wait()
        await core.lockers.release(*wanted)

    here, there = working(core, release=release), working(core, release=release)
    await core.on(ANNA, delivery, cancel)
    await here.turn()
    await going.wait()
    await core.on(OPERATOR, delivery, operate.release)
    await work(there)
    on.set()
    await work(here)
    await work(there)
    core.clock.turn(60)
    await work(there)
    assert asked == [(TOWER, delivery.locker)]
    assert (await core.now(delivery)).request is None


async def test_a_late_answer_to_a_request_that_was_replaced_changes_nothing(either: Core):
    core = either
    delivery = await core.reserved()
    going, on, tokens = asyncio.Event(), asyncio.Event(), []

    async def drop_off_token(*wanted: Any) -> Any:
        tokens.append(await core.lockers.drop_off_token(*wanted))
        if len(tokens) == 1:
            going.set()
            await on.wait()
        return tokens[-1]

    worker = working(core, drop_off_token=drop_off_token)
    await core.on(ANNA, delivery, ask_drop_off_code)
    await worker.turn()
    await going.wait()
    again = HarborRequest.made(RequestKind.DROP_OFF_TOKEN, core.clock.now(), ANNA)
    replaced = replace(await core.now(delivery), request=again)
    replaced = await core.database.run(lambda tx: tx.save_delivery(replaced))
    on.set()
    await worker.settle()
    assert await core.now(delivery) == replaced, "as if nothing had come"
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    await work(worker)
    assert len(tokens) == 2
    assert tokens[1].payload.upper() in await core.code(delivery)
    assert (await core.now(delivery)).state is State.RENTED


async def test_a_late_token_for_what_was_cancelled_meanwhile_is_nobodys_code(either: Core):
    core = either
    delivery = await core.reserved()

    async def drop_off_token(*wanted: Any) -> Any:
        await core.on(ANNA, delivery, cancel)
        return await core.lockers.drop_off_token(*wanted)

    worker = working(core, drop_off_token=drop_off_token)
    await core.on(ANNA, delivery, ask_drop_off_code)
    await worker.turn()
    await worker.settle()
    now = await core.now(delivery)
    assert (now.state, now.asks) == (State.RELEASING, RequestKind.RELEASE)
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    await work(worker)
    assert await core.status(delivery) in ("declined", "available"), "and it is given back"


async def test_a_request_that_waited_for_its_tower_longer_than_its_turn_is_given_back(
    core: Core, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(harbor_requests, "A_TOWER", 1)
    both = [await core.reserved(), await core.reserved()]
    going, on, asked = asyncio.Event(), asyncio.Event(), []

    async def drop_off_token(*wanted: Any) -> Any:
        asked.append(wanted)
        going.set()
        await on.wait()
        return await core.lockers.drop_off_token(*wanted)

    worker = working(core, drop_off_token=drop_off_token)
    for delivery in both:
        await core.on(ANNA, delivery, ask_drop_off_code)
    await worker.turn()
    await going.wait()
    core.clock.turn(31)
    on.set()
    await worker.settle()
    assert len(asked) == 1, "a call that might outlast its turn is not begun"
    await work(worker)
    assert len(asked) == 2
    assert [(await core.now(each)).state for each in both] == [State.RENTED] * 2


# -- no two in one locker


async def test_of_two_replicas_that_find_one_locker_theirs_one_has_it_and_the_other_another(
    postgres_url: str,
):
    async with opened(postgres_url) as one, opened(postgres_url) as other, core_on(one) as core:
        at_tower = await core.lockers.lockers(TOWER)
        tried = next(x for x in at_tower if x.status is LockerStatus.AVAILABLE)
        await core.lockers.reserve(TOWER, tried.id, 300)
        wanted = [await core.request(who, size=tried.size) for who in (ANNA, BEN)]
        for delivery in wanted:
            written = replace(await core.now(delivery), candidate=tried.id)
            await core.database.run(lambda tx, written=written: tx.save_delivery(written))
        both, met = asyncio.Barrier(2), 0

        async def assigned() -> list[Any]:
            nonlocal met
            met += 1
            if met <= 2:
                await both.wait()
            return await core.lockers.assigned()

        monkey: Any = Twisted(core, assigned=assigned)
        replicas = [
            worker_on(database, monkey, core.clock, core.policy, Signals(shows_cards=False))
            for database in (one, other)
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(harbor_requests, "AT_ONCE", 1)  # so that each takes one of the two
            for replica in replicas:
                await replica.turn()
        async with asyncio.timeout(20):
            for replica in replicas:
                await replica.settle()
            await work(replicas[0])
            core.clock.turn(60)
            await work(replicas[0])
        after = [await core.now(delivery) for delivery in wanted]
        assert [delivery.state for delivery in after] == [State.RESERVED] * 2
        assert tried.id in {delivery.locker for delivery in after}
        assert len({delivery.locker for delivery in after}) == 2
