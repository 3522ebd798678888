"""The bot as one process or several, each of which can lose its power at any instant."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from bot.domain.ids import PersonId, TowerId
from bot.domain.openers import BY_LINK, BY_TOKEN
from bot.domain.policy import Policy

SECRET_KEY = "only-for-the-crash-harness"
PUSH_SECRET = "crash-pushes"
PUBLIC_URL = "https://bot.example.org"
"""Of bots behind a router."""
_END_WITHIN = 10.0
_PORTS = range(20_000, 32_000)
"""Below those from which a system draws for connections, so that nobody takes a dead one's."""


_RESERVATION = timedelta(seconds=3000)
"""So that no deadline falls into the silence at the end."""
_ORPHAN_GRACE = timedelta(seconds=10)
"""So that what is to be given back by itself is given back before the audit."""
OPERATOR = 1
POLICY = Policy(
    reservation=_RESERVATION,
    orphan_grace=_ORPHAN_GRACE,
    operators=frozenset({PersonId(OPERATOR)}),
    openers=BY_LINK,
    tower_openers={
        TowerId(f"010000000000010{number}"): openers
        for number, openers in enumerate((BY_LINK, BY_TOKEN, BY_LINK, BY_TOKEN, BY_LINK), start=1)
    },
)
"""What the bots go by, as far as cards tell of it; doors are opened by either opener, as people
choose their towers."""
_TOWERS = "".join(
    f'[[towers]]\nid = "{tower}"\nopener = "{openers.drop_off}"\n'
    for tower, openers in POLICY.tower_openers.items()
)


def between(url: str, database_url: str, router: str | None = None) -> dict[str, str]:
    """What `run` can't do without, for a bot between the sandboxes at `url`; by webhook if there is
    a router."""
    given = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "TELEGRAM_BOT_TOKEN": "42:sandbox",
        "TELEGRAM_API_URL": f"{url}/telegram",
        "HARBOR_API_URL": f"{url}/harbor",
        "HARBOR_ACCOUNTS_URL": f"{url}/harbor",
        "HARBOR_CLIENT_ID": "sandbox",
        "HARBOR_CLIENT_SECRET": "sandbox",
        "DATABASE_URL": database_url,
        "LOCKERBOT_SECRET_KEY": SECRET_KEY,
    }
    if router is not None:
        given |= {"PUBLIC_URL": PUBLIC_URL, "ROUTER_URL": router}
    return given


def environment(
    url: str, database_url: str, towers: Path, router: str | None = None
) -> dict[str, str]:
    """The settings of a bot that is to be killed; see `between`.

    `towers` is the file in which it reads what opens which tower.
    """
    towers.write_text(_TOWERS)
    return between(url, database_url, router) | {
        "HARBOR_WEBHOOK_SECRET": PUSH_SECRET,
        "LOCKERBOT_TOWERS": str(towers),
        "LOCKERBOT_WATCH_SECONDS": "0.5",
        "LOCKERBOT_HOLDS": "100000",  # its people book on and on
        "LOCKERBOT_BOOKINGS_AN_HOUR": "100000",
        "LOCKERBOT_LIVE_DELIVERIES": "100000",
        "LOCKERBOT_RESERVATION_SECONDS": str(int(_RESERVATION.total_seconds())),
        "LOCKERBOT_ORPHAN_GRACE_SECONDS": str(int(_ORPHAN_GRACE.total_seconds())),
        "OPERATOR_CHAT_IDS": str(OPERATOR),
        "LOG_LEVEL": "warning",
        "LOG_FORMAT": "console",
    }


class Nursery:
    """Where bots are born, for as long as a block lasts; see `crash.nursery`."""

    def __init__(self) -> None:
        self._asked: deque[asyncio.Future[int]] = deque()
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._process: asyncio.subprocess.Process | None = None

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Whatever was born within is dead when the block is left."""
        pipe = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crash.nursery", stdin=pipe, stdout=pipe
        )
        assert process.stdin is not None, "a pipe"
        assert process.stdout is not None, "a pipe"
        hearing = asyncio.create_task(self._hear(process.stdout))
        try:
            yield
        finally:
            process.stdin.close()
            await process.wait()
            await hearing

    async def bear(self, log: Path, given: Mapping[str, str]) -> tuple[int, asyncio.Future[int]]:
        """A bot with these settings: its process's id, and its exit code once it has ended."""
        assert self._process is not None, "it is open"
        assert self._process.stdin is not None, "a pipe"
        born = asyncio.get_running_loop().create_future()
        self._asked.append(born)
        asked = {"log": str(log), "environment": dict(given)}
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        pid: int = await born
        return pid, self._ends[pid]

    async def _hear(self, said: asyncio.StreamReader) -> None:
        async for line in said:
            match json.loads(line):
                case {"born": int(pid)}:
                    self._ends[pid] = asyncio.get_running_loop().create_future()
                    self._asked.popleft().set_result(pid)
                case {"dead": int(pid), "code": int(code)}:
                    self._ends.pop(pid).set_result(code)
        for asked in self._asked:
            asked.set_exception(RuntimeError("the nursery has ended"))


