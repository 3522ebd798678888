"""The port `bot.ports.lockers.Lockers` over the adapter: the core's values, the core's errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import time
from typing import Any

import httpx
import pytest

from bot.domain.ids import LockerId, TowerId
from bot.domain.openers import OpenLink
from bot.domain.tower import LockerStatus, Size
from bot.ports import errors as edge
from bot.ports.lockers import Lockers
from cli.sandbox_server import serving_sandbox
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from tests.support.harbor_stand_in import ONCE, Answer, Line, access, answer, half, stand_in
from wording.tower_names import name_alone

TOWER, LOCKER = TowerId("0100000000000101"), LockerId(959)
LINK = "locker-open://dropoff?token=t"
Call = Callable[[Lockers], Awaitable[Any]]

READS: dict[str, Call] = {
    "towers": lambda port: port.towers(),
    "lockers": lambda port: port.lockers(TOWER),
    "assigned": lambda port: port.assigned(),
}
CHANGES: dict[str, Call] = {
    "reserve": lambda port: port.reserve(TOWER, LOCKER, 300),
    "cancel_reservation": lambda port: port.cancel_reservation(TOWER, LOCKER, 3),
    "drop_off_token": lambda port: port.drop_off_token(TOWER, LOCKER, 300),
    "pick_up_token": lambda port: port.pick_up_token(TOWER, LOCKER, 300),
    "release": lambda port: port.release(TOWER, LOCKER),
    "pick_up_link": lambda port: port.pick_up_link(TOWER, LOCKER),
}
NO = {"detail": "no"}
# what Harbor does → the core's error for a read, and for a call about one locker
MEANINGS: dict[str, tuple[Answer, type[Exception], type[Exception]]] = {
    "401": (answer(401, NO), edge.Misconfigured, edge.Misconfigured),
    "403": (answer(403, NO), edge.Misconfigured, edge.Refused),
    "404": (answer(404, NO), edge.Refused, edge.Refused),
    "409": (answer(409, NO), edge.Refused, edge.Refused),
    "429": (answer(429, NO, retry_after="7"), edge.TryLater, edge.TryLater),
    "500": (answer(500, NO), edge.TryLater, edge.OutcomeUnknown),
    "cut": (Line.CUT, edge.TryLater, edge.OutcomeUnknown),
    "half": (half(), edge.TryLater, edge.OutcomeUnknown),
    "broken": (answer(200, b"[{"), edge.Unreadable, edge.OutcomeUnknown),
    "a gateway's page": (answer(403, b"<html>"), edge.TryLater, edge.OutcomeUnknown),
}


@pytest.mark.parametrize("meaning", MEANINGS)
async def test_whatever_harbor_does_is_one_of_the_cores_errors(meaning: str) -> None:
    said, of_reads, of_changes = MEANINGS[meaning]
    async with stand_in(said) as server, server.harbor() as harbor:
        port: Lockers = HarborLockers(harbor)
        for calls, expected in ((READS, of_reads), (CHANGES, of_changes)):
            for name, call in calls.items():
                with pytest.raises(edge.EdgeError) as error:
                    await call(port)
                assert type(error.value) is expected, name
                assert error.value.__cause__ is not None


async def test_the_delay_that_harbor_asks_for_is_kept() -> None:
    async with stand_in(answer(429, NO, retry_after="7")) as server, server.harbor() as harbor:
        with pytest.raises(edge.TryLater) as later:
            await HarborLockers(harbor).reserve(TOWER, LOCKER, 300)
        assert later.value.after == 7.0


async def test_credentials_that_are_refused_need_the_operator() -> None:
    no = answer(401, {"error": "unauthorized_client"})
    async with stand_in(answer(200, []), no) as server, server.harbor() as harbor:
        with pytest.raises(edge.Misconfigured, match="sandbox"):
            await HarborLockers(harbor).release(TOWER, LOCKER)


async def test_a_route_that_is_switched_off_is_not_offered() -> None:
    off = {"cancel_reservation": ""}
    async with stand_in(answer(200, [])) as server, server.harbor(routes=off) as harbor:
        with pytest.raises(edge.NotOffered):
            await HarborLockers(harbor).cancel_reservation(TOWER, LOCKER, 3)


@pytest.mark.parametrize("status", ["out of service", "released", "haunted"])
async def test_every_status_has_a_name_in_the_core(status: str) -> None:
    told = {"id": 959, "name": "14", "towerId": TOWER, "status": {"name": status}, "type": None}
    async with stand_in(answer(200, [told])) as server, server.harbor() as harbor:
        (locker,) = await HarborLockers(harbor).lockers(TOWER)
    wanted = {"out of service": "OUT_OF_SERVICE", "released": "DECLINED", "haunted": "UNKNOWN"}
    assert locker.status is LockerStatus[wanted[status]]
    assert locker.size is None


PAIR = ("0100000000000001", "0100000000000002")


def place(ids: Sequence[str] = PAIR, **changes: Any) -> Callable[[Any], bytes]:
    """A Harbor with one location and two towers."""
    location = {"id": 7, "name": "Pier", "address1": "1 Quay", "address2": None, **changes}
    doors = [
        {"id": n, "name": "1", "towerId": tower, "status": "available"}
        for n, tower in enumerate(ids, 1)
    ]

    def say(heard: Any) -> bytes:
        if heard.path.endswith("/lockers"):
            return answer(200, doors)
        return answer(200, [] if "skip=1" in heard.path else [location])

    return say


async def test_towers_at_one_location_are_told_apart() -> None:
    async with stand_in(place()) as server, server.harbor() as harbor:
        towers = await HarborLockers(harbor).towers()
        assert [tower.name for tower in towers] == ["Pier · 0001", "Pier · 0002"]
        assert towers[0].address == "1 Quay"
        only = await HarborLockers(harbor, only=[TowerId("0100000000000002")]).towers()
        assert [(tower.id, tower.name) for tower in only] == [("0100000000000002", "Pier · 0002")]


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["0100000000010001", "0100000000020001"], ["Pier · 00010001", "Pier · 00020001"]),
        (
            ["0100000000010001", "0200000000010001"],
            ["Pier · 0100000000010001", "Pier · 0200000000010001"],
        ),
        (
            ["0100000000010001", "0100000000020001", "0100000000020002"],
            ["Pier · 00010001", "Pier · 00020001", "Pier · 0002"],
        ),
    ],
)
async def test_towers_whose_ids_end_alike_are_told_apart_by_more_digits(
    ids: list[str], names: list[str]
) -> None:
    async with stand_in(place(ids)) as server, server.harbor() as harbor:
        towers = await HarborLockers(harbor).towers()
    assert [tower.name for tower in towers] == names
    for tower, name in zip(towers, names, strict=True):
        assert name_alone(replace(tower, name=f"{'P' * 40}{name}"), 30).endswith(name[4:])


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ("US/Eastern", "US/Eastern"),
        ("EST5EDT", "EST5EDT"),
        ("UTC", "UTC"),
        (None, None),
        ("EST", None),  # its place says whether it keeps that all year
        ("Middle/Earth", None),
        ("../etc/passwd", None),
    ],
)
async def test_a_zone_that_nobody_knows_is_unknown(told: str | None, zone: str | None) -> None:
    async with stand_in(place(timezone=told)) as server, server.harbor() as harbor:
        assert (await HarborLockers(harbor).towers())[0].zone == zone


@pytest.mark.parametrize(
    ("told", "country"),
    [
        ("United States", "US"),
        ("united  states", "US"),
        ("U.S.A.", "US"),
        ("uk", "GB"),
        ("Great Britain", "GB"),
        ("Czech Republic", "CZ"),
        ("DE", "DE"),
        ("Trinidad and Tobago", "TT"),
        (None, None),
        ("", None),
        ("World", None),
        ("European Union", None),
        ("EU", None),
        ("Middle Earth", None),
    ],
)
async def test_a_country_is_known_by_its_name_or_not_at_all(
    told: str | None, country: str | None
) -> None:
    async with stand_in(place(country=told)) as server, server.harbor() as harbor:
        assert (await HarborLockers(harbor).towers())[0].country == country
        default = await HarborLockers(harbor, country="NZ").towers()
        assert default[0].country == (country or "NZ")


async def test_opening_hours_are_by_weekday_or_unknown() -> None:
    span = {"start": "08:00:00", "end": "20:00:00"}
    monday = place(accessHours={"Monday": [span]})
    async with stand_in(monday) as server, server.harbor() as harbor:
        hours = (await HarborLockers(harbor).towers())[0].hours
    assert hours is not None
    assert (hours[0][0].start, hours[0][0].end, hours[1]) == (time(8), time(20), ())
    for unknown in (None, {}, {"monday": [], "sunday": []}, "always", {"monday": ["8-20"]}):
        async with stand_in(place(accessHours=unknown)) as server, server.harbor() as harbor:
            assert (await HarborLockers(harbor).towers())[0].hours is None


@pytest.fixture
async def port() -> AsyncIterator[HarborLockers]:
    """The port over the sandbox's Harbor."""
    async with (
        serving_sandbox(create_app(clock=Clock(stopped=True))) as base,
        Harbor(access(base), read_retries=ONCE) as harbor,
    ):
        yield HarborLockers(harbor)


async def free(port: HarborLockers) -> LockerId:
    lockers = await port.lockers(TOWER)
    return next(each.id for each in lockers if each.status is LockerStatus.AVAILABLE)


async def test_a_locker_is_reserved_and_given_back(port: HarborLockers) -> None:
    locker = await free(port)
    reservation = await port.reserve(TOWER, locker, 300)
    assert [each.id for each in await port.assigned()] == [locker]
    await port.cancel_reservation(TOWER, locker, reservation)
    assert await port.assigned() == []


@pytest.mark.parametrize(
    "path",
    [
        "/towers/{tower_id}/lockers/{locker_id}/reservations/{reservation_id}",
        "/towers/{tower_id}/lockers/{locker_id}/cancel-reservation",
    ],
)
async def test_a_reservation_is_given_back_by_an_older_route_too(path: str) -> None:
    method = "DELETE" if path.endswith("}") else "POST"
    older = {"cancel_reservation": f"{method} /api/v1{path}"}
    async with (
        serving_sandbox(create_app(clock=Clock(stopped=True))) as base,
        Harbor(replace(access(base), routes=older), read_retries=ONCE) as harbor,
    ):
        port = HarborLockers(harbor)
        locker = await free(port)
        reservation = await port.reserve(TOWER, locker, 300)
        await port.cancel_reservation(TOWER, locker, reservation)
        assert await port.assigned() == []


