"""Bots of the crash harness, born by forking: processes like any other."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from crash.plug import Nursery


async def test_a_bot_is_born_ends_and_is_told_of_and_none_outlives_the_nursery(
    tmp_path: Path,
) -> None:
    nursery, log = Nursery(), tmp_path / "bot.log"
    nowhere = {"DATABASE_URL": "nonsense://", "PATH": os.environ["PATH"]}
    async with nursery.open():
        _, end = await nursery.bear(log, nowhere)
        assert await asyncio.wait_for(end, 30) == 1, "by itself, over a setting"
        assert "DATABASE_URL" in log.read_text()

        killed, end = await nursery.bear(log, _for_ever(tmp_path))
        os.kill(killed, signal.SIGKILL)
        assert await asyncio.wait_for(end, 30) == -signal.SIGKILL

        _, end = await nursery.bear(log, _for_ever(tmp_path))
    assert await asyncio.wait_for(end, 30) == -signal.SIGKILL


def _for_ever(folder: Path) -> dict[str, str]:
    """The settings of a bot that finds nobody to talk to."""
    return {
        "PATH": os.environ["PATH"],
        "TELEGRAM_BOT_TOKEN": "42:sandbox",
        "TELEGRAM_API_URL": "http://127.0.0.1:1",
        "HARBOR_API_URL": "http://127.0.0.1:1",
        "HARBOR_ACCOUNTS_URL": "http://127.0.0.1:1",
        "HARBOR_CLIENT_ID": "sandbox",
        "HARBOR_CLIENT_SECRET": "sandbox",
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "LOCKERBOT_SECRET_KEY": "only-for-this-test",
        "PORT": "0",
    }
