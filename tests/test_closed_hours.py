"""The time to collect never ends while the tower is closed, whatever sets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.alerts import orphan
from bot.domain.delivery import Delivery
from bot.domain.tower import Hours, LockerStatus
from bot.ports.database import Database
from bot.usecases import operate
from bot.usecases.extend import more_time
from tests.support.core import ANNA, OPERATOR, TOWER, Core, core_on

AFTERNOONS = {day: (Hours(time(12), time(18)),) for day in range(4)}  # Monday to Thursday
ZONE = ZoneInfo("America/Chicago")


@pytest.fixture
async def core(database: Database) -> AsyncIterator[Core]:
    """It is Monday, 11:00."""
    async with core_on(database) as core:
        yield core


async def opened(core: Core, hours: Any, zone: str | None = "America/Chicago") -> None:
    """Every tower has these hours."""
    towers = await core.database.look(lambda tx: tx.towers())
    changed = [replace(tower, hours=hours, zone=zone) for tower in towers]
    await core.database.run(lambda tx: tx.save_towers(changed))


def by(delivery: Delivery) -> str:
    assert delivery.collect_until is not None
    return f"{delivery.collect_until.astimezone(ZONE):%a %H:%M}"


async def test_a_parcel_put_in_waits_until_an_hour_after_the_tower_has_opened(core: Core) -> None:
    await opened(core, AFTERNOONS)
    assert by(await core.stored()) == "Thu 13:00"


@pytest.mark.parametrize(("hours", "zone"), [(None, "America/Chicago"), (AFTERNOONS, None)])
async def test_where_hours_or_zone_are_unknown_it_waits_as_long_as_ever(
    core: Core, hours: Any, zone: str | None
) -> None:
    await opened(core, hours, zone)
    assert by(await core.stored()) == "Thu 11:00"


async def test_a_longer_wait_ends_while_the_tower_is_open_too(core: Core) -> None:
    await opened(core, AFTERNOONS)
    delivery = await core.stored()
    longer = await core.on(ANNA, delivery, more_time)
    assert by(longer) == "Mon 13:00"  # Friday 13:00 would be a day on which it is closed
    held = await core.on(OPERATOR, delivery, operate.hold)
    assert by(held) == "Tue 13:00"


async def test_what_an_operator_fetches_out_of_an_orphan_locker_waits_alike(core: Core) -> None:
    await opened(core, AFTERNOONS)
    locker = (await core.lockers.lockers(TOWER))[0]
    found = orphan(core.clock.now(), replace(locker, status=LockerStatus.OCCUPIED))
    await core.database.run(lambda tx: tx.raise_alert(found))
    assert by(await core.act(OPERATOR, operate.fetch_orphan, found.key)) == "Thu 13:00"


async def test_reminders_go_by_the_time_that_was_moved(core: Core) -> None:
    await opened(core, AFTERNOONS)
    delivery = await core.stored()
    await core.pass_time(hours=25)
    reminded = await core.now(delivery)
    assert reminded.deadline_at == datetime(2026, 3, 5, 13, tzinfo=ZONE) - core.policy.last_reminder
