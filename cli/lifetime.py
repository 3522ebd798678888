"""What the log says of a run as a whole: one line when the bot is at work, one when it has ended,
and a warning for whoever does not answer at the start.

Guarantees: nothing is asked of anybody for it, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import tomllib
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog

from cli.assembly import Assembly
from cli.openers import described
from cli.settings import Settings

log = structlog.get_logger()

HEARD_OF_WITHIN = 3.0
"""Seconds after which a counterparty that has not answered yet is said not to."""
_GLANCE = 0.05
_PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def release() -> str:
    """The version that is installed, or else that of the tree: build packs install only what the
    bot needs."""
    with contextlib.suppress(PackageNotFoundError):
        return version("harbor-lockerbot")
    try:
        project = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]
        return str(project["version"])
    except (OSError, ValueError, KeyError):
        return "unknown"


class Lifetime:
    """One run: `told` while it is at work, `over` when everything has been closed."""

    def __init__(self) -> None:
        self._began: float | None = None

    @contextlib.asynccontextmanager
    async def told(self, settings: Settings, assembly: Assembly) -> AsyncIterator[None]:
        """Say that the bot is at work as soon as Telegram has told us who we are, and a little
        later who has not answered."""
        self._began = time.monotonic()
        telling = [
            asyncio.create_task(_of_the_start(settings, assembly), name="started"),
            asyncio.create_task(_of_who_is_missing(settings, assembly), name="missing"),
        ]
        try:
            yield
        finally:
            for task in telling:
                task.cancel()
            await asyncio.gather(*telling, return_exceptions=True)

    def over(self) -> None:
        """Say so, unless it never came to work."""
        if self._began is not None:
            log.info("stopped", seconds=round(time.monotonic() - self._began))


async def _of_the_start(settings: Settings, assembly: Assembly) -> None:
    await assembly.receiver.introduced.wait()
    log.info(
        "started",
        bot=f"@{assembly.application.bot.username}",
        **described_run(settings),
        address=f"{settings.host}:{settings.port}",
        public_url=settings.public_url,
        towers=len(await assembly.database.look(lambda tx: tx.towers())),
        openers=described(assembly.policy.openers),
        operators=len(assembly.policy.all_operators),
    )


async def _of_who_is_missing(settings: Settings, assembly: Assembly) -> None:
    until = time.monotonic() + HEARD_OF_WITHIN
    receiver, watcher = assembly.receiver, assembly.watcher
    while not (receiver.introduced.is_set() and watcher.looked_at):
        if time.monotonic() >= until:
            break
        await asyncio.sleep(_GLANCE)
    if not receiver.introduced.is_set():
        log.warning("telegram_unreachable", at=settings.telegram_api_url, why=_NO_ANSWER)
    if watcher.looked_at is None:
        log.warning("harbor_unreachable", at=settings.harbor.api_url, why=_NO_ANSWER)


_NO_ANSWER = "no answer since the start; it is asked again until there is one"


def described_run(settings: Settings) -> dict[str, str]:
    """What is run, and how. Of the database only which kind it is: its address may hold a
    password."""
    return {
        "version": release(),
        "mode": "polling" if settings.public_url is None else "webhook",
        "harbor": settings.harbor_environment,
        "database": "sqlite" if settings.database_url.startswith("sqlite") else "postgresql",
    }
