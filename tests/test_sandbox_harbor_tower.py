"""A tower obeys a token only if everything about it holds, and tells Harbor only when synced."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.sandbox_harbor import OTHER_TOWER, TOWER, World, world


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


def refused(answer: httpx.Response) -> int:
    """The firmware's error code of a refusal."""
    assert answer.status_code == 409, answer.text
    error = answer.json()["error"]
    assert error["domain"] in ("sdk.common", "firmware.blink", "firmware.session")
    assert error["message"]
    code: int = error["code"]
    return code


def other_digit(text: str, at: int) -> str:
    digit = "0" if text[at] != "0" else "1"
    return text[:at] + digit + text[at + 1 :]


async def test_a_good_token_opens_its_own_door_and_no_other(at: World) -> None:
    answer = await at.hold(await at.token())
    assert answer.json() == {"locker": at.locker, "name": (await at.door())["name"]}
    towers = (await at.http.get("/sandbox/state")).json()["towers"]
    doors = [locker for tower in towers for locker in tower["lockers"]]
    assert [each["id"] for each in doors if each["door"] == "open"] == [at.locker]


async def test_a_code_may_be_held_in_either_case(at: World) -> None:
    token = await at.token()
    code = f"HARBOR://OPEN/{TOWER}/{at.locker}/{token['payload']}/{token['payload_auth']}"
    answer = await at.control(f"/towers/{TOWER}/hold", {"code": code.upper()})
    assert answer.status_code == 200, answer.text


async def test_not_one_altered_digit_is_accepted(at: World) -> None:
    token = await at.token()
    for name in ("payload", "payload_auth"):
        for place in range(len(token[name])):
            altered = {**token, name: other_digit(token[name], place)}
            assert refused(await at.hold(altered)) == 207
    assert (await at.door())["door"] == "closed"
    assert (await at.hold(token)).status_code == 200


@pytest.mark.parametrize(
    ("payload", "payload_auth"),
    [("", ""), ("00", "00"), ("xyz", "xyz"), ("a" * 161, "0" * 32), ("0" * 9000, "0" * 32)],
)
async def test_what_is_no_token_at_all_is_not_decoded(
    at: World, payload: str, payload_auth: str
) -> None:
    assert refused(await at.hold({"payload": payload, "payload_auth": payload_auth})) == 101


async def test_a_token_ends_on_the_second(at: World) -> None:
    token = await at.token(seconds=60)
    await at.turn(59.5)
    assert (await at.hold(token)).status_code == 200
    late = await at.token("pickup", seconds=60)
    await at.turn(60)
    assert refused(await at.hold(late)) == 107


async def test_a_used_token_opens_nothing(at: World) -> None:
    token = await at.token()
    await at.hold(token)
    await at.at_door("close")
    assert refused(await at.hold(token)) == 502
    assert (await at.door())["door"] == "closed"


async def test_a_used_token_opens_its_door_again_if_that_is_the_option() -> None:
    async with world(single_use=False) as at:
        drop_off = await at.token()
        await at.hold(drop_off)
        await at.at_door("close")
        assert (await at.hold(drop_off)).status_code == 200
        assert await at.status() == "occupied"
        await at.hold(await at.token("pickup"))
        assert refused(await at.hold(drop_off)) == 502


async def test_a_foreign_tower_refuses(at: World) -> None:
    token = await at.token()
    assert refused(await at.hold(token, OTHER_TOWER)) == 207
    code = f"HARBOR://OPEN/{TOWER}/{at.locker}/{token['payload']}/{token['payload_auth']}"
    assert refused(await at.control(f"/towers/{OTHER_TOWER}/hold", {"code": code})) == 206


async def test_of_two_drop_off_tokens_the_first_one_used_voids_the_other(at: World) -> None:
    first, second = await at.token(), await at.token()
    assert (await at.hold(second)).status_code == 200
    assert refused(await at.hold(first)) == 502


