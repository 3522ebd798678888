"""The page in windows of many sizes and by keyboard alone: nothing is cut, no focus is lost."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from tests.support.browser import IN_A_BROWSER
from tests.support.page_scene import BY_KEYPAD, NARROW, Scene

pytestmark = [*IN_A_BROWSER, pytest.mark.long]

LAPTOP: ViewportSize = {"width": 1024, "height": 768}
TABLET: ViewportSize = {"width": 768, "height": 1024}
SMALLEST: ViewportSize = {"width": 320, "height": 568}

HALF_SEEN = """stage => {
  const box = stage.getBoundingClientRect();
  return [...stage.querySelectorAll(".pane")].filter((pane) => pane.offsetWidth).filter((pane) => {
    const { left, right } = pane.getBoundingClientRect();
    const seen = right > box.left + 1 && left < box.right - 1;
    return seen && (left < box.left - 1 || right > box.right + 1);
  }).map((pane) => pane.dataset.pane);
}"""
TOO_WIDE = """() => [...document.querySelectorAll(
  ".top, .turns, .tabs, .bar, .caption, .state, .who strong, tower-attendant, .tower-front")]
  .filter((one) => one.offsetWidth && one.scrollWidth > one.clientWidth)
  .map((one) => `${one.className || one.localName}: ${one.textContent}`)"""
OUTSIDE = """() => [...document.querySelectorAll(".top button, .tabs button")].filter((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  return width && (left < 0 || right > innerWidth);
}).map((one) => one.textContent)"""
COVERED = """() => {
  const doors = [...document.querySelectorAll("locker-door")];
  const bottom = Math.max(...doors.map((door) => door.getBoundingClientRect().bottom));
  return bottom - document.querySelector("tower-attendant").getBoundingClientRect().top;
}"""
TO_THE_LAST_DOOR = "front => { front.scrollTop = front.scrollHeight; }"
LAPPED = """async phone => {
  const box = (one) => phone.querySelector(one).getBoundingClientRect();
  return box(".who strong").right - box(".caption select").left;
}"""


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(LAPTOP, id="1024"),
        pytest.param(TABLET, id="768"),
        pytest.param({"width": 1200, "height": 800}, id="1200"),
        pytest.param({"width": 390, "height": 844}, id="390"),
        pytest.param(SMALLEST, id="320"),
    ],
)
async def test_a_window_shows_whole_panes_and_cuts_no_words(
    scene: Scene, size: ViewportSize
) -> None:
    await scene.page.set_viewport_size(size)
    assert await scene.page.locator("#stage").evaluate(HALF_SEEN) == []
    assert await scene.page.evaluate(OUTSIDE) == []
    assert await scene.page.evaluate(TOO_WIDE) == []
    await scene.page.locator(".tower-front").evaluate(TO_THE_LAST_DOOR)
    assert await scene.page.evaluate(COVERED) <= 0


async def test_on_a_laptop_both_phones_and_all_doors_are_seen_at_once(scene: Scene) -> None:
    await scene.page.set_viewport_size(LAPTOP)
    await expect(scene.phone("Ben")).to_be_in_viewport(ratio=1)
    await expect(scene.page.locator("locker-door").last).to_be_in_viewport(ratio=1)
    assert await scene.page.evaluate(COVERED) <= 0


async def test_the_name_of_the_bot_does_not_lie_under_the_language(scene: Scene) -> None:
    await scene.page.set_viewport_size(SMALLEST)
    assert await scene.phone("Anna").evaluate(LAPPED) <= 0


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(SMALLEST, id="320"),
        pytest.param(NARROW, id="360"),
        pytest.param(LAPTOP, id="1024"),
    ],
)
async def test_a_code_that_comes_is_seen_whole(scene: Scene, size: ViewportSize) -> None:
    await scene.page.set_viewport_size(size)
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off code")
    picture = anna.get_by_role("button", name="Enlarge the picture")
    await expect(picture).to_be_in_viewport(ratio=0.99)
    shown = await picture.bounding_box()
    log = await anna.get_by_role("log").bounding_box()
    assert shown is not None
    assert log is not None
    assert shown["y"] >= log["y"]
    assert shown["y"] + shown["height"] <= log["y"] + log["height"]


async def test_a_toast_covers_no_message_and_goes_when_one_comes(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Count: 0")
    toast = anna.get_by_role("status").filter(has_text="Counted to 1").locator(".toast")
    shown = await toast.bounding_box()
    log = await anna.get_by_role("log").bounding_box()
    assert shown is not None
    assert log is not None
    assert shown["y"] + shown["height"] <= log["y"]
    await scene.page.clock.install()
    await scene.press(anna, "Count: 1", "Drop-off link")
    await expect(anna.get_by_role("button", name="Open the door")).to_be_visible()
    await scene.page.clock.run_for(1300)
    await expect(anna.get_by_text("Counted to 2")).to_have_count(0)


async def enter(scene: Scene, button: Locator) -> None:
    await button.focus()
    await scene.page.keyboard.press("Enter")


async def test_the_focus_goes_from_start_to_the_first_button(scene: Scene) -> None:
    anna = scene.phone("Anna")
    await enter(scene, anna.get_by_role("button", name="Start"))
    await expect(anna.get_by_role("button", name="Count: 0")).to_be_focused()


async def test_a_button_that_is_still_there_keeps_the_focus_and_another_does_not_get_it(
    scene: Scene,
) -> None:
    anna = await scene.start("Anna")
    await enter(scene, anna.get_by_role("button", name="Drop-off link"))
    await expect(anna.get_by_role("button", name="Open the door")).to_be_visible()
    await expect(anna.get_by_role("button", name="Drop-off link")).to_be_focused()
    await enter(scene, anna.get_by_role("button", name="Steps"))
    await expect(anna.get_by_role("button", name="First")).to_be_focused()
    await expect(anna.get_by_role("button", name="Elsewhere")).to_be_visible()


async def test_each_move_of_a_door_is_said_and_the_focus_stays_at_it(scene: Scene) -> None:
    await scene.tower.get_by_role("combobox", name="Tower").select_option(BY_KEYPAD)
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off link", "Open the door")
    app = scene.app("Anna", "Locker Open")
    for step in ("Open", "Walk to the tower"):
        await app.get_by_role("button", name=step, exact=True).press("Enter")
    await app.get_by_role("button", name="Open door").press("Enter")
    name = await scene.open_door().get_attribute("data-name")
    said = scene.tower.locator("tower-attendant").get_by_role("status")
    await expect(said).to_have_text(f"Door {name} is open")
    await expect(scene.tower.get_by_role("button", name="Put the parcel in")).to_be_focused()
    await scene.page.keyboard.press("Enter")
    await expect(said).to_have_text(f"The parcel is in locker {name}")
    await expect(scene.tower.get_by_role("button", name="Close the door")).to_be_focused()
    await scene.page.keyboard.press("Enter")
    await expect(said).to_have_text(f"Door {name} is closed")
    door = scene.page.locator(f"locker-door[data-name='{name}']").get_by_role("button")
    await expect(door).to_be_focused()
