"""Doors on the page as a real tower's are opened: by the door app, by a link, by the keypad."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, expect

from tests.support.browser import IN_A_BROWSER
from tests.support.page_scene import (
    BY_KEYPAD,
    Scene,
)

pytestmark = [*IN_A_BROWSER, pytest.mark.long]

OPEN_DOOR = re.compile(r"Open door \d+")


async def shut_after(scene: Scene, deed: str) -> None:
    """Do what is to be done at the open door, and close it."""
    await expect(scene.open_door()).to_have_count(1)
    await scene.press(scene.tower, deed, "Close the door")
    await expect(scene.open_door()).to_have_count(0)


async def start_locker_open(scene: Scene, name: str) -> Locator:
    """Tap the newest link in a phone's chat, and what the kind of phone shows first."""
    await scene.phone(name).get_by_role("button", name="Open the door").last.click()
    return await past_the_first_screen(scene, name)


async def past_the_first_screen(scene: Scene, name: str) -> Locator:
    """Open the App Clip, or install the app."""
    app = scene.app(name, "Locker Open")
    await app.get_by_role("button", name=re.compile("^(Open|Install)$")).click()
    return app


async def test_a_parcel_goes_in_and_comes_out_by_the_door_app(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off code")
    await expect(anna.get_by_text("Protected")).to_be_visible()
    await expect(scene.hint).to_contain_text("the door app takes it")
    await anna.locator(".words code").last.click()
    app = scene.app("Anna", "Door app")
    await scene.press(app, "Walk to the tower")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await expect(scene.tower.get_by_role("button", name="Put the parcel in")).to_be_focused()
    await expect(scene.tower.get_by_role("status").filter(has_text="is open")).to_have_count(1)
    await expect(scene.hint).to_contain_text("put the parcel in and close the door")
    await shut_after(scene, "Put the parcel in")
    await expect(app).to_be_hidden()
    await expect(scene.hint).to_have_attribute("data-step", "3")
    await scene.press(anna, "Pick-up code")
    pick_up = anna.locator("chat-message", has_text="Your pickup code")
    await scene.press(pick_up, "Open with the door app")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await expect(scene.hint).to_contain_text("take the parcel out and close the door")
    await shut_after(scene, "Take the parcel out")
    await expect(scene.hint).to_contain_text("That was a whole delivery")


async def test_the_door_app_keeps_a_code_that_cannot_open_yet(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Bluetooth", "Drop-off code", "Open with the door app")
    app = scene.app("Anna", "Door app")
    await expect(app).to_contain_text("not within three metres of Congress Avenue Market")
    await expect(app).to_contain_text("The code is kept")
    await expect(app.get_by_role("button", name=OPEN_DOOR)).to_have_count(0)
    await scene.press(app, "Walk to the tower")
    await expect(app).to_contain_text("Bluetooth is off")
    await scene.press(app, "Close Door app")
    await expect(app).to_be_hidden()
    await scene.press(anna, "Door app, 1 kept", "Turn Bluetooth on")
    await expect(app.get_by_role("button", name=OPEN_DOOR)).to_be_focused()
    await app.get_by_role("button", name=OPEN_DOOR).press("Enter")
    await expect(scene.open_door()).to_have_count(1)


async def test_the_door_app_takes_a_token_from_the_bots_app_link(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "App link", "Open in the app")
    await expect(anna.get_by_role("button", name="Open with the door app")).to_have_count(0)
    app = scene.app("Anna", "Door app")
    await expect(
        app.get_by_role("heading", name=re.compile(r"Door \d+ · Congress"))
    ).to_be_visible()
    await scene.press(app, "Walk to the tower")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await expect(scene.open_door()).to_have_count(1)


async def test_the_door_app_takes_a_code_that_was_copied(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "App link", "Copy the code", "Door app", "Paste the code")
    app = scene.app("Anna", "Door app")
    await expect(
        app.get_by_role("heading", name=re.compile(r"Door \d+ · Congress"))
    ).to_be_visible()


async def test_the_door_app_scans_the_code_on_another_phone(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off code")
    await expect(anna.get_by_text("Protected")).to_be_visible()
    ben = scene.phone("Ben")
    await scene.press(ben, "Door app", "Scan Anna’s phone", "Walk to the tower")
    await expect(scene.tower.get_by_text("Ben here")).to_be_visible()
    await ben.get_by_role("button", name=OPEN_DOOR).click()
    await expect(scene.open_door()).to_have_count(1)


async def test_the_door_app_says_why_a_door_stays_shut(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off code", "Open with the door app", "Walk to the tower")
    await scene.turn_clock("one day")
    app = scene.app("Anna", "Door app")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await expect(app.get_by_role("status")).to_contain_text("Ask the bot for a new one. (107)")
    await expect(scene.open_door()).to_have_count(0)
    await scene.press(app, "Forget this code")
    await expect(app).to_contain_text("No code yet")


async def test_a_parcel_goes_in_and_comes_out_by_links(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off link")
    await expect(scene.hint).to_contain_text("follow Locker Open")
    app = await start_locker_open(scene, "Anna")
    await expect(app).to_contain_text("To put a parcel in")
    await scene.press(app, "Walk to the tower")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await shut_after(scene, "Put the parcel in")
    await expect(app).to_be_hidden()
    await scene.press(anna, "Pick-up link")
    await expect(anna.get_by_text("Your pickup link")).to_be_visible()
    app = await start_locker_open(scene, "Anna")
    await expect(app).to_contain_text("To take a parcel out")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await shut_after(scene, "Take the parcel out")
    await expect(scene.hint).to_contain_text("That was a whole delivery")


async def test_android_installs_locker_open_once(scene: Scene) -> None:
    ben = await scene.start("Ben")
    await scene.press(ben, "Drop-off link", "Open the door")
    app = scene.app("Ben", "Locker Open")
    await expect(app).to_contain_text("Get the Locker Open app")
    await scene.press(app, "Install")
    await expect(app.get_by_role("button", name="Walk to the tower")).to_be_focused()
    await scene.press(app, "Close Locker Open")
    await expect(ben.get_by_role("button", name="Open the door")).to_be_focused()
    await scene.press(ben, "Open the door")
    await expect(app.get_by_role("button", name="Walk to the tower")).to_be_visible()


async def test_a_link_that_did_not_open_its_door_is_tried_again(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off link")
    app = await start_locker_open(scene, "Anna")
    await scene.press(app, "Walk to the tower")
    await app.get_by_role("checkbox", name="the next try fails").check()
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await expect(app).to_contain_text("The door did not open")
    await expect(scene.open_door()).to_have_count(0)
    await scene.press(app, "Try again")
    await expect(scene.open_door()).to_have_count(1)


async def test_a_parcel_that_does_not_fit_is_taken_back(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off link")
    app = await start_locker_open(scene, "Anna")
    await scene.press(app, "Walk to the tower")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await scene.press(scene.tower, "Put the parcel in")
    await scene.press(app, "It doesn’t fit")
    await expect(app).to_contain_text("The locker is given back")
    door = scene.open_door()
    await expect(door).to_have_attribute("data-parcel", "none")
    await expect(door).to_have_attribute("data-status", "available")


async def test_a_used_link_and_one_that_is_over_say_so(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off link")
    app = await start_locker_open(scene, "Anna")
    await scene.press(app, "Walk to the tower")
    await app.get_by_role("button", name=OPEN_DOOR).click()
    await shut_after(scene, "Put the parcel in")
    app = await start_locker_open(scene, "Anna")
    await expect(app).to_contain_text("This link has been used")
    await expect(app.get_by_role("button", name=OPEN_DOOR)).to_have_count(0)
    await scene.press(app, "Close Locker Open")
    await scene.press(anna, "Drop-off link")
    await expect(anna.get_by_role("button", name="Open the door")).to_have_count(2)
    await scene.turn_clock("one hour")
    app = await start_locker_open(scene, "Anna")
    await expect(app).to_contain_text("This link is over")


async def test_a_link_of_no_harbor_says_so(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.say(anna, "https://lockeropen.com/open?token=nonsense")
    await anna.get_by_role("button", name="Open with Locker Open").first.click()
    app = await past_the_first_screen(scene, "Anna")
    await expect(app).to_contain_text("Harbor does not know this link")


async def test_digits_open_a_door_at_the_tower_with_a_keypad(scene: Scene) -> None:
    await expect(scene.tower.get_by_role("group", name="Keypad")).to_be_hidden()
    anna = await scene.start("Anna")
    await scene.press(anna, "Digits")
    await expect(anna.get_by_text("Keypad code")).to_be_visible()
    await expect(scene.hint).to_contain_text("type the digits on the tower’s keypad")
    digits = await anna.locator(".words code").last.inner_text()
    await expect(scene.page.locator("locker-tower")).to_have_attribute("data-tower-id", BY_KEYPAD)
    keypad = scene.tower.get_by_role("group", name="Keypad")
    await keypad.get_by_role("button", name="0").click()
    await scene.press(keypad, "Enter")
    await expect(scene.tower).to_contain_text("No door opens to these digits (502)")
    await keypad.get_by_role("button", name="1").focus()
    await scene.page.keyboard.type(f"{digits}9")
    await scene.page.keyboard.press("Backspace")
    await expect(keypad.get_by_role("status")).to_have_text(f"{len(digits)} typed")
    await scene.press(keypad, "Enter")
    await expect(scene.open_door()).to_have_count(1)
    await expect(scene.tower.get_by_role("button", name="Put the parcel in")).to_be_focused()
