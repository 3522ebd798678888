"""A slip as a picture: text around a QR symbol, to be read on a phone or printed.

Guarantees: black on white, `WIDTH` pixels wide and as high as it needs; whatever fonts the machine
has or lacks, since ours (Noto Sans: Latin, Greek, Cyrillic) comes along in `fonts/`. What that
can't write is left out, an ellipsis in place of words; nothing is kept: the symbol is a secret.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from itertools import chain, repeat
from unicodedata import category

from PIL import Image, ImageDraw, ImageFont, ImageOps

from pictures import qr

WIDTH = 800
_MARGIN, _GAP = 48, 20
_SYMBOL = 400
_LEADING = 1.3
_BLACK, _GREY, _PALE, _WHITE = 0, 80, 160, 255
_LONGEST = 400
"""Signs of one paragraph that are drawn."""
_ISOLATES = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069\u2060\u200c\u200d"))

Font = ImageFont.FreeTypeFont


def drawn(
    title: str,
    words: str,
    facts: Iterable[tuple[str, str]],
    link: str,
    beside: Iterable[str],
    below: Iterable[str],
) -> bytes:
    """A PNG; see `bot.domain.message.Sheet` for what stands where. ValueError where no symbol can
    carry `link`. Takes some tens of milliseconds: not for the event loop."""
    sheet = _Sheet()
    sheet.text(title, font("Bold", 44))
    if words:
        sheet.quoted(words, font("Regular", 32))
    for label, value in facts:
        sheet.text(label, font("Regular", 26), _GREY, gap=0)
        sheet.text(value, font("Bold", 34))
    sheet.symbol(link, beside)
    sheet.text(link, font("Regular", 26))
    for paragraph in below:
        sheet.text(paragraph, font("Regular", 28))
    return sheet.png()


class _Sheet:
    """Paper that grows downwards."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, int, Image.Image]] = []
        self._y = _MARGIN

    def text(self, text: str, font: Font, shade: int = _BLACK, *, gap: int = _GAP) -> None:
        """A paragraph across the whole width."""
        self._put(_paragraph(text, font, shade, WIDTH - 2 * _MARGIN), gap)

    def quoted(self, text: str, font: Font) -> None:
        """Somebody's own words, with a line along their left."""
        said = _paragraph(text, font, _BLACK, WIDTH - 2 * _MARGIN - 24)
        self._pieces.append((_MARGIN, self._y, Image.new("L", (6, said.height), _PALE)))
        self._put(said, _GAP, indent=24)

    def symbol(self, link: str, beside: Iterable[str]) -> None:
        """A QR symbol, and what stands to its right, the first paragraph bold."""
        symbol = qr.image(link, _SYMBOL).convert("L")
        ink = ImageOps.invert(symbol).getbbox() or (0,)
        left = _MARGIN - ink[0] + symbol.width + _GAP
        fonts = chain([font("Bold", 30)], repeat(font("Regular", 28)))
        width = WIDTH - _MARGIN - left
        said = [
            _paragraph(text, font, _BLACK, width) for text, font in zip(beside, fonts, strict=False)
        ]
        height = sum(piece.height for piece in said) + _GAP * (len(said) - 1)
        top = self._y + max((symbol.height - height) // 2, 0)
        for piece in said:
            self._pieces.append((left, top, piece))
            top += piece.height + _GAP
        self._pieces.append((_MARGIN - ink[0], self._y, symbol))  # its ink begins with the text's
        self._y = max(self._y + symbol.height, top) + _GAP

    def _put(self, piece: Image.Image, gap: int, *, indent: int = 0) -> None:
        self._pieces.append((_MARGIN + indent, self._y, piece))
        self._y += piece.height + gap

    def png(self) -> bytes:
        """All of it."""
        paper = Image.new("L", (WIDTH, self._y + _MARGIN - _GAP), _WHITE)
        for x, y, piece in self._pieces:
            paper.paste(piece, (x, y))
        written = io.BytesIO()
        paper.save(written, format="PNG")
        return written.getvalue()


def _paragraph(text: str, font: Font, shade: int, width: int) -> Image.Image:
    lines = [*broken(writable(text[:_LONGEST], font), font, width)]
    height = round(font.size * _LEADING)
    piece = Image.new("L", (width, height * len(lines)), _WHITE)
    pen = ImageDraw.Draw(piece)
    for at, line in enumerate(lines):
        pen.text((0, at * height), line, shade, font)
    return piece


def broken(text: str, font: Font, width: int) -> Iterator[str]:
    """Broken between words; a word that is wider than a line, within."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}".lstrip()
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        line = word
        while font.getlength(line) > width:
            fits = next(n for n in range(len(line), 0, -1) if font.getlength(line[:n]) <= width)
            yield line[:fits]
            line = line[fits:]
    yield line


def writable(text: str, font: Font) -> str:
    """What the font can write of it: other letters give way to one ellipsis, signs to nothing."""
    kept: list[str] = []
    for sign in text.translate(_ISOLATES):
        if _has(font, sign):
            kept.append(sign)
        elif category(sign)[0] == "L" and kept[-1:] != ["…"]:
            kept.append("…")
    return " ".join(filter(None, "".join(kept).split(" ")))


@lru_cache(4096)
def _has(font: Font, sign: str) -> bool:
    return sign.isspace() or bytes(font.getmask(sign)) != bytes(font.getmask("\uffff"))


@lru_cache
def font(weight: str, size: int) -> Font:
    """One of ours, in this size."""
    file = files("pictures") / "fonts" / f"NotoSans-{weight}.ttf"
    return ImageFont.truetype(io.BytesIO(file.read_bytes()), size)
