"""Date-time entities: a moment that a phone shows in its own way (Bot API 9.5).

Guarantees: a format is `r|w?[dD]?[tT]?`, as documented; any other is refused in TDLib's words,
one that TDLib reads although it is not documented (`tw`), too. A moment that is none makes no
entity where Telegram's markup is read, and is refused where an entity is given.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.telegram.protocol.errors import ApiError, bad_request

_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
_DIGITS = re.compile(r"\d+")
_LAST = 2**31 - 1
_SPLITTABLE = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_AROUND = frozenset({"blockquote", "expandable_blockquote"})


def cannot_parse(words: str) -> ApiError:
    """The refusal of text that is not well formed."""
    return bad_request(f"can't parse entities: {words}")


def moment_of(written: str) -> int:
    """The Unix time that stands there; 0 for none that TDLib takes."""
    found = _DIGITS.match(written)
    unix = int(found[0]) if found else 0
    return unix if unix <= _LAST else 0


def check_format(written: str) -> str:
    """The format as it is. Raises ApiError (400)."""
    if not _FORMAT.fullmatch(written):
        raise cannot_parse("Invalid date format used")
    return written


def date_time(unix: int, written: str) -> dict[str, Any]:
    """What makes an entity a moment. Raises ApiError (400)."""
    form = check_format(written)
    shown = {"date_time_format": form} if form else {}
    return {"type": "date_time", "unix_time": unix, **shown}


def check_given(entity: dict[str, Any]) -> None:
    """A date-time entity that a bot gives beside its text. Raises ApiError (400)."""
    unix, written = entity.get("unix_time"), entity.get("date_time_format", "")
    if not isinstance(unix, int) or isinstance(unix, bool) or not 0 < unix <= _LAST:
        raise bad_request("can't parse MessageEntity: Invalid date specified")
    if not isinstance(written, str) or not _FORMAT.fullmatch(written):
        raise bad_request("can't parse MessageEntity: Invalid date format used")


def parted(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entities as TDLib leaves them around moments: one within a link, code or another moment is
    none, and bold and the like is taken off the moment itself; a quotation may hold it."""
    moments = [e for e in entities if e["type"] == "date_time"]
    if not moments:
        return entities
    split = [e for e in entities if e["type"] in _SPLITTABLE]
    around = [e for e in entities if e["type"] in _AROUND]
    kept: list[dict[str, Any]] = []
    for each in sorted(entities, key=lambda e: (e["offset"], -e["length"])):
        if each["type"] not in _SPLITTABLE | _AROUND:
            within = [e for e in kept if _meet(each, e)]
            if not any(e in moments for e in (each, *within) if within):
                kept.append(each)
    for each in moments:
        if each in kept:
            split = [part for entity in split for part in _without(entity, each)]
    return [*around, *kept, *split]


def _span(entity: dict[str, Any]) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def _meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    (begin, end), (first, last) = _span(one), _span(other)
    return begin < last and first < end


def _without(entity: dict[str, Any], gap: dict[str, Any]) -> list[dict[str, Any]]:
    if not _meet(entity, gap):
        return [entity]
    (begin, end), (first, last) = _span(entity), _span(gap)
    parts = ((begin, min(end, first)), (max(begin, last), end))
    return [{**entity, "offset": a, "length": b - a} for a, b in parts if a < b]
