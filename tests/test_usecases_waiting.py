"""Waiting for a locker, on a database: asking for one, one's turn, and whose turn it becomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from bot.domain.card import delivery_subject
from bot.domain.closures import Closure
from bot.domain.ids import LockerId, MessageId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener, Openers
from bot.domain.person import Person
from bot.domain.tower import Hours, Low, Size, Tower
from bot.domain.waiting import Wait, Waiting, wait_subject
from bot.ports.database import Database
from bot.usecases.actor import Actor
from bot.usecases.closing import ClosedForBooking
from bot.usecases.situation import Surroundings
from bot.usecases.wait import NoWait, book_turn, stop_waiting, turn_of, wait_for
from bot.usecases.waiting import has_come_by, let_time_pass, use_turn, was_in_vain
from tests.support.databases import a_delivery
from tests.test_waiting_line import NOW, POLICY, TOWER, a_locker, a_turn, a_wait, turns

# -- one's turn


async def taken(database: Database, who: int, act: Any, *about: Any, at: datetime = NOW) -> Any:
    """Person `who` takes an act."""

    async def step(tx: Any) -> Any:
        return await act(Actor(tx, PersonId(who), at, POLICY), *about)

    return await database.run(step)


async def waits(database: Database, *added: Wait) -> None:
    async def step(tx: Any) -> None:
        for wait in added:
            await tx.add_wait(wait)
            await tx.mark(wait.person, wait_subject(wait.id), now=NOW)
        await tx.save_towers([Tower(TOWER, "Open", "", "", None, None, "UTC")])

    await database.run(step)


async def test_a_turn_is_ones_own_while_its_head_start_lasts_and_nobody_elses(
    sqlite_database: Database,
) -> None:
    turn, waiting = a_turn(1), a_wait(2, person=PersonId(1), size=Size.LARGE)
    booking = a_turn(3, person=PersonId(1), size=Size.SMALL, state=Waiting.BOOKING)
    await waits(sqlite_database, turn, waiting, booking, a_turn(4))
    assert await taken(sqlite_database, 1, turn_of, 1) == turn
    assert [await taken(sqlite_database, 1, turn_of, n) for n in (2, 3, 4, 5)] == [None] * 4
    over = NOW + POLICY.head_start
    assert await taken(sqlite_database, 1, turn_of, 1, at=over - timedelta.resolution) == turn
    assert await taken(sqlite_database, 1, turn_of, 1, at=over) is None


async def test_whoever_waits_no_longer_takes_their_message_away_and_no_other(
    sqlite_database: Database,
) -> None:
    await waits(sqlite_database, a_wait(1), a_wait(2))
    assert not await taken(sqlite_database, 1, stop_waiting, 2)
    assert not await taken(sqlite_database, 1, stop_waiting, 3)
    before = await sqlite_database.look(lambda tx: tx.card(PersonId(1), wait_subject(1)))
    assert await taken(sqlite_database, 1, stop_waiting, 1)
    assert await sqlite_database.look(lambda tx: tx.wait(1)) is None
    assert await sqlite_database.look(lambda tx: tx.wait(2)) == a_wait(2)
    after = await sqlite_database.look(lambda tx: tx.card(PersonId(1), wait_subject(1)))
    assert before is not None
    assert after is not None
    assert after.wanted == before.wanted + 1
    assert not await taken(sqlite_database, 1, stop_waiting, 1)


@pytest.mark.parametrize(("low", "wanted"), [(True, Low.ONLY), (False, Low.RATHER)])
async def test_in_ones_turn_what_was_waited_for_is_booked_and_the_message_becomes_its_card(
    sqlite_database: Database, low: bool, wanted: Low
) -> None:
    turn = a_turn(1, low=low)
    await waits(sqlite_database, turn)
    sender = Person(PersonId(1), "Anna", low_locker=Low.RATHER, larger_allowed=False)
    openers = Openers(Opener.LINK, Opener.TOKEN)
    booked = await taken(sqlite_database, 1, book_turn, sender, turn, openers)
    assert (booked.tower, booked.size, booked.state) == (TOWER, Size.MEDIUM, State.REQUESTED)
    assert (booked.low, booked.larger_allowed, booked.recipient) == (wanted, False, None)
    assert (booked.drop_off_opener, booked.pick_up_opener) == (Opener.LINK, Opener.TOKEN)
    cards = await sqlite_database.look(lambda tx: tx.cards_of(PersonId(1)))
    assert delivery_subject(booked.id) in {card.subject for card in cards}
    assert wait_subject(1) not in {card.subject for card in cards}


def test_who_waits_where_a_link_opens_waits_at_the_location() -> None:
    here = Tower(TOWER, "North", "", "", None, None, "UTC", location=7, location_name="Station")
    known = Surroundings(NOW, POLICY, {TOWER: here})
    assert known.waited_at(TOWER).name == "North"
    by_link = replace(POLICY, tower_openers={TOWER: Openers(drop_off=Opener.LINK)})
    assert replace(known, policy=by_link).waited_at(TOWER).name == "Station"


NORTH = Tower(TOWER, "North", "", "", None, None, "UTC", location=7)
SOUTH = replace(NORTH, id=TowerId("00000000000000bb"), name="South")
AWAY = replace(NORTH, id=TowerId("00000000000000cc"), name="Away", location=8)


@pytest.fixture
async def places(sqlite_database: Database) -> Database:
    """Two towers at one location, and one elsewhere."""
    await sqlite_database.run(lambda tx: tx.save_towers([NORTH, SOUTH, AWAY]))
    return sqlite_database


async def asks(
    database: Database, tower: Tower, size: Size = Size.SMALL, *, by_link: bool = False
) -> Any:
    """Person 1 asks to be told of a locker."""

    async def step(tx: Any) -> Any:
        act = Actor(tx, PersonId(1), NOW, POLICY)
        return await wait_for(act, tower.id, size, low=True, by_link=by_link)

    return await database.run(step)


async def test_a_wait_is_written_down_as_it_was_asked_for_and_lasts_as_long_as_one_may(
    places: Database,
) -> None:
    assert await asks(places, NORTH, Size.LARGE) is None
    [wait] = await places.look(lambda tx: tx.waits_of(PersonId(1)))
    until = NOW + POLICY.wait
    assert wait == Wait(wait.id, PersonId(1), TOWER, Size.LARGE, True, NOW, until)


async def test_one_waits_once_for_a_size_at_a_tower_and_by_link_at_its_location(
    places: Database,
) -> None:
    assert await asks(places, NORTH) is None
    assert await asks(places, NORTH) is NoWait.ALREADY
    assert await asks(places, SOUTH, by_link=True) is NoWait.ALREADY
    assert await asks(places, SOUTH) is None
    assert await asks(places, AWAY, by_link=True) is None


async def test_one_waits_for_so_many_and_for_no_more(places: Database) -> None:
    for size in [Size.SMALL, Size.MEDIUM, Size.LARGE][: POLICY.waits]:
        assert await asks(places, NORTH, size) is None
    assert await asks(places, AWAY) is NoWait.TOO_MANY


async def test_nobody_waits_where_operators_have_closed_the_tower_or_its_location(
    places: Database,
) -> None:
    await places.run(lambda tx: tx.close(Closure(1, SOUTH.id, NOW)))
    for tower, by_link in ((SOUTH, False), (SOUTH, True), (NORTH, True)):
        with pytest.raises(ClosedForBooking):
            await asks(places, tower, by_link=by_link)
    assert await asks(places, NORTH) is None
    assert await asks(places, AWAY, Size.MEDIUM, by_link=True) is None


async def test_a_turn_begins_when_it_is_told_and_its_end_is_not_rung_for(
    sqlite_database: Database,
) -> None:
    await waits(sqlite_database, a_wait(1))
    later = NOW + timedelta(minutes=10)
    assert await turns(sqlite_database, [a_locker(1)], later) == 1
    wait = await sqlite_database.look(lambda tx: tx.wait(1))
    assert wait is not None
    assert (wait.state, wait.turn_until) == (Waiting.TURN, later + POLICY.head_start)

    async def shown(tx: Any) -> None:
        for card in await tx.lease_cards(later, later, 9):
            await tx.card_shown(card, message=MessageId(1), form="text", digest="x")

    await sqlite_database.run(shown)
    over = later + POLICY.head_start
    assert await sqlite_database.run(lambda tx: let_time_pass(tx, now=over))
    card = await sqlite_database.look(lambda tx: tx.card(PersonId(1), wait_subject(1)))
    assert card is not None
    assert (card.owed, card.ring) == (True, False)


async def test_what_a_delivery_of_ours_has_is_not_free_whatever_an_older_list_says(
    sqlite_database: Database,
) -> None:
    await waits(sqlite_database, a_wait(1), a_wait(2))
    here = a_delivery("d", tower=TOWER, state=State.RESERVED, locker=LockerId(1))
    away = a_delivery("e", tower=TowerId("00000000000000bb"), state=State.RESERVED)
    away = replace(away, locker=LockerId(2))

    async def step(tx: Any) -> None:
        await tx.add_delivery(here)
        await tx.add_delivery(away)

    await sqlite_database.run(step)
    assert await turns(sqlite_database, [a_locker(1), a_locker(2)]) == 1
    assert await turns(sqlite_database, [a_locker(1), a_locker(2), a_locker(3)]) == 1


async def test_each_of_several_sizes_has_as_many_turns_as_there_are_lockers_of_it(
    sqlite_database: Database,
) -> None:
    line = [a_wait(1), a_wait(2), a_wait(3), a_wait(4, size=Size.LARGE)]
    await waits(sqlite_database, *line)
    lockers = [a_locker(1), a_locker(2), a_locker(3, size=Size.LARGE), a_locker(4, size=Size.SMALL)]
    assert await turns(sqlite_database, lockers) == 3
    assert await turns(sqlite_database, lockers) == 0


async def test_low_doors_are_kept_in_mind_for_whoever_needs_one(sqlite_database: Database) -> None:
    await waits(sqlite_database, a_wait(1, low=True))
    high = [a_locker(number) for number in range(1, 4)]
    assert await turns(sqlite_database, [*high, a_locker(4, low=True)]) == 1


async def message(database: Database, number: int, person: int = 1) -> int:
    """How often the message of a wait has been put out of date."""
    card = await database.look(lambda tx: tx.card(PersonId(person), wait_subject(number)))
    assert card is not None
    return card.wanted


async def state(database: Database, number: int) -> Waiting | None:
    wait = await database.look(lambda tx: tx.wait(number))
    return wait.state if wait is not None else None


MEDIUM = a_delivery("d", tower=TOWER, sender=PersonId(1), state=State.REQUESTED)


async def test_a_turn_is_used_by_a_booking_of_its_own_size_and_its_message_goes(
    sqlite_database: Database,
) -> None:
    turn, other = a_turn(1), a_turn(2, person=PersonId(1), size=Size.LARGE)
    theirs, waiting = a_turn(3), a_wait(4, person=PersonId(1), size=Size.SMALL)
    await waits(sqlite_database, turn, other, theirs, waiting)
    for size in (Size.MEDIUM, Size.SMALL):
        booked = replace(MEDIUM, size=size)
        await sqlite_database.run(lambda tx, it=booked: use_turn(tx, it, now=NOW))
    states = [await state(sqlite_database, number) for number in range(1, 5)]
    assert states == [Waiting.BOOKING, Waiting.TURN, Waiting.TURN, Waiting.WAITING]
    marks = [
        await message(sqlite_database, number, person)
        for number, person in ((1, 1), (2, 1), (3, 3), (4, 1))
    ]
    assert marks == [2, 1, 1, 1]


@pytest.mark.parametrize(("by_link", "left"), [(True, None), (False, Waiting.TURN)])
async def test_a_link_is_for_any_tower_of_the_location_and_a_token_for_its_own(
    sqlite_database: Database, by_link: bool, left: Waiting | None
) -> None:
    await waits(sqlite_database, a_turn(1))
    await sqlite_database.run(lambda tx: tx.save_towers([NORTH, SOUTH, AWAY]))
    opener = Opener.LINK if by_link else Opener.TOKEN
    for tower in (AWAY, SOUTH):
        booked = replace(MEDIUM, tower=tower.id, drop_off_opener=opener)
        await sqlite_database.run(lambda tx, it=booked: has_come_by(tx, it, now=NOW))
        if tower is AWAY:
            assert await state(sqlite_database, 1) is Waiting.TURN
    assert await state(sqlite_database, 1) is left


async def test_whoever_booked_in_vain_waits_in_their_place_and_sees_it(
    sqlite_database: Database,
) -> None:
    booking = a_turn(1, state=Waiting.BOOKING)
    waiting = a_wait(2, person=PersonId(1), tower=SOUTH.id)
    await waits(sqlite_database, booking, waiting)
    later = NOW + timedelta(minutes=1)
    await sqlite_database.run(lambda tx: was_in_vain(tx, MEDIUM, now=later))
    assert await state(sqlite_database, 1) is Waiting.WAITING
    assert [await message(sqlite_database, number) for number in (1, 2)] == [2, 1]


async def test_nobody_waits_at_a_tower_that_nobody_knows_or_that_has_closed_for_today(
    places: Database,
) -> None:
    assert await asks(places, replace(NORTH, id=TowerId("ff" * 8))) is NoWait.UNKNOWN
    day = NOW.astimezone(UTC)
    for hours, answer in (((day.hour + 1) % 24, NoWait.CLOSED), (day.hour, None)):
        span = Hours(time(hours), time((hours + 1) % 24))
        tower = replace(AWAY, hours=dict.fromkeys(range(7), (span,)))
        await places.run(lambda tx, it=tower: tx.save_towers([it]))
        assert await asks(places, tower) is answer
