"""Over real HTTP: every edge of Harbor's locker table is walked, every other pair is refused.

The table here is written anew from Harbor's diagram; it knows nothing of the sandbox's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.sandbox_harbor import World, world

STATUSES = ["available", "reserved", "rented", "occupied", "declined", "out of service"]
EDGES = """
    available  createReservation    reserved
    available  createDropOffToken   rented
    reserved   cancelReservation    available
    reserved   reservation-expires  available
    reserved   createDropOffToken   rented
    rented     createDropOffToken   rented
    rented     releaseLocker        declined
    rented     drop-off-used        occupied
    rented     token-expires        available
    declined   drop-off-used        occupied
    declined   release-set          available
    occupied   createDropOffToken   occupied
    occupied   createPickUpToken    occupied
    occupied   drop-off-used        occupied
    occupied   pick-up-used         available
    occupied   drop-off-reverted    available
"""
TABLE = {(a, cause): b for a, cause, b in (line.split() for line in EDGES.strip().splitlines())}
CALLS = {
    "createReservation": ("reservations", {"duration": 300}),
    "cancelReservation": ("cancel-reservation", {}),
    "createDropOffToken": ("dropoff-locker-tokens", {"duration": 300, "client_info": ""}),
    "createPickUpToken": ("pickup-locker-tokens", {"duration": 300, "client_info": ""}),
    "releaseLocker": ("release-locker", {}),
}
AT_THE_TOWER = ["drop-off-used", "pick-up-used", "drop-off-reverted", "release-set"]
BY_TIME = ["reservation-expires", "token-expires"]


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


async def bring(at: World, status: str, seconds: int = 5000) -> None:
    """Bring the locker to `status` the ordinary way; holds last so many seconds."""
    await at.late_sync()
    if status == "reserved":
        await at.ask("reservations", {"duration": seconds})
    if status in ("rented", "occupied", "declined"):
        token = await at.token(seconds=seconds)
    if status == "occupied":
        await at.hold(token)
        await at.sync()
    if status == "declined":
        await at.ask("release-locker")
    if status == "out of service":
        await at.at_door("status", {"status": status})
    assert await at.status() == status


async def prepare(at: World, cause: str) -> None:
    """Let something happen at the tower of which Harbor will hear at the next sync."""
    if cause == "pick-up-used":
        await bring(at, "occupied")
        await at.hold(await at.token("pickup"))
    elif cause == "drop-off-used":
        await bring(at, "rented")
        await at.hold(await at.token())
    elif cause == "drop-off-reverted":
        await at.late_sync()
        made = await at.drop_off_link()
        await at.at_link("open", made)
        await at.sync()
        await at.at_link("doesnt-fit", made)
    else:
        await bring(at, "declined")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("cause", CALLS)
async def test_a_call_moves_a_locker_along_the_table_or_is_refused(
    at: World, status: str, cause: str
) -> None:
    await bring(at, status)
    answer = await at.ask(*CALLS[cause])
    if (status, cause) in TABLE:
        assert answer.status_code == 200, answer.text
        assert await at.status() == TABLE[status, cause]
    else:
        assert answer.status_code == 409
        assert status in answer.json()["detail"]
        assert await at.status() == status


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("cause", AT_THE_TOWER)
async def test_what_a_tower_reports_moves_a_locker_along_the_table_or_not_at_all(
    at: World, status: str, cause: str
) -> None:
    await prepare(at, cause)
    if status != await at.status():
        await at.at_door("status", {"status": status})
    assert await at.status() == status
    await at.sync()
    assert await at.status() == TABLE.get((status, cause), status)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("cause", BY_TIME)
async def test_time_moves_a_locker_along_the_table_or_not_at_all(
    at: World, status: str, cause: str
) -> None:
    ends = {"reservation-expires": "reserved", "token-expires": "rented"}
    await bring(at, status, seconds=300 if status == ends[cause] else 5000)
    await at.turn(299)
    assert await at.status() == status
    await at.turn(1)
    assert await at.status() == TABLE.get((status, cause), status)


@pytest.mark.parametrize("status", ["reserved", "rented", "occupied", "declined"])
async def test_a_locker_of_somebody_elses_is_not_touched(at: World, status: str) -> None:
    await bring(at, status)
    stranger = ("another", "another")
    for cause in CALLS:
        answer = await at.ask(*CALLS[cause], who=stranger)
        legal = (status, cause) in TABLE
        assert answer.status_code == (403 if legal else 409)
    assert await at.status() == status
    assigned = (await at.api("GET", "/users/me/assigned-lockers")).json()
    assert [locker["id"] for locker in assigned] == [at.locker]
    theirs = (await at.api("GET", "/users/me/assigned-lockers", stranger)).json()
    assert at.locker not in [locker["id"] for locker in theirs]
