"""What a text shows: its entities as given, as parsed, and as Telegram finds them by itself.

Guarantees: offsets and lengths are in UTF-16 code units; text is trimmed as Telegram trims it,
and its entities with it; too long, empty or broken text is refused in Telegram's words.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.telegram.protocol.errors import bad_request
from sandbox.telegram.text.dates import check_given, parted
from sandbox.telegram.text.html import Entity, parse_html, utf16_length
from sandbox.telegram.text.markdown import parse_markdown

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
MOST_ENTITIES = 100
_PARSERS = {"html": parse_html, "markdownv2": parse_markdown}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_OPAQUE = frozenset({"code", "pre", "text_link", "text_mention", "date_time"})
_HINT = re.compile(r"[/@#.]")
_FOUND = re.compile(
    r"(?P<url>\b(?:https?://|t\.me/|www\.)[^\s<>\"'«»]*[^\s<>\"'«».,;:!?)\]}])"
    r"|(?P<email>\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b)"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z]\w{3,31}\b)"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)"
)


def formatted(text: str, parse_mode: str, given: list[Entity] | None) -> tuple[str, list[Entity]]:
    """Text and entities as a message will hold them. Raises ApiError (400)."""
    entities = list(given or ())
    text = _CONTROL.sub(" ", text.replace("\r", ""))
    if text and parse_mode and parse_mode.lower() != "none":
        parser = _PARSERS.get(parse_mode.lower())
        if parser is None:
            raise bad_request("unsupported parse_mode")
        text, entities = parser(text)
    elif entities:
        _check(text, entities)
    text, entities = _trimmed(text, parted(entities))
    entities += found(text, entities)
    return text, sorted(entities, key=_order)[:MOST_ENTITIES]


def found(text: str, given: list[Entity]) -> list[Entity]:
    """Commands, addresses and the like which Telegram marks without being told."""
    if not _HINT.search(text):
        return []
    taken = [_span(entity) for entity in given if entity["type"] in _OPAQUE]
    units = _units(text)
    entities = []
    for match in _FOUND.finditer(text):
        begin, end = units[match.start()], units[match.end()]
        if not any(begin < other_end and other < end for other, other_end in taken):
            entities.append({"type": match.lastgroup, "offset": begin, "length": end - begin})
    return entities


def _units(text: str) -> list[int]:
    """The UTF-16 offset of every character, and of the end."""
    offsets, units = [0], 0
    for char in text:
        units += 1 + (char > "\uffff")
        offsets.append(units)
    return offsets


def _span(entity: Entity) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def _order(entity: Entity) -> tuple[int, int, str]:
    return entity["offset"], -entity["length"], entity["type"]


def _check(text: str, entities: list[Any]) -> None:
    units = _units(text)
    boundaries, end = set(units), units[-1]
    for entity in entities:
        if not isinstance(entity, dict):
            raise bad_request("can't parse MessageEntity: expected an Object")
        offset, length = entity.get("offset"), entity.get("length")
        if not isinstance(offset, int) or not isinstance(length, int) or "type" not in entity:
            raise bad_request("can't parse MessageEntity: type, offset and length are required")
        if entity["type"] == "date_time":
            check_given(entity)
        last = offset + length
        begins = f"entity beginning at UTF-16 offset {offset}"
        if offset > end:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
        if last > end:
            raise bad_request(f"{begins} ends after the end of the text at UTF-16 offset {last}")
        if offset not in boundaries:
            at = _bytes_before(text, units, offset)
            raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {at}")
        if last not in boundaries:
            at = _bytes_before(text, units, last)
            raise bad_request(f"{begins} ends in a middle of a UTF-16 symbol at byte offset {at}")


def _bytes_before(text: str, units: list[int], unit: int) -> int:
    whole = next(i for i, offset in enumerate(units) if offset > unit)
    return len(text[:whole].encode())


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    stripped = text.lstrip()
    before = utf16_length(text) - utf16_length(stripped)
    stripped = stripped.rstrip()
    if stripped == text:
        return text, entities
    end = utf16_length(stripped)
    kept = []
    for entity in entities:
        begin = max(entity["offset"] - before, 0)
        length = min(entity["offset"] + entity["length"] - before, end) - begin
        if length > 0:
            kept.append({**entity, "offset": begin, "length": length})
    return stripped, kept
