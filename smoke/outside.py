"""The story of `faults`, told through a bot that is a process of its own, by HTTP alone.

Guarantees: the bot is not looked into. People act on what their phones show, at the speed of a
machine, and what each step is to bring about is seen on their phones before the next one begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bot.domain.openers import Opener
from cli.sandbox_server import serving_sandbox
from crash.plug import between
from faults.story import Phones, Step, story
from sandbox.stage import create_stage

METRICS_TOKEN = "only-for-trying"
START_WITHIN = 60
"""Seconds; a bot on a busy machine takes ten."""
_STEP_WITHIN = 120
_END_WITHIN = 30.0
_OWED = re.compile(r"^lockerbot_(?:cards|requests)_owed(?:\{[^}]*\})? ([\d.]+)$", re.MULTILINE)
_MACHINES = ("PATH", "PYTHONPATH", "DATABASE_URL")
"""What a bot in a tree is told there."""


class Failed(Exception):
    """Something that was to come about did not."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Both sandboxes at `url`, and the bot at `web`."""

    url: str
    web: str
    http: httpx.AsyncClient
    telegram: Any

    @property
    def settings(self) -> dict[str, str]:
        """What the bot is to be told, but for where its database is."""
        given = between(self.url, "")
        port = self.web.rpartition(":")[2]
        return {name: said for name, said in given.items() if name not in _MACHINES} | {
            "PORT": port,
            "LOCKERBOT_WATCH_SECONDS": "1",
            "LOCKERBOT_METRICS_TOKEN": METRICS_TOKEN,
        }

    async def post(self, path: str, **body: Any) -> Any:
        """What a control side of the sandboxes answers. Raises httpx.HTTPStatusError."""
        answer = await self.http.post(path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def until(self, true: Callable[[], Awaitable[bool]], seconds: int) -> bool:
        """Whether it came true within so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if await true():
                    return True
            await asyncio.sleep(0.1)
        return False

    async def at_rest(self) -> bool:
        """Whether the bot has heard everything, and owes nobody anything."""
        if self.telegram.updates.pending:
            return False
        owed = _OWED.findall(await self.metrics())
        return bool(owed) and not any(float(each) for each in owed)

    async def metrics(self) -> str:
        """What the bot tells Prometheus now."""
        told = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        return (await self.http.get(f"{self.web}/metrics", headers=told)).text

    async def health(self, path: str) -> int:
        """The status with which the bot answers it."""
        return (await self.http.get(f"{self.web}{path}")).status_code

    async def healthy(self) -> bool:
        """Whether its loops turn, and it is heard."""
        return [await self.health(path) for path in ("/livez", "/readyz")] == [200, 200]


@contextlib.asynccontextmanager
async def outside(port: int) -> AsyncIterator[Outside]:
    """Both sandboxes, for a bot that is to be served at `port`."""
    stage = create_stage(limits=False, schema=False)
    telegram = stage.state.stage.telegram.state.telegram
    async with (
        serving_sandbox(stage) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as http,
    ):
        yield Outside(url, f"http://127.0.0.1:{port}", http, telegram)


@contextlib.asynccontextmanager
async def started(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, which is gone after the block. What it says on standard error is shown."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, and see it end well. Raises Failed."""
    process.terminate()
    try:
        async with asyncio.timeout(_END_WITHIN):
            code = await process.wait()
    except TimeoutError as error:
        raise Failed(f"SIGTERM did not end it within {_END_WITHIN:.0f} s") from error
    if code:
        raise Failed(f"after SIGTERM its exit code was {code}")


async def healthy(world: Outside) -> float:
    """The seconds until it was. Raises Failed."""
    began = time.monotonic()
    if not await world.until(world.healthy, START_WITHIN):
        raise Failed(f"/livez and /readyz were not both 200 within {START_WITHIN} s")
    return time.monotonic() - began


STEPS = story(Opener.LINK)
"""Doors are opened by links."""
_STORED = 1 + [step.name for step in STEPS].index("drop off")
IN_THE_LOCKER, TAKEN_OUT = STEPS[:_STORED], STEPS[_STORED:]
"""The story in two halves: until the parcel is in its locker and Ben has been told; the rest."""


async def told(world: Outside, phones: Phones, steps: Sequence[Step]) -> None:
    """Let these steps come about, one after another. Raises Failed."""
    for step in steps:
        done = await phones.act(step)

        async def seen(step: Step = step) -> bool:
            return await phones.satisfied(step)

        if not (done and await world.until(seen, _STEP_WITHIN)):
            lines = "\n".join(await phones.transcript())
            raise Failed(f"the step {step.name!r} did not come about:\n{lines}")
        if not await world.until(world.at_rest, _STEP_WITHIN):
            raise Failed(f"something is owed still after {step.name!r}")
        print(f"it came about: {step.name}", flush=True)


async def phones(world: Outside) -> Phones:
    """Anna's and Ben's."""
    theirs = Phones(world)
    await theirs.bring("Anna", "Ben")
    return theirs
