"""`python -m docs.audit` (`make audit`): known weaknesses of what `requirements/run.lock` pins.

Asks pip-audit, which asks PyPI. Exit code 1 where a pinned release has a known weakness. Where the
data can't be had (no network, an index that tells of only some) and no weakness is among it, that
is said, in so many words, and is no failure: neither that all is well was found out, nor that it is
not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TOOL = "pip-audit==2.10.1"
_HOME = ROOT / "build" / "audit"
_LOCK = ROOT / "requirements" / "run.lock"
_OPTIONS = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off")
_PATIENCE = 300
"""Seconds for the tool to be installed, and again for its answer."""


class NoData(Exception):
    """Nothing could be found out, and why."""


def main() -> int:
    """Ask, print; the exit code."""
    try:
        checked, weaknesses = read(_asked())
    except NoData as error:
        print(f"no data on known weaknesses: {error}")
        return 0
    for line in weaknesses:
        print(line, file=sys.stderr)
    print(f"{checked} pinned releases looked up, {len(weaknesses)} known weaknesses")
    return int(bool(weaknesses))


def read(told: str) -> tuple[int, Sequence[str]]:
    """How many releases were looked up, and a line for each weakness. Raises NoData."""
    try:
        releases: list[Mapping[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoData("the tool gives no report") from error
    known = [each for each in releases if "skip_reason" not in each]
    weaknesses = [*_weaknesses(known)]
    if not weaknesses and (len(known) < len(releases) or not releases):
        raise NoData(f"the index tells of {len(known)} of {len(releases)} releases")
    return len(known), weaknesses


def _weaknesses(releases: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in releases:
        for weakness in each.get("vulns", ()):
            mended = ", ".join(weakness.get("fix_versions", ())) or "no release yet"
            yield f"{each['name']} {each['version']}: {weakness['id']}, mended in {mended}"


def _asked() -> str:
    """The report of the tool, which has an environment of its own below `build`."""
    python = _HOME / "bin" / "python"
    if not python.exists():
        venv.create(_HOME, with_pip=True)
    _run([str(python), "-m", "pip", "install", "--quiet", TOOL], "the tool can't be installed")
    asked = [str(python), "-m", "pip_audit", "--requirement", str(_LOCK), *_OPTIONS]
    return _run(asked, None)


def _run(command: Sequence[str], failure: str | None) -> str:
    """What it prints. Raises NoData where it does not end, or fails and that is a `failure`."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired:
        raise NoData(failure or "there is no answer") from None
    if done.returncode and failure is not None:
        raise NoData(failure)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
