"""The bot as a process of its own in which nobody taps anything: time alone makes it speak.

`lockerbot sandbox` runs bot and counterparties; the test turns their clock from outside.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.domain.ids import PersonId
from tests.support.phones import Phone
from tests.support.plain_http import plain_http

ROOT = Path(__file__).parent.parent
PATIENCE = 60
"""Seconds until a process that does not start fails a test."""


@dataclass
class Outside:
    """The process as anybody sees it: over HTTP alone."""

    http: httpx.AsyncClient

    async def quiet(self) -> None:
        """Nothing is known of the process: whoever waits, waits for what a phone shows."""

    async def phone(self, name: str) -> Phone:
        made = await self.http.post("/telegram/sandbox/people", json={"first_name": name})
        made.raise_for_status()
        return Phone(self, PersonId(made.json()["id"]), name)  # type: ignore[arg-type]  # has what a Phone uses

    async def turn(self, seconds: float) -> None:
        """Turn the clock of bot, Harbor and Telegram."""
        turned = await self.http.post("/telegram/sandbox/clock", json={"turn": seconds})
        turned.raise_for_status()


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli",
        "sandbox",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port)},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while b"http://" not in await process.stdout.readline():
                pass
        url = f"http://127.0.0.1:{port}"
        async with plain_http(base_url=url, timeout=PATIENCE) as http:
            yield Outside(http)
    finally:
        process.terminate()
        await process.wait()


async def test_a_reservation_that_nobody_looks_at_rings_before_it_ends(outside: Outside) -> None:
    anna = await outside.phone("Anna")
    await anna.open()
    await anna.press("Send a parcel", "Garage", "Small", "Myself", "Reserve")
    await anna.sees("Reserved until")
    before = await anna.rings()
    await outside.turn(220)  # of 300 seconds; the last 90 are announced
    await anna.sees("Hurry")
    assert await anna.rings() == before + 1


@pytest.mark.long
async def test_a_code_that_ran_out_leaves_the_chat_by_itself(outside: Outside) -> None:
    anna = await outside.phone("Anna")
    await anna.open()
    await anna.press("Send a parcel", "Garage", "Small", "Myself", "Reserve", "Get drop-off code")
    await anna.sees("HARBOR://OPEN/")
    await outside.turn(3100)
    await anna.loses("HARBOR://OPEN/")
