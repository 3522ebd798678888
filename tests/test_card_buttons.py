"""The buttons below cards and codes: never more than fit, none twice, whatever comes together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from bot.domain.codes import CodeKind
from bot.domain.lifecycle import State
from bot.domain.message import Message
from bot.domain.person import Person
from handlers.telegram.messenger import LONGEST_CAPTION
from tests.support.scenes import ANNA, BEN, CLAIM, STORY, a_code, a_delivery, a_history, a_scene
from tests.support.seen import buttons, labels
from tests.support.twists import AWAITED, MINE, MINE_AROUND, TWISTS, Twist
from wording.cards.code import code_card
from wording.cards.delivery import delivery_card
from wording.cards.rows import MOST_BUTTONS
from wording.cards.scene import Scene

READERS = (ANNA, BEN)


def met(state: State, reader: Person, *twists: Twist) -> Scene:
    """All of these come together; of two that are at odds the later counts."""
    about: dict[str, Any] = {}
    around: dict[str, Any] = {"history": a_history(*STORY)}
    for twist in twists:
        about |= twist.about
        around |= twist.around
    delivery = replace(a_delivery(state), **about)
    for twist in twists:
        holder = delivery.sender if twist.code is CodeKind.DROP_OFF else delivery.collector
        if twist.code is not None and holder == reader.id:
            around["code"] = replace(a_code(twist.code, reader.id), **twist.code_is)
    return a_scene(delivery, reader, **around)


def shown(state: State, reader: Person, *twists: Twist) -> Message | None:
    return delivery_card(met(state, reader, *twists))


def telling(state: State, reader: Person, *usual: Twist) -> list[Twist]:
    """Of the twists that change the buttons alike one each."""
    here = (twist for twist in TWISTS if state in twist.states)
    by_buttons = {
        str(labels(view)): each for each in here if (view := shown(state, reader, *usual, each))
    }
    return list(by_buttons.values())


def together(state: State, reader: Person) -> Iterator[tuple[Twist, ...]]:
    for usual in ((), (Twist("to oneself", MINE, MINE_AROUND),)):
        twists = telling(state, reader, *usual)
        for several in (1, 2, 3) if state is State.STORED else (1, 2):
            for some in combinations(twists, several):
                yield (*usual, *some)


@pytest.mark.parametrize("state", State)
def test_no_card_has_more_buttons_than_fit_and_none_twice(state: State) -> None:
    for reader in READERS:
        for twists in together(state, reader):
            scene = met(state, reader, *twists)
            code = code_card(scene, LONGEST_CAPTION) if scene.situation.code is not None else None
            for view in (delivery_card(scene), code):
                there = buttons(view) if view is not None else []
                why = (reader.name, [twist.name for twist in twists], [each.text for each in there])
                assert len(there) <= MOST_BUTTONS, why
                assert len({str(each) for each in there}) == len(there), why
                assert len({each.text for each in there}) == len(there), why


def test_in_its_turn_a_door_can_be_opened_left_out_and_reported_before_anything_else() -> None:
    turn = next(each for each in TWISTS if each.name == "several there, its turn, the code is out")
    pictured = next(each for each in TWISTS if each.name == "with a photo")
    there = labels(shown(State.STORED, replace(BEN, language="en"), turn, pictured))
    assert there == [
        "Show again",
        "New code",
        "Skip it for now",
        "Stop after this one",
        "It did not open",
        "📷 See the photo",
        "Report a problem",
        "Menu",
    ]


def test_whoever_handed_it_on_to_somebody_picked_can_copy_the_link_once() -> None:
    handed_on = {**AWAITED, "picked_by": BEN.id, "handed_over_by": BEN.id}
    view = delivery_card(
        a_scene(
            replace(a_delivery(State.STORED), **handed_on), replace(BEN, language="en"), claim=CLAIM
        )
    )
    assert labels(view).count("Copy the link") == 1
