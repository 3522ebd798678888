"""A parcel whose doors are opened by Locker Open links, against a Harbor on a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.codes import Code
from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener, Openers
from bot.domain.person import Person
from bot.domain.tower import LockerStatus, Low, Size
from bot.ports.errors import NotOffered, Refused
from bot.ports.lockers import Push
from bot.usecases.actor import NotPermitted
from bot.usecases.book import (
    at_tower,
    cancel,
    new_drop_off_code,
    next_parcel,
    one_more,
    try_again,
)
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from bot.usecases.collect import hand_over, take_back
from bot.usecases.extend import more_time
from bot.usecases.report import door_did_not_open
from bot.workers.open_requests import OpenRequests
from tests.support.core import (
    ANNA,
    BEN,
    CLEO,
    NAMES,
    START,
    TOWER,
    Core,
    Twisted,
    core_on,
    worker_on,
    working,
)
from tests.support.openers import BOTH_BY_LINK, MIXED


@pytest.fixture
async def core(database) -> AsyncIterator[Core]:
    async with core_on(database, openers=BOTH_BY_LINK) as core:
        yield core


async def linked(core: Core, **wish: Any) -> Delivery:
    """Asked for at the tower: its link is out."""
    delivery = await core.request(**({"openers": BOTH_BY_LINK} | wish))
    await core.work()
    return await core.now(delivery)


async def code_of(core: Core, delivery: Delivery) -> Code:
    code = await core.database.look(lambda tx: tx.code(delivery.id))
    assert code is not None
    return code


async def assigned(core: Core) -> set[int]:
    found = await core.lockers.assigned()
    return {int(x.id) for x in found if x.status is not LockerStatus.DECLINED}


async def test_one_tap_brings_locker_and_link_which_is_shown_at_once(core: Core) -> None:
    delivery = await linked(core)
    code = await code_of(core, delivery)
    assert (delivery.state, code.form, code.revealed) == (State.RENTED, Opener.LINK, True)
    assert delivery.held_until == START + core.policy.link_hold
    card = await core.code_card(ANNA, delivery)
    assert card is not None
    assert card.ring


async def calls_of_harbor(core: Core) -> int:
    """What Harbor's service has been asked so far."""
    heard = (await core.control.get("/sandbox/wire")).json()
    return sum("/api/v1/" in each["path"] for each in heard)


@pytest.mark.parametrize("prepared", [True, False])
async def test_from_the_tap_at_the_tower_to_the_link_harbor_is_called_twice_at_most(
    core: Core, prepared: bool
) -> None:
    before = await calls_of_harbor(core)
    if prepared:
        delivery = await core.prepare(openers=BOTH_BY_LINK)
        await core.on(ANNA, delivery, at_tower)
    else:
        delivery = await core.request(openers=BOTH_BY_LINK)
    await core.work()
    assert (await code_of(core, delivery)).revealed
    first = await calls_of_harbor(core)
    assert first - before == 2, "what the doors are called, and the link"
    await core.request(openers=BOTH_BY_LINK)
    await core.work()
    assert await calls_of_harbor(core) - first == 1, "what the doors are called is known by now"


async def test_a_parcel_goes_from_hand_to_hand_by_links(core: Core) -> None:
    delivery = await linked(core, recipient=BEN)
    await core.put_in(delivery)
    core.clock.turn(5)
    await core.look()
    assert (await core.now(delivery)).state is State.STORED
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    assert (await code_of(core, delivery)).form is Opener.LINK
    await core.take_out(delivery)
    core.clock.turn(5)
    await core.look()
    assert (await core.now(delivery)).state is State.COLLECTED


async def test_show_again_is_the_same_link_and_there_is_no_more_time_to_give(core: Core) -> None:
    delivery = await linked(core)
    before = await code_of(core, delivery)
    await core.on(ANNA, delivery, ask_drop_off_code)
    await core.work()
    assert (await code_of(core, delivery)).text == before.text
    with pytest.raises(NotPermitted):
        await core.on(ANNA, delivery, more_time)
    with pytest.raises(NotPermitted):
        await core.on(ANNA, delivery, new_drop_off_code)


