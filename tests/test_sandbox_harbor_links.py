"""Locker Open links: what a phone at the tower gets for one, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.sandbox_harbor import World, world


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


def refused(answer: httpx.Response) -> str:
    """The words of a refusal by Harbor's rules."""
    assert answer.status_code == 409, answer.text
    error = answer.json()["error"]
    assert error["code"] == "refused"
    words: str = error["message"]
    return words


async def test_a_link_is_looked_up_without_being_opened(at: World) -> None:
    made = await at.drop_off_link()
    shown = (await at.at_link("look", made)).json()
    assert shown == {
        "request": made["id"],
        "tower": at.tower,
        "locker": at.locker,
        "name": (await at.door())["name"],
        "drop_off": True,
        "spent": False,
        "held": True,
        "hold_until": "2026-03-02T12:05:00+00:00",
        "keypad": False,
    }
    assert (await at.door())["door"] == "closed"
    assert (await at.at_link("look", made)).json() == shown


async def test_a_look_at_an_opened_link_shows_it_spent(at: World) -> None:
    made = await at.drop_off_link()
    await at.at_link("open", made)
    assert (await at.at_link("look", made)).json()["spent"] is True
    taken = await at.pick_up_link()
    shown = (await at.at_link("look", taken)).json()
    assert (shown["drop_off"], shown["spent"], shown["hold_until"]) == (False, False, None)
    await at.at_link("open", taken)
    shown = (await at.at_link("look", taken)).json()
    assert (shown["spent"], shown["held"]) == (True, False)


