"""The control side, as docs/sandbox.md promises it: revision, events, wire log, clock, reset."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from cli.sandbox_server import serving_sandbox
from sandbox.harbor.app import create_app
from tests.support.plain_http import plain_http
from tests.support.sandbox_harbor import TOKEN, TOWER, World, world


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


async def revision(at: World) -> int:
    number: int = (await at.http.get("/sandbox/state")).json()["revision"]
    return number


async def test_the_long_poll_answers_at_the_next_change(at: World) -> None:
    before = await revision(at)
    query = {"after": before, "wait": 30}
    waiting = asyncio.create_task(at.http.get("/sandbox/state", params=query))
    await at.ask("reservations", {"duration": 300})
    async with asyncio.timeout(10):
        state = (await waiting).json()
    assert state["revision"] > before


async def test_the_long_poll_answers_in_the_end_with_what_there_is(at: World) -> None:
    before = await revision(at)
    query = {"after": before, "wait": 0.05}
    assert (await at.http.get("/sandbox/state", params=query)).json()["revision"] == before


@pytest.mark.parametrize("bad", [{"after": "x"}, {"after": "1", "wait": "nan"}])
async def test_a_long_poll_without_numbers_is_refused(at: World, bad: dict[str, str]) -> None:
    assert (await at.http.get("/sandbox/state", params=bad)).status_code == 400


async def test_every_visible_change_raises_the_revision(at: World) -> None:
    await at.late_sync()
    numbers = [await revision(at)]
    token = await at.token()
    numbers.append(await revision(at))
    await at.hold(token)
    numbers.append(await revision(at))
    for step in ("put-in", "close"):
        await at.at_door(step, {"parcel": "hat"})
        numbers.append(await revision(at))
    await at.sync()
    numbers.append(await revision(at))
    await at.turn(1)
    numbers.append(await revision(at))
    assert numbers == sorted(set(numbers))


async def test_events_tell_of_changes_and_of_the_wire(at: World) -> None:
    async with at.http.stream("GET", "/sandbox/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: change"
        await at.ask("reservations", {"duration": 300})
        heard = []
        async with asyncio.timeout(10):
            while len(heard) < 2:
                line = await anext(lines)
                if line.startswith("event: "):
                    heard.append((line[7:], json.loads((await anext(lines))[6:])))
    kinds = [kind for kind, _ in heard]
    assert sorted(kinds) == ["change", "wire"]
    assert heard[kinds.index("change")][1] == {"revision": await revision(at)}
    assert heard[kinds.index("wire")][1]["path"].endswith("/reservations")


async def test_the_wire_log_shows_exchanges_and_hides_secrets(at: World) -> None:
    token = await at.token()
    bearer = await at.bearer()
    log = await at.http.get("/sandbox/wire")
    entry = log.json()[-1]
    assert entry["method"] == "POST"
    assert entry["path"].endswith("/dropoff-locker-tokens")
    assert (entry["direction"], entry["status"]) == ("in", 200)
    assert entry["request"] == {"client_info": "Luis", "duration": 5000}
    assert entry["response"]["expires"] == token["expires"]
    for secret in (token["payload"], token["payload_auth"], bearer):
        assert secret not in log.text
    assert '"client_secret":"sandbox"' not in log.text
    later = (await at.http.get("/sandbox/wire", params={"after": entry["n"]})).json()
    assert later == []


async def test_the_wire_log_hides_links_and_keeps_the_latest_500(at: World) -> None:
    path = "/locker-open-requests/dropoff-locker-request"
    made = await at.api("POST", path, json={"locationId": 11, "lockerTypeId": 1})
    assert made.json()["linkToken"] not in (await at.http.get("/sandbox/wire")).text
    for _ in range(510):
        await at.http.get("/nowhere")
    log = (await at.http.get("/sandbox/wire")).json()
    assert len(log) == 500
    assert [entry["n"] for entry in log] == list(range(log[0]["n"], log[0]["n"] + 500))


async def test_the_clock_is_turned_ahead_only(at: World) -> None:
    before = (await at.http.get("/sandbox/clock")).json()
    after = (await at.control("/clock", {"turn": 90.5})).json()
    assert after == {"now": "2026-03-02T12:01:30.500000+00:00", "turned": 90.5}
    assert before["turned"] == 0
    for bad in ({"turn": -1}, {"turn": "x"}, {}, {"turn": 1e12}, [1]):
        refused = await at.control("/clock", bad)
        assert refused.status_code == 400
        assert set(refused.json()["error"]) == {"code", "message"}


async def test_reset_brings_everything_back_as_seeded_with_a_later_revision(at: World) -> None:
    before = (await at.http.get("/sandbox/state")).json()
    await at.late_sync()
    await at.put_down()
    await at.faults({"name": "503"})
    await at.control("/reset")
    after = (await at.http.get("/sandbox/state")).json()
    assert after["towers"] == before["towers"]
    assert after["automatic_sync"] is True
    assert after["revision"] > before["revision"]
    assert (await at.http.get("/sandbox/faults")).json()["on"] == []
    assert (await at.api("GET", "/users/me/assigned-lockers")).json() == []


async def test_the_state_has_the_shape_of_the_contract(at: World) -> None:
    state = (await at.http.get("/sandbox/state")).json()
    assert set(state) == {"revision", "now", "automatic_sync", "towers"}
    tower = state["towers"][0]
    assert set(tower) == {"id", "name", "location", "columns", "keypad", "unsynced", "lockers"}
    place = {"id", "name", "address1", "city", "lat", "lon", "timezone", "accessHours"}
    assert set(tower["location"]) == place
    assert set(tower["lockers"][0]) == {
        *("id", "name", "type", "isLowLocker", "column", "row", "height"),
        *("status", "door", "parcel"),
    }


async def test_the_console_takes_a_locker_out_of_service_and_back(at: World) -> None:
    await at.put_down()
    assert (await at.at_door("status", {"status": "broken"})).status_code == 400
    await at.at_door("status", {"status": "out of service"})
    assert await at.status() == "out of service"
    await at.at_door("status", {"status": "available"})
    assert (await at.hold(await at.token())).status_code == 200
    assert await at.status() == "occupied"


async def test_a_body_that_is_not_json_is_refused(at: World) -> None:
    answer = await at.http.post(f"/sandbox/towers/{TOWER}/hold", content=b"{")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_json")


async def test_it_works_below_a_prefix_run_by_whoever_mounts_it() -> None:
    app = create_app()
    parent = Starlette(routes=[Mount("/harbor", app=app)])
    http = plain_http()
    async with serving_sandbox(parent) as base, app.state.harbor.running(), http:
        http.base_url = httpx.URL(f"{base}/harbor")
        at = World(http, app.state.harbor, locker=102)
        await at.put_down()
        assert await at.status() == "occupied"
        paths = [entry["path"] for entry in (await http.get("/sandbox/wire")).json()]
        assert paths[0] == TOKEN
        assert not any(path.startswith("/harbor") for path in paths)
        assert "/harbor/openapi.json" in (await http.get("/docs")).text
