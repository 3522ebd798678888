"""Moments in messages: what ticks, what an older phone reads, and that this stays true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.codes import CodeKind
from bot.domain.lifecycle import State
from bot.domain.message import Message
from bot.domain.openers import Opener
from bot.domain.person import Person
from bot.domain.policy import Policy
from sandbox.telegram.text.entities import formatted
from tests.support.scenes import ANNA, BEN, NOW, TOWER, a_code, a_delivery, a_scene, a_turn, a_wait
from wording.cards.code import code_card
from wording.cards.delivery import delivery_card
from wording.cards.wait import wait_card
from wording.language import LANGUAGES, speak
from wording.moments import moment, ticking
from wording.page.anybody import deadline
from wording.sanitize import read_out

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("at", "form", "said"),
    [
        (NOW + HOUR, "t", "13:31"),
        (NOW - HOUR, "t", "11:31"),
        (NOW + DAY, "wt", "Friday 12:31"),
        (NOW + 6 * DAY, "wt", "Wednesday 12:31"),
        (NOW + 7 * DAY, "dt", "8\u00a0Oct 12:31"),
        (NOW - DAY, "dt", "30\u00a0Sept 12:31"),
        (NOW + 365 * DAY, "dt", "1\u00a0Oct\u00a02027 12:31"),
    ],
)
def test_a_moment_carries_its_time_and_the_format_in_which_a_phone_shows_it(
    at: datetime, form: str, said: str
) -> None:
    told = moment(speak("en"), at, TOWER, now=NOW)
    assert told == f'<tg-time unix="{int(at.timestamp())}" format="{form}">{said}</tg-time>'


def test_a_countdown_ticks_and_an_older_phone_reads_a_date_in_its_place() -> None:
    told = ticking(speak("en"), NOW + HOUR, TOWER, now=NOW)
    text, entities = formatted(told, "HTML", None)
    assert text == "13:31 (1\u00a0Oct)"
    assert [(e["date_time_format"], e["unix_time"]) for e in entities] == [
        ("t", int((NOW + HOUR).timestamp())),
        ("r", int((NOW + HOUR).timestamp())),
    ]


def test_what_has_its_date_already_has_it_once() -> None:
    said = read_out(ticking(speak("en"), NOW + 8 * DAY, TOWER, now=NOW))
    assert said == "9\u00a0Oct 12:31"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("at", [NOW + MINUTE, NOW + DAY, NOW + 9 * DAY, NOW - DAY])
def test_where_there_are_no_entities_the_same_is_read(language: str, at: datetime) -> None:
    words = speak(language)
    ticks = ticking(words, at, TOWER, now=NOW, named=True)
    (fact,) = deadline(words, TOWER, at, NOW, zones=True)
    assert read_out(ticks) == fact.text


def test_without_a_tower_an_older_phone_reads_utc() -> None:
    assert read_out(moment(speak("en"), NOW, None, now=NOW)) == "10:31 UTC"


def everything(now: datetime, language: str) -> Iterator[tuple[str, Message | None]]:
    """Every card of a delivery, code and wait, as it is read at that time."""
    words = speak(language)
    readers: tuple[Person, ...] = (ANNA, BEN)
    for reader in readers:
        for opener in Opener:
            opened_by = {"drop_off_opener": opener, "pick_up_opener": opener}
            for state in State:
                for more in ({}, {"reminders_sent": 1}, {"taken_back": True}):
                    delivery = a_delivery(state, **opened_by, **more)
                    scene = a_scene(delivery, reader, now=now, words=words)
                    yield f"{reader.name} {opener} {state} {more}", delivery_card(scene)
            for kind in CodeKind:
                code = a_code(kind, reader.id, opener)
                state = State.RENTED if kind is CodeKind.DROP_OFF else State.STORED
                delivery = a_delivery(state, code_until=code.expires_at, **opened_by)
                scene = a_scene(delivery, reader, now=now, code=code, words=words)
                yield f"{reader.name} {opener} {kind}", code_card(scene, 1024)
    for wait in (a_wait(1, ANNA.id), a_turn(1, ANNA.id)):
        yield str(wait.state), wait_card(words, wait, TOWER, Policy(), now, ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_reads_a_minute_later_as_it_did(language: str) -> None:
    now = NOW + timedelta(minutes=2, seconds=20)
    later = dict(everything(now + MINUTE, language))
    told = [(name, view) for name, view in everything(now, language) if view is not None]
    assert len(told) > 100
    for name, view in told:
        after = later[name]
        assert after is not None
        assert after.html == view.html, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_moment_stands_where_telegram_drops_it(language: str) -> None:
    found = 0
    for name, view in everything(NOW + timedelta(minutes=2), language):
        if view is not None:
            entities = formatted(view.html, "HTML", None)[1]
            kept = [entity for entity in entities if entity["type"] == "date_time"]
            assert len(kept) == view.html.count("<tg-time"), name
            found += len(kept)
    assert found


def test_a_label_that_nobody_can_tap_holds_no_entity() -> None:
    for name, view in everything(NOW, "en"):
        for row in view.buttons if view is not None else ():
            assert not any(re.search("[<>]", button.text) for button in row), name


def test_the_time_is_read_by_the_towers_clock_whatever_the_zone_of_the_moment() -> None:
    at = datetime(2026, 10, 1, 16, 0, tzinfo=UTC)
    assert read_out(moment(speak("en"), at, TOWER, now=NOW)) == "18:00"
