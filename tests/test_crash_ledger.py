"""The crash harness's own reckoning: what a kill explains, and what it does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.languages import LANGUAGES
from crash.audit import no_message_is_shared
from crash.ledger import REACH, WAKE, Ledger, steady
from wording.language import speak

_UNCHANGED = {"ok": False, "error_code": 400, "description": "Bad Request: message is not modified"}
_EDITED: dict[str, Any] = {"ok": True, "result": {}}


def _send(ledger: Ledger, at: float, *, message: int = 7, text: str = "in", **asked: Any) -> None:
    button = {"text": "Show", "callback_data": "din:0123456789:4"}
    shown = {"message_id": message, "text": text, "reply_markup": {"inline_keyboard": [[button]]}}
    ledger.note(at, "sendMessage", {"chat_id": "5", **asked}, {"ok": True, "result": shown})


def _edit(ledger: Ledger, at: float, answer: Any = _UNCHANGED) -> None:
    ledger.note(at, "editMessageText", {"chat_id": 5, "message_id": "7"}, answer)


def test_an_edit_in_vain_without_a_kill_is_a_fault() -> None:
    ledger = Ledger()
    _send(ledger, 1)
    _edit(ledger, 2)
    _edit(ledger, 3)
    assert (ledger.sends, ledger.edits, ledger.in_vain) == (1, 2, 2)
    assert ledger.faults() == ["message 7 of chat 5 was edited in vain 2 times"]


@pytest.mark.parametrize("kill", [10, 10 + REACH, 10 - WAKE])
def test_a_kill_within_reach_explains_one_edit_in_vain(kill: float) -> None:
    ledger = Ledger()
    _send(ledger, 1)
    _edit(ledger, 10, _EDITED)
    ledger.killed(kill)
    _edit(ledger, 70)
    assert ledger.in_vain == 1
    assert not ledger.faults()
    _edit(ledger, 71)
    assert ledger.faults() == ["message 7 of chat 5 was edited in vain 1 times"]


def test_a_kill_out_of_reach_explains_nothing() -> None:
    ledger = Ledger()
    _send(ledger, 1)
    ledger.killed(1 + REACH + 0.1)
    _edit(ledger, 3)
    assert ledger.faults()


def test_a_kill_of_whoever_had_the_card_explains_one_edit_in_vain() -> None:
    ledger = Ledger()
    _send(ledger, 1)
    ledger.killed(20, holding=[(5, 8)])
    ledger.killed(30, holding=[(5, 7)])
    _edit(ledger, 31)
    assert not ledger.faults()
    _edit(ledger, 32)
    assert ledger.faults() == ["message 7 of chat 5 was edited in vain 1 times"]


def test_a_kill_before_a_message_was_last_changed_explains_nothing() -> None:
    ledger = Ledger()
    ledger.killed(20, holding=[(5, 7)])
    _edit(ledger, 30, _EDITED)
    _edit(ledger, 31)
    assert ledger.faults()


def test_an_edit_in_vain_may_be_cut_off_in_its_turn() -> None:
    ledger = Ledger()
    _edit(ledger, 10, _EDITED)
    ledger.killed(10.1)
    _edit(ledger, 12)
    ledger.killed(12.1)
    _edit(ledger, 14)
    assert (ledger.in_vain, ledger.faults()) == (2, [])


def test_a_card_that_rings_twice_is_a_fault() -> None:
    ledger = Ledger()
    _send(ledger, 10)
    _send(ledger, 20, message=8)
    assert ledger.rang_twice == 1
    assert "rang in chat 5 and again after 10.0 s" in ledger.faults()[0]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_what_a_running_clock_changes_is_passed_over_in_every_language(language: str) -> None:
    spans = timedelta(minutes=48), timedelta(minutes=21), timedelta(hours=5)
    words = speak(language)
    told = [f"Until 6:37 PM PST ({words.span(span)})\nand more" for span in spans]
    assert {steady(text) for text in told} == {"Until 6:37 PM PST …\nand more"}, told


def test_other_words_or_silence_are_no_second_ring() -> None:
    ledger = Ledger()
    _send(ledger, 10)
    _send(ledger, 20, message=8, text="out")
    _send(ledger, 30, message=9, disable_notification="true")
    assert ledger.rang_twice == 0


def test_a_second_ring_is_explained_by_a_kill_or_by_its_reader() -> None:
    killed, asked, waiting = Ledger(), Ledger(), Ledger()
    for ledger in (killed, asked, waiting):
        _send(ledger, 10)
    killed.killed(10.2)
    asked.taken(1, 5, 15)
    waiting.told(1, 5)
    for ledger in (killed, asked, waiting):
        _send(ledger, 20, message=8)
        assert (ledger.rang_twice, ledger.faults()) == (1, [])


def test_a_message_that_nobody_knows_of_needs_a_kill() -> None:
    ledger = Ledger()
    _send(ledger, 10, message=7)
    _send(ledger, 20, message=8)
    ledger.killed(20.1)
    assert ledger.unexplained([(5, 7), (5, 8)]) == [(5, 7)]


@pytest.mark.parametrize("held", [(5, None), (5, 3)])
def test_a_message_that_nobody_knows_of_is_explained_by_a_kill_of_whoever_wrote_there(
    held: tuple[int, int | None],
) -> None:
    ledger = Ledger()
    _send(ledger, 10)
    ledger.killed(50, holding=[(6, None)])
    assert ledger.unexplained([(5, 7)]) == [(5, 7)]
    ledger.killed(60, holding=[held])
    assert ledger.unexplained([(5, 7)]) == []


def test_a_second_ring_is_explained_by_a_kill_of_whoever_wrote_there() -> None:
    ledger = Ledger()
    _send(ledger, 10)
    ledger.killed(50, holding=[(5, None)])
    _send(ledger, 60, message=8)
    assert not ledger.faults()
    _send(ledger, 70, message=9)
    assert ledger.faults()


def test_calls_are_counted_from_a_moment_on() -> None:
    ledger = Ledger()
    _send(ledger, 1)
    ledger.note(5, "answerCallbackQuery", {}, {"ok": True})
    ledger.note(6, "deleteMessage", {"chat_id": 5, "message_id": 7}, {"ok": True})
    assert (ledger.since(2), ledger.removals) == (1, 1)


def test_two_cards_with_one_message_are_found() -> None:
    claims = [(5, "screen", 7), (5, "delivery:a", 7), (6, "screen", 7), (5, "code:a", 8)]
    assert no_message_is_shared(claims) == [
        "message 7 of chat 5 is claimed by 2 cards: screen, delivery"
    ]
