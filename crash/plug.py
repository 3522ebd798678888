"""The bot as a process that can lose its power at any instant."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

SECRET_KEY = "only-for-the-crash-harness"
_END_WITHIN = 10.0


class Plug:
    """`lockerbot run` against the two sandboxes at `url`, on one SQLite file in `folder`."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database_url = f"sqlite:///{folder}/crash.db"
        self._log = folder / "bot.log"
        self._environment = {
            "PATH": os.environ.get("PATH", ""),
            "TELEGRAM_BOT_TOKEN": "42:sandbox",
            "TELEGRAM_API_URL": f"{url}/telegram",
            "HARBOR_API_URL": f"{url}/harbor",
            "HARBOR_ACCOUNTS_URL": f"{url}/harbor",
            "HARBOR_CLIENT_ID": "sandbox",
            "HARBOR_CLIENT_SECRET": "sandbox",
            "DATABASE_URL": self.database_url,
            "LOCKERBOT_SECRET_KEY": SECRET_KEY,
            "LOCKERBOT_WATCH_SECONDS": "0.5",
            "OPERATOR_CHAT_IDS": "1",
            "PORT": "0",
            "LOG_LEVEL": "warning",
            "LOG_FORMAT": "console",
        }
        self._process: asyncio.subprocess.Process | None = None

    async def insert(self) -> None:
        """Start the bot; it gets its first update some time later."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cli", "run", env=self._environment, stdout=log, stderr=log
            )

    async def pull(self) -> None:
        """SIGKILL, this instant."""
        process = self._running()
        process.kill()
        await process.wait()

    async def end(self) -> int:
        """SIGTERM; the exit code. Raises TimeoutError when it takes longer than promised."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(process.wait(), _END_WITHIN)

    def log(self) -> str:
        """All that the bot has said."""
        return self._log.read_text("utf-8", "replace")

    def _running(self) -> asyncio.subprocess.Process:
        process = self._process
        if process is None or process.returncode is not None:
            raise RuntimeError(f"the bot ended by itself:\n{self.log()[-2000:]}")
        return process
