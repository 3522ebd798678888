"""What platforms with build packs find at the root, and what they start: one process."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from cli.complaints import BadSetting
from cli.lifetime import release
from cli.preflight import FORGETFUL, check_disk
from cli.settings import Settings
from tests.support.commands import PATIENCE, ROOT, environment, finished

PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


@pytest.mark.long
async def test_sigterm_to_the_shell_that_was_given_the_line_ends_the_bot_with_0(tmp_path):
    given = environment(tmp_path, HOST="127.0.0.1", LOG_FORMAT="json")
    given["PATH"] = f"{Path(sys.executable).parent}:{given['PATH']}"
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f"{PROCFILE['web']}\n: the shell has something left to do, so it stays where it can",
        env=given,
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            await process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await process.stderr.read()  # its end comes when nobody holds it any more
            assert await process.wait() == 0
    finally:
        if _alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_line_of_the_procfile_replaces_its_shell():
    assert set(PROCFILE) == {"release", "web"}
    assert all(line.startswith("exec ") for line in PROCFILE.values())


def test_build_packs_find_the_lock_and_the_version_of_python_at_the_root():
    assert (ROOT / "requirements.txt").resolve() == ROOT / "requirements/run.lock"
    needed = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert needed is not None
    assert (ROOT / ".python-version").read_text().strip() == needed[1]


def test_a_tree_that_was_never_installed_knows_its_version(monkeypatch):
    monkeypatch.setattr("cli.lifetime.version", _not_installed)
    assert f'version = "{release()}"' in (ROOT / "pyproject.toml").read_text()


def _not_installed(name: str) -> str:
    from importlib.metadata import PackageNotFoundError

    raise PackageNotFoundError(name)


@pytest.mark.long
async def test_run_refuses_sqlite_on_a_disk_that_forgets_and_writes_nothing(tmp_path):
    code, _, complaint = await finished(tmp_path, "run", DYNO="web.1")
    assert (code, complaint.count("\n")) == (2, 1)
    assert "DATABASE_URL: Heroku (DYNO is set)" in complaint
    assert "LOCKERBOT_EPHEMERAL_DISK=1" in complaint
    assert not list(tmp_path.iterdir())


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/bot.db")
    monkeypatch.setattr("os.path.ismount", lambda folder: Path(folder) == Path("/"))
    return Settings.load


@pytest.mark.parametrize("variable", FORGETFUL)
def test_each_platform_is_known_by_its_own_variable(settings, monkeypatch, variable):
    check_disk(settings(), {})
    with pytest.raises(BadSetting, match=FORGETFUL[variable][0]):
        check_disk(settings(), {variable: "x"})
    monkeypatch.setenv("LOCKERBOT_EPHEMERAL_DISK", "1")
    check_disk(settings(), {variable: "x"})
    monkeypatch.setenv("LOCKERBOT_EPHEMERAL_DISK", "0")
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/lockerbot")
    check_disk(settings(), {variable: "x"})


def test_a_volume_that_railway_names_is_kept_and_one_beside_it_is_not(settings, tmp_path):
    on = {"RAILWAY_ENVIRONMENT_ID": "x", "RAILWAY_VOLUME_MOUNT_PATH": str(tmp_path)}
    check_disk(settings(), on)
    with pytest.raises(BadSetting, match="Railway"):
        check_disk(settings(), on | {"RAILWAY_VOLUME_MOUNT_PATH": f"{tmp_path}/other"})


def test_a_volume_of_fly_is_what_is_mounted_where_the_file_is(settings, monkeypatch, tmp_path):
    with pytest.raises(BadSetting, match=r"Fly\.io"):
        check_disk(settings(), {"FLY_APP_NAME": "x"})
    monkeypatch.setattr("os.path.ismount", lambda folder: Path(folder) == tmp_path)
    check_disk(settings(), {"FLY_APP_NAME": "x"})
