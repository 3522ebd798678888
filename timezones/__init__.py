"""The time zone of a place, from a map of all zones that comes with the bot.

Guarantees: nothing is asked over a network. The map is read by a process of its own, which ends
with its answer, so that the bot does not carry it (some 35 MB) for a question asked once in a
tower's life. What goes wrong there, or takes longer than `PATIENCE` seconds, is TryLater.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.domain.tower import known_zone
from bot.ports.errors import TryLater
from bot.ports.zones import Point

PATIENCE = 10.0
_PROGRAM = Path(__file__).with_name("__main__.py")


async def zones_at(points: Sequence[Point], *, program: Path = _PROGRAM) -> list[str | None]:
    """For each point the zone's name in the tz database; None at sea, and where there is none.

    Raises TryLater where no answer came.
    """
    if not points:
        return []
    said = await _said_by(program, json.dumps(points))
    try:
        zones: Any = json.loads(said)
        return [zone and known_zone(zone) for _, zone in zip(points, zones, strict=True)]
    except (ValueError, TypeError, AttributeError) as error:
        raise TryLater(f"the map of time zones answered what can't be read: {error}") from error


async def _said_by(program: Path, question: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(program),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise TryLater(f"the map of time zones can't be opened: {error}") from error
    try:
        async with asyncio.timeout(PATIENCE):
            said, complaint = await process.communicate(question.encode())
    except TimeoutError as error:
        raise TryLater("the map of time zones did not answer in time") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise TryLater(f"the map of time zones can't be read: {''.join(last)[:200]}")
    return said.decode(errors="replace")