async def test_a_token_carries_its_end_and_hides_the_rest(port: HarborLockers) -> None:
    locker = await free(port)
    token = await port.drop_off_token(TOWER, locker, 300)
    assert token.expires_at is not None
    assert token.payload not in repr(token)
    with pytest.raises(edge.Refused):
        await port.pick_up_token(TOWER, locker, 300)
    await port.release(TOWER, locker)
    (declined,) = await port.assigned()
    assert declined.status is LockerStatus.DECLINED


async def test_a_link_names_the_locker_that_harbor_picked(port: HarborLockers) -> None:
    tower = next(each for each in await port.towers() if each.id == TOWER)
    link = await port.drop_off_link(tower, Size.MEDIUM, low=False)
    (rented,) = await port.assigned()
    assert (link.tower, link.locker) == (TOWER, rented.id)
    assert rented.size is Size.MEDIUM
    assert httpx.URL(link.url).scheme
    assert link.url not in repr(link)


NO_LINKS = (
    *(None, "", "  ", "https://", "https:///x", "l.example/x", "https://[l/x"),
    *("https://l.example/\x07x", "https://l.example/a b", "https://l.exa\nmple/x"),
)


async def made(link: str | None) -> OpenLink:
    """The link of a drop-off, where Harbor answers that it is this."""

    def say(heard: Any) -> bytes:
        if heard.method == "POST":
            return answer(200, {"id": 5, "linkToken": link, "lockerId": 42, "towerId": TOWER})
        return place()(heard)

    async with stand_in(say) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        tower = (await port.towers())[0]
        return await port.drop_off_link(tower, Size.SMALL, low=False)


