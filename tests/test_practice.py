"""What is practised: its stages, what they show in each language, and codes that open nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.claims import read_claim
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, NoPhoto
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.message import Message, Place
from bot.domain.openers import BY_TOKEN, Opener, Openers
from bot.domain.policy import Policy
from bot.domain.practice import STEPS, Practised, Stage, Step, holds_practice_code
from bot.domain.tower import Size
from tests.support.scenes import ANNA, BEN, NOW, TOWER
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
STATES = {
    Stage.RESERVED: State.RESERVED,
    Stage.DROP_OFF: State.RENTED,
    Stage.IN: State.STORED,
    Stage.TOLD: State.STORED,
    Stage.PICK_UP: State.STORED,
    Stage.OVER: State.COLLECTED,
}
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


def at(stage: Stage, openers: Openers = BY_TOKEN) -> Practised:
    """A large parcel that has come to each stage a minute after the one before."""
    way = list(Stage)
    times = {each: NOW + timedelta(minutes=way.index(each)) for each in way[: way.index(stage) + 1]}
    return Practised(stage, times, Size.LARGE, openers, "Europe/Berlin", "DE")


def test_the_tower_of_practice_has_the_clock_of_those_around_and_no_place_on_a_map() -> None:
    tower = at(Stage.SIZE).tower("Tower of practice")
    assert (tower.name, tower.zone, tower.country) == ("Tower of practice", "Europe/Berlin", "DE")
    assert (tower.latitude, tower.longitude) == (None, None)


def test_in_practice_no_operator_looks_on_and_no_rule_of_a_real_tower_counts() -> None:
    openers = Openers(Opener.LINK, Opener.TOKEN)
    real = replace(
        POLICY,
        storage=timedelta(hours=7),
        openers=BY_TOKEN,
        tower_openers={TOWER.id: Openers(Opener.LINK, Opener.LINK)},
        tower_operators={TOWER.id: frozenset({BEN.id})},
    )
    practised = at(Stage.SIZE, openers).policy(real)
    assert practised == Policy(storage=timedelta(hours=7), openers=openers, app_name="Acme")


BOTH_WAYS = [
    (Openers(Opener.TOKEN, Opener.LINK), POLICY.drop_off, POLICY.link_lasts),
    (Openers(Opener.LINK, Opener.TOKEN), POLICY.link_hold, POLICY.pick_up),
]


@pytest.mark.parametrize(("openers", "to_put_in", "to_take_out"), BOTH_WAYS)
@pytest.mark.parametrize("stage", STATES)
def test_a_practised_delivery_is_what_a_real_one_would_be_by_then(
    stage: Stage, openers: Openers, to_put_in: timedelta, to_take_out: timedelta
) -> None:
    practised = at(stage, openers)
    now, times = practised.now, practised.times
    lasts = {Stage.DROP_OFF: now + to_put_in, Stage.PICK_UP: now + to_take_out}.get(stage)
    held = {Stage.RESERVED: now + POLICY.reservation, Stage.DROP_OFF: lasts}.get(stage)
    put_in = times.get(Stage.IN)
    assert practised.delivery(ANNA, POLICY) == Delivery(
        DeliveryId("practice"),
        ANNA.id,
        TowerId("practice"),
        Size.LARGE,
        STATES[stage],
        recipient=PersonId(0),
        no_photo=NoPhoto.DECLINED,
        locker=LockerId(0),
        locker_name="14",
        locker_size=Size.LARGE,
        held_until=held,
        occupied_at=put_in,
        reported_at=put_in,
        code_until=lasts,
        collect_until=put_in and put_in + POLICY.storage,
        collected_at=times.get(Stage.OVER),
        drop_off_opener=openers.drop_off,
        pick_up_opener=openers.pick_up,
    )


@pytest.mark.parametrize(("openers", "to_put_in", "to_take_out"), BOTH_WAYS)
def test_a_code_is_there_at_a_door_alone_for_whoever_stands_there_as_long_as_a_real_one(
    openers: Openers, to_put_in: timedelta, to_take_out: timedelta
) -> None:
    codes = {stage: at(stage, openers).code(ANNA, POLICY) for stage in Stage}
    told = {stage: code for stage, code in codes.items() if code is not None}
    assert list(told) == [Stage.DROP_OFF, Stage.PICK_UP]
    into, out = told.values()
    assert (into.kind, into.form, into.holder) == (CodeKind.DROP_OFF, openers.drop_off, ANNA.id)
    assert (out.kind, out.form, out.holder) == (CodeKind.PICK_UP, openers.pick_up, PersonId(0))
    assert into.expires_at == at(Stage.DROP_OFF).now + to_put_in
    assert out.expires_at == at(Stage.PICK_UP).now + to_take_out
    assert {(each.delivery, each.revealed) for each in (into, out)} == {("practice", True)}


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
