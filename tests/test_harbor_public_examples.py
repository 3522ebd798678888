"""The calls of Harbor's public examples, byte for byte as they make them, against the sandbox.

Written in plain HTTP, without the adapter: paths, encodings and the fields read back are those of
the React Native example, the Expo example, the example web app and the documentation's own curl.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from cli.sandbox_server import serving_sandbox
from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from tests.support.plain_http import plain_http

TOWER = "0100000000000101"
TOKEN = "/realms/harbor/protocol/openid-connect/token"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving_sandbox(create_app(clock=Clock(stopped=True))) as base,
        plain_http(base_url=base) as client,
    ):
        yield client


async def bearer(http: httpx.AsyncClient, scope: str = "service_provider tower_access") -> Any:
    """As both phone examples ask for it: a form, both scopes together."""
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_id": "sandbox",
        "client_secret": "sandbox",
    }
    answer = await http.post(TOKEN, data=form)
    assert answer.is_success
    return answer.json()


async def headers(http: httpx.AsyncClient) -> dict[str, str]:
    token = (await bearer(http))["access_token"]
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Bearer {token}",
    }


async def free_locker(http: httpx.AsyncClient, tower: str = TOWER) -> dict[str, Any]:
    """The examples list all lockers and filter for available ones themselves."""
    answer = await http.get(f"/api/v1/towers/{tower}/lockers", headers=await headers(http))
    found: list[dict[str, Any]] = answer.json()
    return next(each for each in found if each["status"]["name"] == "available")


async def test_the_token_answer_is_as_documented(http: httpx.AsyncClient) -> None:
    for scope in ("service_provider", "tower_access", "service_provider tower_access"):
        told = await bearer(http, scope)
        assert told["refresh_token"] is None
        assert (told["refresh_expires_in"], told["expires_in"]) == (0, 300)
        assert told["token_type"] == "Bearer"


async def test_the_documented_delivery(http: httpx.AsyncClient) -> None:
    locker = await free_locker(http)
    assert isinstance(locker["id"], int)
    assert locker["accessMode"] == "public"
    assert locker["type"].keys() == {"name", "description", "id"}
    at = f"/api/v1/towers/{TOWER}/lockers/{locker['id']}"
    own = await headers(http)
    assert (await http.post(f"{at}/reservations", json={"duration": 300}, headers=own)).is_success
    asked = {"client_info": "", "duration": 3000}
    token = (await http.post(f"{at}/dropoff-locker-tokens", json=asked, headers=own)).json()
    bytes.fromhex(token["payload"])
    bytes.fromhex(token["payload_auth"])
    mine = await http.get("/api/v1/users/me/assigned-lockers", headers=own)
    assert locker["id"] in [each["id"] for each in mine.json()]


async def test_the_phone_examples(http: httpx.AsyncClient) -> None:
    """React Native and Expo: an SDK token for a named user, then a drop-off token."""
    own = await headers(http)
    asked = {"userId": "react native example user"}
    sdk = await http.post("/api/v1/login/authorize", json=asked, headers=own)
    assert sdk.json()["access_token"]
    locker = await free_locker(http, TOWER.lower())
    path = f"/api/v1/towers/{TOWER.upper()}/lockers/{locker['id']}/dropoff-locker-tokens"
    body = {"duration": 3000, "client_info": "this is a client info"}
    token = await http.post(path, json=body, headers=own)
    assert {"payload", "payload_auth"} <= token.json().keys()


async def test_the_login_of_the_example_of_2023(http: httpx.AsyncClient) -> None:
    """A multipart form without a file."""
    fields = {"username": "sandbox", "password": "sandbox", "grant_type": "password"}
    parts = {name: (None, value) for name, value in fields.items()}
    answer = await http.post("/api/v1/login/access-token", files=parts)
    assert {"access_token", "token_type"} <= answer.json().keys()


async def test_a_token_can_be_tried(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/v1/login/test-token", headers=await headers(http))).is_success
    stale = {"Authorization": "Bearer none.such.token"}
    assert (await http.post("/api/v1/login/test-token", headers=stale)).status_code == 401


async def test_the_example_web_app(http: httpx.AsyncClient) -> None:
    """Closest location, a link to drop off, a link to pick up."""
    own = await headers(http)
    place = (await http.get("/api/v1/locations/", headers=own)).json()[0]
    near = {"lat": place["lat"], "lon": place["lon"], "radius": 0.9}
    found = await http.get("/api/v1/locations/closest", params=near, headers=own)
    assert found.json()["id"] == place["id"]
    assert found.json()["address1"]
    asked = {**near, "hasKeypad": "true", "ownedByMe": "false"}
    assert (await http.get("/api/v1/locations/closest", params=asked, headers=own)).is_success

    drop_off = {
        "locationId": place["id"],
        "lockerTypeId": 1,
        "requireLowLocker": False,
        "returnUrl": "https://example.com/back",
        "clientInfo": "",
        "payload": {"order": 1},
        "keypadIntent": "pickup",
        "persistKeypadCode": True,
    }
    path = "/api/v1/locker-open-requests/dropoff-locker-request"
    made = (await http.post(path, json=drop_off, headers=own)).json()
    assert {"id", "lockerId", "towerId", "linkToken"} <= made.keys()
    read = await http.get(f"/api/v1/locker-open-requests/{made['id']}", headers=own)
    assert (read.json()["lockerId"], read.json()["towerId"]) == (made["lockerId"], made["towerId"])

    link = {"link": made["linkToken"]}
    assert (await http.post("/sandbox/links/open", json=link)).is_success
    pick_up = {"lockerId": made["lockerId"], "returnUrl": "", "clientInfo": "", "payload": {}}
    path = "/api/v1/locker-open-requests/pickup-locker-request"
    assert (await http.post(path, json=pick_up, headers=own)).json()["linkToken"]


async def test_the_deep_link_page_leaves_out_what_is_optional(http: httpx.AsyncClient) -> None:
    own = await headers(http)
    place = (await http.get("/api/v1/locations/", headers=own)).json()[0]
    asked = {"locationId": place["id"], "lockerTypeId": 1, "returnUrl": "", "payload": {}}
    path = "/api/v1/locker-open-requests/dropoff-locker-request"
    assert (await http.post(path, json=asked, headers=own)).is_success
