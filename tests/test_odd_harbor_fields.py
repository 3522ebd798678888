"""Whatever field of whatever Harbor answers is missing, null or of another type: in a list, every
other entry is there; of an object, it is what it must be, or one of our own errors.

Through the port, over HTTP; what is odd is drawn by a seed, so that it is the same each time.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from bot.domain.ids import LockerId, TowerId
from bot.domain.openers import OpenLink, Token
from bot.domain.tower import Tower
from bot.ports.errors import EdgeError
from harbor.lockers import HarborLockers
from hostile.spoiling import WORD, spoil
from tests.support.harbor_stand_in import Heard, answer, granted, stand_in

DRAWN = 120
HERE, THERE = TowerId("0100000000000001"), TowerId("0100000000000002")


def door(number: int, tower: str = HERE) -> dict[str, Any]:
    status, kind = {"name": "rented", "id": 2}, {"name": "small", "id": 1}
    told = {"id": number, "name": str(number), "towerId": tower, "status": status, "type": kind}
    return {**told, "isLowLocker": False}


def place(number: int) -> dict[str, Any]:
    hours = {"monday": [{"start": "08:00", "end": "17:00"}]}
    named = {"id": number, "name": "Pier", "address1": "1 Quay", "country": "USA"}
    return {**named, "lat": 40.7, "lon": -74.0, "timezone": "US/Eastern", "accessHours": hours}


DOORS = [door(1), door(2), door(3)]
PLACES = [place(7), place(8)]
TOKEN = {
    "payload": "0a0b",
    "payload_auth": "0c0d",
    "expires": "2026-03-02T18:00:00",
    "id": 5,
    "tower_id": HERE,
    "locker": door(1),
}
LINK = {
    "id": 9,
    "lockerId": 1,
    "towerId": HERE,
    "linkToken": "https://l.example/x",
    "keypadCode": "1234",
    "locker": {"id": 1},
}


class Said:
    """A Harbor that answers by what is asked for; a test spoils one of its answers."""

    def __init__(self) -> None:
        self.whole: dict[str, Any] = {
            "locations": PLACES,
            "7": [door(1)],
            "8": [door(3, THERE)],
            "lockers": DOORS,
            "assigned": DOORS,
            "object": {},
        }
        self.now = dict(self.whole)

    def say(self, heard: Heard) -> bytes:
        path, _, query = heard.path.partition("?")
        parts = path.strip("/").split("/")
        if heard.method == "POST":
            return answer(200, self.now["object"])
        if "skip=" in query and "skip=0" not in query:
            return answer(200, [])
        if parts[-1] == "locations":
            return answer(200, self.now["locations"])
        if parts[-1] == "lockers" and parts[-2] in ("7", "8"):
            return answer(200, self.now[parts[-2]])
        if "assigned" in path:
            return answer(200, self.now["assigned"])
        return answer(200, self.now["lockers" if parts[-1] == "lockers" else "object"])


def spoilt(entries: Sequence[Any], seed: int) -> tuple[int, list[Any]]:
    """Which of the entries is odd now, and all of them."""
    chance, made = Random(seed), deepcopy(list(entries))
    odd = chance.randrange(len(made))
    spoil(made[odd], chance)
    return odd, made


@pytest.mark.parametrize("which", ["lockers", "assigned"])
async def test_an_odd_locker_hides_no_other_of_its_tower_and_none_of_ours(which: str) -> None:
    said = Said()
    async with stand_in(said.say, granted) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        for seed in range(DRAWN):
            odd, said.now[which] = spoilt(DOORS, seed)
            found = await (port.lockers(HERE) if which == "lockers" else port.assigned())
            others = [entry["id"] for n, entry in enumerate(DOORS) if n != odd]
            assert [each.id for each in found if each.id in others] == others, seed
            assert all(each.name and each.tower for each in found)


async def test_an_odd_location_or_locker_hides_no_other_tower() -> None:
    said = Said()
    async with stand_in(said.say, granted) as server, server.harbor() as harbor:
        for seed in range(DRAWN):
            port = HarborLockers(harbor)
            odd, said.now["locations"] = spoilt(PLACES, seed)
            other = (HERE, THERE)[1 - odd]
            assert other in [tower.id for tower in await port.towers()], seed
            said.now = dict(said.whole)
            _, said.now["7"] = spoilt([door(1)], seed)
            found: list[Tower] = await port.towers()
            assert THERE in [tower.id for tower in found], seed
            said.now = dict(said.whole)


OBJECTS: dict[str, tuple[dict[str, Any], Callable[[HarborLockers], Awaitable[Any]]]] = {
    "a drop-off token": (TOKEN, lambda port: port.drop_off_token(HERE, LockerId(1), 300)),
    "a pick-up token": (TOKEN, lambda port: port.pick_up_token(HERE, LockerId(1), 300)),
    "a reservation": ({"id": 4}, lambda port: port.reserve(HERE, LockerId(1), 300)),
    "a link": (LINK, lambda port: port.pick_up_link(HERE, LockerId(1), keypad=True)),
}


@pytest.mark.parametrize("what", OBJECTS)
async def test_an_odd_answer_is_what_it_must_be_or_an_error_that_quotes_nothing(what: str) -> None:
    said, (whole, call) = Said(), OBJECTS[what]
    read = 0
    async with stand_in(said.say, granted) as server, server.harbor() as harbor:
        port = HarborLockers(harbor)
        for seed in range(DRAWN):
            _, [said.now["object"]] = spoilt([whole], seed)
            wrong = ""
            try:
                got = await call(port)
            except EdgeError as error:
                wrong = f"{error!r} {error.__cause__!r}"
            else:
                read += 1
                _as_it_must_be(got)
            assert WORD not in wrong, seed
    assert read > DRAWN / 4, "what matters was not touched"


def _as_it_must_be(got: Any) -> None:
    match got:
        case Token():
            assert bytes.fromhex(got.payload)
            assert bytes.fromhex(got.payload_auth)
            assert got.expires_at is None or got.expires_at.tzinfo is not None
        case OpenLink():
            assert isinstance(got.url, str)
            assert got.digits is None or got.digits.isdigit()
        case _:
            assert got is None or (isinstance(got, str) and got.isprintable())


def test_what_is_drawn_meets_every_field() -> None:
    met = {
        name
        for seed in range(DRAWN)
        for _, [made] in [spoilt([TOKEN], seed)]
        for name in TOKEN
        if json.dumps(made.get(name)) != json.dumps(TOKEN[name])
    }
    assert met == set(TOKEN)
