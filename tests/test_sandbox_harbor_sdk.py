"""The SDK API as Harbor's Android SDK calls it, and a sync carried by a phone, step by step."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.sandbox_harbor import ME, OTHER_TOWER, TOWER, World, world

SESSION = {"duration": 3600, "claims": ["developer"], "version": "0.10.6"}
CALLS: dict[str, tuple[str, str, Any]] = {
    "services": ("GET", "services/", None),
    "session_token": ("POST", f"towers/{TOWER}/session-token", SESSION),
    "configuration": ("GET", f"towers/{TOWER}/configuration", None),
    "commands": ("GET", f"towers/{TOWER}/commands", None),
    "events": ("POST", f"towers/{TOWER}/events", []),
    "reset_events": ("POST", f"towers/{TOWER}/reset-events", {"reason": "lost count"}),
}
HEX = re.compile(r"([0-9a-f]{2})+")


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


async def phone(
    at: World, call: str, body: Any = None, scope: str = "tower_access"
) -> httpx.Response:
    """One call, as a phone makes it."""
    method, path, usual = CALLS[call]
    headers = {"Authorization": f"Bearer {await at.bearer(scope=scope)}"}
    sent = usual if body is None else body
    return await at.http.request(method, f"/sdk/v1/{path}", headers=headers, json=sent)


async def pulled(at: World, tower: str = TOWER) -> dict[str, Any]:
    """What the tower hands to a phone over Bluetooth."""
    packet: dict[str, Any] = (await at.control(f"/towers/{tower}/pull")).json()
    return packet


async def pushed(at: World, packet: dict[str, Any]) -> httpx.Response:
    """The phone hands commands to the tower."""
    return await at.control(f"/towers/{TOWER}/push", packet)


async def test_a_phone_gets_as_far_as_bluetooth(at: World) -> None:
    signed = await at.api("POST", "/login/authorize", json={"userId": "somebody at the tower"})
    headers = {"Authorization": f"Bearer {signed.json()['access_token']}"}
    base = f"{at.http.base_url}/sdk/v1/"
    found = (await at.http.get(f"{base}services/", headers=headers)).json()
    assert found == [
        {"name": "Nordic UART Service", "uuid": "6E400001-B5A3-F393-E0A9-E50E24DCCA9E"}
    ]
    path = f"{base}towers/{TOWER.upper()}/session-token"
    session = (await at.http.post(path, headers=headers, json=SESSION)).json()
    assert set(session) == {"payload", "payload_auth", "session_seed", "tower_id"}
    assert all(HEX.fullmatch(value) for value in session.values())
    assert session["tower_id"] == TOWER
    waiting = (await at.http.get(f"{base}towers/{TOWER}/commands", headers=headers)).json()
    assert waiting == []
    configuration = await at.http.get(f"{base}towers/{TOWER}/configuration", headers=headers)
    assert configuration.json()["towerId"] == TOWER
    assert all(HEX.fullmatch(command) for command in configuration.json()["commands"])
    heard = await at.http.post(f"{base}towers/{TOWER}/events", headers=headers, json=[])
    assert set(heard.json()) == {"msg"}


@pytest.mark.parametrize("call", CALLS)
async def test_the_sdk_api_is_for_bearer_tokens_of_its_own_scope(at: World, call: str) -> None:
    method, path, body = CALLS[call]
    answer = await at.http.request(method, f"/sdk/v1/{path}", json=body)
    assert (answer.status_code, answer.json()) == (
        401,
        {"detail": "Could not validate credentials"},
    )
    answer = await phone(at, call, scope="service_provider")
    assert (answer.status_code, answer.json()) == (403, {"detail": "Not enough permissions"})
    for scope in ("tower_access", "service_provider tower_access"):
        assert (await phone(at, call, scope=scope)).status_code == 200
    await at.faults({"name": "503", "call": call, "times": 1})
    assert (await phone(at, call)).status_code == 503


async def test_an_unknown_tower_or_claim_is_refused_as_elsewhere(at: World) -> None:
    headers = {"Authorization": f"Bearer {await at.bearer(scope='tower_access')}"}
    answer = await at.http.get("/sdk/v1/towers/01/commands", headers=headers)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Tower not found"})
    for bad in ({"claims": ["king"]}, {"claims": []}, {"duration": 0}):
        answer = await phone(at, "session_token", {**SESSION, **bad})
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"][0] == "body"


async def test_opaque_strings_have_a_random_even_length(at: World) -> None:
    answers = [(await phone(at, "session_token")).json() for _ in range(30)]
    assert len({len(each["payload"]) for each in answers}) > 3
    assert len({each["session_seed"] for each in answers}) == 30
    assert all(HEX.fullmatch(each["payload"]) for each in answers)


async def test_the_sdk_once_logged_in_by_name_and_password(at: World) -> None:
    form = {"username": ME[0], "password": ME[1]}
    answer = (await at.http.post("/sdk/v1/login/access-token", data=form)).json()
    assert answer["token_type"] == "bearer"
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert (await at.http.get("/sdk/v1/services/", headers=headers)).status_code == 200
    assert (await at.http.get("/api/v1/locations/", headers=headers)).status_code == 403
    form["password"] = "wrong"
    assert (await at.http.post("/sdk/v1/login/access-token", data=form)).status_code == 401


async def test_events_that_a_phone_pulled_and_posts_are_heard_once(at: World) -> None:
    await at.late_sync()
    await at.put_down()
    packet = await pulled(at)
    assert set(packet) == {"syncEventStart", "syncEventCount", "payload", "payloadAuth"}
    assert (packet["syncEventStart"], packet["syncEventCount"]) == (1, 1)
    assert await at.status() == "rented"
    assert (await phone(at, "events", [packet])).json() == {"msg": "events received: 1"}
    assert await at.status() == "occupied"
    assert (await at.http.get("/sandbox/state")).json()["towers"][0]["unsynced"] == 0
    assert (await phone(at, "events", [packet])).json() == {"msg": "events received: 0"}
    await at.hold(await at.token("pickup"))
    later = await pulled(at)
    assert (later["syncEventStart"], later["syncEventCount"]) == (2, 1)
    assert (await phone(at, "events", [packet, later])).json() == {"msg": "events received: 1"}
    assert await at.status() == "available"


async def test_what_was_pulled_and_never_posted_is_still_in_the_towers_log(at: World) -> None:
    await at.late_sync()
    await at.put_down()
    lost = await pulled(at)
    await at.hold(await at.token())
    await at.sync()
    assert await at.status() == "occupied"
    assert (await phone(at, "events", [lost])).json() == {"msg": "events received: 0"}
    assert await at.status() == "occupied"


async def test_a_phone_carries_a_release_to_the_tower_and_the_news_of_it_back(at: World) -> None:
    await at.late_sync()
    token = await at.token()
    await at.ask("release-locker")
    (packet,) = (await phone(at, "commands")).json()
    assert set(packet) == {
        "towerId",
        "syncCommandCount",
        "syncCommandStart",
        "payload",
        "payloadAuth",
    }
    numbers = packet["towerId"], packet["syncCommandStart"], packet["syncCommandCount"]
    assert numbers == (TOWER, 1, 1)
    assert (await pushed(at, packet)).json() == {"obeyed": 1}
    assert (await pushed(at, packet)).json() == {"obeyed": 0}
    assert await at.status() == "declined"
    assert (await phone(at, "commands")).json() != []
    assert (await at.hold(token)).json()["error"]["code"] == 502
    await phone(at, "events", [await pulled(at)])
    assert await at.status() == "available"
    assert (await phone(at, "commands")).json() == []


async def test_a_release_that_no_phone_brought_lets_the_token_open(at: World) -> None:
    await at.late_sync()
    token = await at.token()
    await at.ask("release-locker")
    await at.hold(token)
    await phone(at, "events", [await pulled(at)])
    assert await at.status() == "occupied"
    (packet,) = (await phone(at, "commands")).json()
    assert (await pushed(at, packet)).json() == {"obeyed": 1}
    assert (await at.hold(await at.token("pickup"))).status_code == 200


async def test_commands_that_a_phone_brings_once_more_undo_nothing(at: World) -> None:
    await at.late_sync()
    await at.at_door("status", {"status": "occupied"})
    await at.at_door("status", {"status": "available"})
    (packet,) = (await phone(at, "commands")).json()
    assert (packet["syncCommandStart"], packet["syncCommandCount"]) == (1, 2)
    assert (await pushed(at, packet)).json() == {"obeyed": 2}
    await at.hold(await at.token())
    await phone(at, "events", [await pulled(at)])
    assert (await pushed(at, packet)).json() == {"obeyed": 0}
    assert (await at.hold(await at.token("pickup"))).status_code == 200


async def test_a_log_that_a_phone_brings_frees_a_link_whose_hold_is_over(at: World) -> None:
    await at.late_sync()
    made = await at.drop_off_link()
    before = await pulled(at)
    await at.turn(300)
    await phone(at, "events", [])
    assert await at.status() == "rented"
    assert before["syncEventCount"] == 0
    assert (await phone(at, "events", [await pulled(at)])).json() == {"msg": "events received: 0"}
    assert await at.status(made["lockerId"]) == "available"


async def test_an_empty_log_from_before_an_opening_is_out_of_date(at: World) -> None:
    await at.late_sync()
    old = await pulled(at)
    await at.hold(await at.token())
    await at.sync()
    made = await at.drop_off_link(size=1)
    await at.turn(300)
    await phone(at, "events", [old])
    assert await at.status(made["lockerId"]) == "rented"


async def test_nothing_but_a_packet_of_the_right_kind_and_tower_is_read(at: World) -> None:
    await at.late_sync()
    await at.hold(await at.token())
    good = await pulled(at)
    elsewhere = await pulled(at, OTHER_TOWER)
    session = (await phone(at, "session_token")).json()
    other_kind = {"payload": session["payload"], "payloadAuth": session["payload_auth"]}
    altered = {"payload": ("1" if good["payload"][0] == "0" else "0") + good["payload"][1:]}
    for bad in (elsewhere, other_kind, altered, {"syncEventCount": 2}, {"payloadAuth": "00"}):
        answer = await phone(at, "events", [good, {**good, **bad}])
        assert (answer.status_code, answer.json()) == (400, {"detail": "Events could not be read"})
    assert (await phone(at, "events", [{**good, "payload": "xyz"}])).status_code == 422
    assert await at.status() == "rented"
    await at.ask("release-locker")
    (commands,) = (await phone(at, "commands")).json()
    for bad in (good, other_kind, {"payload": "00"}):
        answer = await pushed(at, {**commands, **bad})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, 508)
    assert (await pushed(at, commands)).json() == {"obeyed": 1}


async def test_reset_events_answers_with_the_tower(at: World) -> None:
    tower = (await phone(at, "reset_events")).json()
    assert set(tower) == {
        *("id", "name", "description", "systemId", "towerModelId"),
        *("locationId", "pinCode", "accessModeId", "isForTest"),
    }
    assert (tower["id"], tower["locationId"]) == (TOWER, 11)


async def test_the_wire_log_hides_what_a_phone_carries(at: World) -> None:
    await at.late_sync()
    await at.hold(await at.token())
    packet = await pulled(at)
    await phone(at, "events", [packet])
    session = (await phone(at, "session_token")).json()
    log = (await at.http.get("/sandbox/wire")).text
    secrets = [packet["payload"], packet["payloadAuth"], session["session_seed"]]
    assert not any(each in log for each in itertools.chain(secrets, [session["payload"]]))
