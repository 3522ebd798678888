"""docs/sandbox.md, "A parcel by hand": its commands, run as they stand, move a parcel."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from cli.sandbox_server import serving_sandbox
from sandbox.clock import Clock
from sandbox.harbor.app import ROUTERS, create_app
from sandbox.harbor.faults import KNOWN
from sandbox.harbor.states import Status
from tests.support import curl
from tests.support.sandbox_harbor import START, TOWER

DOCUMENT = Path(__file__).parent.parent / "docs" / "sandbox.md"
BESIDE_PYTHON = Path(sys.executable).parent


def commands() -> str:
    """The second terminal's commands."""
    walk = DOCUMENT.read_text().split("### A parcel by hand\n")[1].split("\n## ")[0]
    start, *rest = re.findall(r"```sh\n(.*?)```", walk, re.S)
    assert start == "lockerbot sandbox harbor --port 8081\n"
    return "\n".join(rest)


@pytest.mark.long
async def test_the_documented_walk_moves_a_parcel(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        curl.install(tmp_path / "bin")
    app = create_app(clock=Clock(START, stopped=True))
    async with serving_sandbox(app) as base:
        # Each command's output is set off from the next one's by a line of its own.
        script = re.sub(r"^(?=lockerbot|curl)", "echo; ", commands(), flags=re.M)
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-euc",
            script.replace("http://127.0.0.1:8081", base),
            cwd=tmp_path,
            env={"PATH": f"{BESIDE_PYTHON}:{os.environ['PATH']}:bin", "HOME": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, trouble = await shell.communicate()
    assert shell.returncode == 0, trouble.decode() + out.decode()
    said = out.decode()
    answers = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    opened = {"locker": 102, "name": "2"}
    assert [answer for answer in answers if answer == opened] == [opened, opened]
    assert [answer["error"]["code"] for answer in answers if "error" in answer] == [502]
    assert "a hat" in [answer.get("taken") for answer in answers]
    before, after = said.split('"error"')
    assert re.search(r"102 .* occupied", before)
    assert not re.search(r"102 .* occupied", after)
    assert app.state.harbor.registry.locker(TOWER, 102).status is Status.AVAILABLE


def test_every_fault_and_every_call_stands_in_the_document() -> None:
    section = DOCUMENT.read_text().split("### Harbor's faults\n")[1].split("\n###")[0]
    calls, table = section.strip().split("\n\n")
    routes = [route for each in ROUTERS for route in each.routes]
    names = [route.name for route in routes if isinstance(route, APIRoute)]
    assert set(re.findall(r"`(\w+)`", calls)) == {"call", "webhook", *names}
    rows = [row.split("|")[1:3] for row in table.splitlines()[2:]]
    shown = {
        name: re.findall(r"`(\w+)`", parameters)
        for faults, parameters in rows
        for name in re.findall(r"`(\w+)`", faults)
    }
    assert shown == {fault.name: list(fault.parameters) for fault in KNOWN}
