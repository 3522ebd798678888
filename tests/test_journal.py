"""The journal: what was committed and nothing else; which update it goes back to; how late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.domain.card import Card
from bot.domain.delivery import HarborRequest, RequestKind
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import Event, State
from bot.domain.policy import Policy
from bot.ports.database import Database, Transaction
from bot.ports.errors import Conflict
from bot.ports.signals import CAUSE, Owed
from bot.usecases.transitions import transition
from bot.workers import journal
from bot.workers.journal import Journal
from bot.workers.signals import Signals
from tests.support.databases import a_delivery, listen

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANNA = PersonId(1)
POLICY = Policy()


async def happens(tx: Transaction, event: Event, at: datetime, **changes: Any) -> None:
    found = await tx.delivery(DeliveryId("a"))
    assert found is not None
    await transition(tx, found, event, now=at, policy=POLICY, **changes)


@pytest.fixture
async def signals(database: Database) -> Signals:
    """A delivery that is wanted, and signals of what becomes of it."""

    async def step(tx: Transaction) -> None:
        await tx.add_delivery(a_delivery("a"))
        await tx.record(HistoryEntry(DeliveryId("a"), NOW, HistoryEvent.REQUESTED, ANNA))

    await database.run(step)
    return listen(database, Signals())


async def test_what_is_rolled_back_or_taken_again_is_told_once_or_not_at_all(
    database: Database, signals: Signals
) -> None:
    tries = []

    async def at_second_try(tx: Transaction) -> None:
        await happens(tx, Event.RESERVED, NOW + SECOND, locker_name="14")
        tries.append(1)
        if len(tries) == 1:
            raise Conflict("somebody was first")

    async def in_vain(tx: Transaction) -> None:
        await happens(tx, Event.DROP_OFF_ISSUED, NOW + SECOND)
        raise ValueError

    with capture_logs() as logs:
        await database.run(at_second_try)
        with pytest.raises(ValueError):
            await database.run(in_vain)
    assert len(tries) == 2
    [line] = logs
    assert (line["before"], line["after"], line["cause"]) == ("requested", "reserved", "reserved")
    assert (line["delivery"], line["door"], line["since"]) == ("a", "14", 1.0)
    assert signals.journal.changes == {("requested", "reserved", "reserved"): 1}


async def test_since_is_counted_from_the_last_change_of_state_and_nothing_else(
    database: Database, signals: Signals
) -> None:
    async def step(tx: Transaction) -> None:
        await happens(tx, Event.RESERVED, NOW + SECOND)
        door = HistoryEvent.DOOR_DID_NOT_OPEN
        await tx.record(HistoryEntry(DeliveryId("a"), NOW + 5 * SECOND, door, ANNA))
        await happens(tx, Event.DROP_OFF_ISSUED, NOW + 9 * SECOND)

    with capture_logs() as logs:
        await database.run(step)
    assert [line["since"] for line in logs] == [1.0, 8.0]


async def test_what_a_step_leaves_goes_back_to_its_update_and_the_next_mark_to_none(
    database: Database, signals: Signals
) -> None:
    async def by_a_tap(tx: Transaction) -> Card | None:
        found = await tx.delivery(DeliveryId("a"))
        assert found is not None
        request = HarborRequest.made(RequestKind.RELEASE, NOW)
        await tx.save_delivery(replace(found, request=request))
        await tx.mark(ANNA, "delivery:a", now=NOW)
        return await tx.card(ANNA, "delivery:a")

    async def tapped(update: int) -> Card | None:
        CAUSE.set(update)
        return await database.run(by_a_tap)

    card = await asyncio.create_task(tapped(77))
    delivery = await database.look(lambda tx: tx.delivery(DeliveryId("a")))
    assert card is not None
    assert delivery is not None
    assert delivery.request is not None
    assert signals.journal.cause_of_card(card) == 77
    assert signals.journal.cause_of_request(delivery.request.id) == 77

    async def by_itself(tx: Transaction) -> Card | None:
        await tx.mark(ANNA, "delivery:a", now=NOW)
        return await tx.card(ANNA, "delivery:a")

    later = await database.run(by_itself)
    assert later is not None
    assert signals.journal.cause_of_card(later) is None

    async def saved(update: int) -> None:
        CAUSE.set(update)
        await database.run(lambda tx: tx.save_delivery(delivery))

    await asyncio.create_task(saved(78))
    assert signals.journal.cause_of_request(delivery.request.id) == 77, "it asked for it"


def test_only_the_latest_causes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_KEPT", 3)
    kept = Journal()
    for number in range(5):
        kept.committed(Owed(asked={number}, cause=number))
    assert [kept.cause_of_request(number) for number in range(5)] == [None, None, 2, 3, 4]


def test_a_ring_is_counted_from_when_it_was_owed_and_a_screen_is_none() -> None:
    kept = Journal()
    card = Card(1, ANNA, "delivery:a", wanted=1, ring=True, owed_since=NOW)
    with capture_logs() as logs:
        kept.rung(card, NOW + 3 * SECOND, silent=False)
        kept.rung(replace(card, subject="alert:guessing:1"), NOW + SECOND, silent=True)
        kept.rung(replace(card, subject="screen"), NOW + SECOND, silent=True)
    assert [(line["card"], line["late"]) for line in logs] == [("delivery", 3.0), ("alert", 1.0)]
    assert "silent" not in logs[0]
    assert logs[1]["silent"] is True
    assert "guessing" not in str(logs), "an alert's key may name a person"
    assert sum(kept.rings.counts) == 2


async def test_a_parcel_that_is_in_is_counted_till_whoever_collects_it_was_rung(
    database: Database, signals: Signals
) -> None:
    async def step(tx: Transaction) -> None:
        ben = PersonId(2)
        await happens(tx, Event.RESERVED, NOW, recipient=ben)
        await happens(tx, Event.DROP_OFF_ISSUED, NOW)
        await happens(tx, Event.DROPPED_OFF, NOW + SECOND)

    with capture_logs():
        await database.run(step)
        for chat in (ANNA, PersonId(2), PersonId(2)):
            card = Card(1, chat, "delivery:a", wanted=1, ring=True, owed_since=NOW)
            signals.journal.rung(card, NOW + 5 * SECOND, silent=False)
    assert signals.journal.occupied_to_rung.sum == 4.0
    assert sum(signals.journal.occupied_to_rung.counts) == 1
    state = await database.look(lambda tx: tx.delivery(DeliveryId("a")))
    assert state is not None
    assert state.state is State.STORED
