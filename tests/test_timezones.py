"""The zone of a place, from the map that comes with the bot: a real process each time."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

import timezones
from bot.ports.errors import TryLater
from timezones import zones_at


async def test_places_get_their_zones_in_order_and_the_sea_has_none() -> None:
    places = [(41.88, -87.63), (52.52, 13.405), (0.0, 0.0), (40.4066, -3.6892), (95.0, 200.0)]
    assert await zones_at(places) == [
        "America/Chicago",
        "Europe/Berlin",
        None,
        "Europe/Madrid",
        None,
    ]


async def test_nothing_is_asked_where_there_is_nothing_to_ask(tmp_path: Path) -> None:
    assert await zones_at([], program=tmp_path / "missing.py") == []


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit('no map')",
        "import sys; sys.exit(3)",
        "print('[null, null]'); raise SystemExit(3)",
        "print('{')",
        "print('[]')",
        "print('[5, 5]')",
        "print('null')",
        "import os; os.kill(os.getpid(), 9)",
    ],
)
async def test_a_map_that_cant_be_read_is_a_reason_to_try_later(
    tmp_path: Path, program: str
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(program)
    with pytest.raises(TryLater):
        await zones_at([(1.0, 1.0), (2.0, 2.0)], program=broken)


async def test_a_zone_that_the_tz_database_does_not_know_is_unknown(tmp_path: Path) -> None:
    newer = tmp_path / "newer.py"
    newer.write_text("""print('["Mars/Olympus", "../etc/passwd", "Europe/Kyiv"]')""")
    assert await zones_at([(1.0, 1.0)] * 3, program=newer) == [None, None, "Europe/Kyiv"]


async def test_a_map_that_does_not_answer_in_time_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import signal; signal.pause()")
    monkeypatch.setattr(timezones, "PATIENCE", 0.0)
    with pytest.raises(TryLater, match="in time"):
        await zones_at([(1.0, 1.0)], program=slow)


async def test_whoever_stops_waiting_leaves_no_process_behind(tmp_path: Path) -> None:
    pipe, slow = tmp_path / "pid", tmp_path / "slow.py"
    os.mkfifo(pipe)
    slow.write_text(
        "import os, pathlib, signal\n"
        f"pathlib.Path({str(pipe)!r}).write_text(str(os.getpid()))\n"
        "signal.pause()"
    )
    asking = asyncio.create_task(zones_at([(1.0, 1.0)], program=slow))
    process = int(await asyncio.to_thread(pipe.read_text))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
