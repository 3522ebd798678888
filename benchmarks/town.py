"""The bot at work between both sandboxes in this process, with people at its two ends.

Guarantees: the bot is the one that `lockerbot run` assembles, with SQLite and polling, without our
own pacing. Its clock moves only when it is turned, so that no loop wakes by itself. Every act
returns when the bot has gone quiet and owes nobody anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.counting import Counter, aside
from cli.assembly import Assembly
from cli.bootstrap import assembled
from cli.run import receive
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from cli.system_clock import SystemClock
from handlers.telegram.rate_limit import RateLimit
from sandbox.clock import Clock
from sandbox.stage import create_stage

MARKET = "Congress Avenue Market"

_TOKEN = "42:walks"
_TOWER = "0100000000000101"
_START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
_CALM = 0.1
"""Seconds of the machine's time without a stir, after which there will be none."""
_TICK = 0.005
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Town:
    """Hands for the people and at the tower."""

    bot: Assembly
    http: httpx.AsyncClient
    telegram: Any
    clock: Clock
    counter: Counter

    async def person(self, name: str) -> int:
        """Somebody new with a phone, who has not opened the bot yet."""
        person: int = (await self._post("/telegram/sandbox/people", first_name=name))["id"]
        return person

    async def open(self, person: int, link: str | None = None) -> None:
        """They press START, having followed a link perhaps."""
        await self._act(person, "open", **({"link": link} if link else {}))
        await self.calm()

    async def tap(self, person: int, label: str) -> None:
        """They press the button so labelled, on their latest message that has one."""
        message, data = next(
            (message["message_id"], button["callback_data"])
            for message in reversed((await self._chat(person))["messages"])
            for button in _buttons(message)
            if label in button["text"] and "callback_data" in button
        )
        await self._act(person, "press", message_id=message, data=data)
        await self.calm()

    async def reads(self, person: int, pattern: str) -> str:
        """The part that matches, of the latest message that has one. Raises LookupError."""
        for message in reversed((await self._chat(person))["messages"]):
            said = html.unescape(message.get("text") or message.get("caption") or "")
            if found := re.search(pattern, said):
                return found[0]
        raise LookupError(f"no message says anything like {pattern}")

    async def rings(self, person: int) -> int:
        """How often their phone has rung."""
        rings: int = (await self._chat(person))["rings"]
        return rings

    async def put_in(self, code: str) -> None:
        """The code opens a door, a parcel goes in, and the door is closed: the bot cannot know."""
        tower = f"/harbor/sandbox/towers/{_TOWER}"
        door = (await self._post(f"{tower}/hold", code=code))["locker"]
        await self._post(f"{tower}/lockers/{door}/put-in", parcel="a parcel")
        await self._post(f"{tower}/lockers/{door}/close")

    async def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.turn(seconds)
        await self.calm()

    async def calm(self) -> None:
        """Until nothing of the bot has stirred for a while, and nothing is owed."""
        async with asyncio.timeout(_PATIENCE):
            while await self._stirring() or await self._owing():
                pass

    async def _stirring(self) -> bool:
        before = self.counter.events
        until = time.monotonic() + _CALM
        while time.monotonic() < until:
            await asyncio.sleep(_TICK)
            if self.counter.events != before or self.telegram.updates.pending:
                return True
        return False

    async def _owing(self) -> bool:
        with aside():
            counts = await self.bot.counts()
        return counts is None or bool(counts.cards_owed or counts.requests_owed)

    async def _act(self, person: int, what: str, **body: Any) -> None:
        await self._post(f"/telegram/sandbox/people/{person}/{what}", **body)

    async def _chat(self, person: int) -> Any:
        answer = await self.http.get(f"/telegram/sandbox/people/{person}/chat")
        return answer.raise_for_status().json()

    async def _post(self, path: str, **body: Any) -> Any:
        answer = (await self.http.post(path, json=body)).raise_for_status()
        return answer.json() if answer.content else None


def _buttons(message: Any) -> list[Any]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    return [button for row in rows for button in row]


@contextlib.asynccontextmanager
async def town(folder: Path, counter: Counter) -> AsyncIterator[Town]:
    """A bot that has met nobody yet, its database in `folder`; `counter` sees all that it does."""
    clock = Clock(_START, stopped=True)
    stage = create_stage(clock=clock, token=_TOKEN, limits=False, schema=False)
    with counter.installed():
        async with (
            serving_sandbox(stage) as url,
            httpx.AsyncClient(base_url=url, timeout=_PATIENCE) as http,
            _bot(url, folder, clock) as bot,
        ):
            telegram = stage.state.stage.telegram.state.telegram
            it = Town(bot, http, telegram, clock, counter)
            await it.calm()
            yield it


@contextlib.asynccontextmanager
async def _bot(url: str, folder: Path, turned: Clock) -> AsyncIterator[Assembly]:
    settings = Settings.load(
        telegram_bot_token=_TOKEN,
        telegram_api_url=f"{url}/telegram",
        database_url=f"sqlite:///{folder}/walks.db",
        public_url=None,
        operator_chat_ids=[],
        LOCKERBOT_SECRET_KEY="a key for benchmarks",  # noqa: S106 - seals nothing of worth
        LOCKERBOT_OPENER="token",
        harbor_api_url=f"{url}/harbor",
        harbor_accounts_url=f"{url}/harbor",
        harbor_client_id="sandbox",
        harbor_client_secret="sandbox",  # noqa: S106 - everybody may know it
    )
    clock, stop = _Clock(turned), asyncio.Event()
    pace = RateLimit(clock, overall=None, a_chat=None)
    async with assembled(settings, clock, pace=pace) as bot:
        receiving = asyncio.create_task(receive(settings, bot, stop))
        try:
            yield bot
        finally:
            stop.set()
            await receiving


class _Clock(SystemClock):
    """Tells the time of a clock turned by hand, in as many calls as the machine's time takes."""

    def __init__(self, turned: Clock) -> None:
        self._turned = turned

    def now(self) -> datetime:
        super().now()
        return self._turned.now()

    async def sleep_until(self, moment: datetime) -> None:
        await self._turned.sleep_until(moment)
