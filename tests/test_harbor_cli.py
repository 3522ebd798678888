"""`lockerbot harbor …` against a served Harbor: what it prints, and how it ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import structlog

from cli.harbor import MASK
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from tests.support.commands import Ended, in_this_process
from tests.support.plain_http import plain_http

TOWER = "0100000000000101"


@dataclass
class Shell:
    """Runs commands in another thread, since each starts a loop of its own."""

    base: str
    http: httpx.AsyncClient

    async def run(self, *words: object) -> Ended:
        return await asyncio.to_thread(in_this_process, "harbor", *map(str, words))

    async def json(self, *words: object) -> object:
        result = await self.run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    async def free(self) -> int:
        lockers = await self.json("lockers", TOWER)
        assert isinstance(lockers, list)
        found: int = next(each["id"] for each in lockers if each["status"] == "available")
        return found


@pytest.fixture
async def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Shell]:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    with structlog.testing.capture_logs():  # as `lockerbot harbor` itself logs no calls
        async for each in _shell(monkeypatch):
            yield each


async def _shell(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    async with (
        serving_sandbox(create_app(clock=Clock())) as base,
        plain_http(base_url=base) as http,
    ):
        for name in ("API_URL", "ACCOUNTS_URL"):
            monkeypatch.setenv(f"HARBOR_{name}", base)
        for name in ("CLIENT_ID", "CLIENT_SECRET"):
            monkeypatch.setenv(f"HARBOR_{name}", "sandbox")
        yield Shell(base, http)


async def test_a_parcel_goes_in_and_out_by_hand(shell: Shell) -> None:
    locker = await shell.free()
    held = await shell.json("reserve", TOWER, locker)
    assert isinstance(held, dict)
    assert held["seconds"] == 300
    assert held["reservation_id"] is not None

    for kind, act, body in (
        ("drop-off-token", "put-in", {"parcel": "hat"}),
        ("pick-up-token", "take-out", None),
    ):
        token = await shell.json(kind, TOWER, locker, "--show-secrets")
        assert isinstance(token, dict)
        assert re.fullmatch(rf"HARBOR://OPEN/{TOWER}/{locker}/[0-9A-F]+/[0-9A-F]+", token["code"])
        at = f"/sandbox/towers/{TOWER}"
        opened = await shell.http.post(f"{at}/hold", json={"code": token["code"]})
        assert opened.json()["locker"] == locker
        for each, sent in ((act, body), ("close", None)):
            door = await shell.http.post(f"{at}/lockers/{locker}/{each}", json=sent)
            assert door.is_success, door.text
    assert await shell.json("assigned") == []


async def test_tables_are_for_people(shell: Shell) -> None:
    towers = await shell.run("towers")
    assert towers.exit_code == 0
    assert TOWER in towers.stdout
    assert (await shell.run("assigned")).exit_code == 0
    lockers = await shell.run("lockers", TOWER)
    assert "available" in lockers.stdout


async def test_every_tower_is_found(shell: Shell) -> None:
    towers = await shell.json("towers")
    assert isinstance(towers, list)
    assert len(towers) == 5
    assert towers[0].keys() == {"id", "name", "address", "city", "timezone", "location_id"}


async def test_a_reservation_is_cancelled_by_hand(shell: Shell) -> None:
    locker = await shell.free()
    held = await shell.json("reserve", TOWER, locker)
    assert isinstance(held, dict)
    told = await shell.json("cancel", TOWER, locker, held["reservation_id"])
    assert isinstance(told, dict)
    assert told["cancelled"] is True
    assert await status(shell, locker) == "available"
    again = await shell.run("cancel", TOWER, locker, held["reservation_id"])
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)


async def status(shell: Shell, locker: int) -> str:
    lockers = await shell.json("lockers", TOWER)
    assert isinstance(lockers, list)
    return next(str(each["status"]) for each in lockers if each["id"] == locker)


async def location(shell: Shell) -> int:
    towers = await shell.json("towers")
    assert isinstance(towers, list)
    return next(int(each["location_id"]) for each in towers if each["id"] == TOWER)


async def test_a_link_takes_one_of_the_lockers_that_are_free(shell: Shell) -> None:
    where = await location(shell)
    before = await shell.json("availability", where)
    assert isinstance(before, list)
    size = next(each for each in before if each["free"])
    made = await shell.json("link", "drop-off", where, size["type_id"], "--show-secrets")
    assert isinstance(made, dict)
    assert made["link"].startswith("http")
    assert await status(shell, made["locker_id"]) == "rented"
    after = await shell.json("availability", where)
    assert isinstance(after, list)
    left = {each["type_id"]: each["free"] for each in after}
    assert left[size["type_id"]] == size["free"] - 1
    assert left[None] == sum(free for type_id, free in left.items() if type_id is not None)
    empty = await shell.run("link", "pick-up", made["locker_id"])  # nothing is in it yet
    assert (empty.exit_code, empty.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize("form", [[], ["--json"]])
async def test_a_link_and_a_token_for_phones_are_masked_unless_asked_for(
    shell: Shell, form: list[str]
) -> None:
    where = await location(shell)
    link, token = ("link", "drop-off", where, 1), ("sdk-token",)
    for words, shown in ((link, "http"), (token, "")):
        masked = await shell.run(*words, *form)
        assert masked.exit_code == 0, masked.stderr
        assert MASK in json.loads(masked.stdout).values() if form else MASK in masked.stdout
        assert "http" not in masked.stdout + masked.stderr
        opened = await shell.run(*words, "--show-secrets", *form)
        assert MASK not in opened.stdout
        assert shown in opened.stdout


async def test_a_token_for_phones_is_one_that_the_sdk_side_takes(shell: Shell) -> None:
    token = await shell.json("sdk-token", "--show-secrets")
    assert isinstance(token, dict)
    assert token["seconds"] == 300
    assert len(token["access_token"]) > 16


@pytest.mark.parametrize("form", [[], ["--json"]])
async def test_a_secret_is_masked_unless_asked_for(shell: Shell, form: list[str]) -> None:
    locker = await shell.free()
    masked = await shell.run("drop-off-token", TOWER, locker, *form)
    assert masked.exit_code == 0
    assert MASK in json.loads(masked.stdout).values() if form else MASK in masked.stdout
    assert "HARBOR://" not in masked.stdout + masked.stderr
    shown = await shell.run("drop-off-token", TOWER, locker, "--show-secrets", *form)
    assert MASK not in shown.stdout
    assert f"HARBOR://OPEN/{TOWER}/{locker}/" in shown.stdout


async def test_what_harbor_refuses_ends_with_exit_code_1(shell: Shell) -> None:
    locker = await shell.free()
    for words in (("release", TOWER, locker), ("lockers", "ffffffffffffffff")):
        refused = await shell.run(*words)
        assert refused.exit_code == 1
        assert refused.stdout == ""
        assert refused.stderr.startswith("lockerbot: ")
        assert refused.stderr.count("\n") == 1


async def test_a_harbor_that_is_away_ends_with_exit_code_1(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARBOR_CLIENT_SECRET", "wrong")
    wrong = await shell.run("assigned")
    assert wrong.exit_code == 1
    assert "sandbox environment does not accept" in wrong.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["lockers", "0100"],
        ["reserve", TOWER],
        ["reserve", TOWER, "fourteen"],
        ["reserve", TOWER, "14", "--seconds", "0"],
        ["open"],
        ["cancel", TOWER, "14"],
        ["availability", "market"],
        ["link", "drop-off", "1"],
    ],
)
async def test_bad_usage_ends_with_exit_code_2_and_one_line(shell: Shell, words: list[str]) -> None:
    bad = await shell.run(*words)
    assert (bad.exit_code, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)
    assert bad.stderr.startswith("lockerbot: ")
    assert bad.stderr.endswith(" --help\n")


async def test_bad_settings_end_with_exit_code_2_and_one_line(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARBOR_API_URL", "nowhere")
    bad = await shell.run("assigned")
    assert bad.exit_code == 2
    assert bad.stderr.startswith("lockerbot: HARBOR_API_URL: ")
    assert bad.stderr.count("\n") == 1
