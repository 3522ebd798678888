"""A bot that hears nobody tells its operators why, once, and that it hears again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.alerts import UNHEARD_KEY, Alert, Unheard
from bot.domain.ids import PersonId
from bot.domain.policy import Policy
from bot.ports.database import Database
from bot.workers.alerts import Alerts
from bot.workers.hearing import CALM, LISTENED_FOR, Hearing
from sandbox.clock import Clock
from tests.support.chats import OPERATOR, START, Chats, chats

POLICY = Policy(operators=frozenset({PersonId(1)}))


@pytest.fixture(autouse=True)
def unlogged():
    with capture_logs():
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock(START, stopped=True)


@pytest.fixture
def alerts(sqlite_database: Database, clock: Clock) -> Alerts:
    return Alerts(sqlite_database, clock, POLICY)


async def told(database: Database) -> Alert | None:
    return await database.look(lambda tx: tx.alert(UNHEARD_KEY))


async def test_what_is_soon_over_is_told_to_nobody(
    sqlite_database: Database, alerts: Alerts, clock: Clock
) -> None:
    hearing = Hearing(clock)
    hearing.failed("Telegram did not answer")
    assert await hearing.tell(alerts) == START + LISTENED_FOR
    clock.turn(30)
    hearing.heard()
    await hearing.tell(alerts)
    assert await told(sqlite_database) is None


async def test_what_lasts_is_one_alert_with_the_cause_as_it_is_known_and_ends(
    sqlite_database: Database, alerts: Alerts, clock: Clock
) -> None:
    hearing = Hearing(clock)
    for cause, said in (
        (Unheard.SILENT, None),
        (Unheard.SILENT, None),
        (Unheard.UNDELIVERED, "Connection refused"),
    ):
        clock.turn(40)
        hearing.failed("Connection refused", cause)
        clock.turn(LISTENED_FOR.total_seconds())
        assert await hearing.tell(alerts) is None
        alert = await told(sqlite_database)
        assert alert is not None
        assert alert.stands
        assert alert.raised_at == START + timedelta(seconds=40)
        assert (alert.detail["why"], alert.detail.get("said")) == (cause.value, said)
    hearing.heard()
    assert hearing.changed.is_set
    await hearing.tell(alerts)
    alert = await told(sqlite_database)
    assert alert is not None
    assert alert.cleared_at == clock.now()


async def test_an_alert_that_an_earlier_process_left_is_ended_by_no_restart_alone(
    sqlite_database: Database, alerts: Alerts, clock: Clock
) -> None:
    before = Hearing(clock)
    before.failed("another process", Unheard.TAKEN)
    clock.turn(LISTENED_FOR.total_seconds())
    await before.tell(alerts)
    after = Hearing(clock)
    after.heard()  # it has been told who it is
    assert await after.tell(alerts) == clock.now() + CALM
    alert = await told(sqlite_database)
    assert alert is not None
    assert alert.stands
    clock.turn(CALM.total_seconds())
    assert await after.tell(alerts) is None
    alert = await told(sqlite_database)
    assert alert is not None
    assert not alert.stands


async def test_operators_read_of_a_second_process_in_their_chat_and_that_it_is_over(
    sqlite_database: Database,
) -> None:
    async with chats(sqlite_database) as world:
        olga = await world.phone("Olga", id=OPERATOR)
        await olga.open()
        await quietly(world)
        world.receiver.hearing.failed("another process", Unheard.TAKEN)
        world.clock.turn(LISTENED_FOR.total_seconds() + 1)
        await olga.sees("another process receives this bot's updates")
        world.clock.turn(CALM.total_seconds())
        world.receiver.hearing.heard()
        await olga.sees("People are heard again")


async def quietly(world: Chats) -> None:
    """A healthy life of an hour: nobody is told of anything."""
    for _ in range(12):
        await world.turn(300)
    assert await told(world.database) is None
    assert not await world.database.look(lambda tx: tx.alerts())
