"""The documents' command blocks: each is run as it stands, or says what it needs."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from docs.blocks import blocks
from tests.support.commands import PATIENCE, ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ELSEWHERE = {"sandbox.md"}
"""Whose blocks are one story, which test_sandbox_harbor_walk.py runs."""
SHORT_OF = {
    "BotFather",
    "Harbor",
    "PostgreSQL",
    "a container engine",
    "a registry of images",
    "a registry of packages",
    "root",
    "systemd",
}


def read(document: Path) -> tuple[list[str], list[str]]:
    """What can be run here, and what the others need."""
    found = list(blocks(document.read_text()))
    here = [block.lines for block in found if not block.needs]
    return here, [need for block in found for need in block.needs]


@pytest.mark.long
@pytest.mark.parametrize(
    "document",
    [path for path in DOCUMENTS if path.name not in ELSEWHERE and read(path)[0]],
    ids=lambda path: path.name,
)
async def test_every_block_that_needs_nothing_else_runs_in_the_order_of_its_document(
    document, tmp_path
):
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin/lockerbot"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli "$@"\n')
    command.chmod(0o755)
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        "\n".join(read(document)[0]),
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await shell.communicate()
    assert shell.returncode == 0, said.decode()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_not_run_says_in_known_words_what_it_needs(document):
    if document.name not in ELSEWHERE:
        assert set(read(document)[1]) <= SHORT_OF


def test_the_documented_deployment_has_both_kinds():
    here, elsewhere = read(ROOT / "docs/deploying.md")
    assert len(here) >= 4
    assert set(elsewhere) == SHORT_OF
