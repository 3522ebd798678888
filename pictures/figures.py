"""Figures of some days as a picture: charts below one another, their days in the same columns.

Guarantees: `WIDTH` pixels wide; on a ground of its own, so that it reads alike in a light chat and
in a dark one. Nothing is told by colour alone: what is not known is hatched, which nought is not,
and of the last day, which is not over, only the outline is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from pictures.slip import Font, broken, font, writable

WIDTH = 720
_MARGIN, _GAP, _GUTTER = 28, 22, 76
_WIDE = WIDTH - 2 * _MARGIN
_TITLE_LINE = 34
"""From one line of a title that takes several to the next."""
_RIGHT = WIDTH - _MARGIN - _GUTTER
"""Where the last day ends; to its right stands the scale."""
_CHART, _HEAD, _LINE = 132, 42, 44
_LABEL = 30
"""Above the highest bar, for what stands at it."""
_GROUND, _INK, _PALE = (244, 245, 247), (24, 28, 34), (206, 209, 214)
_UNKNOWN, _VAGUE = (168, 172, 180), (228, 230, 234)
_COLOURS = ((21, 101, 192), (46, 125, 50), (176, 98, 0))
"""Of bars, a chart each, from the top."""
_LINES = (13, 60, 122)
_QUICKLY = 1
"""How hard PNG tries: harder takes as long as all the drawing, and saves a fifth."""

Colour = tuple[int, int, int]
Pen = ImageDraw.ImageDraw

Days = Sequence[tuple[float | None, str]]
"""Of each day the height of its bar and what stands at it; neither: nothing is known."""
Hours = Sequence[tuple[int, float | None]]
"""Parts of a whole by the hour; None: not known."""
Scale = Sequence[tuple[float, str]]


def drawn(
    title: str,
    subtitle: str,
    days: Sequence[tuple[str, str]],
    bars: Sequence[tuple[str, Days]],
    curve: tuple[str, Hours, Scale],
    legend: Sequence[tuple[str, str]],
) -> bytes:
    """A PNG; see `bot.domain.message.Plot` for what is what. Takes some tens of milliseconds: not
    for the event loop."""
    face, parts = _fitting(title)
    title_ends = _MARGIN + 54 + (len(parts) - 1) * _TITLE_LINE
    top = title_ends + (40 if subtitle else 0)
    below = top + (len(bars) + 1) * (_HEAD + _CHART + _GAP)
    height = below + 66 + len(legend) * _LINE + _MARGIN
    picture = Image.new("RGB", (WIDTH, height), _GROUND)
    pen = ImageDraw.Draw(picture)
    for number, part in enumerate(parts):
        _words(pen, (_MARGIN, _MARGIN + number * _TITLE_LINE), part, face, _WIDE)
    if subtitle:
        _words(pen, (_MARGIN, title_ends - 4), subtitle, font("Regular", 26), _WIDE)
    bases = range(top + _HEAD + _CHART, below, _HEAD + _CHART + _GAP)
    for base, said in zip(bases, [*(named for named, _ in bars), curve[0]], strict=True):
        at = (_MARGIN, base - _CHART - _HEAD)
        _words(pen, at, said, font("Bold", 26), _WIDE)
    for number, (_, each) in enumerate(bars):
        _bars(pen, each, bases[number], _COLOURS[number % len(_COLOURS)])
    _curve(pen, curve[1], curve[2], bases[-1], len(days))
    for number, named in enumerate(days):
        middle = sum(_column(number, len(days))) // 2
        for line, said in enumerate(named):
            at = (middle, below - 6 + 30 * line)
            _words(pen, at, said, font("Regular", 24), WIDTH // len(days), anchor="ma")
    for number, (look, said) in enumerate(legend):
        place = (_MARGIN, below + 72 + number * _LINE, _MARGIN + 56, below + 104 + number * _LINE)
        _looks(pen, place, look)
        at = (_MARGIN + 74, place[1] + 16)
        _words(pen, at, said, font("Regular", 26), _WIDE - 74, anchor="lm")
    written = io.BytesIO()
    picture.save(written, format="PNG", compress_level=_QUICKLY)
    return written.getvalue()


def _bars(pen: Pen, bars: Days, base: int, colour: Colour) -> None:
    highest = max((value or 0 for value, _ in bars), default=0)
    count = len(bars)
    for number, (value, said) in enumerate(bars):
        left, right = _column(number, count)
        if value is None and not said:
            _hatched(pen, (left + 4, base - _CHART + _LABEL, right - 4, base))
            continue
        tall = round((value or 0) / highest * (_CHART - _LABEL)) if highest else 0
        if tall:
            place = (left + 12, base - tall, right - 12, base)
            running = number == count - 1
            pen.rectangle(place, _GROUND if running else colour, colour, 4)
        at = ((left + right) // 2, base - tall - 4)
        _words(pen, at, said, font("Regular", 24), right - left, anchor="mb")
    pen.line((_MARGIN, base, _RIGHT, base), _INK, 2)


def _curve(pen: Pen, told: Hours, scale: Scale, base: int, days: int) -> None:
    room = _CHART - 14
    for level, said in scale:
        y = base - round(level * room)
        pen.line((_MARGIN, y, _RIGHT, y), _PALE, 2)
        _words(pen, (_RIGHT + 10, y), said, font("Regular", 22), _GUTTER + 10, anchor="lm")
    hours = 24 * days
    place = {hour: _MARGIN + round(hour * (_RIGHT - _MARGIN) / hours) for hour in range(hours + 1)}
    for number in range(1, days):
        left, _ = _column(number, days)
        pen.line((left, base - room, left, base), _PALE, 2)
    for began, ended in _runs([hour for hour, part in told if part is None]):
        _hatched(pen, (place[began], base - room, place[ended + 1] - 1, base))
    pen.line((_MARGIN, base, _RIGHT, base), _INK, 2)
    before: tuple[int, int] | None = None
    for hour, part in told:
        if part is None:
            continue
        y = base - round(part * room)
        if before is not None and before[0] == hour - 1:
            low, high = sorted((before[1], y))
            pen.rectangle((place[hour], low - 2, place[hour] + 2, high + 1), _LINES)
        pen.rectangle((place[hour], y - 2, place[hour + 1] - 1, y + 1), _LINES)
        before = hour, y


def _runs(hours: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of those that follow one another."""
    runs: list[tuple[int, int]] = []
    for hour in hours:
        if runs and runs[-1][1] == hour - 1:
            runs[-1] = runs[-1][0], hour
        else:
            runs.append((hour, hour))
    return runs


