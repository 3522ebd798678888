"""The real bot between both sandboxes in this process, on a clock that is turned; and what
people do.

Guarantees: people do only what a phone lets them (a button that is shown, a link that was read);
nothing waits for the machine's time but for the bot to have nothing left to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from cli.assembly import Assembly
from cli.bootstrap import assembled
from cli.logs import set_up_logging
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from handlers.telegram.rate_limit import RateLimit
from sandbox.clock import Clock
from sandbox.harbor.registry import built
from sandbox.harbor.seeds import TowerSeed, suburbs
from sandbox.stage import create_stage

BEGINS = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
"""Midnight in Austin, on a Monday."""
_TOKEN = "42:city"
_LINK = re.compile(r"https://t\.me/\S+\?start=c_[A-Za-z0-9_-]+")
OPENS = re.compile(r"HARBOR://OPEN/([0-9A-F]{16})/\S+")
_COUNTED = re.compile(r"/(send(Message|Photo|Document)|edit\w+|deleteMessages?)")
_FAULTS = {"harbor": "503", "telegram": "bad_gateway"}
_TICK, _PATIENCE = 0.001, 60.0
WATCH = 30
"""Seconds between two looks of the watcher."""


class NotYet(Exception):
    """What the person is looking for is not there (any more)."""


@dataclass
class World:
    """Hands for the people and at the towers, and what was heard of the bot."""

    bot: Assembly
    clock: Clock
    harbor: Any
    telegram: Any
    phones: Any
    http: httpx.AsyncClient
    towers: list[TowerSeed]
    calls: Counter[int] = field(default_factory=Counter)
    """Calls that Telegram's limit counts, by the hour of the city."""
    rung: list[tuple[int, str, float]] = field(default_factory=list)
    """Chat, delivery and moment of each ring."""
    out: set[str] = field(default_factory=set)

    @property
    def now(self) -> float:
        """Seconds since the first midnight."""
        return (self.clock.now() - BEGINS).total_seconds()

    async def turn_to(self, moment: float) -> None:
        """Let time pass, and the bot do what has fallen due."""
        self.clock.turn(max(0.0, moment - self.now))
        await asyncio.sleep(0)
        if "harbor" not in self.out and self.doors_in_use():
            await self._looked()
        await self.calm()

    async def _looked(self) -> None:
        """Until the watcher has looked, if it does: while nothing was live it sleeps longer."""
        for _ in range(250):
            at = self.bot.watcher.looked_at
            if at is not None and (self.clock.now() - at).total_seconds() < WATCH:
                return
            await asyncio.sleep(_TICK)

    async def calm(self) -> None:
        """Until the bot has nothing left to do."""
        quiet = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while quiet < 3:
                    quiet = 0 if self.at_work else quiet + 1
                    await asyncio.sleep(_TICK)

    @property
    def at_work(self) -> bool:
        """Whether the bot has something to do, or will be handed something at once."""
        told = bool(self.telegram.updates.pending) and "telegram" not in self.out
        return self.bot.outbox.busy or self.bot.worker.busy or told

    async def fails(self, side: str, *, out: bool) -> None:
        """A counterparty answers nobody from now on, or everybody again."""
        faults = [{"name": _FAULTS[side]}] if out else []
        (await self.http.put(f"/{side}/sandbox/faults", json=faults)).raise_for_status()
        (self.out.add if out else self.out.discard)(side)

    # -- people

    def reaches_the_bot(self) -> None:
        """Raises NotYet where nobody does."""
        if "telegram" in self.out:
            raise NotYet("nobody answers")

    def says(self, person: int, words: str) -> None:
        """They write this."""
        self.phones.text(person, words)

    def opens(self, person: int, link: str) -> None:
        """They follow a link."""
        self.phones.open(person, link)

    def is_at(self, person: int, tower: TowerSeed) -> None:
        """They share where they are: beside a tower."""
        self.phones.location(person, tower.location.lat, tower.location.lon)

    def messages(self, person: int) -> list[Mapping[str, Any]]:
        """What the bot has written to them, the latest first."""
        chat = self.telegram.chats[person]
        return [x.body for x in reversed(chat.messages.values()) if not x.outgoing]

    def presses(self, person: int, *, label: str = "", data: str = "") -> str:
        """They press the latest button that says `label`, or sends what begins with `data`: what it
        sent. Raises NotYet."""
        for message in self.messages(person):
            for row in (message.get("reply_markup") or {}).get("inline_keyboard", ()):
                for button in row:
                    sends = button.get("callback_data", "")
                    if sends and label in button["text"] and sends.startswith(data):
                        self.phones.press(person, message["message_id"], sends)
                        return str(sends)
        raise NotYet(f"no button {label or data.partition(':')[0]}")

    def reads(self, person: int, pattern: re.Pattern[str], about: str = "") -> str:
        """What matches in the latest message that is about a delivery. Raises NotYet."""
        for message in self.messages(person):
            said = message.get("text") or message.get("caption") or ""
            if (found := pattern.search(said)) and about in str(message.get("reply_markup")):
                return found[0]
        raise NotYet("nothing to read")

    def link(self, person: int, delivery: str) -> str:
        """The claim link of their parcel. Raises NotYet."""
        return self.reads(person, _LINK, delivery)

    # -- at a tower

    async def door(self, person: int, delivery: str) -> tuple[str, int]:
        """They open a door with the code they are shown: its tower and locker. Raises NotYet."""
        code = self.reads(person, OPENS, delivery)
        found = OPENS.match(code)
        assert found is not None
        tower = found[1].lower()
        at = f"/harbor/sandbox/towers/{tower}/hold"
        answer = await self.http.post(at, json={"code": code})
        if answer.status_code != 200:
            raise NotYet("the door stays shut")
        return tower, int(answer.json()["locker"])

    def puts_in(self, tower: str, locker: int, parcel: str) -> None:
        """The parcel goes in, and the door is closed."""
        at = self.harbor.registry.site(tower).tower
        at.put_in(locker, parcel)
        at.close(locker)
        self.harbor.touched(tower)

    def takes_out(self, tower: str, locker: int) -> str:
        """The parcel comes out, and the door is closed: which it was."""
        at = self.harbor.registry.site(tower).tower
        parcel = str(at.take_out(locker))
        at.close(locker)
        self.harbor.touched(tower)
        return parcel

    def syncs(self, tower: int) -> None:
        """Somebody's phone brings the tower's news to Harbor."""
        self.harbor.sync(self.towers[tower].id)

    def doors_in_use(self) -> int:
        """Of ours."""
        ours = {tower.id for tower in self.towers}
        return sum(
            x.status.value in ("reserved", "rented", "occupied")
            for x in self.harbor.registry.lockers()
            if x.tower in ours
        )