async def test_a_link_that_did_not_open_is_replaced_once_its_locker_is_given_back(
    core: Core,
) -> None:
    delivery = await linked(core)
    await core.on(ANNA, delivery, door_did_not_open)
    successor = await core.on(ANNA, delivery, new_drop_off_code)
    assert successor.request is None, "it waits for the first locker to be given back"
    await core.work()
    after = await core.now(successor)
    assert (after.state, (await code_of(core, after)).revealed) == (State.RENTED, True)
    assert await assigned(core) == {int(after.locker or 0)}, "never two at a time"
    assert (await core.now(delivery)).successor == successor.id


async def test_when_the_first_locker_can_t_be_given_back_the_sender_is_told_of_it(
    core: Core,
) -> None:
    delivery = await linked(core)
    await core.on(ANNA, delivery, door_did_not_open)
    successor = await core.on(ANNA, delivery, new_drop_off_code)
    await core.faults({"name": "503", "call": "*", "times": None})
    for _ in range(3):
        await core.work()
        core.clock.turn(30)
    assert (await core.now(successor)).trouble is not None
    await core.faults()
    core.clock.turn(600)
    await core.work()
    assert (await core.now(successor)).state is State.RENTED
    assert (await core.now(successor)).trouble is None


async def test_a_successor_given_up_while_it_waits_wants_no_locker_any_more(core: Core) -> None:
    delivery = await linked(core)
    await core.on(ANNA, delivery, door_did_not_open)
    successor = await core.on(ANNA, delivery, new_drop_off_code)
    await core.on(ANNA, successor, cancel)
    await core.work()
    assert (await core.now(successor)).state is State.CANCELLED
    assert await assigned(core) == set()


async def test_the_hold_runs_out_and_the_locker_is_free_at_the_next_sync(core: Core) -> None:
    delivery = await linked(core)
    await core.pass_time(minutes=6)
    await core.look()
    over = await core.now(delivery)
    assert (over.state, over.code_until) == (State.RENTED, None), "nobody has synced the tower"
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    await core.sync()
    await core.pass_time(minutes=11)
    await core.look()
    assert (await core.now(delivery)).state is State.LAPSED
    again = await core.on(ANNA, delivery, try_again)
    await core.work()
    assert (await core.now(again)).state is State.RENTED


async def test_after_the_hold_a_new_link_is_to_be_had_without_a_report(core: Core) -> None:
    delivery = await linked(core)
    await core.pass_time(minutes=6)
    successor = await core.on(ANNA, delivery, new_drop_off_code)
    await core.work()
    assert (await core.now(successor)).state is State.RENTED


# -- sizes, and low doors


class Sizes:
    """A Harbor that has a locker of certain kinds only, and what it was asked for."""

    def __init__(self, core: Core, *has: tuple[Size, bool]) -> None:
        self.core, self.has, self.asked = core, has, []

    async def drop_off_link(self, tower: Any, size: Size, *, low: bool, **more: Any) -> Any:
        from bot.ports.errors import NoLocker

        self.asked.append((size, low))
        if (size, low) not in self.has:
            raise NoLocker("No locker available")
        return await self.core.lockers.drop_off_link(tower, size, low=low, **more)


async def by(core: Core, sizes: Sizes, **wish: Any) -> tuple[State, Size | None]:
    delivery = await core.request(openers=BOTH_BY_LINK, **wish)
    worker = working(core, drop_off_link=sizes.drop_off_link)
    await worker.turn()
    await worker.settle()
    after = await core.now(delivery)
    return after.state, after.locker_size


