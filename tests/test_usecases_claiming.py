"""Whoever claims: what they get of a parcel that is over, that may be tried again, or that is kept
for somebody; and how operators hear of many who guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import guessed_by_many
from bot.domain.claims import read_claim
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEvent
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import State
from bot.domain.limits import MANY_TRIES, MANY_TRIES_WITHIN
from bot.domain.person import Person
from bot.usecases.collect import (
    KeptForAnother,
    NotYet,
    Own,
    Wrong,
    claim_by_chance,
    claim_by_code,
    claim_by_link,
    claim_by_page,
    decline,
    hand_over,
    keep,
)
from tests.support.desk import ANNA, BEN, CARA, NOW, Desk, one
from tests.support.scenes import CLAIM, PAGED

NOBODY: dict[str, Any] = {"recipient": None, "recipient_name": None}


async def claims(desk: Desk, delivery: Delivery, **facts: Any) -> Delivery:
    kept = await desk.keep(delivery)
    claim = replace(PAGED, delivery=kept.id, **facts)
    await desk.database.run(lambda tx: tx.save_claim(claim))
    return kept


async def by_code(desk: Desk, who: Person) -> Any:
    return await desk.act(who, claim_by_code, who, CLAIM.code)


async def claimable(desk: Desk, delivery: Delivery) -> bool:
    return await desk.look(lambda tx: tx.claim(delivery.id)) is not None


@pytest.mark.parametrize(
    ("state", "facts", "found"),
    [
        (State.NO_LOCKER, {}, NotYet()),
        (State.NO_LOCKER, {"successor": DeliveryId("b")}, Wrong()),
        (State.COLLECTED, {}, Wrong()),
    ],
)
async def test_what_its_sender_may_try_again_is_not_yet_to_be_claimed_and_what_is_over_never(
    desk: Desk, state: State, facts: dict[str, Any], found: Any
) -> None:
    await claims(desk, one(state, **facts, **NOBODY))
    for who in (BEN, ANNA):
        assert await desk.act(who, claim_by_link, who, CLAIM.link) == found


async def test_what_is_kept_for_somebody_is_theirs_and_whoever_forwards_it_is_asked(
    desk: Desk,
) -> None:
    kept = await claims(desk, one(State.RENTED, awaited=True))
    assert await by_code(desk, CARA) == KeptForAnother()
    assert await by_code(desk, ANNA) == Own(kept.id)
    assert await desk.act(CARA, claim_by_page, CARA, PAGED.page) == Wrong()
    tries = await desk.look(lambda tx: tx.wrong_tries(CARA.id, NOW - timedelta(days=1)))
    assert (tries.asked, tries.unasked) == (0, 0), "it was no wrong try"
    bound = await by_code(desk, BEN)
    assert (bound.recipient, bound.awaited) == (BEN.id, False)


async def test_a_code_of_letters_alone_is_one_where_a_code_was_asked_for(desk: Desk) -> None:
    await claims(desk, one(State.RENTED, **NOBODY), code="ABCDEFGH")
    bound = await desk.act(BEN, claim_by_code, BEN, " abcdefgh.")
    assert bound.recipient == BEN.id


async def test_a_page_is_claimed_by_its_secret_once(desk: Desk) -> None:
    await claims(desk, one(State.RENTED, **NOBODY))
    bound = await desk.act(BEN, claim_by_page, BEN, PAGED.page)
    assert (bound.recipient, bound.recipient_name) == (BEN.id, "Ben")
    assert await desk.act(CARA, claim_by_page, CARA, PAGED.page) == Wrong()


async def test_many_who_guess_are_told_of_once_until_a_day_after_the_last(desk: Desk) -> None:
    await desk.keep(one(State.RENTED))

    async def tried(count: int, at: Any) -> None:
        async def step(tx: Any) -> None:
            for number in range(count):
                await tx.note_wrong_try(10_000 + number, at, asked=True)

        await desk.database.run(step)

    await tried(MANY_TRIES, NOW - MANY_TRIES_WITHIN)
    wrong = "K7QF-2M9Y"
    assert isinstance(await desk.act(CARA, claim_by_code, CARA, wrong), Wrong)
    assert await desk.alerts() == [], "that was too long ago"
    await tried(MANY_TRIES - 2, NOW)
    await desk.act(CARA, claim_by_code, CARA, wrong)
    assert await desk.alerts() == ["many"]
    many = await desk.look(lambda tx: tx.alert("many"))
    assert many == guessed_by_many(NOW)
    desk.now += timedelta(minutes=5)
    await desk.act(BEN, claim_by_chance, BEN, read_claim(wrong))
    many = await desk.look(lambda tx: tx.alert("many"))
    assert (many.raised_at, many.ends_at) == (NOW, guessed_by_many(desk.now).ends_at)


async def test_whoever_hands_on_takes_it_back_while_nobody_has_claimed(desk: Desk) -> None:
    kept = await claims(desk, one(State.STORED, handed_over_by=BEN.id, **NOBODY))
    mine = await desk.act(BEN, keep, kept)
    assert (mine.recipient, mine.recipient_name, mine.handed_over_by) == (BEN.id, "Ben", None)
    assert not await claimable(desk, mine)
    assert [entry.event for entry in await desk.history(mine)] == [HistoryEvent.KEPT]


async def test_whoever_declines_is_picked_by_that_person_no_more_and_those_hear_of_it(
    desk: Desk,
) -> None:
    kept = await desk.keep(
        one(State.STORED, picked_by=CARA.id, handed_over_by=CARA.id), recipient_name="B."
    )
    await desk.keep(one(State.STORED, "b"))
    desk.now += timedelta(minutes=5)
    after = await desk.act(BEN, decline, kept)
    assert (after.recipient, after.recipient_name, after.declined) == (None, "Ben", True)
    assert await claimable(desk, after)
    assert await desk.look(lambda tx: tx.refused(BEN.id, CARA.id))
    assert not await desk.look(lambda tx: tx.refused(BEN.id, ANNA.id))
    owed = await desk.owed()
    assert {"Anna delivery:a rings", "Ben delivery:a", "Ben delivery:b"} <= owed
    assert [entry.event for entry in await desk.history(after)] == [HistoryEvent.DECLINED]


async def test_a_parcel_is_handed_to_somebody_picked_whose_phone_rings(desk: Desk) -> None:
    kept = await claims(desk, one(State.STORED, **NOBODY))
    given = await desk.act(ANNA, hand_over, kept, BEN.id, "Ben B.")
    assert (given.recipient, given.recipient_name) == (BEN.id, "Ben B.")
    assert (given.picked_by, given.handed_over_by) == (ANNA.id, None)
    assert not await claimable(desk, given)
    await desk.shown()
    desk.now += timedelta(minutes=5)
    given = await desk.act(BEN, hand_over, given, CARA.id, "Cara C.")
    assert (given.recipient, given.recipient_name) == (CARA.id, "Cara C.")
    assert (given.picked_by, given.handed_over_by) == (BEN.id, BEN.id)
    owed = await desk.owed()
    assert {each for each in owed if each.endswith("rings")} == {"Cara delivery:a rings"}
    told = [(entry.event, entry.by) for entry in await desk.history(given)]
    assert told == [(HistoryEvent.HANDED_OVER, ANNA.id), (HistoryEvent.HANDED_OVER, BEN.id)]


async def test_whoever_hands_a_parcel_to_themselves_hears_nothing_of_it(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED))
    assert await desk.act(BEN, hand_over, stored, BEN.id, "Ben") is stored
    assert await desk.history(stored) == []
    back = await desk.act(ANNA, hand_over, stored, ANNA.id, "Anna")
    assert (back.recipient, back.picked_by, back.handed_over_by) == (ANNA.id, None, None)
    assert not any(each.endswith("rings") for each in await desk.owed())
