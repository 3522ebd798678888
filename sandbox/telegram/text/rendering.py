"""A text with its entities as HTML that a page may show as it is.

Guarantees: nothing of the text is markup; links lead to http, https, tg and mailto only; the tags
are properly nested whatever the entities are.
"""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any

_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_SAFE = ("http://", "https://", "tg://", "mailto:")
_SPANS = {
    "spoiler": "tg-spoiler",
    "bot_command": "bot-command",
    "hashtag": "hashtag",
    "mention": "mention",
    "text_mention": "mention",
}


def as_html(text: str, entities: list[dict[str, Any]]) -> str:
    """`text` with `entities` (offsets in UTF-16 code units) as safe HTML; line feeds stay."""
    units = text.encode("utf-16-le")
    ordered = sorted(entities, key=lambda e: (e["offset"], -e["length"]))
    return _part(units, 0, len(units) // 2, ordered)


def _part(units: bytes, begin: int, end: int, entities: list[dict[str, Any]]) -> str:
    shown: list[str] = []
    at, rest = begin, list(entities)
    while rest:
        entity = rest.pop(0)
        first = max(entity["offset"], at)
        last = min(entity["offset"] + entity["length"], end)
        if first >= last:
            continue
        inner = [e for e in rest if e["offset"] < last]
        rest = [e for e in rest if e["offset"] + e["length"] > last]
        shown.append(_plain(units, at, first))
        opening, closing = _tags(entity, _text(units, first, last))
        shown.append(f"{opening}{_part(units, first, last, inner)}{closing}")
        at = last
    return "".join([*shown, _plain(units, at, end)])


def _text(units: bytes, begin: int, end: int) -> str:
    return units[2 * begin : 2 * end].decode("utf-16-le", "replace")


def _plain(units: bytes, begin: int, end: int) -> str:
    return html.escape(_text(units, begin, end))


def _tags(entity: dict[str, Any], text: str) -> tuple[str, str]:
    kind = entity["type"]
    if kind == "pre" and entity.get("language"):
        return f'<pre><code class="language-{html.escape(entity["language"])}">', "</code></pre>"
    if kind in _TAGS:
        return f"<{_TAGS[kind]}>", f"</{_TAGS[kind]}>"
    if kind == "expandable_blockquote":
        return '<blockquote class="expandable">', "</blockquote>"
    if kind == "date_time":
        return _moment(entity), "</time>"
    if kind in _SPANS:
        return f'<span class="{_SPANS[kind]}">', "</span>"
    address = _address(kind, entity, text)
    if address.lower().startswith(_SAFE):
        href = html.escape(address)
        return f'<a href="{href}" target="_blank" rel="noopener noreferrer">', "</a>"
    return "", ""


def _moment(entity: dict[str, Any]) -> str:
    """The moment, and the format in which a phone is to show it; its own text stays inside."""
    at = datetime.fromtimestamp(entity["unix_time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    form = html.escape(str(entity.get("date_time_format", "")))
    return f'<time datetime="{at}" data-format="{form}">'


def _address(kind: str, entity: dict[str, Any], text: str) -> str:
    if kind == "text_link":
        return str(entity.get("url", ""))
    if kind == "url":
        return text if "://" in text else f"https://{text}"
    return f"mailto:{text}" if kind == "email" else ""