async def test_opening_an_occupied_locker_once_more_leaves_its_pick_up_token_good(
    at: World,
) -> None:
    await at.put_down()
    pick_up, again = await at.token("pickup"), await at.token()
    assert (await at.hold(again)).status_code == 200
    assert await at.status() == "occupied"
    assert (await at.hold(pick_up)).status_code == 200
    assert await at.status() == "available"


async def test_after_a_pick_up_every_older_token_of_the_locker_is_worthless(at: World) -> None:
    await at.put_down()
    one, two, drop_off = await at.token("pickup"), await at.token("pickup"), await at.token()
    await at.hold(one)
    assert [refused(await at.hold(token)) for token in (two, drop_off)] == [502, 502]
    assert (await at.hold(await at.token())).status_code == 200


async def test_a_token_still_works_after_the_release_until_the_tower_hears_of_it(
    at: World,
) -> None:
    token = await at.token()
    await at.ask("release-locker")
    assert await at.status() == "declined"
    await at.hold(token)
    assert await at.status() == "occupied"


async def test_after_the_release_has_reached_the_tower_the_token_is_worthless(at: World) -> None:
    token = await at.token()
    await at.ask("release-locker")
    await at.sync()
    assert await at.status() == "available"
    assert refused(await at.hold(token)) == 502


async def test_a_release_that_comes_after_the_opening_changes_nothing(at: World) -> None:
    await at.late_sync()
    token = await at.token()
    await at.hold(token)
    await at.ask("release-locker")
    await at.sync()
    assert await at.status() == "occupied"
    assert (await at.hold(await at.token("pickup"))).status_code == 200


async def test_harbor_learns_of_an_opening_only_when_a_phone_syncs(at: World) -> None:
    await at.late_sync()
    await at.put_down()
    state = (await at.http.get("/sandbox/state")).json()
    assert state["automatic_sync"] is False
    assert state["towers"][0]["unsynced"] == 1
    assert await at.status() == "rented"
    await at.sync()
    assert await at.status() == "occupied"
    assert (await at.http.get("/sandbox/state")).json()["towers"][0]["unsynced"] == 0


async def test_a_rental_that_ends_before_the_late_sync_is_not_ended_over_the_parcel(
    at: World,
) -> None:
    await at.late_sync()
    token = await at.token(seconds=300)
    await at.turn(299)
    await at.hold(token)
    await at.turn(600)
    assert await at.status() == "rented"
    await at.sync()
    assert await at.status() == "occupied"


async def test_a_door_is_used_only_while_it_is_open(at: World) -> None:
    for what in ("put-in", "take-out", "close"):
        assert (await at.at_door(what, {"parcel": "hat"})).status_code == 409
    await at.hold(await at.token())
    assert (await at.at_door("take-out")).status_code == 409
    assert (await at.at_door("put-in", {"parcel": "hat"})).json()["parcel"] == "hat"
    assert (await at.at_door("put-in", {"parcel": "cat"})).status_code == 409
    assert (await at.at_door("take-out")).json()["taken"] == "hat"
    assert (await at.at_door("close")).json() == {
        "locker": at.locker,
        "door": "closed",
        "parcel": None,
    }


async def test_the_phone_may_reopen_the_door_last_opened(at: World) -> None:
    assert refused(await at.control(f"/towers/{TOWER}/reopen")) == 504
    await at.put_down()
    assert (await at.control(f"/towers/{TOWER}/reopen")).json()["locker"] == at.locker
    assert (await at.door())["door"] == "open"


async def test_payloads_are_hexadecimal_of_varying_even_length(at: World) -> None:
    tokens = [await at.token() for _ in range(40)]
    lengths = {len(token["payload"]) for token in tokens}
    assert len(lengths) > 5
    for token in tokens:
        assert bytes.fromhex(token["payload"])
        assert bytes.fromhex(token["payload_auth"])


async def test_what_is_not_there_is_404(at: World) -> None:
    for path in ("/towers/01/hold", f"/towers/{TOWER}/lockers/1/close", "/towers/01/sync"):
        answer = await at.control(path, {"payload": "00", "payload_auth": "00"})
        assert answer.status_code == 404
        assert answer.json()["error"]["message"]