@pytest.mark.parametrize("link", NO_LINKS)
async def test_a_link_that_leads_nowhere_is_none(link: str | None) -> None:
    with pytest.raises(edge.OutcomeUnknown):
        await made(link)


@pytest.mark.parametrize("link", ["https://l.example/x?t=1.2", "locker-open://dropoff?token=1.2"])
async def test_a_link_of_the_web_or_of_an_app_is_one(link: str) -> None:
    assert (await made(link)).url == link


async def test_the_locker_of_a_link_is_asked_for_when_the_answer_leaves_it_out() -> None:
    small = {"id": 42, "name": "7", "towerId": TOWER, "status": "available"}
    small |= {"type": {"id": 11, "name": "small"}}

    def say(heard: Any) -> bytes:
        if heard.method == "POST":
            assert heard.json["lockerTypeId"] == 11, "as Harbor numbers it, not as it usually does"
            return answer(200, {"id": 5, "linkToken": LINK})
        if heard.path.endswith("/locker-open-requests/5"):
            return answer(200, {"id": 5, "lockerId": 42, "towerId": TOWER})
        if heard.path.endswith("/lockers"):
            return answer(200, [small])
        return place()(heard)

    async with stand_in(say) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        link = await port.drop_off_link((await port.towers())[0], Size.SMALL, low=True)
    assert (link.tower, link.locker, link.url) == (TOWER, 42, LINK)


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (404, b'{"detail":"Not Found"}', edge.NotOffered),
        (405, b'{"detail":"Method Not Allowed"}', edge.NotOffered),
        (404, b'{"detail":"Location not found"}', edge.Refused),
        (404, b"<html>no such page</html>", edge.OutcomeUnknown),
        (405, b"<html>not allowed</html>", edge.OutcomeUnknown),
        (404, b'{"detail":"No locker available"}', edge.NoLocker),
    ],
)
async def test_only_harbors_own_words_say_that_it_has_no_open_requests(
    status: int, body: bytes, meaning: type[Exception]
) -> None:
    def say(heard: Any) -> bytes:
        return answer(status, body) if heard.method == "POST" else place()(heard)

    async with stand_in(say) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        tower = (await port.towers())[0]
        with pytest.raises(edge.EdgeError) as asked:
            await port.drop_off_link(tower, Size.SMALL, low=False)
        assert type(asked.value) is meaning


async def test_digits_are_asked_for_only_where_there_is_a_keypad_and_hidden() -> None:
    bodies: list[dict[str, Any]] = []

    def say(heard: Any) -> bytes:
        if heard.method == "POST":
            bodies.append(heard.json)
            told = {"id": 5, "lockerId": 42, "towerId": TOWER, "linkToken": LINK}
            return answer(200, told | ({"keypadCode": "4711"} if len(bodies) > 1 else {}))
        return place()(heard)

    async with stand_in(say) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        tower = (await port.towers())[0]
        plain = await port.drop_off_link(tower, Size.SMALL, low=False)
        typed = await port.pick_up_link(tower.id, LockerId(42), keypad=True)
    assert (plain.digits, typed.digits, typed.request) == (None, "4711", 5)
    assert "4711" not in repr(typed)
    assert "keypadIntent" not in bodies[0]
    assert (bodies[1]["keypadIntent"], bodies[1]["persistKeypadCode"]) == ("pickup", False)


@pytest.mark.parametrize("status", [400, 404, 409])
async def test_no_locker_of_a_size_is_told_from_any_other_refusal(status: int) -> None:
    words = ["No locker available of this type", "Location is closed"]

    def say(heard: Any) -> bytes:
        if heard.path.endswith("/availability"):
            count = {"availableLockers": 0, "totalLockers": 1}
            return answer(200, {"byType": [], "lockerAvailability": count})
        if heard.method == "POST":
            return answer(status, {"detail": words.pop(0)})
        return place()(heard)

    async with stand_in(say) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        tower = (await port.towers())[0]
        for expected in (edge.NoLocker, edge.Refused):
            with pytest.raises(edge.Refused) as refused:
                await port.drop_off_link(tower, Size.SMALL, low=False)
            assert type(refused.value) is expected
