"""`python -m docs.secret_scan`: whether a secret has got into the files that are kept.

Guarantees: every file that git keeps, or would, is read; what looks like a token, a key or a
certificate's private half is named by file, line and kind, and never printed; 1 if there was any.
A line that is meant to look so says `not a secret`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEANT = "not a secret"
NOT_OURS = frozenset({".git", ".venv", "build", "mutants", ".hypothesis"})
KINDS: dict[str, re.Pattern[str]] = {
    "a bot token": re.compile(r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})"),
    "an AWS key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a Slack token": re.compile(r"\bxox[abposr]-[\w-]{20,}"),
    "a password in an address": re.compile(
        r"\b(postgres(ql)?|https?)://[^\s:/@{$<]+:[^\s/@{$<]{12,}@"
    ),
    "a set secret": re.compile(
        r"\b(LOCKERBOT_SECRET_KEY|[A-Z_]+_(SECRET|TOKEN))\s*[=:]\s*[\"']?[A-Za-z0-9+/_-]{32,}"
    ),
}


def found_in(text: str) -> Iterator[tuple[int, str]]:
    """Line number and kind of whatever looks like a secret."""
    for number, line in enumerate(text.splitlines(), 1):
        if MEANT not in line:
            yield from ((number, kind) for kind, looks in KINDS.items() if looks.search(line))


def kept() -> Iterable[Path]:
    """The files that git keeps, or would if they were added now."""
    git = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    try:
        listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - fixed words
    except (OSError, subprocess.CalledProcessError):  # unpacked, and no repository
        folders = (each for each in ROOT.iterdir() if each.name not in NOT_OURS)
        found = (path for each in folders for path in (each, *each.rglob("*")))
        return (path for path in found if path.is_file())
    names = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return (path for path in names if path.is_file())


def main() -> int:
    """Print what was found; 1 if there was any."""
    number = 0
    for path in kept():
        text = path.read_bytes().decode("utf-8", "replace")
        for line, kind in found_in(text):
            number += 1
            print(f"{path.relative_to(ROOT)}:{line}: {kind}")
        if path.name == ".env":
            number += 1
            print(f"{path.relative_to(ROOT)}: settings are not kept")
    return int(number > 0)


if __name__ == "__main__":
    sys.exit(main())
