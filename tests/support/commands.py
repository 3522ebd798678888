"""Commands as processes of their own: what surrounds them, and what they said when they ended."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from cli.commands import app
from cli.entry import main

ROOT = Path(__file__).parents[2]
"""So that the commands run are those beside these tests, whatever is installed."""
KEY = "a-key-for-the-tests-of-the-command-line"
PATIENCE = 60
"""Seconds until a process that does not do what it should fails a test; it usually takes two."""


def settings(url: str) -> dict[str, str]:
    """What a bot between the two sandboxes at `url` is told, but where its database is."""
    return {
        "TELEGRAM_BOT_TOKEN": "42:sandbox",
        "TELEGRAM_API_URL": f"{url}/telegram",
        "HARBOR_API_URL": f"{url}/harbor",
        "HARBOR_ACCOUNTS_URL": f"{url}/harbor",
        "HARBOR_CLIENT_ID": "sandbox",
        "HARBOR_CLIENT_SECRET": "sandbox",
        "LOCKERBOT_SECRET_KEY": KEY,
    }


def environment(folder: Path, url: str = "http://127.0.0.1:9", **more: str) -> dict[str, str]:
    """The whole environment of a bot whose database is in `folder`; what is empty is left out."""
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        **settings(url),
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "PORT": "0",
    } | more
    return {name: value for name, value in given.items() if value}


def on_file(command: str, path: Path, *words: str) -> tuple[int, str]:
    """A command in this very process, on the SQLite database at `path`: its exit code, and what it
    said."""
    given = {"DATABASE_URL": f"sqlite:///{path}", "LOCKERBOT_SECRET_KEY": KEY}
    done = CliRunner().invoke(app, [command, *words], env=given)
    said = "" if isinstance(done.exception, SystemExit) else str(done.exception or "")
    return done.exit_code, done.output + said


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, what it printed, and what it complained of."""

    exit_code: int
    stdout: str
    stderr: str


def in_this_process(*words: str) -> Ended:
    """A command in this very process, as the console script runs it."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(words)
        except SystemExit as ended:
            code = ended.code or 0
    assert isinstance(code, int), code
    return Ended(code, out.getvalue(), err.getvalue())


@asynccontextmanager
async def python(
    folder: Path, *words: str, **given: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Python with these words, which does not outlive the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        env=environment(folder, **given),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """The exit code, what was printed, and what was complained of."""
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def ran(folder: Path, *words: str, **given: str) -> str:
    """What Python with these words printed before it ended well."""
    async with python(folder, *words, **given) as process:
        code, said, complaint = await ended(process)
    assert code == 0, complaint
    return said


@asynccontextmanager
async def started(
    folder: Path, *words: str, **given: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command of this project."""
    async with python(folder, "-m", "cli", *words, **given) as process:
        yield process


async def finished(folder: Path, *words: str, **given: str) -> tuple[int, str, str]:
    """The exit code of a command, what it printed, and what it complained of."""
    async with started(folder, *words, **given) as process:
        return await ended(process)
