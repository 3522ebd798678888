"""Phones and towers on the page as things: kind and place, marks and names, and what axe says."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from cli.sandbox_server import serving_sandbox
from sandbox.stage import create_stage
from tests.support.browser import IN_A_BROWSER
from tests.support.page_scene import (
    BY_KEYPAD,
    BY_LINK,
    BY_TOKEN,
    NARROW,
    Opened,
    Scene,
    serious,
)

pytestmark = [*IN_A_BROWSER, pytest.mark.long]

TOKEN_OF = """async (address) => {
  const { tokenOfAppLink } = await import("/js/tokens.js");
  return tokenOfAppLink(address);
}"""


@pytest.mark.parametrize(
    "address",
    [
        f"https://a.example/open#t={BY_LINK}&l=114&p={'0A' * 30}&a={'0B' * 16}",
        f"https://a.example:8443/{BY_LINK}/114#{'0A' * 30}.{'0B' * 16}",
        f"https://a.example/?tower_id={BY_LINK}&locker_id=114#p={'0A' * 30}&a={'0B' * 16}",
    ],
    ids=["fragment", "path", "query"],
)
async def test_an_app_link_may_be_written_in_several_ways(scene: Scene, address: str) -> None:
    token = await scene.page.evaluate(TOKEN_OF, address)
    assert token == {
        "tower": BY_LINK,
        "locker": 114,
        "payload": "0A" * 30,
        "payloadAuth": "0B" * 16,
    }


@pytest.mark.parametrize(
    "address",
    ["https://a.example/#top", f"https://a.example/?p={'0A' * 30}&a={'0B' * 16}", "no address"],
)
async def test_another_address_is_no_app_link(scene: Scene, address: str) -> None:
    assert await scene.page.evaluate(TOKEN_OF, address) is None


@pytest.mark.parametrize(
    ("tower", "mark"),
    [
        (BY_LINK, "Opens by link"),
        (BY_KEYPAD, "By link or keypad"),
        (BY_TOKEN, "By the door app"),
    ],
)
async def test_each_tower_is_marked_with_how_it_opens(scene: Scene, tower: str, mark: str) -> None:
    await scene.tower.get_by_role("combobox", name="Tower").select_option(tower)
    await expect(scene.tower.locator(".cap")).to_contain_text(mark)
    await scene.press(scene.tower, "Map of the towers")
    sign = scene.page.get_by_role("dialog").get_by_role("button", name=mark)
    await expect(sign).to_have_count(1)


async def test_two_towers_at_one_place_have_names_of_their_own(opened: Opened) -> None:
    page = await opened.page.context.new_page()
    async with serving_sandbox(create_stage(twin=True)) as base:
        await page.goto(base)
        chooser = page.get_by_role("combobox", name="Tower")
        await expect(chooser.get_by_role("option", name="Congress Avenue Market")).to_have_text(
            ["Congress Avenue Market · Austin 1", "Congress Avenue Market · Austin 6"]
        )
        await page.get_by_role("button", name="Map of the towers").click()
        await page.get_by_role("dialog").get_by_role("button", name="Austin 6").click()
        await expect(page.locator(".cap")).to_contain_text("Austin 6")
        await page.close()


async def test_the_kind_of_a_phone_is_remembered_and_its_place_is_not(scene: Scene) -> None:
    anna = scene.phone("Anna")
    kind = anna.get_by_role("combobox", name="Kind of phone")
    place = anna.get_by_role("combobox", name="Where this phone is")
    await expect(kind).to_have_value("iphone")
    await kind.select_option("android")
    await place.select_option(BY_TOKEN)
    await expect(scene.tower.get_by_text("Anna here")).to_be_visible()
    await expect(scene.page.locator("locker-tower")).to_have_attribute("data-tower-id", BY_TOKEN)
    await scene.page.reload()
    await expect(kind).to_have_value("android")
    await expect(place).to_have_value("")


@pytest.mark.parametrize("app", ["Door app", "Locker Open"])
async def test_axe_finds_nothing_serious_in_an_app_on_a_narrow_screen(
    scene: Scene, app: str
) -> None:
    await scene.page.set_viewport_size(NARROW)
    anna = await scene.start("Anna")
    if app == "Door app":
        await scene.press(anna, "Drop-off code", "Open with the door app")
    else:
        await scene.press(anna, "Drop-off link", "Open the door")
    await expect(scene.app("Anna", app)).to_be_in_viewport()
    assert await serious(scene.page) == []


async def test_axe_finds_nothing_serious_at_a_tower_with_a_keypad(scene: Scene) -> None:
    await scene.tower.get_by_role("combobox", name="Tower").select_option(BY_KEYPAD)
    await expect(scene.tower.get_by_role("group", name="Keypad")).to_be_visible()
    assert await serious(scene.page) == []