def _looks(pen: Pen, place: tuple[int, int, int, int], look: str) -> None:
    if look == "unknown":
        _hatched(pen, place)
    else:
        pen.rectangle(place, _GROUND, _COLOURS[0], 4)


def _hatched(pen: Pen, place: tuple[int, int, int, int]) -> None:
    """A grey box, and in it lines from the lower left to the upper right."""
    left, top, right, bottom = place
    pen.rectangle(place, _VAGUE)
    for start in range(left - (bottom - top), right, 8):
        low = (max(start, left), bottom - max(left - start, 0))
        over = max(start + bottom - top - right, 0)
        pen.line((*low, start + bottom - top - over, top + over), _UNKNOWN, 2)


def _column(number: int, count: int) -> tuple[int, int]:
    """Where a day begins and ends."""
    wide = (_RIGHT - _MARGIN) / count
    return _MARGIN + round(number * wide), _MARGIN + round((number + 1) * wide)


def _fitting(title: str) -> tuple[Font, Sequence[str]]:
    """The largest in which there is room for all of it in one line, or the smallest, and its
    lines: how it ends tells towers apart."""
    fonts = [font("Bold", size) for size in (36, 32, 28, 24)]
    face = next((x for x in fonts if x.getlength(_line(title, x)) <= _WIDE), fonts[-1])
    return face, [*broken(_line(title, face), face, _WIDE)]


def _words(
    pen: Pen, at: tuple[int, int], said: str, font: Font, width: int, *, anchor: str = "la"
) -> None:
    """As much of it as there is room for."""
    said = _line(said, font)
    while said and font.getlength(said) > width:
        said = said.rstrip("…")[:-1].rstrip() + "…" if len(said) > 1 else ""
    pen.text(at, said, _INK, font, anchor=anchor)


def _line(said: str, font: Font) -> str:
    """What can be written of it, in one line."""
    return writable(" ".join(said[:200].split()), font)
