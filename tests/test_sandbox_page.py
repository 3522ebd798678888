"""The page in a browser, doing what a person would, with a small bot on the other end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import ViewportSize, expect

from cli.sandbox_server import serving_sandbox
from sandbox.stage import create_stage
from sandbox.telegram.text.entities import formatted
from tests.support.browser import IN_A_BROWSER
from tests.support.page_scene import (
    DESKTOP,
    NARROW,
    Opened,
    Scene,
    serious,
    until,
)
from tests.support.plain_http import plain_http
from tests.support.sandbox_telegram import jpeg

pytestmark = IN_A_BROWSER

TOO_WIDE = "box => box.scrollWidth - box.clientWidth"
TOO_TALL = "box => box.scrollHeight - box.clientHeight"
STICKS_OUT = "document.documentElement.scrollWidth - innerWidth"
FOREIGN = '<b class="x"><a href="javascript:x">a</a><img src="x"><script>b</script></b>'
SHOWN = """async (seconds) => {
  const { shown } = await import("/js/moments.js");
  return seconds.map((each) => shown(new Date(each * 1000), "r", new Date(0), "en"));
}"""
FOREIGN_TIMES = (
    '<time datetime="2026-03-02T17:05:00Z" data-format="r" onclick="x">a</time>'
    '<time datetime="soon" data-format="r">b</time>'
)
SANITIZE = """async (html) => {
  const { sanitized } = await import("/js/sanitize.js");
  const box = document.createElement("div");
  box.append(sanitized(html));
  return box.innerHTML;
}"""


async def test_two_people_and_a_tower_are_there_from_the_beginning(scene: Scene) -> None:
    await expect(scene.phone("Anna")).to_be_visible()
    await expect(scene.phone("Ben")).to_be_visible()
    door = scene.page.locator("locker-door").first
    await expect(door.get_by_role("button")).to_have_accessible_name(
        re.compile(r"Door \d+: (small|medium|large|x-large).*, closed")
    )
    await expect(scene.page.locator("locker-door[data-status=out-of-service]")).to_contain_text(
        "out of service"
    )


async def test_the_empty_chat_shows_what_the_bot_says_of_itself_and_its_picture(
    scene: Scene,
) -> None:
    anna = scene.phone("Anna")
    await expect(anna.locator(".welcome")).to_contain_text("Press Start to meet the bot")
    telegram = scene.stage.telegram.state.telegram
    bot = f"{scene.page.url}telegram/bot{telegram.token}"
    async with plain_http() as http:
        said = {"description": "Parcels through lockers.\nRun by Acme."}
        assert (await http.post(f"{bot}/setMyDescription", json=said)).is_success
        photo = {"photo": '{"type": "static", "photo": "attach://p"}'}
        picture = {"p": ("p.jpg", jpeg(200, 200))}
        answer = await http.post(f"{bot}/setMyProfilePhoto", data=photo, files=picture)
        assert answer.is_success, answer.text
        try:
            await expect(anna.locator(".welcome")).to_contain_text("Run by Acme.")
            for where in (".welcome", ".bar"):
                image = anna.locator(f"{where} .avatar img")
                await expect(image).to_have_js_property("naturalWidth", 200)
            await scene.start("Anna")
            await expect(anna.locator(".welcome")).to_be_hidden()
        finally:  # what a bot says of itself outlives a reset
            telegram.profile.pictures.clear()
            await http.post(f"{bot}/setMyDescription", json={"description": ""})


async def test_a_card_is_edited_in_place_and_keeps_the_focus(scene: Scene) -> None:
    anna = await scene.start("Anna")
    count = anna.get_by_role("button", name="Count: 0")
    await count.focus()
    await scene.page.keyboard.press("Enter")
    await expect(anna.get_by_text("Count is 1")).to_be_visible()
    await expect(anna.get_by_role("status").filter(has_text="Counted to 1")).to_be_visible()
    await expect(anna.get_by_role("button", name="Count: 1")).to_be_focused()
    await expect(anna.locator("chat-message:not(.outgoing)")).to_have_count(1)


@pytest.mark.long
async def test_an_alert_waits_until_it_is_read(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Alert")
    alert = anna.get_by_role("alertdialog")
    await expect(alert).to_contain_text("Mind the door")
    await scene.page.keyboard.press("Enter")
    await expect(alert).to_have_count(0)


@pytest.mark.long
async def test_a_picture_is_enlarged_and_closed_with_escape(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off code", "Enlarge the picture")
    dialog = scene.page.get_by_role("dialog", name="Code")
    await expect(dialog.get_by_role("img")).to_be_visible()
    await scene.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(anna.get_by_role("button", name="Enlarge the picture")).to_be_focused()


@pytest.mark.long
async def test_a_deep_link_opens_in_the_other_phone_with_one_click(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await anna.get_by_role("button", name="Open in Ben’s phone").first.click()
    ben = scene.phone("Ben")
    await expect(ben.get_by_text("You came with c_hello")).to_be_visible()
    await ben.get_by_role("link", name="claim it").click()
    await expect(ben.get_by_text("You came with c_inside")).to_be_visible()


@pytest.mark.long
async def test_text_is_sent_and_edited(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.say(anna, "a shoe box")
    await expect(anna.get_by_text("You said: a shoe box")).to_be_visible()
    await scene.press(anna, "Edit")
    await scene.say(anna, "two shoe boxes")
    await expect(anna.get_by_text("Edited to: two shoe boxes")).to_be_visible()


@pytest.mark.long
async def test_the_commands_menu_is_walked_by_keyboard(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Commands")
    await expect(anna.get_by_role("menuitem", name="/start")).to_be_focused()
    await scene.page.keyboard.press("ArrowDown")
    await scene.page.keyboard.press("Enter")
    await expect(anna.get_by_text("Who and where?")).to_be_visible()


@pytest.mark.long
async def test_a_reply_keyboard_shares_contact_place_and_person(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.say(anna, "/ask")
    await scene.press(anna, "My contact")
    await expect(anna.get_by_text("Contact of Anna")).to_be_visible()
    await scene.press(anna, "Somebody")
    await scene.press(scene.page.get_by_role("dialog", name="Choose a person"), "Ben")
    await expect(anna.get_by_text("Picked 1002")).to_be_visible()
    await scene.press(anna, "My place")
    sheet = scene.page.get_by_role("dialog", name="Where is Anna?")
    await sheet.get_by_role("application").press("ArrowLeft")
    await scene.press(sheet, "Share this location")
    await expect(anna.get_by_text("You are here")).to_be_visible()


@pytest.mark.long
async def test_a_third_person_joins_and_changes_language(scene: Scene) -> None:
    await scene.page.get_by_role("button", name="Add a person").click()
    sheet = scene.page.get_by_role("dialog", name="Add a person")
    await sheet.get_by_role("textbox").fill("Dora")
    await sheet.get_by_role("textbox").press("Enter")
    dora = scene.phone("Dora")
    await dora.get_by_role("combobox", name="Language").select_option("de")
    people = scene.stage.telegram.state.telegram.people
    await expect(dora).to_be_visible()
    await until(
        lambda: [p.language_code for p in people.values()] == ["en", "en", "de"], scene.page
    )


@pytest.mark.long
async def test_faults_are_switched_by_name_and_gone_after_starting_again(scene: Scene) -> None:
    page = scene.page
    await page.get_by_role("button", name="Faults").click()
    drawer = page.get_by_role("complementary", name="Faults")
    switch = drawer.get_by_role("switch", name=re.compile("late sync", re.I))
    await switch.check()
    harbor = scene.stage.harbor.state.harbor
    await until(lambda: harbor.automatic_sync is False, scene.page)
    fault = drawer.locator("fault-panel section div").first.get_by_role("switch").first
    await fault.check()
    await until(lambda: len(harbor.faults.on) == 1, scene.page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Faults")).to_be_focused()
    await page.get_by_role("button", name="Start again").click()
    await page.get_by_role("dialog").get_by_role("button", name="Start again").click()
    await until(lambda: harbor.automatic_sync and not harbor.faults.on, scene.page)
    await expect(scene.phone("Anna").get_by_role("button", name="Start")).to_be_visible()


@pytest.mark.long
async def test_the_wires_show_both_sides_and_blank_the_token(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.press(anna, "Drop-off code")
    await scene.page.get_by_role("button", name="Wires").click()
    wires = scene.page.get_by_role("complementary", name="Wires")
    sent = wires.locator("details", has_text="sendMessage").first
    await sent.locator("summary").press("Enter")  # a click may meet the line that slides beneath it
    await expect(sent.locator("pre").first).to_contain_text("Hello!")
    asked = wires.locator("details", has_text="dropoff-locker-tokens").first
    await asked.locator("summary").press("Enter")
    await expect(asked.locator("pre").last).to_contain_text('"payload": "•••"')
    assert "42:sandbox" not in await wires.inner_text()


@pytest.mark.long
async def test_a_ring_marks_the_phone_out_of_view(scene: Scene) -> None:
    await scene.page.set_viewport_size(NARROW)
    tabs = scene.page.get_by_role("navigation", name="Phones and tower")
    await scene.start("Anna")
    await tabs.get_by_role("button", name="Tower").click()
    await expect(tabs.get_by_role("button", name="Tower")).to_have_attribute("aria-current", "true")
    scene.stage.telegram.state.phones.text(1001, "ring me")
    await expect(tabs.get_by_role("button", name="Anna")).to_have_class(re.compile("unread"))


@pytest.mark.long
async def test_the_page_finds_back_after_the_server_has_restarted(opened: Opened) -> None:
    page = await opened.page.context.new_page()
    lost = page.get_by_text("Reconnecting")
    async with serving_sandbox(create_stage()) as base:
        await page.goto(base)
        await expect(page.locator("locker-door")).to_have_count(24)
        await expect(lost).to_be_hidden()
    await expect(lost).to_be_visible()
    again = create_stage()
    async with serving_sandbox(again, port=int(base.rpartition(":")[2])):
        await expect(lost).to_be_hidden()
        await until(lambda: len(again.state.stage.telegram.state.telegram.people) == 2, page)
    await page.close()


@pytest.mark.parametrize(
    ("theme", "size", "drawer"),
    [
        pytest.param("light", DESKTOP, "Wires", id="light"),
        pytest.param("dark", DESKTOP, "Faults", id="dark", marks=pytest.mark.long),
        pytest.param("light", NARROW, None, id="narrow", marks=pytest.mark.long),
    ],
)
async def test_axe_finds_nothing_serious(
    scene: Scene, theme: Any, size: ViewportSize, drawer: str | None
) -> None:
    await scene.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await scene.page.set_viewport_size(size)
    anna = await scene.start("Anna")
    await scene.press(
        anna, "Drop-off code", "Open with the door app", "Walk to the tower", "Open door"
    )
    await expect(scene.open_door()).to_have_count(1)
    if drawer:
        await scene.press(scene.page, "Open a browser", drawer)
    assert await serious(scene.page) == []


async def test_nothing_sticks_out_at_any_width(scene: Scene) -> None:
    anna = await scene.start("Anna")
    for count in range(3):
        await scene.press(anna, "Drop-off code")
        await expect(anna.get_by_text("Protected")).to_have_count(count + 1)
    await scene.press(anna, "Drop-off link")
    await anna.get_by_role("button", name="Open the door").click()
    await scene.press(scene.page, "Open a browser")
    for width in (360, 768, 1280, 2560):
        await scene.page.set_viewport_size({"width": width, "height": 900})
        assert await scene.page.evaluate(STICKS_OUT) <= 0, width
        assert await anna.locator(".log").evaluate(TOO_WIDE) <= 0, width
        assert await anna.locator("phone-chat").evaluate(TOO_TALL) <= 0, width


@pytest.mark.long
async def test_the_hint_is_dismissed_for_good(scene: Scene) -> None:
    await expect(scene.hint).to_have_attribute("data-step", "1")
    await scene.press(scene.page, "Dismiss the hint")
    await scene.page.reload()
    await expect(scene.page.locator("locker-door")).to_have_count(24)
    await expect(scene.hint).to_be_hidden()


async def test_words_from_the_wire_stay_words(scene: Scene) -> None:
    anna = await scene.start("Anna")
    await scene.say(anna, "<img src=x onerror=alert(1)><script>alert(2)</script>")
    said = anna.locator("chat-message.outgoing .words").last
    await expect(said).to_contain_text("<img src=x onerror=alert(1)>")
    kept = await scene.page.evaluate(SANITIZE, FOREIGN)
    assert kept == '<b><a target="_blank" rel="noopener noreferrer">a</a></b>'
    kept = await scene.page.evaluate(SANITIZE, FOREIGN_TIMES)
    moment = '<time datetime="2026-03-02T17:05:00Z" data-format="r" aria-live="off">a</time>'
    assert kept == f"{moment}<time>b</time>"


async def test_a_moment_ticks_in_the_phones_language_and_its_own_text_is_kept(scene: Scene) -> None:
    anna = await scene.start("Anna")
    ends = scene.stage.clock.now() + timedelta(minutes=40, seconds=30)
    entity = f'<tg-time unix="{int(ends.timestamp())}" format="r">at 22:00</tg-time>'
    state = scene.stage.telegram.state.telegram
    text, entities = formatted(f"closes {entity}", "HTML", None)
    state.post(state.chats[1001], state.bot, {"text": text, "entities": entities})
    moment = anna.locator("time[data-format]").last
    await expect(moment).to_have_text("in 40 minutes")
    assert await moment.get_attribute("title") == "at 22:00"
    await anna.get_by_role("combobox", name="Language").select_option("de")
    await expect(moment).to_have_text("in 40 Minuten")
    await scene.turn_clock("one hour")
    await expect(moment).to_have_text("vor 19 Minuten")
    told = await scene.page.evaluate(SHOWN, [259_170, 3_599, 172_750, -259_170])
    assert told == ["in 3 days", "in 59 minutes", "in 2 days", "2 days ago"]
