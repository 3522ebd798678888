"""The command blocks of a document: what is to be typed, under which heading, and what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PART = re.compile(
    r"^## (?P<heading>[^\n]+)$"
    r"|(?:^<!-- needs: (?P<needs>[^>]+) -->\n)?^```(?:sh|bash|shell)\n(?P<lines>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """`needs`: what a machine must have beside the program; nothing: it runs as it stands."""

    heading: str
    needs: tuple[str, ...]
    lines: str


def blocks(written: str) -> Iterator[Block]:
    """In their order."""
    heading = ""
    for part in _PART.finditer(written):
        if part["heading"] is not None:
            heading = part["heading"]
        else:
            needs = tuple(part["needs"].split(", ")) if part["needs"] else ()
            yield Block(heading, needs, part["lines"])
