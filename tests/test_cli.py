"""The command line as a process: exit codes, one-line complaints, and ends in good order."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cli.sandbox_server import serving_sandbox
from sandbox.stage import create_stage

ROOT = Path(__file__).parent.parent
"""So that the commands run are those beside these tests, whatever is installed."""
KEY = "a-key-for-the-tests-of-the-command-line"
PATIENCE = 60
"""Seconds until a process that does not do what it should fails a test; it usually takes two."""


def environment(folder: Path, url: str = "http://127.0.0.1:9", **more: str) -> dict[str, str]:
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TELEGRAM_BOT_TOKEN": "42:sandbox",
        "TELEGRAM_API_URL": f"{url}/telegram",
        "HARBOR_API_URL": f"{url}/harbor",
        "HARBOR_ACCOUNTS_URL": f"{url}/harbor",
        "HARBOR_CLIENT_ID": "sandbox",
        "HARBOR_CLIENT_SECRET": "sandbox",
        "LOCKERBOT_SECRET_KEY": KEY,
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "PORT": "0",
    } | more
    return {name: value for name, value in given.items() if value}


@asynccontextmanager
async def started(
    folder: Path, *words: str, **given: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli",
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


async def finished(folder: Path, *words: str, **given: str) -> tuple[int, str, str]:
    """The exit code, what was printed, and what was complained of."""
    async with started(folder, *words, **given) as process:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("TELEGRAM_BOT_TOKEN", "@BotFather"),
        ("LOCKERBOT_SECRET_KEY", "openssl"),
        ("HARBOR_CLIENT_ID", "not set"),
    ],
)
async def test_run_says_in_one_line_what_is_missing_and_ends_with_2(tmp_path, missing, says):
    code, _, complaint = await finished(tmp_path, "run", **{missing: ""})
    assert code == 2
    assert complaint.count("\n") == 1
    assert missing in complaint
    assert says in complaint


async def test_an_unknown_setting_is_refused_with_the_nearest_known_one(tmp_path):
    code, _, complaint = await finished(tmp_path, "migrate", LOCKERBOT_STORAGE_HOUR="1")
    assert code == 2
    assert "LOCKERBOT_STORAGE_HOURS" in complaint


async def test_migrate_can_be_repeated_and_backup_overwrites_nothing(tmp_path):
    assert (await finished(tmp_path, "migrate"))[0] == 0
    code, told, _ = await finished(tmp_path, "migrate")
    assert code == 0
    assert "up to date" in told
    copy = tmp_path / "copy.db"
    assert (await finished(tmp_path, "backup", str(copy)))[0] == 0
    assert sqlite3.connect(copy).execute("pragma integrity_check").fetchone() == ("ok",)
    code, _, complaint = await finished(tmp_path, "backup", str(copy))
    assert code == 1
    assert "overwritten" in complaint


async def test_check_names_what_works_and_ends_with_1_when_something_does_not(tmp_path):
    code, told, _ = await finished(tmp_path, "check")
    assert code == 1
    assert "NO" in told
    await finished(tmp_path, "migrate")
    async with serving_sandbox(create_stage(limits=False)) as url:
        code, told, _ = await finished(tmp_path, "check", url=url)
    assert code == 0, told
    assert "@harbor_lockers_bot" in told
    assert "5 towers" in told
    assert "sandbox-token" not in told


async def test_run_answers_a_person_and_sigterm_ends_it_in_time_with_0(tmp_path):
    async with (
        serving_sandbox(create_stage(limits=False)) as url,
        started(tmp_path, "run", url=url) as process,
        httpx.AsyncClient(base_url=f"{url}/telegram/sandbox") as phone,
    ):
        person = (await phone.post("/people", json={"first_name": "Anna"})).json()["id"]
        await phone.post(f"/people/{person}/open", json={})
        async with asyncio.timeout(PATIENCE):
            chat = (await phone.get(f"/people/{person}/chat")).json()
            while all(message["outgoing"] for message in chat["messages"]):
                query = {"after": chat["revision"], "wait": 10}
                chat = (await phone.get(f"/people/{person}/chat", params=query)).json()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()
        assert process.returncode == 0


async def test_a_token_that_telegram_does_not_know_is_said_and_never_shown(tmp_path):
    async with serving_sandbox(create_stage(limits=False)) as url:
        code, out, complaint = await finished(
            tmp_path, "run", url=url, TELEGRAM_BOT_TOKEN="43:unknown-token"
        )
    assert code == 1
    assert "TELEGRAM_BOT_TOKEN" in complaint
    assert "unknown-token" not in out + complaint


async def test_the_sandbox_says_where_it_is_and_ends_by_itself(tmp_path):
    code, told, _ = await finished(tmp_path, "sandbox", DEMO_SECONDS="0.5")
    assert code == 0
    assert re.search(r"http://127\.0\.0\.1:\d+/", told)


async def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path):
    async with serving_sandbox(create_stage(limits=False)) as url:
        port = url.rpartition(":")[2]
        code, _, complaint = await finished(tmp_path, "sandbox", PORT=port)
        assert code == 2
        assert "PORT" in complaint
        code, _, complaint = await finished(tmp_path, "sandbox", "harbor", "--port", port)
        assert code == 2
