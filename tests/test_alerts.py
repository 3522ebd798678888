"""What operators are told: the key of each alert, stored and never renamed, and its last day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.alert_buttons import arg_to_door, arg_to_key, door_to_arg, key_to_arg
from bot.domain.alerts import (
    LIFETIMES,
    UNHEARD_KEY,
    Alert,
    AlertKind,
    Away,
    Unheard,
    door_left_out,
    door_out_key,
    door_reported,
    gone_unasked,
    guessed_by_many,
    guessing,
    guessing_key,
    harbor_away,
    last_day,
    limit_reached,
    no_links,
    nobody_heard,
    not_collected,
    not_saved,
    odd_key,
    odd_status,
    orphan,
    orphan_key,
    problem_key,
    problem_reported,
    unheld,
    unreadable,
    unreadable_key,
)
from bot.domain.ids import LockerId
from bot.domain.lifecycle import LIVE, State
from bot.domain.limits import Limit
from bot.domain.tower import Locker, LockerStatus, Size
from tests.support.scenes import BEN, ID, NOW, TOWER, a_delivery

MONTH, DAY = NOW + timedelta(days=30), NOW + timedelta(days=1)
STORED, OVER = a_delivery(State.STORED, extensions=2), a_delivery(State.COLLECTED)
LOCKER = Locker(LockerId(14), "B14", TOWER.id, LockerStatus.OCCUPIED, Size.LARGE)


@pytest.mark.parametrize(
    ("made", "key", "ends", "about"),
    [
        (lambda: harbor_away(NOW, Away.REFUSED), "harbor", None, {"detail": {"why": "Refused"}}),
        (lambda: not_saved(NOW, "disk full"), "unsaved", None, {"detail": {"why": "disk full"}}),
        (lambda: no_links(NOW), "links", None, {}),
        (
            lambda: orphan(NOW, LOCKER),
            f"orphan:{TOWER.id}/14",
            None,
            {
                "tower": TOWER.id,
                "locker": 14,
                "locker_name": "B14",
                "status": LockerStatus.OCCUPIED,
                "detail": {"size": "large"},
            },
        ),
        (
            lambda: unreadable(NOW, "locations", 2, "no id"),
            "unreadable:locations",
            None,
            {"detail": {"call": "locations", "entries": 2, "why": "no id"}},
        ),
        (
            lambda: odd_status(NOW, STORED, LockerStatus.DECLINED),
            f"odd:{ID}:stored:declined",
            None,
            {"delivery": ID, "status": LockerStatus.DECLINED},
        ),
        (
            lambda: odd_status(NOW, STORED, LockerStatus.OCCUPIED, unlisted=True),
            f"odd:{ID}:stored:occupied",
            None,
            {"delivery": ID, "status": LockerStatus.OCCUPIED, "detail": {"unlisted": True}},
        ),
        (
            lambda: orphan(NOW, replace(LOCKER, size=None), last=ID, asked=True),
            f"orphan:{TOWER.id}/14",
            None,
            {
                "tower": TOWER.id,
                "locker": 14,
                "locker_name": "B14",
                "status": LockerStatus.OCCUPIED,
                "delivery": ID,
                "detail": {"asked": True},
            },
        ),
        (
            lambda: unheld(NOW, STORED, LockerStatus.RENTED),
            f"unheld:{ID}",
            None,
            {"delivery": ID, "status": LockerStatus.RENTED},
        ),
        (lambda: door_reported(NOW, STORED), f"door:{ID}", None, {"delivery": ID}),
        (
            lambda: door_left_out(NOW, replace(STORED, locker=LockerId(14), locker_name="B14"), 2),
            f"out:{TOWER.id}/14",
            None,
            {"tower": TOWER.id, "locker": 14, "locker_name": "B14", "detail": {"people": 2}},
        ),
        (
            lambda: problem_reported(NOW, STORED, BEN.id, "stuck"),
            f"problem:{ID}",
            None,
            {"delivery": ID, "person": BEN.id, "detail": {"text": "stuck"}},
        ),
        (
            lambda: problem_reported(NOW, OVER, BEN.id, "wet", 3),
            f"problem:{ID}",
            MONTH,
            {"delivery": ID, "person": BEN.id, "detail": {"text": "wet", "reports": 3}},
        ),
        (lambda: not_collected(NOW, STORED), f"overdue:{ID}:2", None, {"delivery": ID}),
        (lambda: gone_unasked(NOW, OVER), f"gone:{ID}", MONTH, {"delivery": ID}),
        (lambda: guessing(NOW, BEN.id, "ben"), "guessing:ben", DAY, {"person": BEN.id}),
        (
            lambda: limit_reached(NOW, BEN.id, "ben", Limit.HOLDS, 12),
            "limit:holds:ben",
            DAY,
            {"person": BEN.id, "detail": {"limit": "holds", "most": 12}},
        ),
        (lambda: guessed_by_many(NOW), "many", DAY, {}),
    ],
)
def test_each_alert_says_what_it_is_about_and_when_it_ends_unseen(
    made: Callable[[], Alert], key: str, ends: datetime | None, about: dict[str, Any]
) -> None:
    kind = AlertKind(key.partition(":")[0])
    assert made() == Alert(key, kind, NOW, ends_at=ends, **about)


def test_an_alert_is_found_by_the_key_that_it_is_raised_under() -> None:
    odd = odd_status(NOW, STORED, LockerStatus.DECLINED)
    assert orphan(NOW, LOCKER).key == orphan_key(TOWER.id, LockerId(14))
    assert door_left_out(NOW, replace(STORED, locker=LockerId(14)), 2).key == door_out_key(
        TOWER.id, LockerId(14)
    )
    assert odd.key == odd_key(STORED, LockerStatus.DECLINED)
    assert unreadable(NOW, "assigned", 1, "").key == unreadable_key("assigned")
    assert problem_reported(NOW, STORED, BEN.id, "stuck").key == problem_key(STORED)
    assert guessing(NOW, BEN.id, "ben").key == guessing_key("ben")


def test_of_a_locker_whose_type_has_no_name_no_size_is_told() -> None:
    assert orphan(NOW, replace(LOCKER, size=None)).detail == {}


def test_a_problem_has_a_last_day_once_its_delivery_is_over() -> None:
    for state in State:
        ends = problem_reported(NOW, a_delivery(state), BEN.id, "stuck").ends_at
        assert ends == (None if state in LIVE else MONTH), state


def test_every_kind_of_alert_has_its_own_end() -> None:
    assert set(LIFETIMES) == set(AlertKind)
    with_delivery = {kind.value for kind in AlertKind if LIFETIMES[kind].with_delivery}
    until_seen = {kind.value for kind in AlertKind if LIFETIMES[kind].until_seen}
    ends = {kind.value: last_day(kind, NOW) for kind in AlertKind}
    assert with_delivery == {"odd", "unheld", "door", "overdue"}
    assert until_seen == {"gone", "guessing", "limit"}
    assert {kind: at for kind, at in ends.items() if at is not None} == {
        "problem": MONTH,
        "gone": MONTH,
        "guessing": DAY,
        "limit": DAY,
        "many": DAY,
    }


def test_words_and_number_of_reports_are_read_from_a_problem_and_from_no_other() -> None:
    again = problem_reported(NOW, STORED, BEN.id, "stuck", 2)
    first = problem_reported(NOW, STORED, BEN.id, "stuck")
    assert [(each.text, each.reports) for each in (again, first, no_links(NOW))] == [
        ("stuck", 2),
        ("stuck", 1),
        ("", 1),
    ]


def test_an_alert_stands_until_it_is_cleared() -> None:
    assert no_links(NOW).stands
    assert not replace(no_links(NOW), cleared_at=NOW).stands


def test_a_key_goes_through_a_button_without_a_colon_or_a_slash() -> None:
    orphaned, odd = orphan_key(TOWER.id, LockerId(14)), odd_key(STORED, LockerStatus.OUT_OF_SERVICE)
    for key in (orphaned, odd):
        carried = key_to_arg(key)
        assert arg_to_key(carried) == key
        assert not {":", "/"} & set(carried)
        assert len(carried) == len(key)


def test_a_door_goes_through_a_button_and_what_no_button_says_is_no_door() -> None:
    assert door_to_arg(TOWER.id, LockerId(14)) == f"{TOWER.id}.14"
    assert arg_to_door(door_to_arg(TOWER.id, LockerId(14))) == (TOWER.id, 14)
    assert [arg_to_door(odd)[1] for odd in ("", TOWER.id, "a.x", "a.1.2")] == [0, 0, 0, 0]


def test_that_nobody_is_heard_is_told_with_the_cause_and_telegrams_own_words_if_there_are_any():
    told = nobody_heard(NOW, Unheard.TAKEN, "Conflict")
    assert (told.key, told.kind, told.raised_at) == (UNHEARD_KEY, AlertKind.UNHEARD, NOW)
    assert told.detail == {"why": "taken", "said": "Conflict"}
    assert nobody_heard(NOW, Unheard.TAKEN).detail == {"why": "taken"}
