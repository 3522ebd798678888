"""`lockerbot sandbox` shows each opener at a tower of its own, with the bot as it plays there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bot.domain.actions import Action
from bot.domain.ids import PersonId
from cli.sandbox import TOKEN, TOWERS, _bot_on, _marks, _settings
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings, known_names
from sandbox.clock import Clock
from sandbox.harbor.seeds import towers
from sandbox.stage import create_stage
from tests.support.phones import Phone, buttons
from tests.support.plain_http import plain_http

MARKET, HARDWARE, GARAGE = "Congress Avenue Market", "Hyde Park Hardware", "Barton Springs Garage"


@dataclass
class Page:
    """What a phone needs of the world: the wire. What the bot does is waited for by looking."""

    http: httpx.AsyncClient
    harbor: Any

    async def quiet(self) -> None:
        """Nobody here knows what the bot is doing."""


@pytest.fixture
async def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> AsyncIterator[Page]:
    monkeypatch.chdir(tmp_path)
    for name in (*known_names(), *(field.upper() for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    clock = Clock()
    marks = _marks(_settings())
    stage = create_stage(clock=clock, token=TOKEN, limits=False, schema=False, openers=marks)
    async with (
        serving_sandbox(stage) as url,
        plain_http(base_url=url, timeout=30) as http,
        _bot_on(stage, url, clock),
    ):
        yield Page(http, stage.state.stage.harbor.state.harbor)


async def at(page: Page, place: str) -> Phone:
    """Somebody who has answered all but the last question about a parcel to that place."""
    world: Any = page
    made = await page.http.post("/telegram/sandbox/people", json={"first_name": "Anna"})
    anna = Phone(world, PersonId(made.json()["id"]), "Anna")
    await anna.open()
    await anna.press("Send a parcel", place, "Small", "Myself")
    return anna


def test_every_tower_of_the_sandbox_has_a_setting() -> None:
    assert [tower.id for tower in TOWERS] == [tower.id for tower in towers(1)]


async def test_the_page_is_told_how_each_tower_is_opened(page: Page) -> None:
    told = (await page.http.get("/sandbox/openers")).json()
    assert [told[f"010000000000010{number}"] for number in (1, 2, 3)] == ["link", "keypad", "token"]
    assert set(told) == {tower.id for tower in TOWERS}


async def test_at_the_first_tower_a_link_opens_the_door(page: Page) -> None:
    anna = await at(page, MARKET)
    await anna.press("I'm at the tower")
    link = await anna.link()
    opened = await page.http.post("/harbor/sandbox/links/open", json={"link": link})
    assert opened.json()["opened"]


async def test_at_the_second_digits_of_a_signed_push_stand_beside_the_link(page: Page) -> None:
    await page.http.put("/harbor/sandbox/links", json={"digits": "webhook"})
    anna = await at(page, HARDWARE)
    await anna.press("I'm at the tower")
    await anna.link()
    (asked,) = page.harbor.server.requests.values()
    await anna.sees(asked.keypad_code)
    path = "/harbor/sandbox/towers/0100000000000102/keypad"
    assert (await page.http.post(path, json={"digits": asked.keypad_code})).is_success


async def test_at_the_third_a_token_does_for_the_app_of_the_sandbox(page: Page) -> None:
    anna = await at(page, GARAGE)
    await anna.press("Reserve a locker")
    await anna.tap(Action.DROP_OFF_CODE)
    code = await anna.code()
    assert code.startswith("HARBOR://OPEN/0100000000000103/")
    payload = code.split("/")[-2]
    shown = buttons(await anna.sees(code))
    (handed,) = [button["url"] for button in shown if "app.example" in button.get("url", "")]
    assert payload in handed.partition("#")[2]
