"""The line in which people wait for a locker: who is next, what is promised, what is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import LockerId, PersonId, TowerId
from bot.domain.policy import Policy
from bot.domain.tower import Hours, Locker, LockerStatus, Size, Tower
from bot.domain.waiting import (
    LASTING,
    PROMISED,
    STEPS,
    Wait,
    WaitEvent,
    Waiting,
    after,
    due,
    left_over,
    next_in_line,
    promised_to_others,
    wait_of,
    wait_subject,
)
from bot.ports.database import Database
from bot.ports.errors import Conflict
from bot.usecases.actor import Actor
from bot.usecases.wait import NoWait, wait_for
from bot.usecases.waiting import give_turns, let_time_pass

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
TOWER = TowerId("00000000000000aa")
POLICY = Policy()


def a_wait(number: int, **changes: Any) -> Wait:
    """Person `number` has waited for a medium locker since `number` seconds after NOW."""
    basics: dict[str, Any] = {
        "id": number,
        "person": PersonId(number),
        "tower": TOWER,
        "size": Size.MEDIUM,
        "low": False,
        "since": NOW + timedelta(seconds=number),
        "until": NOW + timedelta(days=1),
    }
    return Wait(**(basics | changes))


def a_turn(number: int, **changes: Any) -> Wait:
    """The same, promised a locker for five minutes from NOW."""
    granted = {"state": Waiting.TURN, "turn_until": NOW + POLICY.head_start}
    return a_wait(number, **(granted | changes))


def a_locker(number: int, **changes: Any) -> Locker:
    """A free medium locker, not low."""
    free = Locker(LockerId(number), str(number), TOWER, LockerStatus.AVAILABLE, Size.MEDIUM)
    return replace(free, **changes)


SIZES = st.sampled_from([Size.SMALL, Size.MEDIUM])
LINES = st.lists(st.tuples(SIZES, st.booleans(), st.sampled_from(sorted(LASTING))), max_size=8).map(
    lambda each: [
        (a_turn if state in PROMISED else a_wait)(number, size=size, low=low)
        for number, (size, low, state) in enumerate(each, 1)
    ]
)
STATUSES = st.sampled_from([LockerStatus.AVAILABLE, LockerStatus.AVAILABLE, LockerStatus.RENTED])
LOCKERS = st.lists(st.tuples(SIZES, st.booleans(), STATUSES), max_size=8).map(
    lambda each: [
        a_locker(number, size=size, low=low, status=status)
        for number, (size, low, status) in enumerate(each, 1)
    ]
)


@given(LINES, LOCKERS)
def test_no_more_turns_are_given_than_lockers_are_free_and_unpromised(
    line: list[Wait], lockers: list[Locker]
) -> None:
    turns = next_in_line(line, lockers, NOW)
    for size in Size:
        free = sum(x.size is size and x.status is LockerStatus.AVAILABLE for x in lockers)
        promised = sum(x.size is size and x.state in PROMISED for x in line)
        given_now = sum(x.size is size for x in turns)
        assert given_now <= max(0, free)
        if not any(wait.low for wait in line):
            assert given_now == min(
                max(0, free - promised),
                sum(x.size is size and x.state is Waiting.WAITING for x in line),
            )
    granted = [replace(x, state=Waiting.TURN, turn_until=NOW + POLICY.head_start) for x in turns]
    others = [x for x in line if x not in turns]
    assert next_in_line([*others, *granted], lockers, NOW) == [], "who is told is told once"


@given(LINES, LOCKERS)
def test_nobody_is_told_before_somebody_who_has_waited_longer_for_the_same(
    line: list[Wait], lockers: list[Locker]
) -> None:
    turns = next_in_line(line, lockers, NOW)
    waiting = [wait for wait in line if wait.state is Waiting.WAITING]
    for first, second in combinations(sorted(waiting, key=lambda wait: wait.since), 2):
        if (first.size, first.low) == (second.size, second.low):
            assert first in turns or second not in turns


@given(LINES, LOCKERS)
def test_what_is_left_over_lacks_one_locker_for_each_promise_that_can_be_kept(
    line: list[Wait], lockers: list[Locker]
) -> None:
    promised = [wait for wait in line if wait.state in PROMISED]
    free = [locker for locker in lockers if locker.status is LockerStatus.AVAILABLE]
    left = left_over(lockers, promised)
    kept = list(free)
    for locker in left:
        kept.remove(locker)
    assert len(kept) <= len(promised)
    if len(kept) < len(promised):  # every locker that would do is set aside
        assert any(not any(map(wait.fits, left)) for wait in promised)


def test_a_low_door_is_set_aside_for_whoever_needs_one_and_for_nobody_else() -> None:
    low, high = a_locker(1, low=True), a_locker(2)
    assert left_over([low, high], [a_turn(1, low=True)]) == [high]
    assert left_over([low, high], [a_turn(1)]) == [low]
    assert left_over([low], [a_turn(1)]) == []


def test_what_is_promised_to_others_is_nobodys_own_and_only_while_it_is_promised() -> None:
    line = [a_turn(1), a_turn(2), a_wait(3)]
    assert promised_to_others(line, PersonId(1), NOW) == [line[1]]
    assert promised_to_others(line, PersonId(3), NOW) == line[:2]
    assert promised_to_others(line, PersonId(3), NOW + POLICY.head_start) == []


def test_a_head_start_that_is_over_promises_nothing() -> None:
    line, locker = [a_turn(1), a_wait(2)], a_locker(1)
    assert next_in_line(line, [locker], NOW) == []
    later = NOW + POLICY.head_start
    assert next_in_line(line, [locker], later) == [line[1]]


def test_whose_wait_ends_at_this_moment_has_no_turn_any_more() -> None:
    wait, locker = a_wait(1), a_locker(1)
    assert next_in_line([wait], [locker], wait.until - timedelta.resolution) == [wait]
    assert next_in_line([wait], [locker], wait.until) == []


def test_every_lasting_wait_ends_by_time_alone() -> None:
    for state in LASTING:
        wait = a_turn(1) if state in PROMISED else a_wait(1)
        wait, steps = replace(wait, state=state), 0
        while wait.state in LASTING:
            assert wait.ends_at is not None
            turn = due(wait, wait.ends_at)
            assert turn is not None
            wait, steps = after(wait, turn), steps + 1
            assert steps <= 2
        assert wait.turn_until is None


@pytest.mark.parametrize("state", sorted(set(Waiting) - LASTING))
def test_time_makes_nothing_of_a_wait_that_is_over(state: Waiting) -> None:
    assert due(a_wait(1, state=state), NOW + timedelta(days=99)) is None


def test_the_message_about_a_turn_says_of_which_wait_it_is() -> None:
    assert wait_subject(4711) == "wait:4711"
    assert wait_of(wait_subject(4711)) == 4711


def test_a_wait_that_is_over_goes_nowhere_and_only_a_promise_has_an_end() -> None:
    assert {state for state, _ in STEPS} == LASTING
    for (state, turn), becomes in STEPS.items():
        end = NOW + POLICY.head_start
        before = replace(a_wait(1), state=state, turn_until=end if state in PROMISED else None)
        now_is = after(before, turn, turn_until=end if turn is WaitEvent.GRANTED else None)
        assert now_is.state is becomes
        assert (now_is.turn_until is not None) == (becomes in PROMISED)


# -- what is written, on both databases


async def turns(database: Database, lockers: list[Locker], now: datetime = NOW) -> int:
    return await database.run(lambda tx: give_turns(tx, [TOWER], lockers, POLICY, now=now))


async def test_of_two_waits_of_one_person_for_the_same_the_second_is_refused(
    database: Database,
) -> None:
    first, again = a_wait(1), a_wait(2, person=PersonId(1))
    await database.run(lambda tx: tx.add_wait(first))
    with pytest.raises(Conflict):
        await database.run(lambda tx: tx.add_wait(again))
    await database.run(lambda tx: tx.save_wait(first, after(first, WaitEvent.ENDED)))
    await database.run(lambda tx: tx.add_wait(again))
    assert await database.look(lambda tx: tx.waits_of(PersonId(1))) == [again]
    assert len(await database.look(lambda tx: tx.every_wait_of(PersonId(1)))) == 2


async def test_a_turn_and_its_ring_are_written_together_or_not_at_all(database: Database) -> None:
    await database.run(lambda tx: tx.add_wait(a_wait(1)))

    async def pulled(tx: Any) -> None:
        assert await give_turns(tx, [TOWER], [a_locker(1)], POLICY, now=NOW) == 1
        raise RuntimeError("the plug")

    with pytest.raises(RuntimeError):
        await database.run(pulled)
    assert await database.look(lambda tx: tx.wait(1)) == a_wait(1)
    assert await database.look(lambda tx: tx.card(PersonId(1), wait_subject(1))) is None
    assert await turns(database, [a_locker(1)]) == 1
    card = await database.look(lambda tx: tx.card(PersonId(1), wait_subject(1)))
    assert card is not None
    assert (card.ring, card.wanted) == (True, 1)
    assert await turns(database, [a_locker(1)]) == 0, "told once"


async def test_whoever_comes_second_with_the_same_turn_meets_a_conflict(
    database: Database,
) -> None:
    wait, told = a_wait(1), a_turn(1)
    await database.run(lambda tx: tx.add_wait(wait))
    await database.run(lambda tx: tx.save_wait(wait, told))
    with pytest.raises(Conflict):
        await database.run(lambda tx: tx.save_wait(wait, told))


async def test_time_alone_ends_turns_and_waits_and_the_next_moment_is_known(
    database: Database,
) -> None:
    async def there(tx: Any) -> None:
        for wait in (a_turn(1), a_wait(2), a_turn(3, state=Waiting.BOOKING)):
            await tx.add_wait(wait)

    await database.run(there)
    head_start, day = NOW + POLICY.head_start, NOW + timedelta(days=1)
    assert await database.look(lambda tx: tx.next_wait_end()) == head_start
    assert not await database.run(lambda tx: let_time_pass(tx, now=NOW))
    assert await database.run(lambda tx: let_time_pass(tx, now=head_start))

    async def states() -> list[Waiting | None]:
        found = [await database.look(lambda tx, n=n: tx.wait(n)) for n in (1, 2, 3)]
        return [wait and wait.state for wait in found]

    assert await states() == [Waiting.PASSED, Waiting.WAITING, Waiting.WAITING]
    assert await database.look(lambda tx: tx.next_wait_end()) == day
    assert await database.run(lambda tx: let_time_pass(tx, now=day))
    assert await states() == [Waiting.PASSED, Waiting.OVER, Waiting.OVER]
    assert await database.look(lambda tx: tx.next_wait_end()) is None
    assert await database.look(lambda tx: tx.waited_at()) == []


async def test_a_size_that_the_tower_does_not_have_ends_the_wait_an_empty_list_does_not(
    database: Database,
) -> None:
    await database.run(lambda tx: tx.add_wait(a_wait(1, size=Size.X_LARGE)))
    assert await turns(database, []) == 0
    assert await database.look(lambda tx: tx.waits_of(PersonId(1)))
    assert await turns(database, [a_locker(1)]) == 0
    wait = await database.look(lambda tx: tx.wait(1))
    assert wait is not None
    assert wait.state is Waiting.NOWHERE


async def test_an_unknown_tower_and_a_closed_one_are_refused(sqlite_database: Database) -> None:
    mondays = {0: (Hours(time(0), time(1)),)}
    shut = Tower(TOWER, "Shut", "", "", None, None, "UTC", hours=mondays)
    await sqlite_database.run(lambda tx: tx.save_towers([shut]))

    async def asked(tower: TowerId, at: datetime) -> NoWait | None:
        async def step(tx: Any) -> NoWait | None:
            act = Actor(tx, PersonId(1), at, POLICY)
            return await wait_for(act, tower, Size.SMALL, low=False, by_link=False)

        return await sqlite_database.run(step)

    assert await asked(TowerId("00000000000000bb"), NOW) is NoWait.UNKNOWN
    assert await asked(TOWER, NOW) is NoWait.CLOSED
    assert await asked(TOWER, NOW.replace(hour=0)) is None
    assert await asked(TOWER, NOW.replace(hour=0)) is NoWait.ALREADY
