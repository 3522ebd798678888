"""Text that came from outside, made fit to stand in our sentences.

Guarantees: one line, no control characters, no more than so many UTF-16 units (what Telegram
counts), and where it is written from right to left, isolated so that it turns nothing else around;
empty where nothing of it can be seen. A person's name is empty, too, where it is a link or a
mention.

In a message nothing of it can be tapped, so that nobody's link, mention, command or number is the
bot's: behind each sign that Telegram makes one by (`@ # $ /`, the dot within a word), and within
long numbers, stands a sign that is not seen (U+2060) and that comes beside the length. It reads as
it was written; what is copied holds that sign, too. Operators' own words to people keep their links
(`esc_linked`).
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
_TAPPABLE = re.compile(r"[@#\uff03$/](?=\S)|\.(?=\w)")
_NUMBER = re.compile(r"\d(?:[ ().-]{0,2}\d){6,}")
"""What may be taken for somebody's telephone, or card."""
_THREE_DIGITS = re.compile(r"(?:\d\D*){3}(?=\d)")
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
    """`text` for a message: as `plain`, safe to stand between Telegram's HTML tags, and no part of
    it can be tapped."""
    return html.escape(_untappable(plain(text, most)))


def esc_linked(text: str | None, most: int = NAME) -> str:
    """The words of somebody who may send people links: as `esc`, and links stay links."""
    return html.escape(plain(text, most))


def coded(text: str | None, most: int = NAME) -> str:
    """`text` for a message, to be copied as it is: as `plain`, within Telegram's tags for code,
    where nothing is made a link."""
    return f"<code>{html.escape(plain(text, most))}</code>"


def bare_name(name: str | None) -> str:
    """A name to be kept: cleaned, not cut; empty where it is nobody's and nothing's name."""
    cleaned = _clean(name or "")
    return "" if _LINK.search(cleaned) else cleaned


def plain_name(name: str | None, most: int = NAME) -> str:
    """A person's name for a button, a toast or a list; empty where it says nobody's name."""
    said = plain(name, most)
    if _LINK.search(said):
        return ""
    return _untappable(said)


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
    """The length of an HTML message as Telegram counts it."""
    return units(read_out(message))


def read_out(message: str) -> str:
    """What an HTML message says: tags and references resolved."""
    return html.unescape(_TAG.sub("", message))


def capital(text: str) -> str:
    """`text` as the beginning of a line: its first letter large."""
    return text[:1].upper() + text[1:]


def _untappable(text: str) -> str:
    parted = _TAPPABLE.sub(lambda found: found[0] + _WORD_JOINER, text)
    return _NUMBER.sub(_in_threes, parted)


def _in_threes(number: re.Match[str]) -> str:
    return _THREE_DIGITS.sub(lambda three: three[0] + _WORD_JOINER, number[0])


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