@contextlib.asynccontextmanager
async def world(folder: Path, towers: int, seed: int) -> AsyncIterator[World]:
    """Everything at work, the database in `folder`."""
    set_up_logging("error", None)
    clock = Clock(BEGINS, stopped=True)
    stage = create_stage(clock=clock, token=_TOKEN, limits=False, schema=False)
    sides = stage.state.stage
    harbor, telegram = sides.harbor.state.harbor, sides.telegram.state.telegram
    seeds = suburbs(seed, towers)
    for tower in seeds:
        harbor.registry.sites[tower.id] = built(tower, clock, single_use=True)
    harbor.automatic_sync = False
    async with (
        serving_sandbox(stage) as url,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=stage), base_url="http://stage", timeout=60
        ) as http,
        assembled(_settings(url, folder, seeds), clock, pace=_unpaced(clock)) as bot,
    ):
        receiving = asyncio.create_task(bot.receiver.poll())
        await bot.receiver.introduced.wait()
        it = World(bot, clock, harbor, telegram, sides.telegram.state.phones, http, seeds)
        _listen(it)
        try:
            yield it
        finally:
            bot.receiver.stop()
            clock.turn(60)
            await receiving


def _unpaced(clock: Clock) -> RateLimit:
    """While people act the clock stands still, so nobody can wait for a turn: calls are counted."""
    return RateLimit(clock, overall=None, a_chat=None)


def _settings(url: str, folder: Path, towers: list[TowerSeed]) -> Settings:
    return Settings.load(
        telegram_bot_token=_TOKEN,
        telegram_api_url=f"{url}/telegram",
        database_url=f"sqlite:///{folder}/city.db",
        public_url=None,
        operator_chat_ids=[],
        LOCKERBOT_TOWERS=",".join(tower.id for tower in towers),
        LOCKERBOT_SECRET_KEY="a key for a city",  # noqa: S106 - seals nothing of worth
        LOCKERBOT_OPENER="token",
        LOCKERBOT_RESERVATION_SECONDS=1800,
        LOCKERBOT_BOOKINGS_AN_HOUR=1000,
        LOCKERBOT_WATCH_SECONDS=WATCH,
        harbor_api_url=f"{url}/harbor",
        harbor_accounts_url=f"{url}/harbor",
        harbor_client_id="sandbox",
        harbor_client_secret="sandbox",  # noqa: S106 - everybody may know it
    )


def _listen(it: World) -> None:
    """Hear what the bot says; the sandbox keeps no log of it, which takes time."""

    def hearing(way: str, verb: str, path: str, status: Any, *what: Any) -> None:
        if way == "in" and _COUNTED.match(path):
            it.calls[int(it.now // 3600)] += 1
            said, answer = what[0], what[1]
            loud = str(said.get("disable_notification", "")).lower() not in ("true", "1")
            if "/send" in path and loud and isinstance(answer, Mapping) and answer.get("ok"):
                markup = str(answer["result"].get("reply_markup", ""))
                if found := re.search(r"[a-z_]+:([0-9a-z]{10}):\d+", markup):
                    it.rung.append((int(said["chat_id"]), found[1], it.now))

    it.telegram.exchanged = hearing
