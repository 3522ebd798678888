"""How much one person may book, and what becomes of codes that are found, guessed and mistyped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import guessed_by_many, guessing, limit_reached
from bot.domain.claims import CLAIM_LENGTH, LONG_CLAIM_LENGTH, Written, read_claim
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import State
from bot.domain.limits import FREE_TRIES, UNASKED_TRIES, Limit, Limits
from bot.domain.openers import Opener
from bot.domain.person import Person
from bot.domain.tower import Size
from bot.ports.database import Database
from bot.usecases.book import (
    Booking,
    another_size,
    at_tower,
    new_drop_off_code,
    prepare,
    request,
    try_again,
    try_elsewhere,
)
from bot.usecases.collect import (
    Own,
    Wait,
    Wrong,
    claim_by_chance,
    claim_by_code,
    claim_by_link,
    claim_own,
    hand_over,
)
from bot.usecases.extend import more_time
from bot.usecases.limits import OverLimit, may_hold_longer, within_limits
from tests.support.desk import ANNA, BEN, CARA, NOW, OLGA, POLICY, TOWER, Desk, one
from tests.support.scenes import CLAIM

HALF_A_MINUTE = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("limits", "reached"),
    [
        (Limits(live=2, holds=9, bookings=9), Limit.LIVE),
        (Limits(live=9, holds=1, bookings=9), Limit.HOLDS),
        (Limits(live=9, holds=9, bookings=1), Limit.BOOKINGS),
    ],
)
async def test_whoever_has_as_many_as_are_allowed_gets_no_more_and_operators_hear_of_it(
    sqlite_database: Database, limits: Limits, reached: Limit
) -> None:
    desk = Desk(sqlite_database, replace(POLICY, limits=limits))
    await desk.keep(one(State.RENTED), one(State.STORED, "b"))
    requested = HistoryEntry(DeliveryId("a"), NOW, HistoryEvent.REQUESTED, ANNA.id)
    await desk.database.run(lambda tx: tx.record(requested))
    await desk.act(ANNA, within_limits, [each for each in Limit if each is not reached])
    caught = await refused(desk, within_limits)
    assert (caught.limit, caught.most, caught.longer) == (reached, limits.of(reached), False)
    [key] = await desk.alerts()
    known_as = await desk.look(known_to)
    assert key == limit_reached(NOW, ANNA.id, known_as, reached, 1).key
    alert = await desk.look(lambda tx: tx.alert(key))
    assert (alert.person, alert.detail["most"]) == (ANNA.id, limits.of(reached))
    await desk.act(OLGA, within_limits)


async def known_to(tx: Any, who: Person = ANNA) -> str:
    """What somebody goes by in the keys of alerts."""
    name: str = tx.known_as(who.id)
    return name


async def test_one_locker_is_held_by_so_many_tokens_and_no_more(sqlite_database: Database) -> None:
    desk = Desk(sqlite_database, replace(POLICY, limits=Limits(holds=2)))
    rented = await desk.keep(one(State.RENTED))
    events = (HistoryEvent.DROP_OFF_ISSUED, HistoryEvent.RESERVED, HistoryEvent.DROP_OFF_ISSUED)
    for number, event in enumerate(events):
        await desk.act(ANNA, may_hold_longer, rented)
        entry = HistoryEntry(rented.id, NOW + timedelta(seconds=number), event, ANNA.id)
        await desk.database.run(lambda tx, it=entry: tx.record(it))
    caught = await refused(desk, may_hold_longer, rented)
    assert (caught.limit, caught.most, caught.longer) == (Limit.HOLDS, 2, True)
    await desk.act(OLGA, may_hold_longer, rented)


async def test_whoever_looks_after_one_tower_has_the_limits_of_everybody_there_too(
    sqlite_database: Database,
) -> None:
    theirs = {TOWER.id: frozenset({ANNA.id})}
    limited = replace(POLICY, limits=Limits(live=1, holds=1), tower_operators=theirs)
    desk = Desk(sqlite_database, limited)
    rented = await desk.keep(one(State.RENTED))
    wish = Booking(TOWER.id, Size.SMALL)
    assert (await refused(desk, request, ANNA, wish)).limit is Limit.HOLDS
    issued = HistoryEntry(rented.id, NOW, HistoryEvent.DROP_OFF_ISSUED, ANNA.id)
    await desk.database.run(lambda tx: tx.record(issued))
    assert (await refused(desk, may_hold_longer, rented)).longer
    assert await desk.act(OLGA, request, OLGA, wish)


async def refused(desk: Desk, act: Any, *about: Any) -> OverLimit:
    caught: list[OverLimit] = []

    async def step(actor: Any) -> None:
        try:
            await act(actor, *about)
        except OverLimit as reached:
            caught.append(reached)

    await desk.act(ANNA, step)
    [reached] = caught
    return reached


async def test_a_code_found_by_chance_binds_who_wrote_it_and_a_wrong_one_is_no_try(
    desk: Desk,
) -> None:
    rented = await desk.keep(one(State.RENTED, recipient=None, recipient_name=None))
    claim = replace(CLAIM, delivery=rented.id)
    await desk.database.run(lambda tx: tx.save_claim(claim))
    right, wrong = read_claim("K7QF-2M9X"), read_claim("K7QF-2M9Y")
    assert await desk.act(BEN, claim_by_chance, BEN, wrong) is None
    tries = await desk.look(lambda tx: tx.wrong_tries(BEN.id, NOW - timedelta(days=1)))
    assert (tries.asked, tries.unasked) == (0, 1)
    assert await desk.act(ANNA, claim_by_chance, ANNA, right) == Own(rented.id)
    bound = await desk.act(BEN, claim_by_chance, BEN, right)
    assert (bound.recipient, bound.recipient_name) == (BEN.id, "Ben")
    for _ in range(UNASKED_TRIES):
        await desk.act(CARA, claim_by_chance, CARA, wrong)
    tries = await desk.look(lambda tx: tx.wrong_tries(CARA.id, NOW - timedelta(days=1)))
    assert tries.unasked == UNASKED_TRIES
    assert await desk.act(CARA, claim_by_chance, CARA, wrong) is None
    tries = await desk.look(lambda tx: tx.wrong_tries(CARA.id, NOW - timedelta(days=1)))
    assert tries.unasked == UNASKED_TRIES, "none is read there any more"


async def test_wrong_codes_are_counted_down_then_each_costs_a_pause(desk: Desk) -> None:
    await desk.keep(one(State.RENTED))
    left = [await desk.act(CARA, claim_by_code, CARA, "K7QF-2M9Y") for _ in range(FREE_TRIES)]
    assert left == [*(Wrong(n) for n in range(FREE_TRIES - 1, 0, -1)), Wait(NOW + HALF_A_MINUTE)]
    [key] = await desk.alerts()
    known_as = await desk.look(lambda tx: known_to(tx, CARA))
    assert key == guessing(NOW, CARA.id, known_as).key
    assert (await desk.look(lambda tx: tx.alert(key))).person == CARA.id
    desk.now += timedelta(seconds=29)
    assert await desk.act(CARA, claim_by_code, CARA, "K7QF-2M9Y") == Wait(NOW + HALF_A_MINUTE)
    desk.now += timedelta(seconds=1)
    waits = await desk.act(CARA, claim_by_code, CARA, "K7QF-2M9Y")
    assert waits == Wait(desk.now + 2 * HALF_A_MINUTE)
    alert = await desk.look(lambda tx: tx.alert(key))
    assert alert.ends_at == desk.now + timedelta(days=1)
    assert await desk.act(CARA, claim_by_code, CARA, "no code") == Wrong()


async def test_whoever_forwards_a_claim_may_use_it_up_themselves_while_it_is_open(
    desk: Desk,
) -> None:
    rented = await desk.keep(
        one(State.RENTED, recipient=None, recipient_name=None, handed_over_by=BEN.id)
    )
    own = (claim_own, BEN, rented.id)
    assert await desk.act(BEN, *own) == Wrong(), "there is no claim"
    claim = replace(CLAIM, delivery=rented.id)
    await desk.database.run(lambda tx: tx.save_claim(claim))
    assert await desk.act(CARA, claim_own, CARA, rented.id) == Wrong(), "it is not theirs"
    assert await desk.act(BEN, claim_own, BEN, DeliveryId("gone")) == Wrong()
    bound = await desk.act(BEN, *own)
    assert (bound.recipient, bound.recipient_name, bound.handed_over_by) == (BEN.id, "Ben", None)
    assert await desk.look(lambda tx: tx.claim(rented.id)) is None
    assert [entry.event for entry in await desk.history(rented)] == [HistoryEvent.CLAIMED]
    assert {"Anna delivery:a", "Ben delivery:a"} <= await desk.owed()


async def test_who_claims_takes_it_from_who_forwarded_it_and_all_three_see_it(desk: Desk) -> None:
    rented = await desk.keep(
        one(State.RENTED, recipient=None, recipient_name=None, handed_over_by=BEN.id)
    )
    claim = replace(CLAIM, delivery=rented.id)
    await desk.database.run(lambda tx: tx.save_claim(claim))
    bound = await desk.act(CARA, claim_by_code, CARA, " k7qf 2m9x ")
    assert (bound.recipient, bound.recipient_name) == (CARA.id, "Cara")
    assert bound.handed_over_by == BEN.id, "they hear who has it"
    assert {"Anna delivery:a", "Ben delivery:a", "Cara delivery:a"} <= await desk.owed()


async def test_what_wants_a_locker_is_limited_and_what_is_only_prepared_is_not(
    sqlite_database: Database,
) -> None:
    desk = Desk(sqlite_database, replace(POLICY, limits=Limits(0, 0, 0)))
    nowhere = await desk.keep(one(State.NO_LOCKER))
    never = await desk.keep(one(State.LAPSED, "b", locker=None))
    over = await desk.keep(one(State.LAPSED, "c"))
    prepared = await desk.keep(one(State.PREPARED, "d"))
    wish = Booking(nowhere.tower, Size.SMALL)
    for act, *about in (
        (request, ANNA, wish),
        (at_tower, prepared),
        (try_again, over),
        (try_again, nowhere),
        (try_elsewhere, nowhere),
        (another_size, over, Size.SMALL),
    ):
        assert (await refused(desk, act, *about)).limit is Limit.HOLDS, act
    assert (await desk.act(ANNA, try_again, never)).state is State.PREPARED
    assert (await desk.act(ANNA, prepare, ANNA, wish)).state is State.PREPARED
    assert (await desk.act(ANNA, another_size, prepared, Size.SMALL)).size is Size.SMALL


async def test_a_locker_that_is_given_up_for_another_counts_as_a_booking_alone(
    sqlite_database: Database,
) -> None:
    for bookings, refuses, names in ((0, True, "ab"), (9, False, "cd")):
        desk = Desk(sqlite_database, replace(POLICY, limits=Limits(0, 0, bookings)))
        by_link = {"drop_off_opener": Opener.LINK, "pick_up_opener": Opener.LINK}
        rented = await desk.keep(one(State.RENTED, names[0]))
        linked = await desk.keep(one(State.RENTED, names[1], **by_link))
        for act, *about in ((another_size, rented, Size.SMALL), (new_drop_off_code, linked)):
            if refuses:
                assert (await refused(desk, act, *about)).limit is Limit.BOOKINGS
            else:
                assert (await desk.act(ANNA, act, *about)).state is State.REQUESTED


async def test_a_new_token_is_limited_as_a_longer_hold_is(sqlite_database: Database) -> None:
    desk = Desk(sqlite_database, replace(POLICY, limits=Limits(holds=0)))
    rented = await desk.keep(one(State.RENTED))
    for act in (new_drop_off_code, more_time):
        caught = await refused(desk, act, rented)
        assert (caught.limit, caught.longer) == (Limit.HOLDS, True)


async def test_a_link_is_a_claim_wherever_a_code_was_asked_for_and_as_it_is_handed_over(
    desk: Desk,
) -> None:
    link = f"https://t.me/parcels_bot?start=c_{CLAIM.link}"
    for name, act, text in (
        ("a", claim_by_code, f"Look: {link}"),
        ("b", claim_by_link, f"c_{CLAIM.link}"),
        ("c", claim_by_link, CLAIM.link),
        ("d", claim_by_link, f"c_{CLAIM.link} thank you"),
        ("e", claim_by_chance, Written(link=CLAIM.link)),
    ):
        rented = await desk.keep(one(State.RENTED, name, recipient=None, recipient_name=None))
        claim = replace(CLAIM, delivery=rented.id)
        await desk.database.run(lambda tx, it=claim: tx.save_claim(it))
        bound = await desk.act(BEN, act, BEN, text)
        assert (bound.id, bound.recipient, bound.recipient_name) == (rented.id, BEN.id, "Ben")
    assert await desk.act(BEN, claim_by_link, BEN, f"c_{CLAIM.link}") == Wrong()


async def test_claim_codes_are_longer_while_many_guess(desk: Desk) -> None:
    async def length(name: str) -> int:
        rented = await desk.keep(one(State.RENTED, name))
        await desk.act(ANNA, hand_over, rented)
        return len((await desk.look(lambda tx: tx.claim(rented.id))).code)

    assert await length("a") == CLAIM_LENGTH
    await desk.database.run(lambda tx: tx.raise_alert(guessed_by_many(NOW)))
    assert await length("b") == LONG_CLAIM_LENGTH
    await desk.database.run(lambda tx: tx.clear_alert(guessed_by_many(NOW).key, NOW))
    assert await length("c") == CLAIM_LENGTH
