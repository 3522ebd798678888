"""The rooms that try the image and the documented deployment: what they promise of themselves.

The trials themselves are `make image` and `make debian`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.blocks import blocks
from smoke import debian
from smoke.machine import handed_in
from smoke.outside import Failed, ended, started
from smoke.tree import Inside, ran

as_root = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("unshare"), reason="mounts are made by root alone"
)


@pytest.fixture
def pips(monkeypatch, tmp_path):
    """Make this what pip is told here, and nothing else."""
    for name in [each for each in os.environ if each.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))

    def told(written: str) -> None:
        config = tmp_path / "told.conf"
        config.write_text(written)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(config))

    return told


def test_of_pips_settings_those_go_in_that_say_how_an_index_is_reached(pips, monkeypatch, tmp_path):
    cert = tmp_path / "own.pem"
    pips(
        "[global]\nindex-url = https://a.example/simple\n"
        "extra-index-url = file:///opt/x https://b.example/simple\n"
        f"find-links = /opt/wheels\nconstraint = /etc/constraints.txt\ncert = {cert}\n"
    )
    monkeypatch.setenv("PIP_INDEX_URL", "https://c.example/simple")
    files = handed_in(tmp_path / "in")
    assert files[Path("/etc/pip.pem")] == cert
    assert sorted(files[Path("/etc/pip.conf")].read_text().splitlines()[1:]) == [
        "cert = /etc/pip.pem",
        "extra-index-url = https://b.example/simple",
        "index-url = https://c.example/simple",
    ]


def test_where_pip_is_told_nothing_nothing_goes_in(pips, monkeypatch, tmp_path):
    pips("")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # so that it reads no other, either
    assert handed_in(tmp_path / "in") == {}


@as_root
def test_whoever_is_started_in_a_tree_may_write_what_is_kept_and_nothing_else(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    os.chown(kept, 10001, 10002)
    script = (
        "id -u; id -g; grep CapEff /proc/self/status; echo $SAID; pwd;"
        "touch /srv/x 2>&1 | grep -c 'Read-only file system\\|Permission denied';"
        "ls -A /tmp; : > /tmp/x; : > /mnt/x && ls /mnt"
    )
    inside = Inside(
        10001, 10002, "/usr", {"SAID": "a word"}, kept={Path("/mnt"): kept}, read_only=True
    )
    said = ran(Path("/"), ["sh", "-c", script], inside)
    nothing = "CapEff:\t0000000000000000"
    assert said.splitlines() == ["10001", "10002", nothing, "a word", "/usr", "1", "x"]
    assert [path.name for path in kept.iterdir()] == ["x"]
    assert not Path("/mnt/x").exists()


@as_root
def test_not_even_root_writes_where_a_tree_is_to_be_read_only():
    with pytest.raises(subprocess.CalledProcessError):
        ran(Path("/"), ["touch", "/srv/x"], Inside(read_only=True))
    assert not Path("/srv/x").exists()


@pytest.mark.parametrize(("code", "well"), [(0, True), (3, False)])
async def test_it_is_seen_whether_sigterm_ends_it_well(code, well, capfd):
    handler = f"signal.signal(signal.SIGTERM, lambda *_: sys.exit({code}))"
    words = f"import signal, sys; {handler}; print('ready', flush=True); signal.pause()"
    async with started([sys.executable, "-c", words]) as process:
        while "ready" not in capfd.readouterr().out:
            assert process.returncode is None
        if well:
            await ended(process)
        else:
            with pytest.raises(Failed, match="3"):
                await ended(process)


def test_a_block_knows_its_heading_and_what_it_needs():
    written = (
        "## One\n\n```sh\nfirst\n```\n\n## Two\n"
        "<!-- needs: root, systemd -->\n```sh\nsecond\nthird\n```\n```toml\nno = 1\n```\n"
    )
    assert [tuple(each) for each in blocks(written)] == [
        ("One", (), "first\n"),
        ("Two", ("root", "systemd"), "second\nthird\n"),
    ]


def test_the_document_still_has_the_blocks_that_are_followed():
    found = list(blocks(debian.DOCUMENT.read_text()))
    heading = [each.lines for each in found if each.heading == "A server with systemd"]
    assert "git clone REPOSITORY /opt/lockerbot\n" in heading[0]
    assert heading[1] == "lockerbot check\n"
    assert "systemctl enable --now lockerbot\n" in heading[2]
    assert [each.lines for each in found].count("openssl rand -hex 32\n") == 1
    restored = [each.lines for each in found if each.heading == "Back up and restore"]
    assert [lines.splitlines()[-1] for lines in restored[:2]] == [
        "lockerbot backup backup.db",
        "lockerbot migrate",
    ]
