"""`.env.example`, made from the settings and from what the README's table says of each.

Guarantees: every setting stands in it once, in the README's order; those that `run` needs are
open to be filled in, and all others commented out, so that a copy changes nothing until somebody
writes something.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from cli.settings import Settings

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / ".env.example"
_ROW = re.compile(r"^\| (`[A-Z_`, ]+`) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_BEGINNING = """\
# Copy to .env (mode 0600) beside where the bot is started. Values go without quotes and without a
# comment behind them, so that systemd and compose read the same file alike. Made from the settings
# and the README by `python -m docs.check --write`.
"""


def rows(readme: str) -> list[tuple[list[str], str, str]]:
    """The README's table of settings: the names in a row, their defaults, and what is said."""
    return [
        (re.findall(r"`([A-Z_]+)`", names), defaults, said)
        for names, defaults, said in _ROW.findall(readme)
    ]


def example(readme: str) -> str:
    """The file."""
    left, blocks = Settings.names(), [_BEGINNING]
    for names, defaults, said in rows(readme):
        told = _LINK.sub(r"\1", "; ".join(part for part in (_default(defaults), said) if part))
        lines = [f"# {line}" for line in textwrap.wrap(told.replace("`", ""), 97)]
        for name in names:
            left.remove(name)
            lines.append(f"{name}=" if defaults == "needed" else f"#{name}=")
        blocks.append("\n".join(lines) + "\n")
    if left:
        raise ValueError(f"the README's table lacks {', '.join(left)}")
    return "\n".join(blocks)


def _default(said: str) -> str:
    return said if said == "needed" else f"default: {said}"
