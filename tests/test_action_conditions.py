"""What the table of actions leaves to conditions, told anew: what each fact gives and takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.actions import (
    CONFIRMS,
    RULES,
    Action,
    concerns,
    extensions_left,
    permitted,
    roles_of,
)
from bot.domain.delivery import Delivery, RequestKind, Role, Turn
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import Event, State
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from tests.support.openers import BOTH_BY_LINK
from tests.support.scenes import ANNA, BEN, BY_LINK, CARA, NOW, OTHER, POLICY, TOWER, a_delivery

OLGA = PersonId(9)
PEOPLE = {"sender": ANNA.id, "recipient": BEN.id, "operator": OLGA}

# What may be done while nothing is special, the doors open by token.
PLAIN = {
    (State.PREPARED, "sender"): "at_tower one_more more_time size cancel hand_over name map",
    (State.PREPARED, "recipient"): "hand_over map",
    (State.PREPARED, "operator"): "end",
    (State.REQUESTED, "sender"): "size cancel hand_over name map",
    (State.REQUESTED, "recipient"): "hand_over map",
    (State.REQUESTED, "operator"): "release end",
    (State.RESERVED, "sender"): (
        "next drop_off_code new_drop_off_code more_time size cancel hand_over name door map"
    ),
    (State.RESERVED, "recipient"): "hand_over map",
    (State.RESERVED, "operator"): "release end",
    (State.RENTED, "sender"): (
        "next drop_off_code new_drop_off_code more_time size cancel hand_over name door map"
    ),
    (State.RENTED, "recipient"): "hand_over map",
    (State.RENTED, "operator"): "release end",
    (State.RELEASING, "operator"): "release end",
    (State.STORED, "sender"): "next more_time size take_back hand_over name photo door map",
    (State.STORED, "recipient"): (
        "pick_up_code new_pick_up_code collect_all more_time hand_over door map"
    ),
    (State.STORED, "operator"): "fetch hold give",
    (State.CANCELLED, "sender"): "size again",
    (State.LAPSED, "sender"): "size again",
    (State.NO_LOCKER, "sender"): "size again elsewhere",
}
ALWAYS = {
    "sender": "problem history",
    "recipient": "problem history",
    "operator": "answer history look settle write",
}


def may(delivery: Delivery, who: str) -> set[str]:
    """The names of all that may be done."""
    can = (a for a in RULES if permitted(a, delivery, PEOPLE[who], POLICY))
    return {action.name.lower() for action in can}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("state", list(State))
def test_who_may_do_what_in_each_state(state: State, who: str) -> None:
    told = f"{PLAIN.get((state, who), '')} {ALWAYS[who]}"
    assert may(a_delivery(state), who) == set(told.split())


SUCCESSOR = {"successor": DeliveryId("next")}
FETCHED, BY_ANOTHER = {"fetcher": OLGA}, {"fetcher": PersonId(8)}
SHOWN = {**BY_LINK, "code_until": NOW}
JAMMED = {**SHOWN, "door_reports": 1}
PICTURED = {"photo": "AgACAgIAAxkBAAIBQ2"}
HELD = (State.RESERVED, State.RENTED)


@pytest.mark.parametrize(
    ("states", "facts", "who", "taken", "given"),
    [
        # A link holds the locker by itself, and the one that was made is shown again.
        (HELD, BY_LINK, "sender", "drop_off_code more_time", ""),
        (HELD, SHOWN, "sender", "new_drop_off_code more_time", ""),
        (HELD, JAMMED, "sender", "more_time", ""),
        (HELD, {**JAMMED, **SUCCESSOR}, "sender", "more_time new_drop_off_code size", ""),
        (HELD, {"code_until": NOW}, "sender", "", ""),
        ((State.STORED,), BY_LINK, "recipient", "", ""),
        ((State.STORED,), SHOWN, "recipient", "new_pick_up_code", ""),
        ((State.STORED,), JAMMED, "recipient", "", ""),
        ((State.STORED,), {"code_until": NOW}, "recipient", "", ""),
        # Each door by its own opener.
        (HELD, {"drop_off_opener": Opener.LINK}, "sender", "drop_off_code more_time", ""),
        (HELD, {"pick_up_opener": Opener.LINK}, "sender", "", ""),
        (
            (State.STORED,),
            {"pick_up_opener": Opener.LINK, "code_until": NOW},
            "recipient",
            "new_pick_up_code",
            "",
        ),
        ((State.STORED,), {"drop_off_opener": Opener.LINK, "code_until": NOW}, "recipient", "", ""),
        # What has a successor begins no second one.
        ((State.REQUESTED, *HELD, State.STORED), SUCCESSOR, "sender", "size", ""),
        ((State.CANCELLED, State.LAPSED), SUCCESSOR, "sender", "size again", ""),
        ((State.NO_LOCKER,), SUCCESSOR, "sender", "size again elsewhere", ""),
        ((State.NO_LOCKER,), {"elsewhere": None}, "sender", "elsewhere", ""),
        # A door that several people have reported may be changed for another, once.
        (HELD, {"door_suspect": True}, "sender", "", "another_door"),
        (HELD, {"door_suspect": True}, "recipient", "", ""),
        (HELD, {"door_suspect": True}, "operator", "", ""),
        (HELD, {"door_suspect": True, **SUCCESSOR}, "sender", "size", ""),
        ((State.STORED, State.REQUESTED), {"door_suspect": True}, "sender", "", ""),
        # What its sender takes back is the sender's alone.
        (
            (State.STORED,),
            {"taken_back": True},
            "sender",
            "take_back size photo",
            "pick_up_code new_pick_up_code collect_all",
        ),
        (
            (State.STORED,),
            {"taken_back": True},
            "recipient",
            "pick_up_code new_pick_up_code collect_all more_time hand_over map",
            "",
        ),
        # A photo is the recipient's to see, and an operator's once a problem has been reported.
        ((State.STORED,), PICTURED, "sender", "", "see_photo"),
        ((State.STORED,), PICTURED, "recipient", "", "see_photo"),
        ((State.STORED,), {**PICTURED, "awaited": True}, "recipient", "", ""),
        ((State.COLLECTED,), PICTURED, "recipient", "", ""),
        ((State.STORED, State.COLLECTED), PICTURED, "operator", "", ""),
        (tuple(State), {**PICTURED, "problem_reported": True}, "operator", "", "see_photo"),
        ((State.STORED,), {"problem_reported": True}, "operator", "", ""),
        ((State.STORED,), {"recipient": PersonId(-(2**62))}, "sender", "photo", ""),
        # What an operator fetches out is that operator's alone; another may take it over.
        ((State.STORED,), FETCHED, "sender", "more_time size take_back hand_over photo", ""),
        (
            (State.STORED,),
            FETCHED,
            "recipient",
            "pick_up_code new_pick_up_code collect_all more_time hand_over map",
            "",
        ),
        ((State.STORED,), FETCHED, "operator", "fetch", "pick_up_code new_pick_up_code map"),
        ((State.STORED,), BY_ANOTHER, "operator", "", ""),
        ((State.PREPARED, State.REQUESTED, *HELD), FETCHED, "sender", "hand_over", ""),
        # In a visit to several, the one whose turn it is is left out, or is the last.
        ((State.STORED,), {"turn": Turn.NOW}, "recipient", "", "skip stop"),
        ((State.STORED,), {"turn": Turn.NOW}, "sender", "", ""),
        ((State.STORED,), {"turn": Turn.LEFT}, "recipient", "", ""),
        (
            (State.STORED,),
            {"turn": Turn.NOW, "taken_back": True},
            "recipient",
            "pick_up_code new_pick_up_code collect_all more_time hand_over map",
            "",
        ),
        # More time only where there is a time, and not for ever.
        ((State.STORED,), {"collect_until": None}, "sender", "more_time", ""),
        ((State.STORED,), {"extensions": POLICY.extensions}, "recipient", "more_time", ""),
        ((State.STORED,), {"extensions": POLICY.extensions + 1}, "sender", "more_time", ""),
        ((State.STORED,), {"extensions": POLICY.extensions}, "operator", "", ""),
    ],
)
def test_each_fact_takes_away_and_gives_what_it_should(
    states: tuple[State, ...], facts: dict[str, object], who: str, taken: str, given: str
) -> None:
    for state in states:
        plain = may(a_delivery(state), who)
        assert set(taken.split()) <= plain
        left = (plain - set(taken.split())) | set(given.split())
        assert may(a_delivery(state, **facts), who) == left, state


@pytest.mark.parametrize("state", [State.PREPARED, State.REQUESTED, *HELD, State.STORED])
def test_whoever_let_somebody_else_collect_may_take_that_back_while_nobody_has_it(
    state: State,
) -> None:
    handed = a_delivery(state, recipient=None, recipient_name=None, handed_over_by=CARA.id)

    def keeps(delivery: Delivery, policy: Policy = POLICY) -> bool:
        return permitted(Action.KEEP, delivery, CARA.id, policy) is not None

    assert keeps(handed)
    assert keeps(replace(handed, recipient=BEN.id, awaited=True))
    assert not keeps(replace(handed, recipient=BEN.id))
    assert not keeps(replace(handed, taken_back=True))
    assert not keeps(replace(handed, fetcher=OLGA))
    assert not keeps(replace(handed, handed_over_by=None))
    looks_after = Policy(tower_operators={handed.tower: frozenset({CARA.id})})
    assert not keeps(handed, looks_after), "an operator gives it by an act of operators"
    elsewhere = Policy(tower_operators={OTHER.id: frozenset({CARA.id})})
    assert keeps(handed, elsewhere)


@pytest.mark.parametrize("state", [State.PREPARED, State.REQUESTED, *HELD, State.STORED])
def test_whoever_was_picked_by_somebody_else_may_decline_while_it_is_theirs(state: State) -> None:
    picked = a_delivery(state, picked_by=ANNA.id)

    def declines(delivery: Delivery) -> bool:
        return permitted(Action.DECLINE, delivery, BEN.id, POLICY) is not None

    assert declines(picked)
    assert declines(replace(picked, picked_by=CARA.id))
    assert not declines(replace(picked, picked_by=None)), "they have claimed it"
    assert not declines(replace(picked, picked_by=BEN.id)), "they have picked themselves"
    assert not declines(replace(picked, taken_back=True))
    assert not declines(replace(picked, fetcher=OLGA))


def test_an_operator_is_one_at_their_towers_and_beside_what_else_they_are() -> None:
    policy = Policy(tower_operators={TOWER.id: frozenset({ANNA.id, CARA.id})})
    here, there = a_delivery(State.STORED), a_delivery(State.STORED)
    there = replace(there, tower=OTHER.id)
    assert roles_of(here, ANNA.id, policy) == {Role.SENDER, Role.OPERATOR}
    assert roles_of(here, CARA.id, policy) == {Role.OPERATOR}
    assert roles_of(here, BEN.id, policy) == {Role.RECIPIENT}
    assert roles_of(there, ANNA.id, policy) == {Role.SENDER}
    assert roles_of(there, CARA.id, policy) == frozenset()


def test_a_problem_is_reported_where_there_is_an_operator_to_read_it() -> None:
    policy = Policy(tower_operators={TOWER.id: frozenset({OLGA})})
    here = a_delivery(State.STORED)
    assert permitted(Action.PROBLEM, here, BEN.id, policy)
    assert not permitted(Action.PROBLEM, replace(here, tower=OTHER.id), BEN.id, policy)
    assert not permitted(Action.PROBLEM, here, BEN.id, Policy())


def test_extensions_are_counted_down_and_never_below_none() -> None:
    counted = [extensions_left(a_delivery(State.STORED, extensions=n), POLICY) for n in range(5)]
    assert counted == [3, 2, 1, 0, 0]


def test_what_only_shows_or_reports_something_counts_at_any_revision() -> None:
    patient = {a for a, rules in RULES.items() if any(rule.at_any_revision for rule in rules)}
    names = "NEXT ONE_MORE COLLECT_ALL SLIP MAP DOOR PROBLEM NAME PHOTO SEE_PHOTO HISTORY LOOK"
    assert patient == {Action[name] for name in names.split()}
    assert all(rule.at_any_revision for action in patient for rule in RULES[action])


def test_of_several_rules_the_first_that_fits_counts() -> None:
    by_token = a_delivery(State.RENTED, code_until=NOW)
    asked = permitted(Action.DROP_OFF_CODE, by_token, ANNA.id, POLICY)
    shown = permitted(Action.DROP_OFF_CODE, replace(by_token, **BY_LINK), ANNA.id, POLICY)
    assert (asked and asked.request, shown and shown.request) == (RequestKind.DROP_OFF_TOKEN, None)


def test_a_yes_is_permitted_as_its_question_is() -> None:
    for state in State:
        for yes, asks in CONFIRMS.items():
            for person in PEOPLE.values():
                delivery = a_delivery(state)
                rule = permitted(asks, delivery, person, POLICY)
                assert permitted(yes, delivery, person, POLICY) is rule


def test_an_action_concerns_whoever_may_ever_take_it() -> None:
    over = a_delivery(State.COLLECTED)
    assert concerns(Action.CANCEL_OK, over, ANNA.id, POLICY)
    assert not concerns(Action.CANCEL_OK, over, BEN.id, POLICY)
    assert not concerns(Action.CANCEL_OK, over, OLGA, POLICY)
    assert concerns(Action.HAND_OVER, over, BEN.id, POLICY)
    assert concerns(Action.FETCH, over, OLGA, POLICY)
    assert not concerns(Action.FETCH, over, CARA.id, POLICY)


def test_the_opener_of_the_moment_counts_for_what_was_booked_before_openers_were_kept() -> None:
    policy = Policy(openers=BOTH_BY_LINK)
    stored = a_delivery(State.STORED, code_until=NOW + timedelta(hours=1))
    assert permitted(Action.NEW_PICK_UP_CODE, stored, BEN.id, POLICY)
    assert not permitted(Action.NEW_PICK_UP_CODE, stored, BEN.id, policy)


def test_time_for_what_is_only_prepared_needs_no_request() -> None:
    rule = permitted(Action.MORE_TIME, a_delivery(State.PREPARED), ANNA.id, POLICY)
    assert rule is not None
    assert (rule.event, rule.request) == (Event.EXTENDED, None)