async def test_sizes_climb_to_the_largest(core: Core) -> None:
    sizes = Sizes(core, (Size.X_LARGE, False))
    assert await by(core, sizes, size=Size.SMALL) == (State.RENTED, Size.X_LARGE)
    assert [size for size, _ in sizes.asked] == list(Size)


async def test_no_larger_one_is_taken_where_that_is_not_wanted(core: Core) -> None:
    sizes = Sizes(core, (Size.LARGE, False))
    wish = {"size": Size.MEDIUM, "larger_allowed": False}
    assert await by(core, sizes, **wish) == (State.NO_LOCKER, None)


async def test_a_low_door_that_is_a_wish_is_given_up_before_the_size(core: Core) -> None:
    sizes = Sizes(core, (Size.MEDIUM, False), (Size.LARGE, True))
    assert (await by(core, sizes, low=Low.RATHER))[1] is Size.MEDIUM
    assert sizes.asked == [(Size.MEDIUM, True), (Size.MEDIUM, False)]


async def test_a_low_door_that_is_a_must_is_not_given_up(core: Core) -> None:
    sizes = Sizes(core, (Size.MEDIUM, False), (Size.LARGE, True))
    assert (await by(core, sizes, low=Low.ONLY))[1] is Size.LARGE
    assert all(low for _, low in sizes.asked)


async def test_what_harbor_lists_as_full_is_not_asked_for_after_a_refusal(core: Core) -> None:
    for locker in await core.lockers.lockers(TOWER):
        if locker.size in (Size.MEDIUM, Size.LARGE) and locker.status is LockerStatus.AVAILABLE:
            path = f"/sandbox/towers/{TOWER}/lockers/{locker.id}/status"
            (await core.control.post(path, json={"status": "out of service"})).raise_for_status()
    sizes = Sizes(core, (Size.X_LARGE, False))
    assert (await by(core, sizes, size=Size.MEDIUM))[0] is State.RENTED
    assert [size for size, _ in sizes.asked] == [Size.MEDIUM, Size.X_LARGE]


async def test_a_recipient_who_needs_a_low_door_counts_as_much_as_the_sender(core: Core) -> None:
    ben = Person(BEN, NAMES[BEN], low_locker=Low.ONLY)
    await core.database.run(lambda tx: tx.save_person(ben))
    assert (await core.request(recipient=BEN, openers=BOTH_BY_LINK)).low is Low.ONLY
    assert (await core.request(recipient=CLEO, openers=BOTH_BY_LINK)).low is Low.ANY


# -- mixed openers, and a Harbor without open requests


async def test_a_locker_filled_by_a_token_is_opened_by_a_link(core: Core) -> None:
    delivery = await core.stored(recipient=BEN, openers=MIXED)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    assert (await code_of(core, delivery)).form is Opener.LINK
    await core.take_out(delivery)


async def test_a_pick_up_link_that_harbor_refuses_falls_back_to_a_token(core: Core) -> None:
    delivery = await core.stored(recipient=BEN, openers=MIXED)

    async def pick_up_link(*_: object, **__: object) -> Any:
        raise Refused("no link for this one")

    await core.on(BEN, delivery, ask_pick_up_code)
    worker = working(core, pick_up_link=pick_up_link)
    await worker.turn()
    await worker.settle()
    assert (await code_of(core, delivery)).form is Opener.TOKEN
    assert (await core.now(delivery)).pick_up_opener is Opener.TOKEN
    assert "fell_back" in await core.history(delivery)


