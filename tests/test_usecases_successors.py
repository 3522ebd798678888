"""What takes the place of a parcel: whose it is then, and which messages become its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.card import slip_subjects
from bot.domain.delivery import Delivery
from bot.domain.lifecycle import State
from bot.domain.tower import Size
from bot.usecases.book import another_size, try_again
from bot.usecases.recipients import refuse
from tests.support.desk import ANNA, BEN, CARA, NOW, Desk, one


def whose(delivery: Delivery) -> tuple[Any, ...]:
    """Who is to collect it."""
    return delivery.recipient, delivery.recipient_name, delivery.picked_by, delivery.declined


async def again(desk: Desk, *refused: Any, by: Any = ANNA, **facts: Any) -> tuple[Any, ...]:
    """Whose the successor of a parcel that found no locker is, where some have refused."""
    over = await desk.keep(one(State.NO_LOCKER, **facts))
    for who in refused:
        await desk.act(BEN, refuse, who.id)
    return whose(await desk.act(by, try_again, over))


async def test_whoever_was_picked_is_still_picked_unless_they_have_refused_since(
    desk: Desk,
) -> None:
    assert await again(desk, picked_by=ANNA.id) == (BEN.id, "Ben", ANNA.id, False)


@pytest.mark.parametrize(("picker", "refused"), [(ANNA, ANNA), (CARA, CARA)])
async def test_whoever_has_refused_who_picked_them_is_picked_no_more(
    desk: Desk, picker: Any, refused: Any
) -> None:
    found = await again(desk, refused, picked_by=picker.id)
    assert found == (None, "Ben", None, True)


async def test_whoever_has_refused_somebody_else_is_picked_still(desk: Desk) -> None:
    assert await again(desk, ANNA, picked_by=CARA.id) == (BEN.id, "Ben", CARA.id, False)


async def test_whoever_has_claimed_a_parcel_has_its_successor_whomever_they_refuse(
    desk: Desk,
) -> None:
    assert await again(desk, ANNA) == (BEN.id, "Ben", None, False)


async def test_what_is_under_way_stays_whose_it_is_in_a_locker_of_another_size(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED, picked_by=ANNA.id))
    await desk.act(BEN, refuse, ANNA.id)
    new = await desk.act(ANNA, another_size, rented, Size.LARGE)
    assert whose(new) == (BEN.id, "Ben", ANNA.id, False)


async def test_a_slip_becomes_the_successors_and_the_parcel_before_has_changed_then(
    desk: Desk,
) -> None:
    over = await desk.keep(one(State.NO_LOCKER, recipient=None, recipient_name=None))
    subjects = slip_subjects(over.id)

    async def shown(tx: Any) -> None:
        await tx.mark(ANNA.id, subjects[0], now=NOW)
        await tx.mark(CARA.id, subjects[1], now=NOW)

    await desk.database.run(shown)
    desk.now = NOW + timedelta(minutes=5)
    new = await desk.act(ANNA, try_again, over)
    assert (await desk.now_of(over)).changed_at == desk.now
    for who, subject in zip((ANNA, CARA), slip_subjects(new.id), strict=False):
        assert await desk.look(lambda tx, of=who, it=subject: tx.card(of.id, it)) is not None
    assert await desk.look(lambda tx: tx.cards_about(*subjects)) == []
