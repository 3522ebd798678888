"""The wheel, unpacked beside somebody else's `web`, `bot` and `storage`: each finds its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.commands import ROOT, ran

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOREIGN = ("bot", "cli", "storage", "web")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages."""
    folder = tmp_path_factory.mktemp("site")
    for name in FOREIGN:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("whose = 'somebody else'\n")
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    wheel.unlink()
    return folder


def test_it_takes_one_name_of_its_own_and_no_other(site):
    [info] = site.glob("*.dist-info")
    taken = {path.name for path in site.iterdir()} - {info.name, *FOREIGN}
    assert taken == {"harbor_lockerbot"}
    assert PROJECT["project"]["name"] == "harbor-lockerbot"
    assert "lockerbot = harbor_lockerbot:main" in (info / "entry_points.txt").read_text()


def test_it_holds_every_file_of_its_packages(site):
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for name in set(packages) - {"harbor_lockerbot"}:
        here = [path for path in (ROOT / name).rglob("*") if path.is_file()]
        there = [site / "harbor_lockerbot" / path.relative_to(ROOT) for path in here]
        missing = [path for path in there if not path.is_file()]
        assert not [path for path in missing if "__pycache__" not in path.parts]


@pytest.mark.long
async def test_what_is_installed_runs_from_there_and_somebody_elses_packages_stay_theirs(
    site, tmp_path
):
    there = {"PYTHONPATH": str(site), "DEMO_SECONDS": "0"}
    told = await ran(tmp_path, "-m", "harbor_lockerbot", "sandbox", **there)
    assert "http://127.0.0.1:" in told
    told = await ran(tmp_path, "-m", "harbor_lockerbot", "migrate", **there)
    assert "applied" in told
    foreign = "import harbor_lockerbot, bot, cli, storage, web; print(bot.whose, web.whose)"
    assert await ran(tmp_path, "-c", foreign, **there) == "somebody else somebody else\n"
