"""Whose a parcel becomes by being picked, by claiming it and by coming; and who refuses whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEvent
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.tower import Size
from bot.usecases.book import Booking, request
from bot.usecases.collect import claim_own
from bot.usecases.recipients import allow, arrive, refuse
from tests.support.desk import ANNA, BEN, CARA, NOW, TOWER, Desk, one
from tests.support.scenes import CLAIM


def whose(delivery: Delivery) -> tuple[Any, ...]:
    """Who is to collect it."""
    return delivery.recipient, delivery.recipient_name, delivery.picked_by


@pytest.fixture
async def known(desk: Desk) -> Desk:
    """Where everybody is known."""
    await desk.keep(one(State.COLLECTED, "z"))
    return desk


async def picks(desk: Desk, person: PersonId, name: str) -> Delivery:
    """Anna sends to somebody."""
    wish = Booking(TOWER.id, Size.SMALL, recipient=person, recipient_name=name)
    made: Delivery = await desk.act(ANNA, request, ANNA, wish)
    return made


async def claims(desk: Desk, delivery: Delivery) -> Delivery:
    await desk.database.run(lambda tx: tx.save_claim(replace(CLAIM, delivery=delivery.id)))
    return delivery


async def claimable(desk: Desk, delivery: Delivery) -> bool:
    return await desk.look(lambda tx: tx.claim(delivery.id)) is not None


async def test_who_was_picked_and_by_whom_is_kept(known: Desk) -> None:
    assert whose(await picks(known, BEN.id, "Ben B.")) == (BEN.id, "Ben B.", ANNA.id)
    assert whose(await picks(known, ANNA.id, "Me")) == (ANNA.id, "Me", None)


async def test_whoever_refuses_a_sender_is_not_picked_by_them_until_they_allow_it(
    known: Desk,
) -> None:
    await known.act(BEN, refuse, CARA.id)
    assert (await picks(known, BEN.id, "Ben")).recipient == BEN.id, "that was somebody else"
    await known.act(BEN, refuse, ANNA.id)
    made = await picks(known, BEN.id, "Ben")
    assert (whose(made), made.declined) == ((None, "Ben", None), True)
    assert await claimable(known, made)
    await known.act(BEN, allow, ANNA.id)
    made = await picks(known, BEN.id, "Ben")
    assert (whose(made), made.declined) == ((BEN.id, "Ben", ANNA.id), False)


@pytest.mark.parametrize(("hours", "sent", "counted"), [(1, 1, 0), (1, 2, 2), (24, 1, 1)])
async def test_what_was_kept_for_somebody_is_theirs_when_they_come_and_rings(
    known: Desk, hours: int, sent: int, counted: int
) -> None:
    kept = one(
        State.STORED,
        awaited=True,
        picked_by=ANNA.id,
        reminders_sent=sent,
        reported_at=NOW - timedelta(hours=hours),
    )
    stored = await claims(known, await known.keep(kept, recipient_name="somebody"))
    await known.act(BEN, arrive, BEN)
    bound = await known.now_of(stored)
    assert (whose(bound), bound.awaited) == ((BEN.id, "Ben", ANNA.id), False)
    assert bound.reminders_sent == counted
    assert not await claimable(known, bound)
    assert "Ben delivery:a rings" in await known.owed()
    [entry] = await known.history(bound)
    assert (entry.event, entry.by) == (HistoryEvent.CLAIMED, BEN.id)


async def test_what_its_sender_takes_back_is_shown_in_silence_to_who_comes(known: Desk) -> None:
    await known.keep(one(State.STORED, awaited=True, taken_back=True))
    await known.act(BEN, arrive, BEN)
    owed = await known.owed()
    assert "Ben delivery:a" in owed
    assert "Ben delivery:a rings" not in owed


async def test_of_what_is_over_nothing_is_shown_to_who_comes_and_its_claim_is_over(
    known: Desk,
) -> None:
    ago = NOW - timedelta(days=1)
    over = one(State.CANCELLED, awaited=True, changed_at=ago, recipient_name="somebody")
    kept = await claims(known, await known.keep(over))
    await known.act(BEN, arrive, BEN)
    after = await known.now_of(kept)
    assert (after.awaited, after.recipient_name, after.revision) == (False, "Ben", kept.revision)
    assert after.changed_at == NOW
    assert not await claimable(known, kept)
    assert await known.owed() == set()
    assert await known.history(kept) == []


async def test_a_sender_who_uses_up_the_claim_themselves_was_picked_by_nobody(known: Desk) -> None:
    kept = one(State.RENTED, awaited=True, picked_by=ANNA.id, reminders_sent=1)
    await claims(known, await known.keep(kept))
    bound = await known.act(ANNA, claim_own, ANNA, kept.id)
    assert (whose(bound), bound.awaited) == ((ANNA.id, "Anna", None), False)
    assert bound.reminders_sent == 1
