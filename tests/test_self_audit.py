"""What is ours at Harbor beside what is kept here: found, told, given back only if it is ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.delivery import Delivery, RequestKind
from bot.domain.ids import DeliveryId, LockerId, TowerId
from bot.domain.lifecycle import State
from bot.domain.tower import Locker, LockerStatus
from bot.ports.errors import NoLocker, Refused, TryLater
from bot.ports.lockers import Push
from bot.usecases import operate
from bot.usecases.book import cancel
from bot.usecases.operate import end
from bot.workers.auditor import Auditor, Fault
from bot.workers.retention import KEPT
from bot.workers.signals import Signals
from bot.workers.watcher import Watcher
from cli import audit as command
from cli.settings import Settings
from tests.support.commands import settings
from tests.support.core import ANNA, BEN, OPERATOR, TOWER, Core, Twisted, working
from tests.support.openers import BOTH_BY_LINK

HOURS = 3600


def auditor(core: Core, **instead: Any) -> Auditor:
    lockers: Any = Twisted(core, **instead) if instead else core.lockers
    return Auditor(core.database, lockers, core.clock, core.policy)


async def free_locker(core: Core) -> Locker:
    found = await core.lockers.lockers(TOWER)
    return next(x for x in found if x.status is LockerStatus.AVAILABLE)


async def rent(core: Core, locker: LockerId) -> None:
    """Somebody rents the locker, with the bot's own access to Harbor, for a day."""
    await core.lockers.drop_off_token(TOWER, locker, 24 * HOURS)


async def vouched(core: Core) -> dict[tuple[TowerId, LockerId], DeliveryId]:
    doors = await core.database.look(lambda tx: tx.all_vouched())
    return dict(await core.database.look(lambda tx: tx.vouched(doors)))


async def left_behind(core: Core) -> Delivery:
    """Ended by an operator; Harbor has refused for good to take its locker back, and keeps it for
    a day."""
    delivery = await core.rented()
    assert delivery.locker is not None
    await rent(core, delivery.locker)

    async def release(*_: object) -> None:
        raise Refused("not now")

    await core.on(OPERATOR, delivery, end)
    worker = working(core, release=release)
    while (await core.now(delivery)).request is not None:
        await worker.turn()
        await worker.settle()
        core.clock.turn(60)
    core.clock.turn(core.policy.drop_off.total_seconds() + 1)
    await core.look()
    return await core.now(delivery)


async def orphan(core: Core, locker: LockerId | None) -> Any:
    return await core.database.look(lambda tx: tx.alert(f"orphan:{TOWER}/{locker}"))


async def test_a_rented_orphan_that_we_asked_for_is_given_back_after_its_grace(core: Core) -> None:
    delivery = await left_behind(core)
    told = await orphan(core, delivery.locker)
    assert (told.asked, told.delivery, told.release) == (True, delivery.id, False)
    core.clock.turn(core.policy.orphan_grace.total_seconds() - 1)
    await core.look()
    assert await core.assigned() == {delivery.locker}
    core.clock.turn(1)
    await core.look()
    assert await core.status(delivery) in ("declined", "available")
    await core.sync()
    core.clock.turn(5)
    await core.look()
    assert await core.alerts() == []
    assert await vouched(core) == {}


async def test_what_harbor_refuses_is_asked_once_and_rings_nobody(core: Core) -> None:
    delivery = await left_behind(core)
    asked = []

    async def release(tower: TowerId, locker: LockerId) -> None:
        asked.append(locker)
        raise Refused("409")

    twisted: Any = Twisted(core, release=release)
    watcher = Watcher(core.database, twisted, core.clock, core.policy, Signals())
    await core.all_shown()
    core.clock.turn(2 * HOURS)
    for _ in range(3):
        await watcher.look()
    assert asked == [delivery.locker]
    told = await orphan(core, delivery.locker)
    assert (told.refused, told.release) == (True, False)
    card = await core.database.look(lambda tx: tx.card(OPERATOR, f"alert:{told.key}"))
    assert card is not None
    assert not card.ring


