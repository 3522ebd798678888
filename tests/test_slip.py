"""The slip: what it says to somebody who reads it anywhere and at any time, in text and picture."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.actions import Action
from bot.domain.lifecycle import State
from bot.domain.message import Message, Press, Sheet
from bot.domain.openers import Openers
from bot.domain.person import Person
from handlers.telegram.messenger import LONGEST_CAPTION, digest
from tests.support.scenes import (
    ANNA,
    BEN,
    BY_LINK,
    CARA,
    CLAIM,
    NOW,
    PAGED,
    PAGES,
    POLICY,
    TOWER,
    a_delivery,
    a_scene,
)
from tests.support.seen import accepted, buttons, labels, seen
from wording.cards.scene import Scene, map_url
from wording.language import LANGUAGES, speak
from wording.slip import slip_card

OPEN = (State.PREPARED, State.REQUESTED, State.RESERVED, State.RENTED, State.STORED)
"""The states in which a claim can be forwarded with a slip."""
CLAIM_LINK = f"https://t.me/parcels_bot?start=c_{CLAIM.link}"
PAGE_LINK = f"https://parcels.example/p/{PAGED.page}"
TYPED = "K7QF-2M9X"


def the_scene(
    state: State, reader: Person = ANNA, *, about: dict[str, Any] | None = None, **around: Any
) -> Scene:
    unclaimed = {"recipient": None, "recipient_name": None, **(about or {})}
    return a_scene(a_delivery(state, **unclaimed), reader, **({"claim": PAGED} | around))


def shown(scene: Scene, reader: str = "en") -> Message | None:
    return slip_card(scene, speak(reader), LONGEST_CAPTION)


def a_slip(state: State = State.STORED, **around: Any) -> Message:
    view = shown(the_scene(state, **around))
    assert view is not None
    accepted(view)
    return view


def drawn(view: Message) -> Sheet:
    assert view.sheet is not None
    return view.sheet


def everything(view: Message) -> str:
    """All that its text and its picture say."""
    sheet = drawn(view)
    facts = [part for fact in sheet.facts for part in fact]
    said = (sheet.title, sheet.words, *facts, *sheet.beside, sheet.link, *sheet.below)
    return "\n".join([seen(view), *said])


def test_it_is_a_picture_with_a_text_to_copy_and_may_be_forwarded() -> None:
    view = a_slip()
    assert view.form == "photo"
    assert not view.protected
    assert view.html.startswith("<pre>")
    assert view.html.endswith("</pre>")


def test_it_says_who_sends_what_they_wrote_where_which_door_until_when_and_how_to_open() -> None:
    view = a_slip(about=BY_LINK)
    text = seen(view)
    for told in (
        "A parcel for you from Anna",
        "“Mind the eggs”",
        "Place: Main Station, Station Road 1, Madrid",
        "Hours: Daily 07:00–21:00",
        "Locker: 14",
        "Collect by: Fri, 2 Oct 2026, 18:00",
        "an iPhone opens an App Clip",
    ):
        assert told in text
    assert map_url(TOWER) in text
    sheet = drawn(view)
    assert (sheet.title, sheet.words) == ("A parcel for you from Anna", "“Mind the eggs”")
    assert dict(sheet.facts)["Locker"] == "14"
    assert any("App Clip" in paragraph for paragraph in sheet.below)


@pytest.mark.parametrize("page", [PAGES, None])
def test_without_a_page_it_carries_the_claim_link_and_code_and_with_one_the_page_alone(
    page: Any,
) -> None:
    view = a_slip(**({"links": page} if page else {}))
    said = everything(view)
    assert (CLAIM_LINK in said, TYPED in said) == (page is None,) * 2
    assert (PAGE_LINK in said) is (page is not None)
    assert drawn(view).link == (PAGE_LINK if page else CLAIM_LINK)
    assert ("Telegram" in said) is (page is None)


def test_a_claim_from_before_there_were_pages_has_its_link_into_the_chat() -> None:
    assert drawn(a_slip(links=PAGES, claim=CLAIM)).link == CLAIM_LINK


@pytest.mark.parametrize(("links", "teller"), [(PAGES, "The page"), (None, "The bot")])
def test_before_the_parcel_is_in_it_names_no_door_and_says_who_will(
    links: Any, teller: str
) -> None:
    around = {"links": links} if links else {}
    for state in OPEN:
        said = everything(a_slip(state, **around))
        inside = state is State.STORED
        assert (f"{teller} behind the link" in said) is not inside, state
        assert ("Locker: 14" in said, "Collect by" in said) == (inside, inside), state


@pytest.mark.parametrize("state", OPEN)
def test_it_reads_the_same_whenever_it_is_read(state: State) -> None:
    days = [the_scene(state, now=NOW + timedelta(days=day)) for day in (0, 1, 40)]
    assert len({digest(view) for scene in days if (view := shown(scene))}) == 1


def test_a_delivery_that_changes_otherwise_does_not_change_it() -> None:
    before, after = (
        digest(a_slip(State.RENTED, about={"revision": revision, "door_reports": revision}))
        for revision in (7, 8)
    )
    assert before == after


def test_times_name_their_zone_where_towers_stand_in_several_or_none_is_known() -> None:
    assert "18:00 CEST" in seen(a_slip(zones=True))
    assert "16:00 UTC" in seen(a_slip(tower=replace(TOWER, zone=None)))


def test_keypad_digits_are_spoken_of_where_the_tower_has_a_keypad() -> None:
    assert "Keypad" not in everything(a_slip(about=BY_LINK))
    keypad = replace(POLICY, openers=Openers(keypad=True))
    assert "Keypad: where digits come with the link" in seen(a_slip(about=BY_LINK, policy=keypad))


@pytest.mark.parametrize("state", list(State))
def test_it_is_there_for_as_long_as_the_claim_is_open(state: State) -> None:
    assert (shown(the_scene(state)) is not None) is (state in OPEN)
    for over in ({"recipient": BEN.id}, {"taken_back": True}, {"fetcher": CARA.id}):
        assert shown(the_scene(state, about=over)) is None
    assert shown(the_scene(state, claim=None)) is None


def test_whoever_handed_it_on_may_forward_it_too_and_nobody_else() -> None:
    assert shown(the_scene(State.STORED, CARA)) is None
    assert shown(the_scene(State.STORED, CARA, about={"handed_over_by": CARA.id})) is not None


def test_its_buttons_offer_every_language_and_pass_the_link_on() -> None:
    view = a_slip(links=PAGES, words=speak("de"))
    assert labels(view)[:3] == ["English", "Español", "✅ Deutsch"]
    chosen = [button.press for button in buttons(view)[:6]]
    assert chosen[3] == Press(Action.SLIP.value, "fr", a_delivery(State.STORED).id, 1)
    share, copy = buttons(view)[6:]
    assert share.url is not None
    assert "start%3Dc_" in share.url, "what is shared stays in Telegram"
    assert copy.copy == PAGE_LINK
    assert "Ein Paket für dich von Anna" in seen(view)
    assert [share.text, copy.text] == ["Share the link", "Copy the link"], "in its reader's words"


LONG_TOWER = replace(
    TOWER, name="Ж" * 60, address="Ш" * 100, city="Ю" * 60, latitude=None, longitude=None
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("links", [PAGES, None])
def test_whatever_it_holds_it_fits_and_ends_with_the_claim(language: str, links: Any) -> None:
    full: dict[str, Any] = {
        "about": {"note": "щ<&>" * 50, **BY_LINK},
        "tower": LONG_TOWER,
        "sender": replace(ANNA, name="Ї" * 60),
        "policy": replace(POLICY, openers=Openers(keypad=True)),
        "zones": True,
        **({"links": links} if links else {}),
    }
    for state in OPEN:
        view = a_slip(state, words=speak(language), **full)
        assert seen(view).endswith(PAGE_LINK if links else TYPED)
        assert "ШШШ" in seen(view), "where it is can't be done without"


def test_nothing_that_claims_the_parcel_stands_where_a_notification_shows_it() -> None:
    for state in OPEN:
        for links in ({"links": PAGES}, {}):
            preview = seen(a_slip(state, about={"note": None}, **links))[:200]
            assert not any(secret in preview for secret in (PAGE_LINK, CLAIM_LINK, TYPED))
    for view in (a_slip(), a_slip(links=PAGES)):
        assert not any(secret in repr(view) for secret in (CLAIM.link, TYPED, PAGED.page or "?"))


def test_a_sender_without_a_name_is_not_spoken_of() -> None:
    assert "A parcel for you\n" in seen(a_slip(sender=replace(ANNA, name="")))
