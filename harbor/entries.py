"""The entries of one answer of Harbor's that is a list.

Guarantees: each entry that can be read is there, in its place; what can't be read is left out and
counted. A list of objects is read in portions, so that others have their turn in between, and an
entry whose bytes are known is not read again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from harbor.answers import Listed, loaded_list, where
from harbor.errors import Broken
from harbor.wire import Location, Locker

PORTION = 200
"""Entries that are read before anybody else has a turn."""
_SPACE = b" \t\n\r"
_BETWEEN = re.compile(rb"\}[ \t\n\r]*,[ \t\n\r]*\{")

Entry = TypeVar("Entry", bound=Location | Locker)


async def read_each(
    shape: TypeAdapter[Entry],
    call: str,
    body: bytes,
    known: Mapping[bytes, Entry] | None = None,
) -> tuple[Listed[Entry], Mapping[bytes, Entry]]:
    """`body` as a list, each entry as `shape`, and by its bytes each entry; what is `known` by them
    is not read again. Raises Broken if it is no list at all."""
    read = await _by_objects(_Reading(shape), call, _objects(body), known or {})
    read = read or await _whole(_Reading(shape), loaded_list(call, body))
    return Listed(read.entries, read.left_out, read.why), read.named


class _Reading(Generic[Entry]):
    """What has been read of a list so far."""

    def __init__(self, shape: TypeAdapter[Entry]) -> None:
        self._shape = shape
        self.entries: list[Entry] = []
        self.named: dict[bytes, Entry] = {}
        self.left_out, self.why = 0, ""

    def read(self, raw: Any, name: bytes | None = None) -> None:
        """The next one, if it can be read."""
        try:
            entry = self._shape.validate_python(raw)
        except ValidationError as error:
            self.left_out, self.why = self.left_out + 1, self.why or where(error)
        else:
            self.entries.append(entry)
            if name is not None:
                self.named[name] = entry


def _objects(body: bytes) -> list[bytes]:
    """What lies between the braces of each object of a list, as far as commas between braces tell;
    none where it is no list of objects."""
    inner = body.strip(_SPACE)
    if not (inner.startswith(b"[") and inner.endswith(b"]")):
        return []
    inner = inner[1:-1].strip(_SPACE)
    if not (inner.startswith(b"{") and inner.endswith(b"}")):
        return []
    return _BETWEEN.split(inner[1:-1])


async def _by_objects(
    reading: _Reading[Entry], call: str, objects: Sequence[bytes], known: Mapping[bytes, Entry]
) -> _Reading[Entry] | None:
    """Read a list of `objects`. None where there are none, or they were cut where no object ends:
    within a text, or a list in an entry. Then some have no reading, or fewer come of them: between
    two objects of a list there is always a comma between braces, so never are too few cut."""
    for first in range(0, len(objects), PORTION):
        some = objects[first : first + PORTION]
        found = [known.get(each) for each in some]
        new = [name for name, entry in zip(some, found, strict=True) if entry is None]
        try:
            raw = loaded_list(call, b"[{%b}]" % b"},{".join(new)) if new else []
        except Broken:
            return None
        if len(raw) != len(new):
            return None
        fresh = iter(raw)
        for name, entry in zip(some, found, strict=True):
            if entry is None:
                reading.read(next(fresh), name)
            else:
                reading.entries.append(entry)
                reading.named[name] = entry
        await asyncio.sleep(0)
    return reading if objects else None


async def _whole(reading: _Reading[Entry], entries: Sequence[Any]) -> _Reading[Entry]:
    """Read what a list holds, whatever that is."""
    for number, raw in enumerate(entries, start=1):
        reading.read(raw)
        if number % PORTION == 0:
            await asyncio.sleep(0)
    return reading