async def test_an_orphan_of_another_system_is_told_and_never_touched(core: Core) -> None:
    locker = await free_locker(core)
    await rent(core, locker.id)
    for hours in (0, 1, 10):
        core.clock.turn(hours * HOURS)
        await core.look()
    told = await orphan(core, locker.id)
    assert (told.asked, told.release) == (False, False)
    assert await core.assigned() == {locker.id}
    await core.act(OPERATOR, operate.release_orphan, told.key)
    await core.look()
    await core.sync()
    assert await core.assigned() == set()


async def rented_again(core: Core, over: str) -> Delivery:
    """A delivery that is `over`, whose locker has left us and is rented anew."""
    if over == "collected":
        delivery = await core.collected(await core.claimed(await core.stored(), BEN))
    else:
        delivery = await core.rented()
        if over == "cancelled":
            await core.on(ANNA, delivery, cancel)
            await core.work()
            await core.sync()
        else:
            core.clock.turn(core.policy.drop_off.total_seconds() + 1)
        await core.look()
    delivery = await core.now(delivery)
    assert delivery.state.value == over
    assert await vouched(core) == {}
    assert delivery.locker is not None
    await rent(core, delivery.locker)
    return delivery


@pytest.mark.parametrize("over", ["collected", "cancelled", "lapsed"])
async def test_a_locker_that_has_left_us_and_is_rented_anew_is_not_ours(
    core: Core, over: str
) -> None:
    delivery = await rented_again(core, over)
    core.clock.turn(core.policy.drop_off.total_seconds() + 1)
    await core.look()
    core.clock.turn(10 * HOURS)
    await core.look()
    told = await orphan(core, delivery.locker)
    assert (told.asked, told.delivery) == (False, delivery.id)
    assert await core.assigned() == {delivery.locker}


@pytest.mark.parametrize("over", ["collected", "cancelled", "lapsed"])
async def test_a_locker_that_is_rented_again_after_it_has_left_us_is_told_after_a_minute(
    core: Core, over: str
) -> None:
    delivery = await rented_again(core, over)
    core.clock.turn(59)
    await core.look()
    assert await core.alerts() == [], "Harbor's list may be late"
    core.clock.turn(1)
    await core.look()
    told = await orphan(core, delivery.locker)
    assert (told.asked, told.delivery) == (False, delivery.id)


async def test_a_locker_that_harbor_gave_to_somebody_else_is_not_vouched_for(core: Core) -> None:
    delivery = await core.request()
    refused = []

    async def reserve(tower: TowerId, locker: LockerId, seconds: int) -> str | None:
        if not refused:
            refused.append(locker)
            await rent(core, locker)
            raise Refused("taken meanwhile")
        return await core.lockers.reserve(tower, locker, seconds)

    worker = working(core, reserve=reserve)
    await worker.turn()
    await worker.settle()
    delivery = await core.now(delivery)
    assert delivery.state is State.RESERVED
    assert await vouched(core) == {(TOWER, delivery.locker): delivery.id}


async def test_an_orphan_in_which_a_parcel_lies_is_never_given_back(core: Core) -> None:
    delivery = await left_behind(core)

    async def assigned() -> list[Locker]:
        return [replace(x, status=LockerStatus.OCCUPIED) for x in await core.lockers.assigned()]

    async def release(*_: object) -> None:
        raise AssertionError("a parcel is inside")

    twisted: Any = Twisted(core, assigned=assigned, release=release)
    watcher = Watcher(core.database, twisted, core.clock, core.policy, Signals())
    core.clock.turn(10 * HOURS)
    await watcher.look()
    assert (await core.now(delivery)).state is State.STORED  # a late fact, as before


def push(core: Core, locker: LockerId, **told: Any) -> Push:
    known: dict[str, Any] = {"status": LockerStatus.RENTED, "verified": True}
    at, source = core.clock.now(), "LOCKER_OPEN_LINK_CREATED"
    return Push(tower=TOWER, locker=locker, at=at, source=source, **{**known, **told})


