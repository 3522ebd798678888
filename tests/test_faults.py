"""The story with faults: that it finds what is lost, and holds it against the right fault."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.domain.openers import Opener
from faults.__main__ import tellings
from faults.story import story
from faults.trials import Outcome, Told, Trial, faults_of, tell

BOTH = (Opener.TOKEN, Opener.LINK)


@pytest.fixture(
    scope="module", params=[Opener.TOKEN, pytest.param(Opener.LINK, marks=pytest.mark.long)]
)
def plain(request: pytest.FixtureRequest) -> tuple[Opener, Told]:
    """The story without any fault."""
    return request.param, tell(request.param, {})


def test_without_a_fault_every_step_comes_about_by_itself(plain: tuple[Opener, Told]) -> None:
    opener, told = plain
    assert told.wrong == []
    assert list(told.outcomes.values()) == [Outcome.BY_ITSELF] * len(story(opener))


@pytest.mark.long
def test_the_story_makes_every_call_that_changes_something(plain: tuple[Opener, Told]) -> None:
    opener, told = plain
    made = {call for calls in told.calls.values() for _, call in calls}
    by_token = {"reserve", "cancel_reservation", "drop_off_token", "pick_up_token"}
    by_link = {"drop_off_request", "pick_up_request"}
    shown = {"sendMessage", "sendPhoto", "sendDocument", "editMessageText", "deleteMessage"}
    assert made >= shown | {"release", "getUpdates", "answerCallbackQuery"}
    assert made >= (by_token if opener is Opener.TOKEN else by_link)


def test_one_fault_at_several_steps_is_met_at_each_and_loses_nothing() -> None:
    steps = story(Opener.TOKEN)
    at = {step.name: number for number, step in enumerate(steps)}
    trials = [
        Trial(Opener.TOKEN, at["reserve"], "harbor", "reserve", "reset_after"),
        Trial(Opener.TOKEN, at["drop-off code"], "telegram", "sendPhoto", "too_many_requests"),
        Trial(Opener.TOKEN, at["drop off"], "harbor", "assigned_lockers", "truncated"),
        Trial(Opener.TOKEN, at["collect"], "harbor", "tower_lockers", "empty_list"),
    ]
    told = tell(Opener.TOKEN, {trial.step: trial for trial in trials})
    assert told.wrong == []
    assert [told.outcomes[trial.step] for trial in trials] == [Outcome.BY_ITSELF] * len(trials)


@pytest.mark.long
def test_a_fault_in_a_call_that_is_not_made_counts_as_not_met() -> None:
    trial = Trial(Opener.TOKEN, 1, "telegram", "sendDocument", "reset")
    assert tell(Opener.TOKEN, {1: trial}).outcomes[1] is Outcome.NOT_MET


def test_every_trial_is_told_once_and_no_step_has_two_at_a_time() -> None:
    trials = [
        Trial(Opener.LINK, step, "harbor", call, fault)
        for step, call in ((0, "token"), (0, "locations"), (3, "token"))
        for fault, _ in faults_of("harbor", call)
    ]
    told = list(tellings(trials))
    assert Counter(trial for telling in told for trial in telling.values()) == Counter(trials)
    assert all(telling[step].step == step for telling in told for step in telling)


def test_faults_are_tried_where_they_mean_something_and_nowhere_else() -> None:
    names = {name for name, _ in faults_of("telegram", "sendMessage")}
    assert names == {"slow", "bad_gateway", "reset", "reply_lost", "too_many_requests"}
    assert {"repeated_updates", "jumping_ids"} <= {
        n for n, _ in faults_of("telegram", "getUpdates")
    }
    assert "empty_list" not in {name for name, _ in faults_of("harbor", "reserve")}
    assert ("500", (("after", True),)) in faults_of("harbor", "reserve")


def test_a_telling_that_breaks_off_is_held_against_its_fault_and_ends_no_run() -> None:
    trial = Trial(Opener.TOKEN, 0, "telegram", "getUpdates", "no such fault")
    told = tell(Opener.TOKEN, {0: trial})
    assert [wrong.partition(":")[0] for wrong in told.wrong] == ["broke off"]
