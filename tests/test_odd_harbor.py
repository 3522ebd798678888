"""Nothing odd that Harbor says stops anything: what can't be read is left out, and told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, LockerId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Token
from bot.domain.situation import AlertSituation
from bot.domain.tower import Locker, LockerStatus
from bot.ports.errors import EdgeError, Misconfigured, NotOffered, TryLater, Unreadable
from bot.ports.lockers import LeftOut
from bot.usecases import observed
from bot.usecases.book import cancel
from bot.usecases.codes import ask_drop_off_code
from bot.workers.harbor_requests import HarborRequests
from bot.workers.towers import Towers
from bot.workers.watcher import Watcher
from harbor import client, wire
from harbor.entries import read_each
from harbor.errors import Broken
from harbor.lockers import HarborLockers
from tests.support.core import ANNA, Core, Twisted, core_on, working
from tests.support.harbor_stand_in import Heard, StandIn, answer, granted, stand_in
from wording.cards.alert import alert_card
from wording.cards.concern import Concern
from wording.language import speak

PLACE = {"id": 7, "name": "Pier", "lat": 40.7, "lon": -74.0, "timezone": "US/Eastern"}
ELSEWHERE = {**PLACE, "id": 8, "name": "Quay"}
HERE, THERE = TowerId("0100000000000001"), TowerId("0100000000000002")
UUID = "7B1C0F4e-8a59-4d6e-9b6e-0b6b1d0c2f11"


def door(number: int, tower: str = HERE, **changes: Any) -> dict[str, Any]:
    """A locker as Harbor lists it."""
    status, kind = {"name": "available", "id": 1}, {"name": "small", "id": 1}
    told = {"id": number, "name": str(number), "towerId": tower, "status": status, "type": kind}
    return {**told, "isLowLocker": False, **changes}


class Town:
    """A Harbor that answers each read with a list that a test writes down."""

    def __init__(self) -> None:
        self.lists: dict[str, Any] = {
            "locations": [PLACE, ELSEWHERE],
            "7": [door(1), door(2)],
            "8": [door(3, THERE)],
            "assigned": [],
        }
        self.page: int | None = None

    def say(self, heard: Heard) -> bytes:
        path, _, query = heard.path.partition("?")
        asked = dict(each.split("=") for each in query.split("&")) if query else {}
        parts = path.strip("/").split("/")
        name = "locations" if parts[-1] == "locations" else parts[-2]
        name = {"me": "assigned", HERE: "7", THERE: "8"}.get(name, name)
        told = self.lists[name]
        if not isinstance(told, list):
            return answer(*told) if isinstance(told, tuple) else answer(200, told)
        if name == "locations" or self.page is not None:
            first = int(asked.get("skip", 0))
            told = told[first : first + (self.page or 1000)]
        return answer(200, json.dumps(told).encode())


@contextlib.asynccontextmanager
async def serving(town: Town, **changes: Any) -> AsyncIterator[tuple[HarborLockers, StandIn]]:
    async with stand_in(town.say, granted) as server, server.harbor(**changes) as harbor:
        yield HarborLockers(harbor), server


# -- kind 1: one odd entry takes nothing else down


@pytest.mark.parametrize(
    "odd", [{"name": None}, {"status": None}, {"id": None}, {"towerId": 5}, {"id": True}]
)
async def test_a_locker_that_is_odd_hides_no_tower_and_no_other_locker(odd: dict[str, Any]):
    town = Town()
    town.lists["7"] = [door(1, **odd), door(2)]
    async with serving(town) as (port, _):
        assert {tower.id for tower in await port.towers()} == {HERE, THERE}
        assert LockerId(2) in {x.id for x in await port.lockers(HERE)}


async def test_a_location_without_an_id_is_left_out_alone_and_counted():
    town = Town()
    town.lists["locations"] = [{**PLACE, "id": None}, ELSEWHERE]
    async with serving(town) as (port, _):
        assert [tower.id for tower in await port.towers()] == [THERE]
        assert port.left_out()["locations"] == LeftOut(1, "id: int_type")
        town.lists["locations"] = [PLACE, ELSEWHERE]
        assert len(await port.towers()) == 2
        assert port.left_out()["locations"] is None


async def test_a_tower_under_two_locations_is_one_tower_at_the_first(sqlite_database):
    town = Town()
    town.lists["8"] = [door(1), door(3, THERE)]
    async with serving(town) as (port, _), core_on(sqlite_database) as core:
        towers = Towers(core.database, port, core.clock)
        read = (await towers.all()).value
        assert {(tower.id, tower.location) for tower in read} == {(HERE, 7), (THERE, 8)}
        assert port.left_out()["towers"] == LeftOut(1, "the same tower at two locations")


@pytest.mark.parametrize("said", [(500, {}), (200, {"odd": 1}), (200, [{}]), (403, b"<html>")])
async def test_a_location_that_does_not_answer_takes_no_other_down_and_keeps_its_towers(said: Any):
    town = Town()
    async with serving(town) as (port, _):
        town.lists["7"] = said
        assert {tower.id for tower in await port.towers()} == {THERE}
        town.lists["7"] = [door(1)]
        assert {tower.id for tower in await port.towers()} == {HERE, THERE}
        town.lists["7"] = said
        assert {tower.id for tower in await port.towers()} == {HERE, THERE}
        assert port.left_out()["location_lockers"] is not None


@pytest.mark.parametrize("gone", [(404, {"detail": "Location not found"}), []])
async def test_that_a_location_is_gone_is_believed_when_harbor_says_so_twice_in_a_row(gone: Any):
    town = Town()
    async with serving(town) as (port, _):
        assert len(await port.towers()) == 2
        for _ in range(2):
            town.lists["7"] = gone
            assert {tower.id for tower in await port.towers()} == {HERE, THERE}
            assert set(port.unanswered()) == {7}
            town.lists["7"] = [door(1)]
            assert len(await port.towers()) == 2
            assert set(port.unanswered()) == set()
        town.lists["7"] = gone
        await port.towers()
        for _ in range(2):
            assert {tower.id for tower in await port.towers()} == {THERE}
            assert set(port.unanswered()) == set()
        assert port.left_out()["location_lockers"] is None, "nothing of it can't be read"


@pytest.mark.parametrize(
    ("said", "in_the_end"),
    [
        ((404, {"detail": "Location not found"}), {THERE}),
        ([], {THERE}),
        ((403, {}), {HERE, THERE}),
    ],
)
async def test_after_a_restart_a_location_that_does_not_answer_has_the_towers_that_are_remembered(
    sqlite_database, said: Any, in_the_end: set[str]
):
    town = Town()
    async with core_on(sqlite_database) as core:
        async with serving(town) as (port, _):
            assert len((await Towers(core.database, port, core.clock).all()).value) == 2
        town.lists["7"] = said
        async with serving(town) as (port, _):
            towers = Towers(core.database, port, core.clock)
            assert {tower.id for tower in (await towers.all()).value} == {HERE, THERE}
            core.clock.turn(60)
            assert {tower.id for tower in (await towers.all()).value} == in_the_end
            assert {x.id for x in await core.database.look(lambda tx: tx.towers())} == in_the_end


async def test_when_no_location_answers_nothing_is_known():
    town = Town()
    town.lists["7"] = town.lists["8"] = (500, {})
    async with serving(town) as (port, _):
        with pytest.raises(TryLater):
            await port.towers()


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity", "91", "1e400", "null", '"x"'])
async def test_a_place_that_is_nowhere_has_no_coordinates(odd: str):
    body = json.dumps([PLACE]).replace("40.7", odd).encode()
    (read,) = (await read_each(client.LOCATION, "locations", body))[0].entries
    assert read.lat is None
    assert read.id == 7


async def test_a_locker_of_another_tower_is_not_taken_for_this_ones():
    town = Town()
    town.lists["7"] = [door(1), door(2, THERE)]
    async with serving(town) as (port, _):
        assert [x.id for x in await port.lockers(HERE)] == [1]
        assert port.left_out()["lockers"] == LeftOut(1, "a locker of another tower")


async def test_a_tower_of_whose_lockers_not_one_can_be_read_is_not_called_full():
    town = Town()
    town.lists["7"] = [{"number": 1}, {"number": 2}]
    async with serving(town) as (port, _):
        with pytest.raises(EdgeError, match="not one entry"):
            await port.lockers(HERE)


async def test_what_is_left_out_is_logged_once_and_never_quoted():
    town = Town()
    town.lists["assigned"] = [door(1), {"id": "a secret"}, {"id": "a secret"}]
    with structlog.testing.capture_logs() as logs:
        async with serving(town) as (port, _):
            for _ in range(3):
                assert [x.id for x in await port.assigned()] == [1]
    left_out = [entry for entry in logs if entry["event"] == "harbor.entries_left_out"]
    assert [entry["count"] for entry in left_out] == [2]
    assert "secret" not in str(logs)


SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
ENTRIES: dict[str, tuple[TypeAdapter[Any], Callable[[int], dict[str, Any]]]] = {
    "locker": (client.LOCKER, door),
    "location": (client.LOCATION, lambda number: {**PLACE, "id": number}),
}


@given(st.sampled_from(sorted(ENTRIES)), st.integers(1, 4), st.data())
def test_any_field_missing_null_or_of_another_type_costs_no_other_entry(
    kind: str, size: int, data: st.DataObject
) -> None:
    shape, made = ENTRIES[kind]
    entries: list[Any] = [made(number) for number in range(1, size + 1)]
    odd = data.draw(st.integers(0, size - 1))
    if data.draw(st.booleans()):
        entries[odd] = data.draw(SOME_JSON)
    else:
        field = data.draw(st.sampled_from(sorted(entries[odd])))
        entries[odd] = deepcopy(entries[odd])
        if data.draw(st.booleans()):
            del entries[odd][field]
        else:
            entries[odd][field] = data.draw(SOME_JSON)
    read, _ = asyncio.run(read_each(shape, "list", json.dumps(entries).encode()))
    others = [made(number + 1)["id"] for number in range(size) if number != odd]
    found = [entry.id for entry in read.entries]
    # The odd one may have come by the id of another.
    assert [number for number in others if number not in found] == []
    assert len(found) + read.left_out == size
    for entry in read.entries:
        assert 0 <= entry.id < 2**63
        if isinstance(entry, wire.Locker):
            assert entry.label
            assert entry.status in wire.LockerStatus


@given(st.binary() | SOME_JSON.map(json.dumps).map(str.encode))
def test_any_body_is_a_list_or_broken(body: bytes) -> None:
    with contextlib.suppress(Broken):
        asyncio.run(read_each(client.LOCKER, "list", body))


async def test_one_odd_name_with_half_a_character_hides_nothing():
    town = Town()
    town.lists["7"] = [door(1, name="\ud800"), door(2)]
    async with serving(town) as (port, _):
        assert [(x.id, x.name) for x in await port.lockers(HERE)] == [(1, "?"), (2, "2")]


# -- kind 4: lists that may be pages


async def test_whatever_page_size_harbor_prefers_every_locker_of_ours_is_seen():
    town = Town()
    town.lists["assigned"] = [door(n) for n in range(1, 8)]
    for town.page in (1, 2, 3, 7, 100):
        async with serving(town) as (port, _):
            for _ in range(2):
                assert [x.id for x in await port.assigned()] == list(range(1, 8))


async def test_a_long_tower_is_read_to_its_end_and_a_short_one_in_one_request():
    town = Town()
    town.page = 100
    for length, requests in ((3, 1), (100, 2), (250, 4)):  # the last one is empty
        town.lists["7"] = [door(n) for n in range(1, length + 1)]
        async with serving(town) as (port, server):
            assert len(await port.lockers(HERE)) == length
            assert len(server.calls) == requests


async def test_a_page_of_which_nothing_can_be_read_does_not_hide_the_next():
    town = Town()
    town.page = 2
    town.lists["assigned"] = [door(1), door(2), {}, {}, door(5)]
    async with serving(town) as (port, _):
        assert [x.id for x in await port.assigned()] == [1, 2, 5]
        assert port.left_out()["assigned_lockers"] == LeftOut(2, "id: missing; towerId: missing")


async def test_a_list_without_pages_is_asked_for_a_second_one_once_an_hour():
    town = Town()
    town.lists["assigned"] = [door(1), {}]
    now = [datetime(2026, 3, 2, tzinfo=UTC)]
    async with serving(town, clock=lambda: now[0]) as (port, server):
        for expected in (2, 3, 4):
            assert [x.id for x in await port.assigned()] == [1]
            assert len(server.calls) == expected
        now[0] += timedelta(hours=1)
        await port.assigned()
        assert len(server.calls) == 6
        assert port.left_out()["assigned_lockers"] == LeftOut(1, "id: missing; towerId: missing")


async def test_a_harbor_that_refuses_to_be_asked_for_a_page_has_none():
    def say(heard: Heard) -> bytes:
        no = answer(422, {"detail": [{"loc": ["query", "skip"], "msg": "no such parameter"}]})
        return no if "skip" in heard.path else answer(200, [door(1)])

    async with stand_in(say) as server, server.harbor() as harbor:
        for _ in range(3):
            assert [x.id for x in await HarborLockers(harbor).assigned()] == [1]
        assert len(server.calls) == 4


# -- kind 5: ids of other types


@pytest.mark.parametrize("number", [UUID, "res/7?x", 41, "41", "007"])
async def test_a_reservation_of_whatever_id_is_cancelled_by_that_id(number: int | str):
    def say(heard: Heard) -> bytes:
        return answer(200, {"id": number} if heard.path.endswith("/reservations") else {})

    async with stand_in(say) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        kept = await port.reserve(HERE, LockerId(1), 300)
        assert kept == str(number)
        await port.cancel_reservation(HERE, LockerId(1), kept)
        wanted = str(number).replace("/", "%2F").replace("?", "%3F")
        assert server.calls[-1].path == f"/api/v1/towers/reservations/{wanted}/cancel"


@pytest.mark.parametrize("odd", [None, {}, [], True, 1.5, "", "two words", "x" * 200])
async def test_a_reservation_without_a_usable_id_is_a_reservation(odd: Any):
    async with stand_in(answer(200, {"id": odd})) as server, server.harbor() as harbor:
        assert await HarborLockers(harbor).reserve(HERE, LockerId(1), 300) is None


async def test_an_open_request_of_another_kind_of_id_gives_its_link():
    told = {"id": UUID, "linkToken": "https://l.example/x"}
    where = {"id": UUID, "lockerId": 4, "towerId": HERE}

    def say(heard: Heard) -> bytes:
        return answer(200, told if heard.method == "POST" else where)

    async with stand_in(say) as server, server.harbor() as harbor:
        asked = await harbor.open_drop_off_request(7, 1)
        link = await HarborLockers(harbor)._link(asked)
        assert (link.locker, link.request, link.url) == (4, None, "https://l.example/x")
        assert server.calls[-1].path == f"/api/v1/locker-open-requests/{UUID}"


async def test_a_changing_call_is_not_repeated_after_a_401_that_is_not_harbors_own():
    page = answer(401, b"<html>log in first</html>")
    async with stand_in(page) as server, server.harbor() as harbor:
        for _ in range(2):
            with pytest.raises(EdgeError):
                await HarborLockers(harbor).release(HERE, LockerId(1))
        assert len(server.calls) == 2
        assert len(server.renewals) == 2  # it may have been the token, for all we know


# -- with the workers


async def worked(worker: HarborRequests) -> None:
    await worker.turn()
    await worker.settle()


@pytest.mark.parametrize(
    "told", ["0001-01-01T00:00:00", "1970-01-01T00:00:00", "9999-12-31T23:59:59", "2026-03-02"]
)
async def test_an_expiry_that_can_not_be_is_not_believed_and_the_code_is_shown(
    core: Core, told: str
):
    delivery = await core.reserved()
    minted = 0

    async def drop_off_token(*asked: Any) -> Token:
        nonlocal minted
        minted += 1
        got = await core.lockers.drop_off_token(*asked)
        expires = datetime.fromisoformat(told).replace(tzinfo=UTC)
        return Token(got.payload, got.payload_auth, expires)

    await core.on(ANNA, delivery, ask_drop_off_code)
    for _ in range(3):
        await worked(working(core, drop_off_token=drop_off_token))
        core.clock.turn(10)
    after = await core.now(delivery)
    assert (after.state, minted) == (State.RENTED, 1)
    assert after.code_until is not None
    assert after.code_until - core.clock.now() > core.policy.drop_off - timedelta(minutes=1)


async def test_a_failure_of_our_own_after_a_token_asks_for_no_second_one(
    core: Core, monkeypatch: pytest.MonkeyPatch
):
    delivery = await core.reserved()
    minted = 0

    async def drop_off_token(*asked: Any) -> Token:
        nonlocal minted
        minted += 1
        return await core.lockers.drop_off_token(*asked)

    worker = working(core, drop_off_token=drop_off_token)
    await core.on(ANNA, delivery, ask_drop_off_code)

    async def fails(*_: Any, **__: Any) -> None:
        raise OverflowError("date value out of range")

    with monkeypatch.context() as broken:
        broken.setattr("bot.workers.code_requests.keep_code", fails)
        for _ in range(4):
            await worked(worker)
            core.clock.turn(120)
        stuck = await core.now(delivery)
        assert (stuck.state, stuck.trouble) == (State.RESERVED, None)  # Harbor is not away
    await worked(worker)
    assert ((await core.now(delivery)).state, minted) == (State.RENTED, 1)


async def test_a_failure_of_our_own_after_a_reservation_keeps_its_id(
    core: Core, monkeypatch: pytest.MonkeyPatch
):
    delivery = await core.request()
    made: list[str] = []

    async def reserve(*asked: Any) -> str:
        await core.lockers.reserve(*asked)
        made.append(UUID)
        return UUID

    worker = working(core, reserve=reserve)

    async def fails(*_: Any, **__: Any) -> None:
        raise OverflowError("date value out of range")

    with monkeypatch.context() as broken:
        broken.setattr("bot.workers.allotment.transition", fails)
        await worked(worker)
    core.clock.turn(60)
    await worked(worker)
    after = await core.now(delivery)
    assert (after.state, after.reservation, made) == (State.RESERVED, UUID, [UUID])
    cancelled = []

    async def cancel_reservation(tower: TowerId, locker: LockerId, reservation: str | None) -> None:
        cancelled.append(reservation)

    await core.on(ANNA, delivery, cancel)
    await worked(working(core, cancel_reservation=cancel_reservation))
    assert cancelled == [UUID]


async def test_operators_are_told_once_of_what_can_not_be_read_and_when_it_can_again(core: Core):
    delivery = await core.rented()
    lacking: dict[str, LeftOut | None] = {"assigned_lockers": LeftOut(2, "id: int_type")}
    twisted: Any = Twisted(core, left_out=lambda: lacking)
    watcher = Watcher(core.database, twisted, core.clock, core.policy, core.signals)
    for _ in range(3):
        core.clock.turn(5)
        await watcher.look()
    assert await core.alerts() == ["unreadable:assigned_lockers"]
    (alert,) = await core.database.look(lambda tx: tx.alerts())
    assert alert.detail == {"call": "assigned_lockers", "entries": 2, "why": "id: int_type"}
    lacking.clear()  # not read since the last start: nothing is known
    await watcher.look()
    assert await core.alerts() == ["unreadable:assigned_lockers"]
    lacking["assigned_lockers"] = None
    await watcher.look()
    assert await core.alerts() == []
    assert (await core.now(delivery)).state is State.RENTED


async def test_an_unreadable_entry_among_ours_hides_no_other_parcel(core: Core):
    delivery = await core.rented()
    other = await core.rented()
    await core.put_in(other)

    async def assigned() -> list[Locker]:
        return [x for x in await core.lockers.assigned() if x.id != delivery.locker]

    twisted: Any = Twisted(
        core, assigned=assigned, left_out=lambda: {"assigned_lockers": LeftOut(1, "id: missing")}
    )
    watcher = Watcher(core.database, twisted, core.clock, core.policy, core.signals)
    core.clock.turn(5)
    await watcher.look()
    states = [(await core.now(DeliveryId(x.id))).state for x in (delivery, other)]
    assert states == [State.RENTED, State.STORED]
    assert LockerStatus.RENTED.value == await core.status(delivery)


async def test_a_delivery_of_which_nothing_can_be_concluded_holds_up_no_other(
    core: Core, monkeypatch: pytest.MonkeyPatch
):
    broken, whole = await core.rented(), await core.rented()
    for delivery in (broken, whole):
        await core.put_in(delivery)
    core.clock.turn(5)

    async def conclude(tx: Any, delivery: Delivery, *rest: Any, **named: Any) -> Delivery:
        if delivery.id == broken.id:
            raise OverflowError("date value out of range")
        return await observed.conclude(tx, delivery, *rest, **named)

    with monkeypatch.context() as patched:
        patched.setattr("bot.workers.watcher.conclude", conclude)
        with pytest.raises(OverflowError):
            await core.look()
    assert (await core.now(broken)).state is State.RENTED
    assert (await core.now(whole)).state is State.STORED
    assert core.watcher.looked_at == core.clock.now()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TryLater("away"), "TryLater"),
        (Unreadable("no list"), "Unreadable"),
        (Misconfigured("401"), "Misconfigured"),
        (NotOffered("404"), "Refused"),
    ],
)
async def test_operators_read_what_is_known_of_why_harbor_is_of_no_use(
    core: Core, error: Exception, why: str
):
    errors: list[Exception] = [TryLater("away")] * 2 + [error] * 2

    async def assigned() -> list[Locker]:
        raise errors.pop(0)

    twisted: Any = Twisted(core, assigned=assigned)
    watcher = Watcher(core.database, twisted, core.clock, core.policy, core.signals)
    while errors:
        core.clock.turn(60)
        await watcher.turn()
    (alert,) = await core.database.look(lambda tx: tx.alerts())
    assert alert.detail == {"why": why}
    said = alert_card(Concern(AlertSituation(alert, core.clock.now()), speak("en"))).html
    assert ("can’t be reached" in said) is (why == "TryLater")
    await core.look()
    assert await core.alerts() == ["harbor"]  # a look by hand says nothing about it
    core.clock.turn(60)
    watcher._lockers = core.lockers
    await watcher.turn()
    assert await core.alerts() == []
