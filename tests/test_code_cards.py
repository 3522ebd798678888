"""The protected message that opens a door, by its opener: what it says, holds and offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.codes import CodeKind
from bot.domain.lifecycle import State
from bot.domain.message import Button, Meaning, Message
from bot.domain.openers import Opener
from tests.support.project import code_card
from tests.support.scenes import (
    ANNA,
    BEN,
    LINK,
    NOW,
    POLICY,
    SECRET,
    a_code,
    a_delivery,
    a_scene,
)
from tests.support.seen import accepted, buttons, labels, seen
from wording.cards.opening import spelled
from wording.cards.scene import Scene
from wording.language import LANGUAGES, speak


def code_scene(kind: CodeKind, form: Opener = Opener.TOKEN, **changes: Any) -> Scene:
    state = State.RENTED if kind is CodeKind.DROP_OFF else State.STORED
    holder = ANNA if kind is CodeKind.DROP_OFF else replace(BEN, language="en")
    code = a_code(kind, holder.id, form)
    opened_by = {"drop_off_opener": form, "pick_up_opener": form, "code_until": code.expires_at}
    about = opened_by | changes.pop("about", {})
    return a_scene(a_delivery(state, **about), holder, **({"code": code} | changes))


def the_code(scene: Scene) -> Message:
    view = code_card(scene)
    assert view is not None
    accepted(view)
    return view


@pytest.mark.parametrize("form", Opener)
@pytest.mark.parametrize("kind", CodeKind)
def test_a_code_stands_in_a_protected_message_with_its_door(kind: CodeKind, form: Opener) -> None:
    view = the_code(code_scene(kind, form))
    assert view.protected
    assert "Locker 14" in seen(view)
    assert "It did not open" in labels(view)
    assert ("It doesn't fit" in labels(view)) == (kind is CodeKind.DROP_OFF)


@pytest.mark.parametrize("kind", CodeKind)
def test_a_token_says_until_when_it_is_good_and_can_be_replaced(kind: CodeKind) -> None:
    view = the_code(code_scene(kind))
    assert "Valid until 13:16 (1 Oct)" in seen(view)
    assert "New code" in labels(view)


def test_a_token_is_both_symbol_and_text() -> None:
    view = the_code(code_scene(CodeKind.PICK_UP))
    assert view.qr == SECRET
    assert f"<code>{SECRET}</code>" in view.html
    copied = {button.text: button.copy for button in buttons(view)}
    assert copied["Copy the code"] == SECRET


APP = replace(
    POLICY, app_name="Acme & Co", app_link="https://acme.example/#{payload}/{payload_auth}"
)


def test_a_token_is_for_the_app_that_opens_harbor_lockers_by_its_name_where_it_has_one() -> None:
    nameless = seen(the_code(code_scene(CodeKind.DROP_OFF)))
    assert "For the app with which you open Harbor lockers" in nameless
    named = seen(the_code(code_scene(CodeKind.DROP_OFF, policy=APP)))
    assert "For Acme & Co, the app that opens the lockers" in named


def test_a_token_is_handed_over_to_the_app_by_a_button_where_that_has_a_link() -> None:
    view = the_code(code_scene(CodeKind.PICK_UP, policy=APP))
    handed = Button(
        "Open in Acme & Co", url="https://acme.example/#C0FFEE/FACADE", meaning=Meaning.OPEN
    )
    assert buttons(view)[0] == handed
    assert "Tap “Open in Acme & Co”" in seen(view)
    too_long = replace(APP, app_link=f"{APP.app_link}{'x' * 2000}")
    for policy in (POLICY, too_long):
        view = the_code(code_scene(CodeKind.PICK_UP, policy=policy))
        assert all(button.url is None for button in buttons(view))
        assert "Scan or paste this code" in seen(view)


@pytest.mark.parametrize("kind", CodeKind)
def test_a_link_is_a_button_with_its_door_a_symbol_and_can_be_copied(kind: CodeKind) -> None:
    view = the_code(code_scene(kind, Opener.LINK))
    assert view.qr == LINK
    assert buttons(view)[0] == Button("Open door 14", url=LINK, meaning=Meaning.OPEN)
    assert Button("Copy the opening link", copy=LINK) in buttons(view)
    for told in (
        "three metres",
        "Bluetooth on",
        "App Clip",
        "Locker Open app",
        "Open the same link again",
        "Safari or Chrome",
    ):
        assert told in seen(view)
    assert "code" not in seen(view)
    assert LINK not in seen(view)


def test_a_link_that_telegram_takes_for_no_button_is_text() -> None:
    old = replace(a_code(CodeKind.PICK_UP, BEN.id, Opener.LINK), text="locker-open://pickup?t=x")
    view = the_code(code_scene(CodeKind.PICK_UP, Opener.LINK, code=old))
    assert all(button.url is None for button in buttons(view))
    assert "locker-open://pickup?t=x" in seen(view)


def test_a_link_too_long_to_be_copied_by_a_button_is_text_too() -> None:
    long = replace(a_code(CodeKind.PICK_UP, BEN.id, Opener.LINK), text=f"{LINK}?t={'x' * 300}")
    view = the_code(code_scene(CodeKind.PICK_UP, Opener.LINK, code=long))
    assert buttons(view)[0].url == long.text
    assert "Copy the opening link" not in labels(view)
    assert long.text in seen(view)


def test_a_drop_off_link_says_until_when_the_locker_is_held_and_what_happens_then() -> None:
    told = seen(the_code(code_scene(CodeKind.DROP_OFF, Opener.LINK)))
    assert "Harbor holds the locker until 13:16 (1 Oct). After that you need a new link" in told
    assert "perhaps for another locker" in told


def test_no_end_is_told_of_a_pick_up_link() -> None:
    assert "until" not in seen(the_code(code_scene(CodeKind.PICK_UP, Opener.LINK)))


@pytest.mark.parametrize("kind", CodeKind)
def test_a_new_link_is_offered_only_once_the_door_has_been_reported(kind: CodeKind) -> None:
    assert "New link" not in labels(the_code(code_scene(kind, Opener.LINK)))
    reported = code_scene(kind, Opener.LINK, about={"door_reports": 1})
    assert "New link" in labels(the_code(reported))


@pytest.mark.parametrize("form", Opener)
def test_the_next_parcel_is_offered_while_others_are_prepared(form: Opener) -> None:
    assert not any("Next" in x for x in labels(the_code(code_scene(CodeKind.DROP_OFF, form))))
    more = the_code(code_scene(CodeKind.DROP_OFF, form, more_prepared=True))
    assert "Next parcel" in labels(more)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", Opener)
@pytest.mark.parametrize("kind", CodeKind)
def test_the_code_message_fits_in_every_language_with_all_that_it_can_hold(
    kind: CodeKind, form: Opener, language: str
) -> None:
    scene = code_scene(
        kind, form, words=speak(language), more_prepared=True, policy=APP, zones=True
    )
    held = scene.situation.code
    assert held is not None
    full = replace(scene.situation, code=replace(held, digits="471108"))
    view = the_code(replace(scene, situation=full))
    assert "<code>471108</code>" in view.html


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (CodeKind.PICK_UP, "Or on the tower's keypad, without a phone: 4711"),
        (CodeKind.DROP_OFF, "keypad, if they open it for the drop-off: 4711"),
    ],
)
def test_keypad_digits_stand_beside_the_link_in_figures_and_in_words(
    kind: CodeKind, said: str
) -> None:
    holder = ANNA if kind is CodeKind.DROP_OFF else BEN
    code = replace(a_code(kind, holder.id, Opener.LINK), digits="4711")
    view = the_code(code_scene(kind, Opener.LINK, code=code))
    assert seen(view).endswith(f"{said}\nfour · seven · one · one")
    assert buttons(view)[0].url == LINK
    assert spelled(speak("en"), "0123456789").count("·") == 9


@pytest.mark.parametrize("form", Opener)
@pytest.mark.parametrize("kind", CodeKind)
def test_nothing_secret_stands_where_a_notification_shows_it(kind: CodeKind, form: Opener) -> None:
    code = replace(
        a_code(kind, (ANNA if kind is CodeKind.DROP_OFF else BEN).id, form), digits="4711"
    )
    preview = seen(the_code(code_scene(kind, form, code=code)))[:200]
    assert "4711" not in preview
    assert code.text not in preview


def test_a_code_too_long_for_a_caption_leaves_the_rest_out_first() -> None:
    for length in (500, 900, 3391):
        code = replace(a_code(CodeKind.PICK_UP, BEN.id), text="F" * length)
        view = code_card(code_scene(CodeKind.PICK_UP, code=code))
        assert view is not None
        accepted(view)
        assert view.qr == code.text


@pytest.mark.parametrize("link", [None, "https://app.example/#{payload}"])
def test_a_code_too_long_for_a_symbol_is_text_alone_and_beyond_that_said_to_be(
    link: str | None,
) -> None:
    policy = replace(POLICY, app_link=link)
    for length, shown in ((3392, True), (3500, True), (4_800, False), (100_000, False)):
        text = f"HARBOR://OPEN/{'0' * 16}/3/"
        code = replace(a_code(CodeKind.PICK_UP, BEN.id), text=text + "F" * (length - 64) + "/AA")
        code = replace(code, text=code.text + "0" * (length - len(code.text)))
        view = code_card(code_scene(CodeKind.PICK_UP, code=code, policy=policy))
        assert view is not None
        accepted(view)
        assert view.form == "text"
        assert view.protected
        assert (code.text in view.html) is shown
        assert ("too long for a message" in view.html) is not shown
        assert "Scan" not in view.html
        assert "scan" not in view.html
        assert "Locker 14" in seen(view)


def test_there_is_nothing_to_show_once_a_code_is_over_unasked_or_anothers() -> None:
    kind, code = CodeKind.PICK_UP, a_code(CodeKind.PICK_UP, BEN.id)
    assert code_card(code_scene(kind, code=None)) is None
    assert code_card(code_scene(kind, code=replace(code, revealed=False))) is None
    assert code_card(code_scene(kind, code=replace(code, expires_at=NOW))) is None
    assert code_card(code_scene(kind, code=replace(code, holder=ANNA.id))) is None
    assert code_card(code_scene(kind, code=replace(code, kind=CodeKind.DROP_OFF))) is None
    taken_back = a_delivery(State.STORED, taken_back=True)
    assert code_card(a_scene(taken_back, BEN, code=code)) is None
    for state in set(State) - {State.STORED}:
        assert code_card(a_scene(a_delivery(state), BEN, code=code)) is None


def test_a_code_is_shown_with_the_warning_that_the_tower_is_closed() -> None:
    code = a_code(CodeKind.PICK_UP, BEN.id)
    late = NOW + timedelta(hours=12)
    shown = {"code": replace(code, expires_at=late + timedelta(minutes=9)), "now": late}
    night = a_scene(a_delivery(State.STORED), replace(BEN, language="en"), **shown)
    day = a_scene(a_delivery(State.STORED), replace(BEN, language="en"), code=code)
    for scene, closed in ((night, True), (day, False)):
        card = code_card(scene)
        assert card is not None
        assert ("🕘 Closed until 07:00" in seen(card)) is closed
