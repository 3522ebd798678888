"""The bot as one process or several, each of which can lose its power at any instant."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import httpx

from bot.domain.ids import PersonId, TowerId
from bot.domain.openers import Opener, Openers
from bot.domain.policy import Policy

SECRET_KEY = "only-for-the-crash-harness"
PUSH_SECRET = "crash-pushes"
_END_WITHIN = 10.0
_PORTS = range(20_000, 32_000)
"""Below those from which a system draws for connections, so that nobody takes a dead one's."""


_LINK, _TOKEN = Openers(Opener.LINK, Opener.LINK), Openers(Opener.TOKEN, Opener.TOKEN)
OPERATOR = 1
POLICY = Policy(
    operators=frozenset({PersonId(OPERATOR)}),
    openers=_LINK,
    tower_openers={
        TowerId(f"010000000000010{number}"): openers
        for number, openers in enumerate((_LINK, _TOKEN, _LINK, _TOKEN, _LINK), start=1)
    },
)
"""What the bots go by, as far as cards tell of it; doors are opened by either opener, as people
choose their towers."""
_TOWERS = "".join(
    f'[[towers]]\nid = "{tower}"\nopener = "{openers.drop_off}"\n'
    for tower, openers in POLICY.tower_openers.items()
)


def environment(
    url: str, database_url: str, towers: Path, router: str | None = None
) -> dict[str, str]:
    """The settings of a bot between the two sandboxes at `url`; by webhook if there is a router.

    `towers` is the file in which it reads what opens which tower.
    """
    towers.write_text(_TOWERS)
    given = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "TELEGRAM_BOT_TOKEN": "42:sandbox",
        "TELEGRAM_API_URL": f"{url}/telegram",
        "HARBOR_API_URL": f"{url}/harbor",
        "HARBOR_ACCOUNTS_URL": f"{url}/harbor",
        "HARBOR_CLIENT_ID": "sandbox",
        "HARBOR_CLIENT_SECRET": "sandbox",
        "HARBOR_WEBHOOK_SECRET": PUSH_SECRET,
        "DATABASE_URL": database_url,
        "LOCKERBOT_SECRET_KEY": SECRET_KEY,
        "LOCKERBOT_TOWERS": str(towers),
        "LOCKERBOT_WATCH_SECONDS": "0.5",
        "LOCKERBOT_HOLDS": "100000",  # its people book on and on
        "LOCKERBOT_BOOKINGS_AN_HOUR": "100000",
        "LOCKERBOT_LIVE_DELIVERIES": "100000",
        "LOCKERBOT_RESERVATION_SECONDS": "3000",  # no deadline falls into the silence at the end
        "OPERATOR_CHAT_IDS": str(OPERATOR),
        "LOG_LEVEL": "warning",
        "LOG_FORMAT": "console",
    }
    if router is not None:
        given |= {"PUBLIC_URL": "https://bot.example.org", "ROUTER_URL": router}
    return given


class Plug:
    """One process of the bot, always on the same port."""

    def __init__(self, given: Mapping[str, str], port: int, log: Path) -> None:
        self._environment = {**given, "PORT": str(port)}
        self._port, self._log = port, log
        self._process: asyncio.subprocess.Process | None = None

    async def insert(self) -> None:
        """Start the bot; it gets its first update some time later."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crash.replica", env=self._environment, stdout=log, stderr=log
            )

    async def pull(self) -> None:
        """SIGKILL, this instant. Raises RuntimeError when it had ended by itself."""
        process = self._running()
        process.kill()
        await process.wait()

    async def end(self) -> int:
        """SIGTERM; the exit code. Raises TimeoutError when it takes longer than promised."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(process.wait(), _END_WITHIN)

    async def discard(self) -> None:
        """However it fares, it runs no more."""
        if self._process is not None and self._process.returncode is None:
            await self.pull()

    async def up(self, http: httpx.AsyncClient) -> bool:
        """Whether it is at work and finds itself well."""
        try:
            answer = await http.get(f"http://127.0.0.1:{self._port}/healthz")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    @property
    def pid(self) -> int:
        """Its process. Raises RuntimeError when it had ended by itself."""
        return self._running().pid

    def log(self) -> str:
        """All that the bot has said."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def _running(self) -> asyncio.subprocess.Process:
        process = self._process
        if process is None or process.returncode is not None:
            raise RuntimeError(f"a bot ended by itself:\n{self.log()[-2000:]}")
        return process


class Bots:
    """All replicas: one that polls, or several behind a router."""

    def __init__(self, given: Mapping[str, str], ports: Sequence[int], folder: Path) -> None:
        self._plugs = [
            Plug(given, port, folder / f"bot-{number}.log") for number, port in enumerate(ports, 1)
        ]

    def some(self, chance: random.Random) -> Collection[Plug]:
        """One of them at random; now and then all."""
        return self._plugs if chance.random() < _ALL else [chance.choice(self._plugs)]

    async def insert(self) -> None:
        """Start all."""
        for plug in self._plugs:
            await plug.insert()

    async def end(self) -> list[int]:
        """SIGTERM to all; their exit codes. Raises TimeoutError, RuntimeError."""
        return await asyncio.gather(*(plug.end() for plug in self._plugs))

    async def discard(self) -> None:
        """None of them runs any more."""
        for plug in self._plugs:
            await plug.discard()

    async def up(self) -> bool:
        """Whether every one of them is at work."""
        async with httpx.AsyncClient(timeout=2) as http:
            return all([await plug.up(http) for plug in self._plugs])

    def logs(self) -> list[str]:
        """What each of them has said."""
        return [plug.log() for plug in self._plugs]


_ALL = 0.2


def free_ports(number: int) -> list[int]:
    """So many ports that nobody listens on."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == number:
            break
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                found.append(port)
    return found
