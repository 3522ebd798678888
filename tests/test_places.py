"""A Harbor that names no time zones: the bot knows what time it is at a tower all the same."""

from __future__ import annotations

import pytest

from bot.ports.database import Database
from sandbox.harbor import seeds
from tests.support.chats import chats


async def test_where_harbor_names_no_zone_hours_are_told_by_the_clock_at_the_towers_place(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoneless = [each.model_copy(update={"timezone": None}) for each in seeds.LOCATIONS]
    nowhere = zoneless[2].model_copy(update={"lat": 0.0, "lon": 0.0})
    monkeypatch.setattr(seeds, "LOCATIONS", (*zoneless[:2], nowhere, *zoneless[3:]))
    async with chats(sqlite_database) as world:
        anna = await world.phone("Anna")
        await anna.open()
        await world.turn(12 * 3600)  # 23:00 in Austin
        await anna.press("Send a parcel")
        await anna.press("Hyde Park Hardware · closed until Tuesday")
        await anna.sees("Closed now, opens Tuesday 7:00 AM")
        await anna.press("Back")
        await anna.press(f"{nowhere.name} · hours unknown")
        await anna.sees("Opening hours unknown")
        zones = {tower.zone for tower in await world.database.look(lambda tx: tx.towers())}
        assert zones == {"America/Chicago", "America/Los_Angeles", None}
