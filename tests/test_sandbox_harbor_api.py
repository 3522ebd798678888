"""The sandbox's service API and accounts, as Harbor's documents and public examples use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from sandbox.harbor.states import Status
from tests.support.sandbox_harbor import (
    ME,
    OTHER_TOWER,
    SOMEBODY_ELSE,
    START,
    TOKEN,
    TOWER,
    World,
    world,
)

FORM = {
    "grant_type": "client_credentials",
    "client_id": "sandbox",
    "client_secret": "sandbox",
    "scope": "service_provider tower_access",
}


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


async def test_client_credentials_give_a_bearer_token_for_300_seconds(at: World) -> None:
    answer = (await at.http.post(TOKEN, data=FORM)).json()
    assert answer["expires_in"] == 300
    assert answer["refresh_token"] is None
    assert answer["token_type"] == "Bearer"
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    path = "/api/v1/login/test-token"
    await at.turn(299)
    assert (await at.http.post(path, headers=headers)).status_code == 200
    await at.turn(1)
    late = await at.http.post(path, headers=headers)
    assert (late.status_code, late.json()) == (401, {"detail": "Could not validate credentials"})


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "unauthorized_client"),
        ({"client_id": "wrong"}, 401, "unauthorized_client"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
async def test_the_accounts_host_refuses_in_the_words_of_oauth(
    at: World, change: dict[str, str], status: int, error: str
) -> None:
    answer = await at.http.post(TOKEN, data={**FORM, **change})
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


async def test_a_call_needs_a_bearer_token_of_the_right_scope(at: World) -> None:
    path = f"/api/v1/towers/{TOWER}/lockers"
    good = await at.bearer()
    for header in (None, "Bearer", "Bearer x.y.z", f"Bearer {good}x", f"Basic {good}"):
        headers = {"Authorization": header} if header else {}
        assert (await at.http.get(path, headers=headers)).status_code == 401
    phone = await at.bearer(scope="tower_access")
    answer = await at.http.get(path, headers={"Authorization": f"Bearer {phone}"})
    assert answer.status_code == 403


async def test_the_calls_of_harbors_react_native_and_expo_examples_succeed(at: World) -> None:
    sdk = await at.api("POST", "/login/authorize", json={"userId": "a customer of ours"})
    assert sdk.json()["access_token"]
    lockers = (await at.api("GET", f"/towers/{at.tower.lower()}/lockers")).json()
    free = next(locker for locker in lockers if locker["status"]["name"] == "available")
    path = f"/towers/{at.tower.upper()}/lockers/{free['id']}/dropoff-locker-tokens"
    token = await at.api("POST", path, json={"client_info": "example", "duration": 3000})
    assert set(token.json()) >= {"payload", "payload_auth"}


async def test_the_calls_of_harbors_example_web_app_succeed(at: World) -> None:
    query = {"lat": 30.26, "lon": -97.74, "radius": 0.9, "hasKeypad": True, "ownedByMe": False}
    near = (await at.api("GET", "/locations/closest", params=query)).json()
    assert near["address1"]
    far = {"lat": 0, "lon": 0, "radius": 0.9}
    assert (await at.api("GET", "/locations/closest", params=far)).json() is None
    wanted = {
        "locationId": near["id"],
        "lockerTypeId": 1,
        "requireLowLocker": False,
        "returnUrl": "https://shop.example/done?order=7",
        "clientInfo": "order 7",
        "payload": {"order": 7},
        "keypadIntent": "pickup",
        "persistKeypadCode": True,
    }
    made = (
        await at.api("POST", "/locker-open-requests/dropoff-locker-request", json=wanted)
    ).json()
    assert made["towerId"] == OTHER_TOWER
    assert len(made["keypadCode"]) == 6
    shown = (await at.api("GET", f"/locker-open-requests/{made['id']}")).json()
    assert shown["lockerId"] == made["lockerId"]
    opened = (await at.control("/links/open", {"link": made["linkToken"]})).json()
    assert opened["locker"] == made["lockerId"]
    query = parse_qs(urlsplit(opened["return_url"]).query)
    assert query["order"] == ["7"]
    assert query["open_locker_request"] == [str(made["id"])]
    assert query["status"] == ["success"]
    wanted = {"lockerId": made["lockerId"], "returnUrl": "", "clientInfo": "", "payload": {}}
    made = (await at.api("POST", "/locker-open-requests/pickup-locker-request", json=wanted)).json()
    assert (await at.control("/links/open", {"link": made["linkToken"]})).status_code == 200
    at.tower = OTHER_TOWER
    assert await at.status(opened["locker"]) == "available"


async def test_a_low_locker_is_given_when_one_is_required_and_none_when_there_is_none(
    at: World,
) -> None:
    path = "/locker-open-requests/dropoff-locker-request"
    wanted = {"locationId": 11, "lockerTypeId": 2, "requireLowLocker": True}
    given = []
    while (answer := await at.api("POST", path, json=wanted)).status_code == 200:
        given.append(answer.json()["lockerId"])
    assert "No locker available" in answer.json()["detail"]
    lockers = await at.lockers()
    assert given
    assert all(lockers[each]["isLowLocker"] for each in given)


async def test_of_100_concurrent_reservations_of_one_locker_exactly_one_wins(at: World) -> None:
    asked = (at.ask("reservations", {"duration": 300}) for _ in range(100))
    statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert sorted(statuses) == [200] + [409] * 99


async def test_a_reservation_runs_out_and_the_locker_is_free_for_somebody_else(at: World) -> None:
    made = (await at.ask("reservations", {"duration": 300})).json()
    assert made["expires"] == START.replace(minute=5).isoformat()
    await at.turn(299)
    assert (await at.ask("reservations", {"duration": 300}, SOMEBODY_ELSE)).status_code == 409
    await at.turn(1)
    assert (await at.ask("reservations", {"duration": 300}, SOMEBODY_ELSE)).status_code == 200


async def test_a_reservation_runs_out_without_anybody_asking() -> None:
    harbor = create_app(clock=Clock()).state.harbor
    async with harbor.running():
        locker = harbor.server.reserve("sandbox", TOWER, 102, 0.05)
        async with asyncio.timeout(10):
            revision = harbor.control.revision
            while locker.status is Status.RESERVED:
                await revision.wait(revision.value, 10)
    assert locker.status is Status.AVAILABLE


async def test_a_newer_drop_off_token_holds_the_locker_longer_never_shorter(at: World) -> None:
    await at.token(seconds=600)
    await at.token(seconds=60)
    await at.turn(599)
    assert await at.status() == "rented"
    await at.turn(1)
    assert await at.status() == "available"


async def test_a_reservation_is_cancelled_by_its_id_and_by_nobody_else(at: World) -> None:
    made = (await at.ask("reservations", {"duration": 300})).json()
    path = f"/towers/{TOWER}/lockers/{at.locker}/reservations/{{}}"
    assert (await at.api("DELETE", path.format(made["id"] + 1))).status_code == 404
    assert (await at.api("DELETE", path.format(made["id"]), SOMEBODY_ELSE)).status_code == 403
    assert (await at.api("DELETE", path.format(made["id"]))).status_code == 200
    assert (await at.api("DELETE", path.format(made["id"]))).status_code == 409


async def test_a_reservation_is_cancelled_by_its_id_alone(at: World) -> None:
    made = (await at.ask("reservations", {"duration": 300})).json()
    path = "/towers/reservations/{}/cancel"
    missing = await at.api("POST", path.format(made["id"] + 1))
    assert (missing.status_code, missing.json()) == (404, {"detail": "Reservation not found"})
    assert (await at.api("POST", path.format(made["id"]), SOMEBODY_ELSE)).status_code == 403
    answer = await at.api("POST", path.format(made["id"]))
    assert (answer.status_code, answer.json()["status"]["name"]) == (200, "available")
    assert (await at.api("POST", path.format(made["id"]))).status_code == 409
    again = (await at.ask("reservations", {"duration": 300})).json()
    assert (await at.api("POST", path.format(made["id"]))).status_code == 409
    assert await at.status() == "reserved"
    await at.token()
    assert (await at.api("POST", path.format(again["id"]))).status_code == 409
    assert await at.status() == "rented"


async def test_availability_is_the_same_however_one_asks(at: World) -> None:
    lockers = (await at.lockers()).values()
    free = [each["type"]["id"] for each in lockers if each["status"]["name"] == "available"]
    area = {"start": "30.2,-97.9", "end": "30.3,-97.7446"}
    found = (await at.api("GET", "/locations/in-area", params=area)).json()
    shown = [
        (await at.api("GET", "/locations/11/availability")).json(),
        (await at.api("GET", f"/towers/{TOWER}/locker-availability")).json(),
        next(each for each in found if each["id"] == 11)["availability"],
    ]
    for each in shown:
        total = {"availableLockers": len(free), "totalLockers": len(lockers)}
        assert each["lockerAvailability"] == total
        for size in each["byType"]:
            count = free.count(size["lockerType"]["id"])
            assert size["lockerAvailability"]["availableLockers"] == count
    assert {each["id"] for each in found} == {11, 13}


async def test_locations_are_paged(at: World) -> None:
    everything = (await at.api("GET", "/locations/")).json()
    page = (await at.api("GET", "/locations/", params={"skip": 1, "limit": 2})).json()
    assert page == everything[1:3]
    assert (await at.api("GET", f"/locations/{page[0]['id']}/")).json() == page[0]


async def test_refusals_have_fastapis_two_shapes(at: World) -> None:
    missing = await at.api("GET", "/towers/0000000000000000/lockers")
    assert (missing.status_code, missing.json()) == (404, {"detail": "Tower not found"})
    invalid = await at.ask("reservations", {"duration": "soon"})
    assert invalid.status_code == 422
    assert invalid.json()["detail"][0]["loc"] == ["body", "duration"]
    invalid = await at.http.post(
        f"/api/v1/towers/{TOWER}/lockers/102/reservations",
        content=b"[1,",
        headers={"Authorization": f"Bearer {await at.bearer()}"},
    )
    assert all(isinstance(part, str) for each in invalid.json()["detail"] for part in each["loc"])


async def test_a_twin_stands_at_the_first_location_and_changes_no_other_tower() -> None:
    async with world() as at:
        alone = (await at.http.get("/sandbox/state")).json()["towers"]
    async with world(twin=True) as at:
        *towers, twin = (await at.http.get("/sandbox/state")).json()["towers"]
        assert towers == alone
        assert twin["id"] == "0100000000000106"
        assert twin["location"] == towers[0]["location"]
        assert _overlapping(twin["lockers"]) == []
        places = (await at.api("GET", "/locations/")).json()
        assert [place["id"] for place in places] == [11, 12, 13, 21, 22]
        both = (await at.api("GET", "/locations/11/lockers")).json()
        assert [each["towerId"] for each in both] == [TOWER] * 24 + [twin["id"]] * 24
        counts = (await at.api("GET", "/locations/11/availability")).json()["lockerAvailability"]
        free = [x["status"]["name"] for x in both].count("available")
        assert counts == {"availableLockers": free, "totalLockers": 48}
        await at.control("/reset")
        assert len((await at.http.get("/sandbox/state")).json()["towers"]) == 6


async def test_harbor_picks_a_links_locker_among_all_towers_of_a_location() -> None:
    async with world(twin=True) as at:
        made = [await at.drop_off_link(size=4)]
        while made[-1]["towerId"] == TOWER:
            made.append(await at.drop_off_link(size=4))
        answer = (await at.at_link("open", made[-1])).json()
        assert answer["tower"] == "0100000000000106"
        assert answer["locker"] // 100 == 6


async def test_the_world_has_what_it_promises(at: World) -> None:
    places = (await at.api("GET", "/locations/")).json()
    towers = (await at.http.get("/sandbox/state")).json()["towers"]
    assert len(towers) == 5
    assert len({place["city"] for place in places}) == 2
    assert all(place["timezone"] and place["accessHours"] for place in places)
    assert all(tower["id"].startswith("01") and len(tower["id"]) == 16 for tower in towers)
    for tower in towers:
        lockers = tower["lockers"]
        assert len(lockers) >= 20
        assert {locker["type"] for locker in lockers} == {"small", "medium", "large", "x-large"}
        assert any(locker["isLowLocker"] for locker in lockers)
        assert any(locker["status"] == "occupied" for locker in lockers)
        assert _overlapping(lockers) == []
    everything = [locker["status"] for tower in towers for locker in tower["lockers"]]
    assert everything.count("out of service") == 1
    free = [[x["status"] for x in tower["lockers"]].count("available") for tower in towers]
    assert min(free) == 2


def _overlapping(lockers: list[dict[str, int]]) -> list[tuple[int, int]]:
    """Units of the tower's front that belong to more than one door."""
    units = [(x["column"], x["row"] + i) for x in lockers for i in range(x["height"])]
    return [unit for unit in set(units) if units.count(unit) > 1]


async def test_the_same_seed_gives_the_same_world_and_another_one_another() -> None:
    states = []
    for seed in (1, 1, 2):
        async with world(seed=seed) as at:
            states.append((await at.http.get("/sandbox/state")).json()["towers"])
    assert states[0] == states[1]
    assert states[0] != states[2]


async def test_it_documents_itself_with_the_certainty_of_each_route(at: World) -> None:
    assert (await at.http.get("/docs")).status_code == 200
    paths = (await at.http.get("/openapi.json")).json()["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    assert len(operations) == 30
    for operation in operations:
        assert any(c in operation["description"] for c in ("CONFIRMED", "INFERRED", "UNKNOWN"))


async def test_the_legacy_login_still_gives_a_bearer_token(at: World) -> None:
    form = {"username": ME[0], "password": ME[1], "grant_type": "password"}
    multipart = {name: (None, value) for name, value in form.items()}
    answer = await at.http.post("/api/v1/login/access-token", files=multipart)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await at.http.post("/api/v1/login/test-token", headers=headers)).status_code == 200
    form["password"] = "wrong"
    assert (await at.http.post("/api/v1/login/access-token", data=form)).status_code == 401