async def test_a_verified_push_that_names_our_delivery_vouches_for_its_locker(core: Core) -> None:
    delivery, locker = await core.request(openers=BOTH_BY_LINK), await free_locker(core)
    door = (TOWER, locker.id)
    named = {"reference": delivery.id}
    await core.watcher.heard(push(core, locker.id, verified=False, **named))
    await core.watcher.heard(push(core, locker.id, reference="0000000000"))
    assert await vouched(core) == {}
    await core.watcher.heard(push(core, locker.id, **named))
    assert await vouched(core) == {door: delivery.id}
    await core.watcher.heard(push(core, locker.id, status=LockerStatus.OCCUPIED))
    assert await vouched(core) == {door: delivery.id}
    await core.watcher.heard(push(core, locker.id))  # whose, it does not say
    assert await vouched(core) == {}
    await core.watcher.heard(push(core, locker.id, **named))
    await core.watcher.heard(push(core, locker.id, status=LockerStatus.AVAILABLE))
    assert await vouched(core) == {}


async def test_a_push_vouches_by_the_reservation_and_the_request_that_we_know(core: Core) -> None:
    reserved = await core.reserved()
    linked = await core.request(openers=BOTH_BY_LINK)
    await core.work()
    linked = await core.now(linked)
    code = await core.database.look(lambda tx: tx.code(linked.id))
    assert code is not None
    for delivery, told in (
        (reserved, {"reservation": reserved.reservation, "status": LockerStatus.RESERVED}),
        (linked, {"open_request": code.request}),
    ):
        assert delivery.locker is not None
        door = (TOWER, delivery.locker)
        await core.watcher.heard(push(core, delivery.locker))
        assert (await vouched(core))[door] == delivery.id, "a token's push says nothing of it"
        await core.database.run(partial(_forget, door))
        await core.watcher.heard(push(core, delivery.locker, **told))
        assert (await vouched(core))[door] == delivery.id


async def _forget(door: tuple[TowerId, LockerId], tx: Any) -> None:
    await tx.no_longer_vouch(*door)


async def test_harbor_is_told_which_delivery_a_link_is_for(core: Core) -> None:
    asked = []

    async def drop_off_link(*wanted: Any, **named: Any) -> Any:
        asked.append(named["reference"])
        raise NoLocker("No locker available")

    delivery = await core.request(openers=BOTH_BY_LINK, larger_allowed=False)
    worker = working(core, drop_off_link=drop_off_link)
    await worker.turn()
    await worker.settle()
    assert asked == [delivery.id]


# -- the audit


async def test_nothing_is_found_where_both_sides_agree(core: Core) -> None:
    await core.stored()
    await core.reserved()
    await core.request()
    assert await auditor(core).audit() == []


async def test_each_thing_that_is_wrong_is_found_with_what_is_known_of_it(core: Core) -> None:
    ours = await left_behind(core)
    stray = await free_locker(core)
    await rent(core, stray.id)
    gone = await core.stored()
    core.clock.turn(1)

    async def assigned() -> list[Locker]:
        return [x for x in await core.lockers.assigned() if x.id != gone.locker]

    async def lockers(tower: TowerId) -> list[Locker]:
        return [x for x in await core.lockers.lockers(tower) if x.id != gone.locker]

    found = await auditor(core, assigned=assigned, lockers=lockers).audit()
    told = {(each.fault, each.locker, each.asked): each for each in found}
    assert set(told) == {
        (Fault.ORPHAN, ours.locker, True),
        (Fault.ORPHAN, stray.id, False),
        (Fault.UNHELD, gone.locker, False),
    }
    lines = sorted(map(command.line, found))
    assert [line.partition(":")[0] for line in lines] == ["orphan", "orphan", "unheld"]
    assert f"last known from delivery {ours.id}, closed (" in "\n".join(lines)
    assert any("nothing shows that the bot asked for it" in line for line in lines)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (LockerStatus.AVAILABLE, Fault.FREED),
        (LockerStatus.OCCUPIED, Fault.ODD),
        (LockerStatus.UNKNOWN, Fault.UNHELD),
    ],
)
async def test_what_its_tower_says_of_a_locker_that_is_not_ours_is_told(
    core: Core, status: LockerStatus, fault: Fault
) -> None:
    delivery = await core.stored()
    core.clock.turn(1)

    async def nothing() -> list[Locker]:
        return []

    async def lockers(tower: TowerId) -> list[Locker]:
        found = await core.lockers.lockers(tower)
        return [replace(x, status=status) if x.id == delivery.locker else x for x in found]

    [told] = await auditor(core, assigned=nothing, lockers=lockers).audit()
    assert (told.fault, told.status, told.delivery) == (fault, status, delivery)


