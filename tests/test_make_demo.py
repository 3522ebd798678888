"""`make demo` needs nothing but what the bot needs."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import packages_distributions

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
    [install] = [line for line in said.splitlines() if "pip install" in line]
    assert install.endswith("--require-hashes -r requirements/run.lock")
    assert "quiet" not in install
    assert said.splitlines()[-1].endswith("python -m cli sandbox")


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