async def test_a_harbor_without_open_requests_is_believed_when_it_says_so_twice(
    core: Core,
) -> None:
    asked: list[object] = []

    async def drop_off_link(*_: object, **__: object) -> Any:
        asked.append(core.clock.now())
        raise NotOffered("no such route")

    known = OpenRequests(core.database, core.clock, core.policy)
    twisted: Any = Twisted(core, drop_off_link=drop_off_link)
    worker = worker_on(core.database, twisted, core.clock, core.policy, core.signals, known)
    tower = next(x for x in await core.lockers.towers() if x.id == TOWER)
    delivery = await core.request(openers=known.openers_at(tower))

    async def work() -> None:
        for _ in range(6):
            await worker.turn()
            await worker.settle()

    await work()
    assert (await core.now(delivery)).state is State.REQUESTED
    assert known.offered, "it may have been a slip"
    core.clock.turn(5)
    await work()
    after = await core.now(delivery)
    assert (after.state, after.drop_off_opener) == (State.RENTED, Opener.TOKEN)
    assert (await code_of(core, after)).revealed, "who waits at the tower has it at once"
    assert await core.alerts() == ["links"]
    assert known.openers_at(tower) == Openers()
    core.clock.turn(timedelta(hours=1).total_seconds())
    assert known.openers_at(tower) == BOTH_BY_LINK, "looked at again after an hour"
    assert len(asked) == 2


async def test_the_alert_about_open_requests_ends_when_harbor_has_them(core: Core) -> None:
    known = OpenRequests(core.database, core.clock, core.policy)
    assert [await known.denied(), await known.denied()] == [False, True]
    await known.made()
    assert await core.alerts() == []
    assert known.offered


async def test_a_tower_without_a_location_is_opened_by_tokens(core: Core) -> None:
    towers = [replace(tower, location=None) for tower in await core.lockers.towers()]
    await core.database.run(lambda tx: tx.save_towers(towers))
    delivery = await linked(core)
    assert delivery.drop_off_opener is Opener.TOKEN
    assert await core.alerts() == []


# -- who collects


async def test_a_link_already_shown_may_still_open_the_door_after_a_hand_over(core: Core) -> None:
    delivery = await core.stored(recipient=BEN, openers=MIXED)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    code = await code_of(core, delivery)
    after = await core.on(ANNA, delivery, hand_over)
    assert after.old_code_until == code.expires_at


async def test_a_code_nobody_has_seen_opens_nothing_for_a_former_holder(core: Core) -> None:
    delivery = await core.stored(recipient=BEN, openers=MIXED)
    after = await core.on(ANNA, delivery, take_back)
    assert after.old_code_until is None


# -- digits of a keypad


async def pushed(core: Core, delivery: Delivery, request: int | None, *, verified: bool) -> None:
    push = Push(
        tower=delivery.tower,
        locker=LockerId(delivery.locker or 0),
        status=LockerStatus.RENTED,
        at=core.clock.now(),
        source="LOCKER_OPEN_LINK_CREATED",
        verified=verified,
        open_request=request,
        digits="4711",
    )
    await core.watcher.heard(push)


async def test_digits_count_from_a_verified_push_for_the_very_link_that_is_out(
    core: Core,
) -> None:
    delivery = await linked(core)
    code = await code_of(core, delivery)
    assert code.request is not None
    for request, verified in ((code.request + 1, True), (None, True), (code.request, False)):
        await pushed(core, delivery, request, verified=verified)
        assert (await code_of(core, delivery)).digits is None
    await pushed(core, delivery, code.request, verified=True)
    assert (await code_of(core, delivery)).digits == "4711"


async def test_digits_that_come_before_the_link_they_belong_to_are_kept_for_it(core: Core) -> None:
    delivery = await linked(core)
    code = await code_of(core, delivery)
    assert code.request is not None
    await core.database.run(lambda tx: tx.save_code(replace(code, request=None)))
    await pushed(core, delivery, code.request, verified=True)
    await core.look()
    assert (await code_of(core, delivery)).digits is None
    await core.database.run(lambda tx: tx.save_code(code))
    await core.look()
    assert (await code_of(core, delivery)).digits == "4711"


async def test_digits_of_a_link_that_nobody_knows_are_not_kept_for_long(core: Core) -> None:
    delivery = await linked(core)
    code = await code_of(core, delivery)
    assert code.request is not None
    await core.database.run(lambda tx: tx.save_code(replace(code, request=None)))
    await pushed(core, delivery, code.request, verified=True)
    core.clock.turn(61)
    await core.look()
    await core.database.run(lambda tx: tx.save_code(code))
    await core.look()
    assert (await code_of(core, delivery)).digits is None