async def test_a_look_at_what_is_no_link_of_ours_is_refused(at: World) -> None:
    answer = await at.at_link("look", {"linkToken": "https://lockeropen.com/open?token=x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "bad_link")


async def test_a_link_opens_its_door_once(at: World) -> None:
    made = await at.drop_off_link()
    altered = {"linkToken": made["linkToken"][:-1] + "!"}
    assert (await at.at_link("open", altered)).status_code == 404
    opened = (await at.at_link("open", made)).json()
    assert (opened["locker"], opened["tower"], opened["opened"]) == (at.locker, at.tower, True)
    assert "has been used" in refused(await at.at_link("open", made))


async def test_a_phone_that_does_not_reach_the_tower_may_try_the_same_link_again(
    at: World,
) -> None:
    made = await at.drop_off_link(returnUrl="https://shop.example/done")
    for word in ("failed", "timeout"):
        answer = (await at.at_link("open", made, outcome=word)).json()
        assert (answer["opened"], answer["locker"]) == (False, at.locker)
        assert answer["return_url"].endswith(f"&status={word}")
    assert (await at.door())["door"] == "closed"
    assert await at.status() == "rented"
    answer = (await at.at_link("open", made)).json()
    assert answer["return_url"].endswith("&status=success")
    assert await at.status() == "occupied"


@pytest.mark.parametrize("odd", [None, "", 7, "two words", "a&status=success"])
async def test_an_outcome_is_a_word(at: World, odd: object) -> None:
    answer = await at.at_link("open", await at.drop_off_link(), outcome=odd)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_outcome")


async def test_after_the_hold_harbor_gives_no_token_for_a_link_even_if_nobody_synced(
    at: World,
) -> None:
    made = await at.drop_off_link()
    await at.turn(299)
    assert (await at.at_link("open", made, outcome="failed")).status_code == 200
    await at.turn(1)
    assert "hold of this link is over since 2026-03-02T12:05" in refused(
        await at.at_link("open", made)
    )
    assert (await at.at_link("look", made)).json()["held"] is True
    assert await at.status() == "rented"


async def test_a_links_locker_is_free_only_when_its_tower_is_synced_after_the_hold(
    at: World,
) -> None:
    made = await at.drop_off_link()
    await at.turn(299)
    await at.sync()
    assert await at.status() == "rented"
    await at.turn(86_400)
    assert await at.status() == "rented"
    await at.control("/towers/0100000000000102/sync")
    assert await at.status() == "rented"
    await at.sync()
    assert await at.status() == "available"
    assert (await at.at_link("look", made)).json()["held"] is False
    assert refused(await at.at_link("open", made))
    assert (await at.drop_off_link())["lockerId"] == made["lockerId"]
    assert refused(await at.at_link("open", made))


async def test_any_opening_at_the_tower_syncs_it_and_frees_a_link_whose_hold_is_over(
    at: World,
) -> None:
    other = at.locker
    made = await at.drop_off_link(size=1)
    assert made["lockerId"] != other
    await at.turn(300)
    await at.hold(await at.token(locker=other))
    assert await at.status(made["lockerId"]) == "available"


async def test_a_token_made_for_a_links_locker_waits_for_the_sync_too(at: World) -> None:
    await at.drop_off_link()
    await at.token(seconds=600)
    await at.turn(300)
    await at.sync()
    assert await at.status() == "rented"
    await at.turn(300)
    assert await at.status() == "rented"
    await at.sync()
    assert await at.status() == "available"


async def test_how_long_a_link_is_held_can_be_switched(at: World) -> None:
    assert (await at.http.get("/sandbox/links")).json()["hold_seconds"] == 300
    answer = await at.control("/links", {"hold_seconds": 86_400}, "PUT")
    assert answer.json()["hold_seconds"] == 86_400
    made = await at.drop_off_link()
    await at.turn(86_399)
    assert (await at.at_link("open", made)).status_code == 200
    await at.control("/reset")
    assert (await at.http.get("/sandbox/links")).json()["hold_seconds"] == 300


@pytest.mark.parametrize(
    "bad",
    [
        {"hold_seconds": 0},
        {"hold_seconds": "300"},
        {"hold_seconds": True},
        {"cancelled": "a b"},
        {"hold": 300},
        {"hold_seconds": 600, "cancelled": None},
    ],
)
async def test_a_setting_of_links_that_is_not_known_is_refused_and_changes_nothing(
    at: World, bad: dict[str, object]
) -> None:
    before = (await at.http.get("/sandbox/links")).json()
    answer = await at.control("/links", bad, "PUT")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_links")
    assert (await at.http.get("/sandbox/links")).json() == before


@pytest.mark.parametrize("automatic", [True, False])
async def test_what_does_not_fit_is_taken_back_and_the_rental_is_cancelled(
    at: World, automatic: bool
) -> None:
    await at.control("/sync", {"automatic": automatic}, "PUT")
    made = await at.drop_off_link(returnUrl="https://shop.example/done")
    await at.at_link("open", made)
    await at.at_door("put-in", {"parcel": "sofa"})
    await at.at_door("close")
    answer = (await at.at_link("doesnt-fit", made)).json()
    assert (answer["locker"], answer["taken"]) == (at.locker, "sofa")
    assert answer["return_url"].endswith(f"?open_locker_request={made['id']}&status=cancelled")
    door = await at.door()
    assert (door["door"], door["parcel"]) == ("open", None)
    if not automatic:
        assert await at.status() == "rented"
        await at.sync()
    assert await at.status() == "available"
    assert "has been used" in refused(await at.at_link("open", made))
    assert refused(await at.at_link("doesnt-fit", made))
    assert (await at.api("GET", "/users/me/assigned-lockers")).json() == []


async def test_what_is_taken_back_after_harbor_heard_of_it_is_available_again(at: World) -> None:
    await at.control("/links", {"cancelled": "does_not_fit"}, "PUT")
    made = await at.drop_off_link(returnUrl="https://shop.example/done")
    await at.at_link("open", made)
    assert await at.status() == "occupied"
    answer = (await at.at_link("doesnt-fit", made)).json()
    assert answer["taken"] is None
    assert answer["return_url"].endswith("&status=does_not_fit")
    assert await at.status() == "available"
    assert (await at.hold(await at.token())).status_code == 200


async def test_no_older_token_opens_a_locker_that_was_taken_back(at: World) -> None:
    made = await at.drop_off_link()
    await at.at_link("open", made)
    again, pick_up = await at.token(), await at.token("pickup")
    await at.at_link("doesnt-fit", made)
    for token in (again, pick_up):
        assert (await at.hold(token)).json()["error"]["code"] == 502


async def test_only_the_drop_off_that_opened_last_can_be_taken_back(at: World) -> None:
    made = await at.drop_off_link()
    assert "has not put anything in" in refused(await at.at_link("doesnt-fit", made))
    await at.at_link("open", made)
    taken = await at.pick_up_link()
    await at.at_link("open", taken)
    for link in (made, taken):
        assert refused(await at.at_link("doesnt-fit", link))
    made = await at.drop_off_link()
    await at.at_link("open", made)
    elsewhere = await at.drop_off_link(size=1)
    await at.at_link("open", elsewhere)
    assert "was not the last" in refused(await at.at_link("doesnt-fit", made))
    assert (await at.at_link("doesnt-fit", elsewhere)).status_code == 200
