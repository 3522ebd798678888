"""`make demo` needs nothing but what the bot needs."""

from __future__ import annotations

import re
import subprocess
import venv
from importlib.metadata import packages_distributions

import pytest

from tests.support.commands import ROOT, ran

BLOCKING = """
import runpy, sys
for name in {names!r}:
    sys.modules[name] = None
sys.argv = ["lockerbot", "sandbox"]
runpy.run_module("cli", run_name="__main__")
"""


def pinned(lock: str) -> set[str]:
    text = (ROOT / "requirements" / lock).read_text()
    return set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))


def test_it_installs_the_run_lock_and_shows_progress():
    said = subprocess.run(
        [
            "make",
            "--no-print-directory",
            "--dry-run",
            "demo",
            "READY=.venv/.none",
            "DEMO=.venv/.neither",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    said = said.replace("\\\n", "")
    [install] = [line for line in said.splitlines() if "requirements/install.py" in line]
    assert re.search(r"--require-hashes\s+-r requirements/run.lock$", install)
    assert "quiet" not in install
    assert said.splitlines()[-1].endswith("python -m cli sandbox")


@pytest.mark.long
@pytest.mark.parametrize("brought", [True, False])
def test_what_is_installed_needs_no_pip_in_the_environment_but_gets_one_where_none_is_brought(
    tmp_path, brought
):
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = str(environment / "bin/python")
    program = str(ROOT / "requirements/install.py")
    run_it = [python, program, "--no-index", "--disable-pip-version-check", "absent-package"]
    if not brought:
        lacking = (
            "import runpy, ensurepip, sysconfig; ensurepip.__file__ = '/nowhere/x';"
            "sysconfig.get_config_var = lambda name: None;"
            "ensurepip.bootstrap = lambda: print('given one');"
            f"runpy.run_path({program!r}, run_name='__main__')"
        )
        run_it = [python, "-c", lacking]
    done = subprocess.run(run_it, capture_output=True, text=True)
    assert done.returncode != 0
    if brought:
        assert "No matching distribution found for absent-package" in done.stderr
    else:
        assert done.stdout == "given one\n"
    assert not (environment / "bin/pip").exists()


async def test_the_page_opens_without_anything_that_only_developers_install(tmp_path):
    only_dev = pinned("dev.lock") - pinned("run.lock")
    names = [
        module
        for module, owners in packages_distributions().items()
        if all(re.sub(r"[._-]+", "-", owner).lower() in only_dev for owner in owners)
    ]
    assert "aiogram" in names
    said = await ran(tmp_path, "-c", BLOCKING.format(names=names), DEMO_SECONDS="0")
    assert "http://127.0.0.1:" in said