# -- prepared


async def test_a_prepared_parcel_holds_nothing_until_its_sender_is_at_the_tower(
    core: Core,
) -> None:
    delivery = await core.prepare(openers=BOTH_BY_LINK)
    await core.work()
    assert await assigned(core) == set()
    await core.on(ANNA, delivery, at_tower)
    await core.work()
    assert (await core.now(delivery)).state is State.RENTED


async def test_a_prepared_parcel_by_token_gets_its_code_in_one_tap_too(core: Core) -> None:
    delivery = await core.prepare()
    await core.on(ANNA, delivery, at_tower)
    await core.work()
    code = await code_of(core, delivery)
    assert ((await core.now(delivery)).state, code.revealed) == (State.RENTED, True)
    assert code.form is Opener.TOKEN


async def test_the_claim_of_a_prepared_parcel_can_be_forwarded_and_taken(core: Core) -> None:
    delivery = await core.prepare(openers=BOTH_BY_LINK)
    assert (await core.claimed(delivery)).recipient == BEN


async def test_nothing_prepared_is_forgotten_without_a_word(core: Core) -> None:
    delivery = await core.prepare(openers=BOTH_BY_LINK)
    await core.all_shown()
    await core.pass_time(days=6, seconds=1)
    assert await core.rings(ANNA, delivery)
    await core.on(ANNA, delivery, more_time)
    await core.all_shown()
    await core.pass_time(days=6, seconds=1)
    assert (await core.now(delivery)).state is State.PREPARED
    await core.all_shown()
    await core.pass_time(days=1)
    assert (await core.now(delivery)).state is State.LAPSED
    assert await core.rings(ANNA, delivery)
    again = await core.on(ANNA, delivery, try_again)
    assert again.state is State.PREPARED


async def test_a_cancelled_parcel_that_was_prepared_gives_nothing_back(core: Core) -> None:
    delivery = await core.prepare(openers=BOTH_BY_LINK)
    after = await core.on(ANNA, delivery, cancel)
    assert (after.state, after.request) == (State.CANCELLED, None)


async def test_twelve_prepared_parcels_go_in_one_after_the_other(core: Core) -> None:
    first = await core.prepare(openers=BOTH_BY_LINK, size=Size.SMALL)
    for _ in range(11):
        core.clock.turn(1)
        await core.on(ANNA, first, one_more)
    waiting = await core.database.look(lambda tx: tx.prepared_at(ANNA, TOWER))
    assert len(waiting) == 12
    under_way = waiting[0]
    await core.on(ANNA, under_way, at_tower)
    for _ in range(12):
        await core.work()
        under_way = await core.now(under_way)
        assert under_way.held_until == core.clock.now() + core.policy.link_hold, "its own clock"
        await core.put_in(under_way)
        core.clock.turn(30)
        await core.look()
        if left := await core.database.look(lambda tx: tx.prepared_at(ANNA, TOWER)):
            under_way = await core.on(ANNA, under_way, next_parcel)
            assert under_way.id == left[0].id, "the oldest first"
    states = {(await core.now(delivery)).state for delivery in waiting}
    assert states == {State.STORED}
    with pytest.raises(NotPermitted):
        await core.on(ANNA, under_way, next_parcel)


async def test_what_others_or_other_places_have_prepared_is_not_next(core: Core) -> None:
    elsewhere = next(x.id for x in await core.lockers.towers() if x.id != TOWER)
    await core.prepare(BEN, openers=BOTH_BY_LINK)
    await core.prepare(ANNA, openers=BOTH_BY_LINK, tower=TowerId(elsewhere))
    rented = await linked(core)
    with pytest.raises(NotPermitted):
        await core.on(ANNA, rented, next_parcel)
