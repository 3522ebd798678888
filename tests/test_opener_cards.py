"""Cards by what opens the doors: prepared parcels, links, and who may still open a door."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.codes import CodeKind
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.message import Message
from bot.domain.openers import Opener, Openers
from bot.domain.person import Person
from bot.domain.tower import Low
from tests.support.openers import BOTH_BY_LINK
from tests.support.scenes import (
    ANNA,
    BEN,
    BY_LINK,
    CARA,
    NOW,
    POLICY,
    a_code,
    a_delivery,
    a_history,
    a_scene,
)
from tests.support.seen import labels, seen
from wording.cards.delivery import delivery_card
from wording.cards.opening import openers_said
from wording.language import speak


def senders(state: State, around: dict[str, Any] | None = None, **about: Any) -> Message:
    view = delivery_card(a_scene(a_delivery(state, **{**BY_LINK, **about}), ANNA, **(around or {})))
    assert view is not None
    return view


HELD_BY_LINK = {"code_until": NOW + timedelta(minutes=50)}


def test_a_prepared_parcel_says_that_nothing_is_held_and_what_the_tap_at_the_tower_brings() -> None:
    view = senders(State.PREPARED)
    assert "No locker is held yet" in seen(view)
    assert "the link that opens it. Harbor then holds it for 5 min" in seen(view)
    assert "Kept until 8 Oct 12:31" in seen(view)
    assert labels(view)[:3] == ["I'm at the tower", "One more like this", "Another size"]
    by_token = seen(senders(State.PREPARED, drop_off_opener=Opener.TOKEN))
    assert "its drop-off code, which holds it for 50 min" in by_token


def test_the_day_before_it_is_forgotten_a_prepared_parcel_urges() -> None:
    soon = {"held_until": NOW + timedelta(hours=23), "reminders_sent": 1}
    view = senders(State.PREPARED, **soon)
    assert "Hurry: kept only until Friday 11:31 (2 Oct)" in seen(view)
    assert "keep it for another 7 days" in seen(view)
    assert "More time" in labels(view)


def test_a_prepared_parcel_that_was_forgotten_is_prepared_again_with_one_tap() -> None:
    view = senders(State.LAPSED, locker=None, locker_name=None)
    assert "not brought to the tower in time" in seen(view)
    assert "locker ?" not in seen(view)
    assert labels(view)[0] == "Prepare it again"


def test_a_locker_held_for_a_link_says_until_when_and_what_happens_then() -> None:
    code = {"code": a_code(CodeKind.DROP_OFF, ANNA.id, Opener.LINK)}
    view = senders(State.RENTED, code, **HELD_BY_LINK)
    assert "Harbor holds the locker until 13:21 (1 Oct). After that you need a new" in seen(view)
    assert "Show again" in labels(view)
    assert not {"More time", "New link", "New code"} & set(labels(view))
    over = senders(State.RENTED, held_until=NOW)
    assert "Harbor held this locker until 12:31" in seen(over)
    assert "perhaps for another locker" in seen(over)
    assert labels(over)[0] == "New link"


def test_by_link_a_locker_is_asked_for_again_at_the_tower() -> None:
    for state in (State.LAPSED, State.NO_LOCKER):
        view = senders(state)
        assert "I'm at the tower" in labels(view)
        assert "Harbor holds a locker for 5 min only" in seen(view)
        by_token = senders(state, drop_off_opener=Opener.TOKEN)
        assert "Try again" in labels(by_token)
        assert "A locker is reserved for 5 min only" in seen(by_token)


def test_what_was_cancelled_is_booked_again_and_for_how_long_is_said_before_the_tap() -> None:
    by_token = senders(State.CANCELLED, drop_off_opener=Opener.TOKEN)
    assert "Book again" in labels(by_token)
    assert "A locker is reserved for 5 min only: ask for one when you are near" in seen(by_token)
    by_link = senders(State.CANCELLED)
    assert "I'm at the tower" in labels(by_link)
    assert "Harbor holds a locker for 5 min only" in seen(by_link)
    prepared = senders(State.CANCELLED, locker=None, locker_name=None)
    assert "Prepare it again" in labels(prepared)
    assert "only: ask for one" not in seen(prepared)


def test_a_locker_that_nobody_had_a_code_for_holds_nothing_that_may_be_in_it() -> None:
    token = {"drop_off_opener": Opener.TOKEN}
    never = {"history": a_history(("requested", ANNA.id), ("reserved", None, "14"))}
    issued = {"history": a_history()}
    told = seen(senders(State.LAPSED, never, **token))
    assert "No drop-off code was given out for it, so nothing is lost" in told
    assert "If you did put yours in" not in told
    assert "If you did put yours in" in seen(senders(State.LAPSED, issued, **token))
    assert "may still open the door" not in seen(senders(State.RELEASING, never, **token))
    assert "may still open the door" in seen(senders(State.RELEASING, issued, **token))


def test_a_low_locker_that_is_a_must_is_named_where_none_is_free() -> None:
    assert "No locker with a low door is free (medium, or larger)" in seen(
        senders(State.NO_LOCKER, low=Low.ONLY)
    )
    assert "No locker is free (medium, or larger)" in seen(senders(State.NO_LOCKER, low=Low.RATHER))


@pytest.mark.parametrize("reader", [ANNA, replace(BEN, language="en")], ids=["sender", "recipient"])
def test_nobody_is_named_as_the_one_who_took_it_where_it_may_have_been_another(
    reader: Person,
) -> None:
    for about in ({}, {"taken_back": True}, {"fetcher": PersonId(9)}):
        parcel = a_delivery(State.COLLECTED, old_code_until=NOW, **about)
        told = seen(delivery_card(a_scene(parcel, reader))).partition("\n")[0]
        assert told.startswith("✅ The parcel has been taken out")
        assert "Ben" not in told


def test_the_sender_is_told_that_what_was_shown_before_may_still_open_the_door() -> None:
    given_on = {"old_code_until": NOW + timedelta(hours=1)}
    told = seen(senders(State.STORED, **given_on))
    assert "An opening link already shown can't be called back" in told
    assert "until about 13:31" in told
    over = seen(senders(State.STORED, old_code_until=NOW))
    assert "called back" not in over


def test_a_former_recipient_is_not_told_that_what_they_were_shown_is_dead() -> None:
    told = seen(delivery_card(a_scene(a_delivery(State.STORED), CARA)))
    assert "You hear no more of it and get no more codes or links for its door" in told


def test_what_the_door_takes_is_told_until_it_has_been_asked_for() -> None:
    ben = replace(BEN, language="en")
    stored = a_delivery(State.STORED, **BY_LINK)
    view = delivery_card(a_scene(stored, ben))
    assert "Android needs the Locker Open app" in seen(view)
    assert labels(view)[0] == "Get opening link"
    shown = a_scene(stored, ben, code=a_code(CodeKind.PICK_UP, BEN.id, Opener.LINK))
    assert "Android" not in seen(delivery_card(shown))


def test_a_parcel_for_which_harbor_made_no_link_says_so_and_what_to_do_without_the_app() -> None:
    links = replace(POLICY, openers=BOTH_BY_LINK)
    ben = replace(BEN, language="en")
    said = "Harbor made no link for this parcel. If you don't have the app, "
    fell_back = {"drop_off_opener": Opener.TOKEN, "pick_up_opener": Opener.TOKEN}
    for state, reader, way_out in (
        (State.RESERVED, ANNA, "please cancel"),
        (State.RENTED, ANNA, "please cancel"),
        (State.STORED, ben, "report a problem"),
    ):
        by_token = a_scene(a_delivery(state, **fell_back), reader, policy=links)
        assert said + way_out in seen(delivery_card(by_token))
        by_link = a_scene(a_delivery(state, **BY_LINK), reader, policy=links)
        assert said not in seen(delivery_card(by_link))
        assert said not in seen(delivery_card(a_scene(a_delivery(state), reader)))


@pytest.mark.parametrize(
    ("openers", "told", "untold"),
    [
        (BOTH_BY_LINK, ["Opening link"], ["Code", "Keypad", "(to"]),
        (Openers(), ["Code for the app"], ["link", "Keypad", "(to"]),
        (
            Openers(Opener.TOKEN, Opener.LINK, keypad=True),
            ["Opening link</b> (to collect)", "Code for the app</b> (to send)", "Keypad"],
            [],
        ),
    ],
)
def test_help_tells_of_the_openers_that_are_configured(
    openers: Openers, told: list[str], untold: list[str]
) -> None:
    said = "\n".join(openers_said(speak("en"), replace(POLICY, openers=openers)))
    assert all(words in said for words in told)
    assert not any(words in said for words in untold)