class Plug:
    """One process of the bot, always on the same port, with points at which it can be killed."""

    def __init__(
        self, nursery: Nursery, given: Mapping[str, str], port: int, folder: Path, number: int
    ) -> None:
        self._nursery, self._port = nursery, port
        self._log = folder / f"bot-{number}.log"
        self._aim, self._diary = folder / f"bot-{number}.aim", folder / f"bot-{number}.diary"
        places = {"CRASH_AIM": str(self._aim), "CRASH_DIARY": str(self._diary)}
        self._environment = {**given, **places, "PORT": str(port)}
        self._pid = 0
        self._end: asyncio.Future[int] | None = None
        self._read = 0
        self.aim((), 0)

    async def insert(self) -> None:
        """Start the bot; it gets its first update some time later."""
        self._pid, self._end = await self._nursery.bear(self._log, self._environment)

    def aim(self, points: Collection[str], passes: int) -> None:
        """Have it kill itself at the n-th pass of any of these points."""
        written = self._aim.with_suffix(".new")
        written.write_text(json.dumps({"points": list(points), "passes": passes}))
        written.replace(self._aim)

    async def killed_itself(self, seconds: float) -> bool:
        """Whether it has done so within that time. Raises RuntimeError when it ended otherwise."""
        assert self._end is not None, "it has been started"
        await asyncio.wait((self._end,), timeout=seconds)
        if self._end.done() and self._end.result() != -signal.SIGKILL:
            raise RuntimeError(self._ended())
        return self._end.done()

    async def pull(self) -> None:
        """SIGKILL, this instant, if it has not killed itself. Raises RuntimeError when it had ended
        otherwise."""
        if not await self.killed_itself(0):
            with contextlib.suppress(ProcessLookupError):  # it was faster
                os.kill(self._pid, signal.SIGKILL)
            assert self._end is not None, "it has been started"
            await self._end

    async def end(self) -> int:
        """SIGTERM; the exit code. Raises TimeoutError when it takes longer than promised."""
        os.kill(self.pid, signal.SIGTERM)
        assert self._end is not None, "it has been started"
        return await asyncio.wait_for(asyncio.shield(self._end), _END_WITHIN)

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
        if self._end is None or self._end.done():
            raise RuntimeError(self._ended())
        return self._pid

    def log(self) -> str:
        """All that the bot has said."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def diary(self) -> list[tuple[str, float, str]]:
        """What its processes have written since this was last asked: what, when, at which point."""
        if not self._diary.exists():
            return []
        lines = self._diary.read_text().splitlines()
        news, self._read = lines[self._read :], len(lines)
        entries = (line.split(" ", 2) for line in news)
        return [(kind, float(at), point) for kind, at, point in entries]

    def _ended(self) -> str:
        return f"a bot ended by itself:\n{self.log()[-2000:]}"


class Bots:
    """All replicas: one that polls, or several behind a router."""

    def __init__(
        self, nursery: Nursery, given: Mapping[str, str], ports: Sequence[int], folder: Path
    ) -> None:
        self.plugs = [
            Plug(nursery, given, port, folder, number) for number, port in enumerate(ports, 1)
        ]

    async def insert(self) -> None:
        """Start all."""
        for plug in self.plugs:
            await plug.insert()

    async def end(self) -> list[int]:
        """SIGTERM to all; their exit codes. Raises TimeoutError, RuntimeError."""
        return await asyncio.gather(*(plug.end() for plug in self.plugs))

    async def up(self) -> bool:
        """Whether every one of them is at work."""
        async with httpx.AsyncClient(timeout=2, verify=False) as http:  # noqa: S501 - plain HTTP
            return all([await plug.up(http) for plug in self.plugs])

    def logs(self) -> list[str]:
        """What each of them has said."""
        return [plug.log() for plug in self.plugs]


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
