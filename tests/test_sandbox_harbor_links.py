"""Locker Open links: what a phone at the tower gets for one, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.sandbox_harbor import World, world


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


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
