"""What is practised: its stages, what they show in each language, and codes that open nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.claims import read_claim
from bot.domain.ids import PersonId
from bot.domain.message import Message, Place
from bot.domain.openers import Opener, Openers
from bot.domain.policy import Policy
from bot.domain.practice import STEPS, Practised, Stage, Step, holds_practice_code
from bot.domain.tower import Size
from tests.support.scenes import ANNA, NOW
from tests.support.seen import accepted, buttons, labels, seen
from wording.language import LANGUAGES, speak
from wording.practice import Practising, code_said, opens_said, practice

# An operator who practises, at a business that hands codes over to its app.
POLICY = Policy(
    operators=frozenset({ANNA.id}),
    operator_group=PersonId(-5),
    app_name="Acme",
    app_link="https://acme.example/open#{tower_id}/{locker_id}/{payload}/{payload_auth}",
)
MARKS = {
    "en": "🎓 Practice",
    "es": "🎓 Práctica",
    "de": "🎓 Übung",
    "fr": "🎓 Essai",
    "pl": "🎓 Ćwiczenie",
    "uk": "🎓 Тренування",
}


def stages(opener: Opener) -> list[Stage]:
    """Those on the way by this opener: a link is made together with its locker."""
    return [each for each in Stage if opener is Opener.TOKEN or each is not Stage.RESERVED]


def shown(stage: Stage, opener: Opener = Opener.TOKEN, language: str = "en") -> Message:
    way = stages(opener)
    times = {
        each: NOW + timedelta(minutes=minute)
        for minute, each in enumerate(way[: way.index(stage) + 1])
    }
    practised = Practised(stage, times, Size.LARGE, Openers(opener, opener), "Europe/Berlin", "DE")
    return practice(Practising(practised, ANNA, POLICY, speak(language)))


def every() -> Iterator[tuple[str, Message]]:
    for language in LANGUAGES:
        for opener in Opener:
            for stage in stages(opener):
                yield language, shown(stage, opener, language)


@pytest.mark.parametrize("first", [Step.RESERVE, Step.AT_TOWER])
def test_each_way_leads_through_to_the_end_and_round_again(first: Step) -> None:
    stage, passed = Stage.REVIEW, [Stage.TOWER, Stage.SIZE, Stage.REVIEW]
    step = first
    while stage is not Stage.TOWER:
        stage = STEPS[stage][step]
        passed.append(stage)
        step = next(iter(STEPS[stage]))
    way = stages(Opener.TOKEN if first is Step.RESERVE else Opener.LINK)
    assert passed == [*way, Stage.TOWER]


def test_every_message_of_it_begins_with_the_mark_in_each_language() -> None:
    for language, message in every():
        assert seen(message).splitlines()[0] == MARKS[language]


def test_telegram_takes_every_message_of_it() -> None:
    for _, message in every():
        accepted(message)
        assert message.form == "text"
        assert not message.protected


def test_no_button_of_it_leads_to_anything_real() -> None:
    places = {Place.SEND, Place.HELP}
    for _, message in every():
        for button in buttons(message):
            assert button.press is not None
            assert button.press.delivery is None
            assert button.press.verb in {*Step, *places}
        assert "href" not in message.html


def test_no_message_of_it_asks_for_a_photo_which_could_be_of_no_parcel() -> None:
    assert [language for language, message in every() if "📷" in message.html] == []


def test_leaving_is_possible_at_every_stage() -> None:
    for _, message in every():
        said = [button.press.verb for button in buttons(message) if button.press is not None]
        assert Step.LEAVE in said


@pytest.mark.parametrize("opener", Opener)
def test_each_stage_offers_the_way_on_that_the_table_knows(opener: Opener) -> None:
    for stage in stages(opener):
        verbs = {each.press.verb for each in buttons(shown(stage, opener)) if each.press}
        ways = set(STEPS[stage])
        if stage is Stage.REVIEW:
            ways = {Step.RESERVE if opener is Opener.TOKEN else Step.AT_TOWER}
        assert ways <= verbs
        assert verbs & {*Step} <= {*ways, Step.LEAVE, Step.OPEN}


def test_its_cards_and_buttons_are_called_as_the_real_ones() -> None:
    assert "Reserved until" in seen(shown(Stage.RESERVED))
    assert "Get drop-off code" in labels(shown(Stage.RESERVED))
    assert "Robin has been told and can collect it." in seen(shown(Stage.IN))
    assert "Robin, a parcel from Anna is waiting for you" in seen(shown(Stage.TOLD))
    assert "Get pick-up code" in labels(shown(Stage.TOLD))
    assert "Get opening link" in labels(shown(Stage.TOLD, Opener.LINK))
    assert "You have collected the parcel from Anna" in seen(shown(Stage.OVER))


def test_what_opens_the_door_is_a_made_up_code_or_a_button_that_only_says_so() -> None:
    assert seen(shown(Stage.DROP_OFF)).endswith("PRACTICE-1")
    assert seen(shown(Stage.PICK_UP)).endswith("PRACTICE-2")
    by_link = shown(Stage.DROP_OFF, Opener.LINK)
    assert "Open door 14" in labels(by_link)
    assert "practice.invalid" not in str(by_link)
    assert "Open door 14" not in labels(shown(Stage.DROP_OFF))


def test_its_clock_stands_still_between_two_taps() -> None:
    """Whoever comes back a week later reads what they read before."""
    assert "Reserved until 12:39 (5 min)" in seen(shown(Stage.RESERVED))
    for _, message in every():
        assert set(re.findall(r"<([a-z-]+)", message.html)) <= {"b", "i", "code"}


def test_what_is_said_beside_its_messages_begins_with_the_mark_and_is_as_short_as_a_toast() -> None:
    for language in LANGUAGES:
        words, mark = speak(language), MARKS[language]
        assert code_said(words).startswith(mark)
        for stage in (Stage.DROP_OFF, Stage.PICK_UP):
            assert opens_said(words, stage).startswith(mark.removeprefix("🎓 "))
            assert len(opens_said(words, stage)) <= 200


TYPED = ("PRACTICE-1", "practice 2", " Practice–1 ", "PRACTICE1", "practice", "PRACTICE - 2")


@pytest.mark.parametrize("typed", TYPED)
def test_a_code_of_practice_is_known_however_it_is_typed(typed: str) -> None:
    assert holds_practice_code(typed)


@pytest.mark.parametrize("typed", TYPED[:4])
def test_a_code_of_practice_has_not_the_form_of_a_claim_code(typed: str) -> None:
    assert read_claim(typed, asked=True) is None
    assert read_claim(f"my code is {typed}") is None


@pytest.mark.parametrize(
    "typed", ["PRACT1CE", "practice makes perfect", "K7QF-2M9X", "PRACTICE-3", "PRACTICE-12", ""]
)
def test_what_is_no_code_of_practice_is_taken_for_none(typed: str) -> None:
    assert not holds_practice_code(typed)
    assert not holds_practice_code(typed, within=True)


def test_within_other_words_only_a_whole_code_is_one() -> None:
    assert holds_practice_code("it says practice-1, what now?", within=True)
    assert not holds_practice_code("it says practice-1, what now?")
    assert not holds_practice_code("malpractice-1", within=True)


@pytest.mark.parametrize(
    "typed",
    ["K7QF-2M9X, at practice 1", "Practice-1: https://t.me/x_bot?start=c_abcdefghijklmnopqrstuv"],
)
def test_a_claim_beside_a_code_of_practice_counts(typed: str) -> None:
    assert not holds_practice_code(typed, within=True)