async def test_an_odd_status_and_a_tower_that_can_not_be_read_are_found(core: Core) -> None:
    odd, missing = await core.stored(), await core.stored()
    core.clock.turn(1)

    async def assigned() -> list[Locker]:
        found = await core.lockers.assigned()
        return [replace(x, status=LockerStatus.DECLINED) for x in found if x.id == odd.locker]

    async def lockers(tower: TowerId) -> list[Locker]:
        raise TryLater("nobody answers")

    found = await auditor(core, assigned=assigned, lockers=lockers).audit()
    assert {each.fault for each in found} == {Fault.UNREAD, Fault.ODD}
    assert missing.id not in {each.delivery.id for each in found if each.delivery}


async def test_once_an_hour_operators_are_told_of_a_locker_that_is_lost_and_when_it_is_back(
    core: Core,
) -> None:
    delivery = await core.stored()
    lost = True

    async def assigned() -> list[Locker]:
        return [] if lost else await core.lockers.assigned()

    async def lockers(tower: TowerId) -> list[Locker]:
        found = await core.lockers.lockers(tower)
        return [x for x in found if x.id != delivery.locker]

    hourly = auditor(core, assigned=assigned, lockers=lockers)
    await hourly.turn()
    assert await core.alerts() == []
    core.clock.turn(HOURS)
    assert await hourly.turn() == core.clock.now() + timedelta(hours=1)
    assert await core.alerts() == [f"unheld:{delivery.id}"]
    lost = False
    await hourly.turn()
    assert await core.alerts() == [f"unheld:{delivery.id}"], "the hour is not over"
    core.clock.turn(HOURS)
    await hourly.turn()
    assert await core.alerts() == []


async def test_an_hour_with_a_harbor_that_does_not_answer_is_passed_over(core: Core) -> None:
    async def assigned() -> list[Locker]:
        raise TryLater("nobody answers")

    hourly = auditor(core, assigned=assigned)
    core.clock.turn(HOURS)
    assert await hourly.turn() == core.clock.now() + timedelta(hours=1)


async def test_what_is_no_longer_ours_is_not_vouched_for_after_the_audit(core: Core) -> None:
    delivery = await left_behind(core)
    live = await core.reserved()
    assert delivery.locker is not None
    await core.lockers.release(TOWER, delivery.locker)
    await core.sync()
    core.clock.turn(HOURS)
    hourly = auditor(core)
    core.clock.turn(HOURS)
    await hourly.turn()
    assert live.request is None or live.request.kind is not RequestKind.RELEASE
    assert await vouched(core) == {(TOWER, live.locker): live.id}
    await core.database.run(lambda tx: tx.prune(core.clock.now() + KEPT, 100))
    assert await vouched(core) == {}


async def test_the_command_prints_a_line_for_each_only_if_it_is_found_twice(
    core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    url = str(core.control.base_url).rstrip("/")
    given = settings(url) | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/lockerbot.db",
        "HARBOR_API_URL": url,
        "HARBOR_ACCOUNTS_URL": url,
        "LOCKERBOT_SECRET_KEY": "a key for tests of a command",
    }
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    locker = await free_locker(core)
    passing = True

    async def waits() -> None:
        if passing:
            await core.lockers.release(TOWER, locker.id)
            await core.sync()

    monkeypatch.setattr(command, "pause", waits)
    assert await command.audit(Settings.load()) == []
    await rent(core, locker.id)
    assert await command.audit(Settings.load()) == []
    await rent(core, locker.id)
    passing = False
    [line] = await command.audit(Settings.load())
    assert line.startswith(f"orphan: tower {TOWER} door {locker.name} (locker {locker.id}) rented")
