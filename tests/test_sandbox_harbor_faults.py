"""Each fault of the sandbox's Harbor does what it says, as often as it was asked to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.sandbox_harbor import TOKEN, TOWER, World, world

RESERVE = {"duration": 300}
CODES = ["401", "403", "404", "409", "422", "429", "500", "503"]
CALLS = {
    "locations": ("GET", "/locations/"),
    "location": ("GET", "/locations/11/"),
    "closest": ("GET", "/locations/closest?lat=30&lon=-97"),
    "in_area": ("GET", "/locations/in-area?start=30,-98&end=31,-97"),
    "location_availability": ("GET", "/locations/11/availability"),
    "location_lockers": ("GET", "/locations/11/lockers"),
    "tower_lockers": ("GET", f"/towers/{TOWER}/lockers"),
    "tower_availability": ("GET", f"/towers/{TOWER}/locker-availability"),
    "assigned_lockers": ("GET", "/users/me/assigned-lockers"),
    "test_token": ("POST", "/login/test-token"),
    "authorize": ("POST", "/login/authorize"),
    "reserve": ("POST", f"/towers/{TOWER}/lockers/102/reservations"),
    "cancel_reservation": ("POST", "/towers/reservations/1/cancel"),
    "delete_reservation": ("DELETE", f"/towers/{TOWER}/lockers/102/reservations/1"),
    "cancel_any_reservation": ("POST", f"/towers/{TOWER}/lockers/102/cancel-reservation"),
    "drop_off_token": ("POST", f"/towers/{TOWER}/lockers/102/dropoff-locker-tokens"),
    "pick_up_token": ("POST", f"/towers/{TOWER}/lockers/102/pickup-locker-tokens"),
    "release": ("POST", f"/towers/{TOWER}/lockers/102/release-locker"),
    "drop_off_request": ("POST", "/locker-open-requests/dropoff-locker-request"),
    "pick_up_request": ("POST", "/locker-open-requests/pickup-locker-request"),
    "open_request": ("GET", "/locker-open-requests/1"),
}


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


async def test_every_call_can_be_refused_by_its_name_with_every_code(at: World) -> None:
    for name, (method, path) in CALLS.items():
        for code in CODES:
            await at.faults({"name": code, "call": name, "times": 1})
            answer = await at.api(method, path)
            assert answer.status_code == int(code), name
            assert answer.json()["detail"]
            assert (await at.http.get("/sandbox/faults")).json()["on"] == []


async def test_a_fault_for_one_call_leaves_the_others_alone(at: World) -> None:
    await at.faults({"name": "500", "call": "reserve"})
    assert await at.status() == "available"
    for _ in range(3):
        assert (await at.ask("reservations", RESERVE)).status_code == 500
    assert await at.status() == "available"


async def test_a_fault_is_counted_down(at: World) -> None:
    await at.faults({"name": "503", "times": 2})
    codes = [(await at.api("GET", "/locations/")).status_code for _ in range(3)]
    assert codes == [503, 503, 200]


async def test_a_refused_token_request_speaks_oauth(at: World) -> None:
    await at.faults({"name": "401", "call": "token"})
    answer = await at.http.post(TOKEN, data={})
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized_client")


async def test_harbor_says_when_to_come_back(at: World) -> None:
    await at.faults({"name": "429", "retry_after": 7, "times": 1})
    assert (await at.api("GET", "/locations/")).headers["Retry-After"] == "7"
    await at.faults({"name": "503", "times": 1})
    assert "Retry-After" not in (await at.api("GET", "/locations/")).headers


@pytest.mark.parametrize("code", ["500", "503"])
@pytest.mark.parametrize("after", [False, True])
async def test_harbor_fails_before_or_after_carrying_a_call_out(
    at: World, code: str, after: bool
) -> None:
    await at.faults({"name": code, "call": "reserve", "times": 1, "after": after})
    assert (await at.ask("reservations", RESERVE)).status_code == int(code)
    assert await at.status() == ("reserved" if after else "available")


@pytest.mark.parametrize(
    ("fault", "status"), [("reset_before", "available"), ("reset_after", "reserved")]
)
async def test_a_connection_is_reset_before_or_after_the_call_is_carried_out(
    at: World, fault: str, status: str
) -> None:
    await at.faults({"name": fault, "call": "reserve", "times": 1})
    with pytest.raises(httpx.ReadError):
        await at.ask("reservations", RESERVE)
    assert await at.status() == status


async def test_a_harbor_without_open_requests_answers_as_for_any_unknown_route(
    at: World,
) -> None:
    unknown = await at.api("POST", "/nowhere", json={})
    await at.faults({"name": "no_open_requests"})
    for call in ("drop_off_request", "pick_up_request"):
        answer = await at.api(*CALLS[call], json={})
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
        assert answer.json() == unknown.json()
    assert (await at.api(*CALLS["open_request"])).json() != unknown.json()
    assert await at.status() == "available"


async def test_a_harbor_without_open_requests_may_know_their_path_for_reading_only(
    at: World,
) -> None:
    known = await at.api("POST", "/locker-open-requests/parcel-locker-request")
    await at.faults({"name": "no_open_requests", "status": 405, "times": 1})
    answer = await at.api(*CALLS["drop_off_request"], json={"locationId": 11, "lockerTypeId": 1})
    assert (answer.status_code, answer.json()) == (405, known.json())
    assert answer.headers["Allow"] == "GET"
    assert (await at.drop_off_link())["linkToken"]


@pytest.mark.parametrize("status", [404, 502])
async def test_a_gateway_answers_any_call_with_its_page(at: World, status: int) -> None:
    await at.bearer()
    await at.faults({"name": "gateway_page", "status": status})
    for call in ("tower_lockers", "reserve", "drop_off_request"):
        answer = await at.api(*CALLS[call], json={})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert f"<h1>{status} " in answer.text


async def test_a_fault_has_a_status_that_http_knows(at: World) -> None:
    for bad in (
        {"name": "gateway_page", "status": 299},
        {"name": "gateway_page", "status": 4},
        {"name": "no_open_requests", "status": 500},
        {"name": "no_open_requests", "status": True},
    ):
        answer = await at.control("/faults", [bad], "PUT")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_fault")


async def test_an_answer_waits_for_the_clock(at: World) -> None:
    await at.bearer()
    await at.faults({"name": "latency", "call": "reserve", "seconds": 20, "times": 1})
    asked = asyncio.create_task(at.ask("reservations", RESERVE))
    while (await at.http.get("/sandbox/faults")).json()["on"]:
        pass
    await at.turn(19)
    assert await at.status() == "available"
    await at.turn(1)
    assert (await asked).status_code == 200


async def test_half_of_the_json_arrives(at: World) -> None:
    await at.faults({"name": "truncated", "call": "tower_lockers", "times": 1})
    answer = await at.api("GET", f"/towers/{TOWER}/lockers")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_a_list_comes_empty_and_what_is_no_list_is_whole(at: World) -> None:
    await at.faults({"name": "empty_list", "times": 1})
    assert (await at.api("GET", "/locations/11/")).json()["id"] == 11
    assert (await at.api("GET", f"/towers/{TOWER}/lockers")).json() == []
    assert len(await at.lockers()) == 24


async def test_a_status_of_an_unknown_name_is_shown(at: World) -> None:
    await at.faults({"name": "unknown_status", "status": "hibernating", "times": 2})
    statuses = {each["status"]["name"] for each in (await at.lockers()).values()}
    assert statuses == {"hibernating"}
    token = await at.token()
    assert token["locker"]["status"]["name"] == "hibernating"
    assert await at.status() == "rented"


async def test_a_wrong_clock_shows_in_what_harbor_says_not_in_what_it_does(at: World) -> None:
    await at.faults({"name": "wrong_clock", "seconds": -3600, "times": 1})
    token = await at.token(seconds=300)
    assert token["expires"] == "2026-03-02T11:05:00+00:00"
    assert (await at.hold(token)).status_code == 200


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "fire"},
        {},
        {"name": "503", "times": 0},
        {"name": "503", "times": "often"},
        {"name": "503", "retry_after": "soon"},
        {"name": "503", "seconds": 4},
        {"name": "503", "call": 4},
        "503",
    ],
)
async def test_a_fault_that_is_not_known_is_refused_and_changes_nothing(
    at: World, bad: Any
) -> None:
    await at.faults({"name": "latency"})
    answer = await at.control("/faults", [{"name": "401"}, bad], "PUT")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_fault"
    on = (await at.http.get("/sandbox/faults")).json()["on"]
    assert on == [{"name": "latency", "call": "*", "times": None}]
