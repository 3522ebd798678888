"""Every question of the conversation in towns whose towers all have one name: each says which."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, TowerId
from bot.domain.lifecycle import State
from bot.domain.message import Message
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.domain.waiting import Waiting
from tests.support.project import Town, in_language, open_town
from tests.support.scenes import ANNA, NOW, TOWER, a_delivery, a_scene, a_turn, a_wait
from tests.support.screens_to_read import TWIN, Asked, all_asked, draft_of
from wording.cards.delivery import delivery_card
from wording.cards.wait import wait_card
from wording.language import speak
from wording.sanitize import read_out

pytestmark = pytest.mark.long
NAME = "Central Railway Station of Madrid, at the northern concourse"
"""Longer than a card has room for."""
MORE = TowerId("00000000000000dd")
LINES_BELOW = 2
"""Within which a card or a question says the address of the tower that it is about."""


def twin_of(town: Town) -> Town:
    """All its towers under one name, one more of that name, and what lies in the first in that one,
    too."""
    towers = [*town.towers, *(town.known or ())]
    if not towers:
        return town
    more = replace(TOWER, id=MORE, address="Back Street 5", location=99)
    named = [_named(tower, towers) for tower in town.towers]
    known = None if town.known is None else [_named(tower, towers) for tower in town.known]
    return replace(
        town,
        towers=[*named, _named(more, [])],
        known=None if known is None else [*known, _named(more, [])],
        deliveries=[
            each
            for delivery in town.deliveries
            for each in (delivery, *([_twin(delivery)] if delivery.tower == TOWER.id else []))
        ],
    )


def _named(tower: Tower, towers: Sequence[Tower]) -> Tower:
    """As Harbor's lockers name it: those of one location by their digits."""
    alone = tower.location is None or {
        each.id for each in towers if each.location == tower.location
    } == {tower.id}
    said = NAME if alone else f"{NAME} · {tower.id[-4:]}"
    street = tower.address if tower.address != TOWER.address or tower.id == TOWER.id else "Quay 3"
    street, city = street or "Nameless Lane 7", tower.city or "Cuenca"
    return replace(tower, name=said, location_name=NAME, address=street, city=city)


def _twin(delivery: Delivery) -> Delivery:
    return replace(delivery, id=DeliveryId(f"z{delivery.id[1:]}"), tower=MORE)


async def _views(cases: Sequence[Asked]) -> list[tuple[Asked, Town, Message]]:
    found = []
    for town in dict.fromkeys(asked.town for asked in cases):
        twin = twin_of(town)
        async with open_town(twin) as screens:
            for asked in (each for each in cases if each.town is town):
                message = await screens(draft_of(asked), in_language(asked.person, "en"))
                if message is not None:
                    found.append((asked, twin, message))
    return found


@pytest.fixture(scope="module")
def views() -> list[tuple[Asked, Town, Message]]:
    """Each question, asked in the twin of its town."""
    return asyncio.run(_views([asked for cases in all_asked().values() for asked in cases]))


def _towers(town: Town, message: Message) -> Iterator[tuple[str, TowerId]]:
    """What each button says that leads to a tower or to what lies in it."""
    of: Mapping[str, TowerId] = {
        **{delivery.id: delivery.tower for delivery in town.deliveries},
        **{tower.id: tower.id for tower in town.towers},
        **{str(number): wait.tower for number, wait in enumerate(town.waits, 1)},
    }
    for button in (button for row in message.buttons for button in row):
        said = button.press
        about = "" if said is None else said.delivery or (said.arg or "").partition(".")[0]
        if about in of:
            yield button.text, of[about]


def test_no_two_buttons_that_lead_to_different_towers_say_the_same(
    views: list[tuple[Asked, Town, Message]],
) -> None:
    alike = []
    for asked, town, message in views:
        led: defaultdict[str, set[TowerId]] = defaultdict(set)
        for text, tower in _towers(town, message):
            led[text].add(tower)
        alike += [(asked.section, asked.name, text) for text, to in led.items() if len(to) > 1]
    assert alike == []
    assert sum(len(set(dict(_towers(town, each)).values())) > 1 for _, town, each in views) > 40


def test_wherever_a_tower_is_named_it_is_said_which_of_that_name(
    views: list[tuple[Asked, Town, Message]],
) -> None:
    """On a button in the button itself, else in the line or with the address below it."""
    nameless, named = [], 0
    for asked, town, message in views:
        which = [f", {tower.address}" for tower in town.towers]
        which += [f", {tower.city}" for tower in town.towers if tower.city]
        which += [f" · {tower.id[-4:]}" for tower in town.towers]
        below = [tower.address for tower in town.towers]
        lines = read_out(message.html).splitlines()
        texts = [button.text for row in message.buttons for button in row]
        if message.plot is not None:
            texts.append(message.plot.title)
        for text in texts:
            if "Central" in text:
                named += 1
                nameless += [(asked.section, asked.name, text)] * (not _says(text, which))
        for number, line in enumerate(lines):
            if "Central" in line:
                named += 1
                near = "\n".join(lines[number + 1 : number + 1 + LINES_BELOW])
                told = _says(line, which) or _says(near, below)
                nameless += [(asked.section, asked.name, line)] * (not told)
    assert nameless == []
    assert named > 300


def beside_another(town: Town) -> Town:
    """Where the first tower has another at its location, as Harbor's lockers name both."""
    there = {"location": 7, "location_name": NAME}
    first, other = (
        replace(TOWER, id=id_, name=f"{NAME} · {id_[-4:]}", **there) for id_ in (TOWER.id, MORE)
    )
    rest = [tower for tower in town.towers if tower.id != TOWER.id]
    return replace(town, towers=[first, other, *rest], known=None)


async def test_beside_its_address_a_question_says_which_tower_of_that_location_it_is() -> None:
    named = 0
    books = all_asked()
    for asked in (*books["booking"], *books["operations"]):
        by_token = asked.town.policy.openers.drop_off is Opener.TOKEN
        if by_token and asked.section in ("Review", "A tower"):
            async with open_town(beside_another(asked.town)) as screens:
                message = await screens(draft_of(asked), in_language(asked.person, "en"))
            assert message is not None
            lines = [line for line in read_out(message.html).splitlines() if "Central" in line]
            named += len(lines)
            assert [line for line in lines if f" · {TOWER.id[-4:]}" not in line] == []
    assert named > 10


@pytest.mark.parametrize("state", [each for each in Waiting if each is not Waiting.BOOKING])
def test_messages_about_a_wait_say_which_of_that_name(state: Waiting) -> None:
    promised = state in (Waiting.TURN, Waiting.PASSED)
    wait = replace((a_turn if promised else a_wait)(1, ANNA.id), state=state)
    twins = [TOWER, TWIN]
    card = wait_card(speak("en"), wait, twins[1], Policy(), NOW, twins)
    assert card is not None
    assert "Main Station, Side Road 9" in read_out(card.html)
    stops = [each.text for row in card.buttons for each in row if each.text.startswith("🔕")]
    assert all("Main Station, Side Road 9" in text for text in stops)
    assert bool(stops) is (state is Waiting.WAITING)


def test_the_offer_of_a_tower_with_room_says_that_it_is_the_other_of_that_name() -> None:
    there = replace(TWIN, latitude=40.4158)
    parcel = a_delivery(State.NO_LOCKER)
    card = delivery_card(a_scene(parcel, ANNA, elsewhere=there))
    assert card is not None
    assert "There is room at Main Station, Side Road 9, 1.0\u00a0km" in read_out(card.html)


def _says(text: str, which: Sequence[str]) -> bool:
    return any(each in text for each in which)
