"""The table of actions: whose, in which states, and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.actions import ANSWERS, CONFIRMS, RULES, Action, concerns, permitted, table
from bot.domain.delivery import Role
from bot.domain.ids import PersonId
from bot.domain.lifecycle import TRANSITIONS, Event, State
from handlers.conversation.confirmations import QUESTIONS
from handlers.errands.operations import deliveries
from handlers.errands.parcel import acting as parcel
from handlers.errands.parcel.questions import QUESTIONS as PARCEL_QUESTIONS
from tests.support.scenes import ANNA, BEN, CARA, POLICY, a_delivery

OPERATOR = PersonId(9)


def test_every_action_has_a_rule_or_is_the_yes_to_one() -> None:
    assert {*RULES, *CONFIRMS} == set(Action)
    assert set(ANSWERS) <= set(RULES)


def test_an_event_that_a_rule_brings_about_is_one_the_lifecycle_knows() -> None:
    for action, rules in RULES.items():
        for rule in rules:
            for state in rule.states if rule.event else ():
                assert (state, rule.event) in TRANSITIONS, (action, state)


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", list(State))
def test_a_stranger_may_do_nothing(action: Action, state: State) -> None:
    assert permitted(action, a_delivery(state), CARA.id, POLICY) is None
    assert not concerns(action, a_delivery(state), CARA.id, POLICY)


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", list(State))
def test_who_may_act_has_a_role_that_the_rule_names(action: Action, state: State) -> None:
    for person, role in ((ANNA.id, Role.SENDER), (BEN.id, Role.RECIPIENT)):
        rule = permitted(action, a_delivery(state), person, POLICY)
        assert rule is None or (role in rule.roles and state in rule.states)


def test_an_operator_ends_no_delivery_that_holds_a_parcel() -> None:
    stored = a_delivery(State.STORED)
    assert permitted(Action.END_OK, stored, OPERATOR, POLICY) is None
    assert permitted(Action.FETCH_OK, stored, OPERATOR, POLICY) is not None
    assert permitted(Action.HOLD_OK, stored, OPERATOR, POLICY) is not None
    assert permitted(Action.GIVE_OK, stored, OPERATOR, POLICY) is not None


def test_only_the_collector_gets_a_pick_up_code() -> None:
    stored = a_delivery(State.STORED)
    assert permitted(Action.PICK_UP_CODE, stored, BEN.id, POLICY)
    assert not permitted(Action.PICK_UP_CODE, stored, ANNA.id, POLICY)
    taken_back = replace(stored, taken_back=True)
    assert permitted(Action.PICK_UP_CODE, taken_back, ANNA.id, POLICY)
    assert not permitted(Action.PICK_UP_CODE, taken_back, BEN.id, POLICY)
    fetched = replace(stored, fetcher=OPERATOR)
    assert permitted(Action.PICK_UP_CODE, fetched, OPERATOR, POLICY)
    assert not permitted(Action.PICK_UP_CODE, fetched, BEN.id, POLICY)


def test_time_is_extended_as_often_as_the_policy_says() -> None:
    last = a_delivery(State.STORED, extensions=POLICY.extensions - 1)
    assert permitted(Action.MORE_TIME, last, BEN.id, POLICY)
    over = a_delivery(State.STORED, extensions=POLICY.extensions)
    assert not permitted(Action.MORE_TIME, over, BEN.id, POLICY)
    rule = permitted(Action.HOLD, over, OPERATOR, POLICY)
    assert rule is not None
    assert rule.event is Event.EXTENDED


def test_the_table_is_printed_with_every_action() -> None:
    printed = table()
    assert all(f"`{action.value}`" in printed for action in RULES)


def test_each_yes_that_is_carried_out_has_a_question_before_it() -> None:
    carried_out = {*parcel.DOINGS, *deliveries.DOINGS}
    assert {CONFIRMS[yes] for yes in carried_out & CONFIRMS.keys()} == set(QUESTIONS)


def test_every_action_on_a_delivery_is_carried_out_or_asks() -> None:
    known = {*parcel.DOINGS, *deliveries.DOINGS, *PARCEL_QUESTIONS, *QUESTIONS}
    theirs = {Action.LOOK, Action.WRITE, Action.ANSWER}  # which lead to the operators' screens
    later = {Action.FETCH, Action.HOLD, Action.GIVE}
    later |= {ANSWERS[action] for action in later}
    assert known | theirs | later == set(Action)
