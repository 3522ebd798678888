"""One run: an ordinary person is served, a flood of hostile updates, the same person again.

Guarantees: the bot is a process of its own, as `lockerbot run` puts it together, on SQLite, between
both sandboxes; it hears of the updates by polling or by its webhook, over real HTTP. Whatever went
wrong is a line of `findings`; nothing that was started outlives the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from cli.sandbox_server import serving_sandbox
from crash.people import again
from crash.plug import Nursery, Plug, between, free_ports
from hostile import log
from hostile.front import Front, Numbered
from hostile.updates import Updates
from sandbox.stage import create_stage
from web.deliveries import LARGEST_BODY

PEOPLE = 12
"""Accounts that exist, and can be written to; so many more are made up."""
_PORTION = 100
_FIRST_ID = 500_000_000
_PATIENCE = 60.0
"""Seconds for a portion, an answer, a start."""
_WARM = 0.2
"""Of the updates, after which memory is first looked at."""
_MIB = 1024 * 1024
MOST_GROWTH = 32
"""MiB by which the process may be larger after the flood than after a fifth of it."""
_TAKEN, _NO_UPDATE, _TOO_LARGE = 200, 400, 413
_CONNECTIONS = 8
_SECRET = "hostile-updates"
_STEPS = ("Send a parcel", "Congress Avenue Market", "Small", "Send a link", "Reserve")
_SERVED = "Reserved until"


@dataclass
class Flood:
    """So many updates, drawn by `seed`, one way in."""

    folder: Path
    updates: int
    seed: int
    webhook: bool
    seconds: float = 0.0
    memory: list[float] = field(default_factory=list)
    """MiB that the bot's process had: before, after `_WARM` of the flood, after it."""
    answers: Counter[int] = field(default_factory=Counter)
    """Statuses with which the webhook answered."""
    cut_off: int = 0
    """How often a connection ended before its answer, and the update was brought again."""
    findings: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Fill in all that is asked of a Flood."""
        stage = create_stage(limits=False, schema=False)
        telegram = stage.state.stage.telegram.state.telegram
        front, [port] = Front(stage, lambda: telegram.updates.put([])), free_ports(1)
        limits = httpx.Limits(max_connections=_CONNECTIONS)
        async with (
            serving_sandbox(front) as url,
            httpx.AsyncClient(base_url=url, timeout=_PATIENCE, limits=limits) as http,
            self._a_bot(url, port, http) as bot,
        ):
            people = [await _newcomer(http, f"Guest {n}") for n in range(PEOPLE)]
            drawn = Updates(self.seed, people, lambda: _shown(telegram, people))
            await self._serve(http, "before")
            self.memory.append(_resident(bot.pid))
            began = time.monotonic()
            await self._pour(drawn, front, telegram, http, bot)
            self.seconds = time.monotonic() - began
            await self._serve(http, "after")
            self._judge(bot, front)

    @contextlib.asynccontextmanager
    async def _a_bot(self, url: str, port: int, http: httpx.AsyncClient) -> AsyncIterator[Plug]:
        nursery = Nursery()
        async with nursery.open():
            bot = Plug(nursery, self._settings(url, port), port, self.folder, 1)
            await bot.insert()
            try:
                async with asyncio.timeout(_PATIENCE):
                    while not await bot.up(http):  # noqa: ASYNC110  # another process
                        await asyncio.sleep(0.05)
                yield bot
                if code := await bot.end():
                    self.findings[f"the bot ended with {code}"] += 1
            finally:
                lines = bot.log().splitlines()
                self.findings += log.findings(lines)
                self.events += log.events(lines)

    def _settings(self, url: str, port: int) -> dict[str, str]:
        router = f"http://127.0.0.1:{port}" if self.webhook else None
        return between(url, f"sqlite:///{self.folder}/hostile.db", router) | {
            "TELEGRAM_WEBHOOK_SECRET": _SECRET,
            "LOCKERBOT_OPENER": "token",
            "LOCKERBOT_HOLDS": "1",  # so that a locker is left for whoever comes after the flood
            "LOG_LEVEL": "info",
            "LOG_FORMAT": "json",
        }

    async def _pour(
        self, drawn: Updates, front: Front, telegram: Any, http: httpx.AsyncClient, bot: Plug
    ) -> None:
        """All of them, a portion at a time."""
        for first in range(0, self.updates, _PORTION):
            numbers = range(first, min(first + _PORTION, self.updates))
            portion = [drawn.next(_FIRST_ID + n) for n in numbers]
            if self.webhook:
                await self._post(portion, telegram.webhook.url, http)
            elif not await front.hand_over(portion, _PATIENCE):
                self.findings["a portion was not taken"] += 1
            if len(self.memory) == 1 and first >= self.updates * _WARM:
                self.memory.append(_resident(bot.pid))
        self.memory.append(_resident(bot.pid))

    async def _post(self, portion: Sequence[Numbered], url: str, http: httpx.AsyncClient) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": _SECRET}

        async def one(body: bytes) -> None:
            post = partial(http.post, url, content=body, headers=headers)
            answer = await again(post, self._cut_off)  # as Telegram would
            self.answers[answer.status_code] += 1
            allowed = {_TAKEN, _NO_UPDATE} | ({_TOO_LARGE} if len(body) > LARGEST_BODY else set())
            if answer.status_code not in allowed:
                self.findings[f"the webhook answered {answer.status_code}"] += 1

        waiting = iter(portion)

        async def some() -> None:
            for _, body in waiting:
                await one(body)

        await asyncio.gather(*(some() for _ in range(_CONNECTIONS)))

    def _cut_off(self) -> None:
        """A connection has ended before its answer."""
        self.cut_off += 1

    async def _serve(self, http: httpx.AsyncClient, when: str) -> None:
        """An ordinary person books a locker."""
        person = await _newcomer(http, "Anna")
        try:
            async with asyncio.timeout(_PATIENCE):
                for label in _STEPS:
                    await _press(http, person, label)
                await _sees(http, person, _SERVED)
        except TimeoutError:
            said = [each.get("text", "")[:80] for each in await _messages(http, person)]
            self.findings[f"an ordinary person is not served {when}: they see {said}"] += 1

    def _judge(self, bot: Plug, front: Front) -> None:
        grown = self.memory[-1] - self.memory[1]
        if grown > MOST_GROWTH:
            self.findings[f"the process has grown by {grown:.0f} MiB"] += 1
        if front.again:
            self.findings["updates had to come again"] += front.again


async def _newcomer(http: httpx.AsyncClient, name: str) -> int:
    """A new account that has opened the bot."""
    made = await http.post("/telegram/sandbox/people", json={"first_name": name})
    person: int = made.raise_for_status().json()["id"]
    (await http.post(f"/telegram/sandbox/people/{person}/open", json={})).raise_for_status()
    return person


async def _messages(http: httpx.AsyncClient, person: int) -> list[dict[str, Any]]:
    shown = await http.get(f"/telegram/sandbox/people/{person}/chat")
    return [each for each in shown.json()["messages"] if not each["outgoing"]]


async def _press(http: httpx.AsyncClient, person: int, label: str) -> None:
    """Press the button, as soon as there is one."""
    while True:
        for message in reversed(await _messages(http, person)):
            for row in message.get("reply_markup", {}).get("inline_keyboard", ()):
                for button in row:
                    if label in button["text"] and "callback_data" in button:
                        body = {
                            "message_id": message["message_id"],
                            "data": button["callback_data"],
                        }
                        await http.post(f"/telegram/sandbox/people/{person}/press", json=body)
                        return
        await asyncio.sleep(0.05)


async def _sees(http: httpx.AsyncClient, person: int, words: str) -> None:
    while True:
        if any(words in each.get("text", "") for each in await _messages(http, person)):
            return
        await asyncio.sleep(0.05)


def _shown(telegram: Any, people: Sequence[int]) -> list[tuple[int, int, str]]:
    """Every button that the phones of `people` show."""
    return [
        (person, message.id, button["callback_data"])
        for person in people
        if (chat := telegram.chat(person))
        for message in chat.messages.values()
        for row in (message.body.get("reply_markup") or {}).get("inline_keyboard", ())
        for button in row
        if "callback_data" in button
    ]


def _resident(process: int) -> float:
    """MiB of memory that the process holds."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB
