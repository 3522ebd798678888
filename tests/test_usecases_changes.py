"""What the log and the figures hear of: a delivery begins, or goes from one state to another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import orphan
from bot.domain.history import HistoryEvent
from bot.domain.ids import LockerId
from bot.domain.lifecycle import Event, State
from bot.domain.tower import Locker, LockerStatus, Size
from bot.ports.signals import Change, Owed
from bot.usecases.book import Booking, prepare, request
from bot.usecases.operate import fetch_orphan
from bot.workers.signals import Signals
from tests.support.databases import listen
from tests.support.desk import ANNA, BEN, NOW, OLGA, TOWER, Desk, one


class Heard(Signals):
    """Keeps what it hears of."""

    def __init__(self) -> None:
        super().__init__(shows_cards=False)
        self.changes: list[Change] = []

    def committed(self, owed: Owed) -> None:
        self.changes += owed.changes


@pytest.fixture
async def heard(desk: Desk) -> Heard:
    await desk.keep(one(State.COLLECTED, "z"))
    found = Heard()
    listen(desk.database, found)
    return found


@pytest.mark.parametrize(
    ("act", "state", "event"),
    [
        (request, State.REQUESTED, HistoryEvent.REQUESTED),
        (prepare, State.PREPARED, HistoryEvent.PREPARED),
    ],
)
async def test_a_booking_begins_a_delivery(
    desk: Desk, heard: Heard, act: Any, state: State, event: HistoryEvent
) -> None:
    made = await desk.act(ANNA, act, ANNA, Booking(TOWER.id, Size.SMALL))
    assert heard.changes == [Change(made.id, TOWER.id, None, None, state, event, NOW)]


async def test_a_parcel_found_in_an_orphan_begins_one(desk: Desk, heard: Heard) -> None:
    locker = Locker(LockerId(3), "B3", TOWER.id, LockerStatus.OCCUPIED, Size.SMALL)
    await desk.database.run(lambda tx: tx.raise_alert(orphan(NOW, locker)))
    made = await desk.act(OLGA, fetch_orphan, orphan(NOW, locker).key)
    event = HistoryEvent.FOUND_BY_OPERATOR
    begun = Change(made.id, TOWER.id, "B3", None, State.STORED, event, NOW, OLGA.id)
    assert heard.changes == [begun]


async def test_an_event_goes_from_one_state_to_another_after_so_long(
    desk: Desk, heard: Heard
) -> None:
    rented = await desk.keep(one(State.RENTED, "a"))
    desk.now = NOW + timedelta(minutes=5)
    stored = await desk.observe(rented, Event.DROPPED_OFF)
    put_in = Change(
        rented.id,
        TOWER.id,
        rented.locker_name,
        State.RENTED,
        State.STORED,
        HistoryEvent.DROPPED_OFF,
        desk.now,
        BEN.id,
    )
    assert heard.changes == [put_in]
    desk.now += timedelta(minutes=7)
    await desk.observe(stored, Event.COLLECTED)
    assert heard.changes[1:] == [
        replace(
            put_in,
            before=State.STORED,
            after=State.COLLECTED,
            event=HistoryEvent.COLLECTED,
            at=desk.now,
            since=timedelta(minutes=7),
        )
    ]
