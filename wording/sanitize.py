"""Text that came from outside, made fit to stand in our sentences.

Guarantees: one line, no control characters, no more than so many UTF-16 units (what Telegram
counts), and where it is written from right to left, isolated so that it turns nothing else around;
empty where nothing of it can be seen. A person's name is empty, too, where it is a link or a
mention, and no part of it can be tapped.
"""

from __future__ import annotations

import html
import re
import unicodedata

NAME = 40
"""How much of a name a sentence has room for, UTF-16 units."""
_FIRST_STRONG_ISOLATE, _POP = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS = frozenset("\u200c\u200d")  # Persian and Indic words, and many an emoji, need them
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and signs without ink
_WORD_JOINER = "\u2060"
_ENDINGS = (
    "app bot biz cc click club cn co com de dev es eu fr gg in info io link live ly me net online"
    " org pl pro ru shop site store su tk top tv ua uk us vip xyz"
)
_LINK = re.compile(rf"@\w|://|\bwww\.|\w\.(?:{_ENDINGS.replace(' ', '|')})\b", re.IGNORECASE)
_TAPPABLE = re.compile(r"(?<=\w)\.(?=\w)|[/#$](?=\w)")
_TAG = re.compile(r"<[^>]*>")
_MARKS_IN_A_ROW = 3
_READ = 1024  # of longer texts, the rest is not even looked at


def plain(text: str | None, most: int = NAME) -> str:
    """`text` for a button, a toast or a list: cleaned, cut to `most` units, isolated."""
    cleaned = cut(_clean(text or ""), most)
    if not cleaned.isascii() and not _RIGHT_TO_LEFT.isdisjoint(
        map(unicodedata.bidirectional, cleaned)
    ):
        return f"{_FIRST_STRONG_ISOLATE}{cleaned}{_POP}"
    return cleaned


def esc(text: str | None, most: int = NAME) -> str:
    """`text` for a message: as `plain`, and safe to stand between Telegram's HTML tags."""
    return html.escape(plain(text, most))


def plain_name(name: str | None, most: int = NAME) -> str:
    """A person's name for a button, a toast or a list; empty where it says nobody's name."""
    said = plain(name, most)
    if _LINK.search(said):
        return ""
    return _TAPPABLE.sub(lambda found: found[0] + _WORD_JOINER, said)


def esc_name(name: str | None, most: int = NAME) -> str:
    """A person's name for a message: as `plain_name`, and safe between Telegram's HTML tags."""
    return html.escape(plain_name(name, most))


def cut(text: str, most: int) -> str:
    """At most `most` UTF-16 units of `text`, the last an ellipsis where something was cut off."""
    if units(text) <= most:
        return text
    kept = text[:most]
    while units(kept) > most - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def units(text: str) -> int:
    """The length of `text` as Telegram counts it (UTF-16 code units)."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def seen_units(message: str) -> int:
    """The length of an HTML message as Telegram counts it: tags and references resolved."""
    return units(html.unescape(_TAG.sub("", message)))


def capital(text: str) -> str:
    """`text` as the beginning of a line: its first letter large."""
    return text[:1].upper() + text[1:]


def _clean(text: str) -> str:
    """Without what can't be seen, without towers of accents, white space as single blanks."""
    kept: list[str] = []
    marks = 0
    for sign in text[:_READ]:
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if sign.isspace() or sign in _BLANK:
            kept.append(" ")
        elif (kind not in _UNSEEN or sign in _JOINERS) and marks <= _MARKS_IN_A_ROW:
            kept.append(sign)
    cleaned = " ".join("".join(kept).split())
    return cleaned if cleaned.isascii() or any(map(_has_ink, cleaned)) else ""


def _has_ink(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LNPS"
