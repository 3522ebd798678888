"""A tower's doors as a picture: a box for each, by its state, in the order of their names.

Guarantees: `WIDTH` pixels wide and as high as it needs; on a ground of its own, so that it reads
alike in a light chat and in a dark one. No state is told by colour alone: what is ours is darker,
what is out of service is crossed out, what people have reported is crossed twice, and below stands
what each box means, with how many there are.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from pictures.slip import font, writable

WIDTH = 720
_MARGIN, _GAP = 28, 14
_COLUMNS = 5
_BOX = (WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
_HEIGHT, _LINE = 84, 50
_GROUND, _INK, _PAPER = (244, 245, 247), (24, 28, 34), (255, 255, 255)
_LONGEST = 8
"""Signs of a door's name that are drawn."""

Colour = tuple[int, int, int]

_LOOKS: dict[str, tuple[Colour, Colour, Colour, int]] = {
    "available": (_PAPER, (46, 125, 50), _INK, 0),
    "reserved": ((255, 236, 179), (176, 118, 0), _INK, 0),
    "rented": ((179, 214, 252), (21, 101, 192), _INK, 0),
    "occupied": ((13, 60, 122), (13, 60, 122), _PAPER, 0),
    "declined": ((224, 224, 228), (96, 100, 108), _INK, 0),
    "out_of_service": ((224, 224, 228), (183, 28, 28), _INK, 1),
    "reported": ((255, 236, 179), (183, 28, 28), _INK, 2),
}
"""By a locker's status: ground, frame and ink of its box, and how often it is crossed out."""
_OTHER = (_PAPER, (96, 100, 108), (96, 100, 108), 0)


def drawn(doors: Sequence[tuple[str, str]], legend: Sequence[tuple[str, str]]) -> bytes:
    """A PNG of the doors (name and status each) and of what each status is called. Takes some tens
    of milliseconds: not for the event loop."""
    rows = -(-len(doors) // _COLUMNS)
    below = _MARGIN + rows * (_HEIGHT + _GAP) + _GAP
    height = below + len(legend) * _LINE + _MARGIN - _GAP
    picture = Image.new("RGB", (WIDTH, height), _GROUND)
    pen = ImageDraw.Draw(picture)
    for number, (name, status) in enumerate(doors):
        row, column = divmod(number, _COLUMNS)
        left, top = _MARGIN + column * (_BOX + _GAP), _MARGIN + row * (_HEIGHT + _GAP)
        _box(pen, (left, top, left + _BOX, top + _HEIGHT), status, name)
    for number, (status, said) in enumerate(legend):
        left, top = _MARGIN, below + number * _LINE
        _box(pen, (left, top, left + 56, top + 36), status)
        words = font("Regular", 28)
        pen.text((left + 74, top + 18), writable(said, words), _INK, words, anchor="lm")
    written = io.BytesIO()
    picture.save(written, format="PNG")
    return written.getvalue()


def _box(
    pen: ImageDraw.ImageDraw, place: tuple[int, int, int, int], status: str, name: str = ""
) -> None:
    ground, frame, ink, crossed = _LOOKS.get(status, _OTHER)
    left, top, right, bottom = place
    pen.rounded_rectangle(place, 10, ground, frame, 4)
    if crossed:
        pen.line((left + 6, bottom - 6, right - 6, top + 6), frame, 4)
    if crossed > 1:
        pen.line((left + 6, top + 6, right - 6, bottom - 6), frame, 4)
    if name:
        words = font("Bold", 36)
        middle = ((left + right) // 2, (top + bottom) // 2)
        pen.text(middle, writable(name[:_LONGEST], words), ink, words, anchor="mm")
