"""A bot that does nothing, measured by a program that does nothing either: `python -m
tests.support.idle_bot DIRECTORY`. In the directory stands the id of the bot's process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from benchmarks.bots import Contestant
from benchmarks.processes import at_work


async def idle(_url: str, _token: str, directory: Path) -> None:
    """The bot, until it is ended."""
    (directory / "idle.new").write_text(str(os.getpid()))
    (directory / "idle.new").rename(directory / "idle.pid")
    await asyncio.Event().wait()


if __name__ == "__main__":
    with at_work(Contestant("idle", "1:tap", idle), "", Path(sys.argv[1]), None):
        signal.pause()
