"""Telegram's HTML, read into plain text and entities.

Guarantees: what Telegram refuses is refused in its words, with the same byte offsets; entity
offsets and lengths are in UTF-16 code units. Source: Bot API, "HTML style"; TDLib's parser.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.text.dates import cannot_parse, date_time, moment_of

Entity = dict[str, Any]

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(?:x[0-9a-fA-F]+|[0-9]+)|lt|gt|amp|quot);")
_PLAIN = re.compile(r".[^<&]*", re.DOTALL)
_NAME_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_ATTRIBUTE_NAME = re.compile(r"[^\s=>/\"']*")
_SPACES = re.compile(r"\s*")
_TAG_NAME = re.compile(r"[^\s>]*")
_MENTION = re.compile(r"tg://user\?id=(\d+)")


@dataclass(slots=True)
class _Open:
    """A start tag that waits for its end."""

    tag: str
    argument: str
    offset: int
    begin: int
    unix: int = 0


def utf16_length(text: str) -> int:
    """How many UTF-16 code units `text` takes."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_html(text: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities. Raises ApiError (400) as Telegram would."""
    return _HtmlReader(text).read()


class _HtmlReader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._plain: list[str] = []
        self._units = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "<":
                self._tag()
            elif char == "&" and (found := _REFERENCE.match(self._text, self._at)):
                self._put(_character(found[0]))
                self._at = found.end()
            else:
                self._put(self._skip(_PLAIN))
        if self._open:
            raise cannot_parse(
                f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"'
            )
        return "".join(self._plain), self._entities

    def _put(self, words: str) -> None:
        self._plain.append(words)
        self._units += utf16_length(words)

    def _bytes(self, at: int) -> int:
        return len(self._text[:at].encode("utf-8", "surrogatepass"))

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, "each of these patterns matches wherever it is asked for"
        self._at = found.end()
        return found[0]

    def _ended(self) -> bool:
        return self._at >= len(self._text)

    def _tag(self) -> None:
        begin = self._at
        self._at += 1
        if self._text[self._at : self._at + 1] == "/":
            self._end_tag(begin)
        else:
            self._start_tag(begin)

    def _start_tag(self, begin: int) -> None:
        tag = self._skip(_TAG_NAME).lower()
        if self._ended():
            raise cannot_parse(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        if tag not in _STYLES:
            raise cannot_parse(f'Unsupported start tag "{tag}" at byte offset {self._bytes(begin)}')
        argument, unix = "", 0
        while self._skip(_SPACES) is not None and self._text[self._at : self._at + 1] != ">":
            name, value = self._attribute(tag, begin)
            argument = _argument(tag, name, value) or argument
            unix = moment_of(value) if (tag, name) == ("tg-time", "unix") else unix
        self._at += 1
        if tag == "span" and argument != "spoiler":
            raise cannot_parse(
                f'Tag "span" must have class "tg-spoiler" at byte offset {self._bytes(begin)}'
            )
        self._open.append(_Open(tag, argument, self._units, len(self._plain), unix))

    def _attribute(self, tag: str, begin: int) -> tuple[str, str]:
        unclosed = f'Unclosed start tag "{tag}" at byte offset {self._bytes(begin)}'
        name = self._skip(_ATTRIBUTE_NAME)
        if not name:
            if self._ended():
                raise cannot_parse(f"Unclosed start tag at byte offset {self._bytes(begin)}")
            raise cannot_parse(
                f'Empty attribute name in the tag "{tag}" at byte offset {self._bytes(begin)}'
            )
        self._skip(_SPACES)
        if self._ended():
            raise cannot_parse(unclosed)
        if self._text[self._at] != "=":
            return name, ""
        self._at += 1
        self._skip(_SPACES)
        if self._ended():
            raise cannot_parse(unclosed)
        return name, self._attribute_value(begin)

    def _attribute_value(self, begin: int) -> str:
        quote = self._text[self._at]
        if quote not in "'\"":
            token_at = self._at
            value = self._skip(_NAME_TOKEN).lower()
            if not self._ended() and not (
                self._text[self._at].isspace() or self._text[self._at] == ">"
            ):
                raise cannot_parse(
                    f"Unexpected end of name token at byte offset {self._bytes(token_at)}"
                )
        else:
            end = self._text.find(quote, self._at + 1)
            end = len(self._text) if end < 0 else end
            value = _REFERENCE.sub(lambda m: _character(m[0]), self._text[self._at + 1 : end])
            self._at = end + 1
        if self._ended():
            raise cannot_parse(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        return value

    def _end_tag(self, begin: int) -> None:
        if not self._open:
            raise cannot_parse(f"Unexpected end tag at byte offset {self._bytes(begin)}")
        self._at += 1
        name = self._skip(_TAG_NAME).lower()
        self._skip(_SPACES)
        if self._text[self._at : self._at + 1] != ">":
            raise cannot_parse(f"Unclosed end tag at byte offset {self._bytes(begin)}")
        self._at += 1
        opened = self._open.pop()
        if name not in ("", opened.tag):
            raise cannot_parse(
                f"Unmatched end tag at byte offset {self._bytes(begin)},"
                f' expected "</{opened.tag}>", found "</{name}>"'
            )
        if self._units > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity: Entity = {
            "type": _STYLES[opened.tag],
            "offset": opened.offset,
            "length": self._units - opened.offset,
        }
        if opened.tag == "a":
            inside = "".join(self._plain[opened.begin :])
            if not link(entity, opened.argument or inside):
                return
        elif opened.tag == "tg-emoji":
            if not opened.argument.isdigit() or int(opened.argument) == 0:
                raise cannot_parse("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = opened.argument
        elif opened.tag == "tg-time":
            entity |= date_time(opened.unix, opened.argument)
            if not opened.unix:
                return
        elif opened.tag == "blockquote" and opened.argument:
            entity["type"] = "expandable_blockquote"
        elif opened.tag in ("pre", "code") and self._joins_pre(entity, opened):
            return
        self._entities.append(entity)

    def _joins_pre(self, entity: Entity, opened: _Open) -> bool:
        """`<pre><code class="language-x">` (or the reverse) is one entity with a language."""
        if opened.tag == "code" and opened.argument:
            entity["language"] = opened.argument
        if not self._entities or opened.tag != "pre":
            return False
        inner = self._entities[-1]
        same = inner["offset"] == entity["offset"] and inner["length"] == entity["length"]
        if same and inner["type"] == "code" and "language" in inner:
            inner["type"] = "pre"
            return True
        return False


def link(entity: Entity, url: str) -> bool:
    """Make `entity` lead to `url`, or to the person it names; False when it leads nowhere."""
    if mention := _MENTION.fullmatch(url):
        entity["type"] = "text_mention"
        entity["user"] = {"id": int(mention[1])}
        return True
    checked = checked_link(url)
    if checked is None:
        return False
    entity["type"], entity["url"] = "text_link", checked
    return True


def checked_link(url: str) -> str | None:
    """The address as Telegram gives it back, or None when Telegram takes it for none."""
    found = re.fullmatch(r"(?:(https?|tg|ton)://|(tg|ton):)?([^/?#\s]+)([/?#]\S*)?", url, re.I)
    if found is None:
        return None
    scheme = (found[1] or found[2] or "http").lower()
    host, rest = found[3], found[4] or ""
    if scheme in ("tg", "ton"):
        return f"{scheme}://{host}{rest}" if re.fullmatch(r"[\w-]+", host) else None
    if "." not in host and not host.startswith("["):
        return None
    return f"{scheme}://{host.lower()}{rest if rest.startswith('/') else '/' + rest}"


def _argument(tag: str, name: str, value: str) -> str:
    """What of an attribute Telegram keeps; most attributes are ignored."""
    if (tag, name) in {("a", "href"), ("tg-emoji", "emoji-id"), ("tg-time", "format")}:
        return value
    if (tag, name) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (tag, name) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    return "expandable" if (tag, name) == ("blockquote", "expandable") else ""


def _character(reference: str) -> str:
    return _NAMED.get(reference[1:-1]) or html.unescape(reference)
