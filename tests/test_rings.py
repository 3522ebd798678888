"""What rings when: one table, which decides and from which people read it."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import time
from pathlib import Path
from types import MappingProxyType

import pytest

from bot.domain import rings
from bot.domain.delivery import Role
from bot.domain.lifecycle import Event, State
from bot.domain.rings import OF_EVENTS, RINGS, Call, Ring, Sound, hushed, last_call, roused
from tests.support.scenes import ANNA, NOW, a_delivery
from wording import rings as wording_of_rings
from wording.language import LANGUAGES, speak
from wording.rings import rings_said

PROJECT = Path(__file__).parents[1]
RESTING = replace(ANNA, quiet_from=time(22), quiet_until=time(7))


def section(told: str, heading: str) -> str:
    return next(part for part in told.split("\n\n") if heading in part)


def test_the_table_says_of_everything_that_rings_whose_phone_and_what_quiet_hours_do() -> None:
    assert set(RINGS) == set(Call)
    assert set(OF_EVENTS) <= set(Event)
    aloud = {call for call, ring in RINGS.items() if ring.sound is Sound.ALOUD}
    assert aloud == {Call.LAST_REMINDER, Call.OVERDUE}
    assert roused(Call.LAPSED) == {Role.SENDER}
    assert roused(Call.PARCEL_IN, frozenset({Role.RECIPIENT})) == {Role.RECIPIENT}
    assert roused(None) == frozenset()


def test_only_a_last_call_is_heard_in_quiet_hours() -> None:
    assert last_call(a_delivery(State.STORED)) is None
    assert last_call(a_delivery(State.STORED, reminders_sent=1)) is None, "the first is not heard"
    assert last_call(a_delivery(State.STORED, reminders_sent=2)) is Call.LAST_REMINDER
    assert last_call(a_delivery(State.STORED, overdue_at=NOW)) is Call.OVERDUE
    assert last_call(a_delivery(State.RENTED, reminders_sent=2)) is None
    assert (hushed(None), hushed(Call.PARCEL_IN), hushed(Call.OVERDUE)) == (True, True, False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_person_reads_each_line_of_the_table_once(language: str) -> None:
    words = speak(language)
    told = rings_said(words, RESTING, "22:00–07:00")
    assert told.count("\n• ") == len(RINGS) + 1  # and what never rings
    assert "22:00–07:00" in told
    assert words._("reminders are off") not in told
    without = rings_said(words, replace(RESTING, reminders=False), "22:00–07:00")
    optional = sum(ring.optional for ring in RINGS.values())
    assert without.count(words._("reminders are off")) == optional == 2


def test_what_is_read_changes_with_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    words = speak("en")
    said = "a parcel is in its locker (sender, recipient)"
    assert said in section(rings_said(words, RESTING, ""), "without a sound")
    other = {**RINGS, Call.PARCEL_IN: Ring(frozenset({Role.RECIPIENT}), Sound.ALOUD)}
    monkeypatch.setattr(wording_of_rings, "RINGS", MappingProxyType(other))
    told = rings_said(words, RESTING, "")
    assert "a parcel is in its locker (recipient)" in section(told, "in quiet hours too")
    monkeypatch.setattr(rings, "RINGS", MappingProxyType(other))
    assert roused(Call.PARCEL_IN) == {Role.RECIPIENT}
    assert not hushed(Call.PARCEL_IN)


def test_whoever_lets_a_phone_ring_asks_the_table() -> None:
    """But for what answers a tap of one's own: one parcel more, which comes below."""
    literal = []
    for file in (*PROJECT.glob("bot/**/*.py"), *PROJECT.glob("handlers/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "rouse":
                parts = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
                if "Role" in parts and not parts & {"roused", "_BOTH"}:
                    literal.append(file.name)
    assert literal == ["book.py"]
