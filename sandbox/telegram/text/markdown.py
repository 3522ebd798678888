"""Telegram's MarkdownV2, read into plain text and entities.

Guarantees: what Telegram refuses is refused in its words, with the same byte offsets; entity
offsets and lengths are in UTF-16 code units. Source: Bot API, "MarkdownV2 style"; TDLib's parser.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from sandbox.telegram.protocol.errors import ApiError
from sandbox.telegram.text.dates import cannot_parse, date_time
from sandbox.telegram.text.html import Entity, link, utf16_length

RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_MARKS = {
    "__": "underline",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
    "||": "spoiler",
    "```": "pre",
    "`": "code",
    "![": "custom_emoji",
    "[": "text_link",
}
_ENDS = {**{kind: mark for mark, kind in _MARKS.items()}, "text_link": "]", "custom_emoji": "]"}
_NAMES = {
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}
_EMOJI = re.compile(r"tg://emoji\?id=([1-9]\d*)")
_TIME = re.compile(r"tg://time\?unix=([1-9]\d{0,9})(?:&format=(.*))?")
_FENCE_LANGUAGE = re.compile(r"([^\s`]+)(?=\s)")
_FENCE_NEWLINE = re.compile(r"\r\n|\n\r|\n|\r")


@dataclass(slots=True)
class _Open:
    """An entity that waits for its end."""

    kind: str
    offset: int
    at: int
    begin: int
    language: str = ""


def parse_markdown(text: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities. Raises ApiError (400) as Telegram would."""
    return _MarkdownReader(text).read()


class _MarkdownReader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._plain: list[str] = []
        self._units = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []
        self._quoting = False
        self._line_begins = True

    def read(self) -> tuple[str, list[Entity]]:
        while self._at < len(self._text):
            self._step()
        if self._quoting:
            self._end_of_quote(len(self._text))
        if self._open:
            raise self._no_end(self._open[-1])
        return "".join(self._plain), self._entities

    def _step(self) -> None:
        char, following = self._text[self._at], self._text[self._at + 1 : self._at + 2]
        if char == "\\" and following and 0 < ord(following) <= 126:
            self._put(following)
            self._at += 2
        elif char not in self._special():
            self._put(char)
            self._at += 1
        elif self._ends():
            self._end()
        else:
            self._begin()

    def _special(self) -> frozenset[str]:
        inside = self._open[-1].kind if self._open else ""
        return frozenset("`") if inside in ("code", "pre") else RESERVED

    def _put(self, char: str) -> None:
        self._plain.append(char)
        self._units += utf16_length(char)
        if char not in "\r":
            self._line_begins = False

    def _bytes(self, at: int) -> int:
        return len(self._text[:at].encode("utf-8", "surrogatepass"))

    def _no_end(self, opened: _Open) -> ApiError:
        kind = "PreCode" if opened.language else opened.kind
        name = _NAMES.get(kind, kind[0].upper() + kind[1:])
        return cannot_parse(
            f"Can't find end of {name} entity at byte offset {self._bytes(opened.at)}"
        )

    def _ends(self) -> bool:
        if not self._open:
            return False
        if self._text[self._at] == "\n":
            return self._quoting and self._text[self._at + 1 : self._at + 2] != ">"
        kind = self._open[-1].kind
        if kind == "blockquote" or (kind == "italic" and self._text.startswith("__", self._at)):
            return False
        return self._text.startswith(_ENDS[kind], self._at)

    def _begin(self) -> None:
        char = self._text[self._at]
        if char == "\n":
            self._put(char)
            self._at += 1
            self._line_begins = True
            return
        if char == ">" and self._line_begins:
            if not self._quoting:
                self._quoting = True
                self._push("blockquote", "")
            self._at += 1
            return
        mark = next((mark for mark in _MARKS if self._text.startswith(mark, self._at)), None)
        if mark is None:
            raise cannot_parse(
                f"Character '{char}' is reserved and must be escaped with the preceding '\\'"
            )
        self._push(_MARKS[mark], mark)
        self._at += len(mark)
        if mark == "```":
            self._fence()

    def _push(self, kind: str, mark: str) -> None:
        self._open.append(_Open(kind, self._units, self._at, len(self._plain)))
        if mark:
            self._line_begins = False

    def _fence(self) -> None:
        if language := _FENCE_LANGUAGE.match(self._text, self._at):
            self._open[-1].language = language[1]
            self._at = language.end()
        if newline := _FENCE_NEWLINE.match(self._text, self._at):
            self._at = newline.end()

    def _end(self) -> None:
        if self._text[self._at] == "\n":
            self._end_of_quote(self._at)
            return
        opened = self._open.pop()
        self._at += len(_ENDS[opened.kind])
        entity: Entity = {
            "type": opened.kind,
            "offset": opened.offset,
            "length": self._units - opened.offset,
        }
        if opened.language:
            entity["language"] = opened.language
        kept = entity["length"] > 0
        if opened.kind == "text_link":
            inside = "".join(self._plain[opened.begin :])
            kept = link(entity, self._address() or inside) and kept
        elif opened.kind == "custom_emoji":
            entity |= self._emoji_or_moment()
        if kept:
            self._entities.append(entity)

    def _address(self) -> str:
        if self._text[self._at : self._at + 1] != "(":
            return ""
        begin = self._at = self._at + 1
        address: list[str] = []
        while self._at < len(self._text) and self._text[self._at] != ")":
            self._at += self._text[self._at] == "\\" and self._at + 1 < len(self._text)
            address.append(self._text[self._at])
            self._at += 1
        if self._at >= len(self._text):
            raise cannot_parse(f"Can't find end of a URL at byte offset {self._bytes(begin)}")
        self._at += 1
        return "".join(address)

    def _emoji_or_moment(self) -> Entity:
        if self._text[self._at : self._at + 1] != "(":
            raise cannot_parse("The entity must contain a tg://emoji or tg://time URL")
        address = self._address()
        if found := _EMOJI.fullmatch(address):
            return {"custom_emoji_id": found[1]}
        if found := _TIME.fullmatch(address):
            with suppress(ApiError):
                return date_time(int(found[1]), found[2] or "")
        raise cannot_parse("Invalid tg://emoji or tg://time URL specified")

    def _end_of_quote(self, at: int) -> None:
        """A quotation lasts as long as lines begin with ">"; a "||" at its very end folds it."""
        opened, kind = self._open.pop(), "blockquote"
        if opened.kind == "spoiler" and opened.at == at - 2:
            opened, kind = self._open.pop(), "expandable_blockquote"
        if opened.kind != "blockquote":
            raise self._no_end(opened)
        self._quoting = False
        if at < len(self._text):
            self._put("\n")
            self._at += 1
            self._line_begins = True
        if self._units > opened.offset:
            self._entities.append(
                {"type": kind, "offset": opened.offset, "length": self._units - opened.offset}
            )
