"""A keypad code does what its request's link does on a phone, and is told where that is set.

How a tower without a network learns a code is UNKNOWN at Harbor; both readings are played.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.sandbox_harbor import OTHER_TOWER, TOWER, World, world

INTENT = {"keypadIntent": "pickup", "persistKeypadCode": False}
LASTING = {"keypadIntent": "pickup", "persistKeypadCode": True}


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


async def drop_off(at: World, **more: Any) -> dict[str, Any]:
    """A drop-off link at the tower with a keypad."""
    return await at.drop_off_link(location=12, **{**INTENT, **more})


async def typed(at: World, digits: str) -> httpx.Response:
    return await at.control(f"/towers/{OTHER_TOWER}/keypad", {"digits": digits})


def refused(answer: httpx.Response) -> object:
    assert answer.status_code == 409, answer.text
    return answer.json()["error"]["code"]


async def test_a_code_of_six_digits_opens_for_the_drop_off_once(at: World) -> None:
    made = await drop_off(at)
    digits = made["keypadCode"]
    assert len(digits) == 6
    assert digits.isdigit()
    wrong = ("0" if digits[0] != "0" else "1") + digits[1:]
    assert refused(await typed(at, wrong)) == 502
    answer = await typed(at, digits)
    assert answer.json() == {"locker": at.locker, "name": (await at.door())["name"]}
    assert await at.status() == "occupied"
    assert refused(await typed(at, digits)) == 502
    assert (await at.at_link("look", made)).json()["spent"] is True
    assert refused(await at.at_link("open", made)) == "refused"


async def test_a_code_for_a_pick_up_leaves_the_locker_available(at: World) -> None:
    await at.at_link("open", await drop_off(at))
    taken = await at.pick_up_link(**INTENT)
    assert (await typed(at, taken["keypadCode"])).json()["locker"] == at.locker
    assert await at.status() == "available"
    assert refused(await typed(at, taken["keypadCode"])) == 502


async def test_harbor_learns_of_a_typed_code_when_the_tower_is_synced(at: World) -> None:
    await at.late_sync()
    made = await drop_off(at)
    await typed(at, made["keypadCode"])
    assert await at.status() == "rented"
    assert refused(await at.at_link("open", made)) == 502
    await at.sync()
    assert await at.status() == "occupied"


async def test_a_link_that_opened_voids_its_code(at: World) -> None:
    made = await drop_off(at)
    await at.at_link("open", made, outcome="failed")
    await at.at_link("open", made)
    assert refused(await typed(at, made["keypadCode"])) == 502


async def test_a_code_that_persists_lasts_until_the_next_token(at: World) -> None:
    made = await drop_off(at, **LASTING)
    for _ in range(2):
        assert (await typed(at, made["keypadCode"])).status_code == 200
        assert await at.status() == "occupied"
    assert (await at.hold(await at.token(), OTHER_TOWER)).status_code == 200
    assert refused(await typed(at, made["keypadCode"])) == 502


async def test_a_newer_code_takes_the_place_of_the_older_one(at: World) -> None:
    await typed(at, (await drop_off(at))["keypadCode"])
    first, second = [(await at.pick_up_link(**INTENT))["keypadCode"] for _ in range(2)]
    assert refused(await typed(at, first)) == 502
    assert (await typed(at, second)).status_code == 200


async def test_the_tower_knows_nothing_of_the_hold_until_it_is_synced(at: World) -> None:
    late, gone = await drop_off(at), await drop_off(at)
    await at.turn(300)
    await at.late_sync()
    assert (await typed(at, late["keypadCode"])).status_code == 200
    await at.sync()
    assert await at.status(late["lockerId"]) == "occupied"
    assert await at.status(gone["lockerId"]) == "available"
    assert refused(await typed(at, gone["keypadCode"])) == 502
    assert (await at.hold(await at.token(locker=gone["lockerId"]), OTHER_TOWER)).status_code == 200


async def test_without_a_keypad_or_an_intent_there_is_no_code(at: World) -> None:
    assert "keypadCode" not in await at.drop_off_link(location=11, **INTENT)
    assert refused(await at.control(f"/towers/{TOWER}/keypad", {"digits": "1"})) == "no_keypad"
    assert "keypadCode" not in await at.drop_off_link(location=12)
    towers = (await at.http.get("/sandbox/state")).json()["towers"]
    assert [tower["id"] for tower in towers if tower["keypad"]] == [OTHER_TOWER]


async def test_a_code_that_comes_with_the_token_opens_for_the_pick_up(at: World) -> None:
    await at.control("/links", {"keypad": "by token"}, "PUT")
    made = await drop_off(at)
    assert refused(await typed(at, made["keypadCode"])) == 502
    await at.at_link("open", made)
    await at.at_door("put-in", {"parcel": "hat"})
    assert await at.status() == "occupied"
    assert "keypadCode" not in await at.pick_up_link(**INTENT)
    assert (await typed(at, made["keypadCode"])).json()["locker"] == at.locker
    assert await at.status() == "available"
    assert refused(await typed(at, made["keypadCode"])) == 502


async def test_a_release_that_comes_after_the_opening_leaves_the_code_good(at: World) -> None:
    await at.control("/links", {"keypad": "by token"}, "PUT")
    await at.late_sync()
    made = await drop_off(at)
    await at.at_link("open", made)
    await at.ask("release-locker")
    await at.sync()
    assert await at.status() == "occupied"
    assert (await typed(at, made["keypadCode"])).status_code == 200


@pytest.mark.parametrize("digits", ["answer", "webhook", "both", "nowhere"])
async def test_an_answer_tells_the_code_under_the_name_that_is_set_or_not_at_all(
    at: World, digits: str
) -> None:
    settings = {"digits": digits, "digits_field": "pin_for_keypad"}
    await at.control("/links", settings, "PUT")
    made = await drop_off(at)
    code = at.harbor.server.requests[made["id"]].keypad_code
    told = digits in ("answer", "both")
    assert made.get("pin_for_keypad") == (code if told else None)
    assert "keypadCode" not in made
    read = await at.api("GET", f"/locker-open-requests/{made['id']}")
    assert read.json().get("pin_for_keypad") == (code if told else None)
    assert str(code) not in (await at.http.get("/sandbox/wire")).text
    assert (await typed(at, str(code))).status_code == 200


@pytest.mark.parametrize("bad", [{"digits": "both of them"}, {"keypad": "never"}])
async def test_only_what_can_be_played_is_accepted(at: World, bad: dict[str, str]) -> None:
    assert (await at.control("/links", bad, "PUT")).status_code == 400
    for taken in ("linkToken", "link_token", "id"):
        assert (await at.control("/links", {"digits_field": taken}, "PUT")).status_code == 400


async def test_the_closest_location_may_be_asked_to_have_a_keypad_or_to_be_ones_own(
    at: World,
) -> None:
    async def near(**more: Any) -> Any:
        query = {"lat": 30.2634, "lon": -97.7446, "radius": 0.9, **more}
        answer = (await at.api("GET", "/locations/closest", params=query)).json()
        return answer and answer["id"]

    assert await near() == 11
    assert await near(hasKeypad=False, ownedByMe=False) == 11
    assert await near(hasKeypad=True) == 12
    assert await near(hasKeypad=True, radius=0.1) is None
    portland = {"lat": 45.5286, "lon": -122.6824}
    assert await near(**portland) == 21
    assert await near(**portland, ownedByMe=True) == 22
    assert await near(**portland, hasKeypad=True) is None
