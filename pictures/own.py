"""The bot's own pictures: the one in its profile, and the one of the empty chat; and how somebody's
own picture becomes the first of these.

Guarantees: no word in them, so that they fit any language; drawn by the same code alike. A profile
picture is a square JPEG, the one form in which Telegram takes a still one (Bot API,
InputProfilePhotoStatic), with all that matters within the circle that phones show of it.
"""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

PROFILE = (640, 640)
DESCRIPTION = (640, 360)
"""What @BotFather asks for."""
LARGEST = 10 * 1024 * 1024
"""Bytes of a picture that is read."""
_SMALLEST = 160
"""Pixels along the shorter side, below which a profile picture would be blurred."""
_MOST_PIXELS = 50_000_000
_FINE = 4
"""Drawn so much larger, for smooth edges."""

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

_GROUND, _SHADE = (223, 236, 232), (193, 216, 209)
_TOWER, _DOOR, _OPEN, _INSIDE = (13, 79, 87), (223, 236, 232), (255, 180, 46), (7, 51, 57)
_PARCEL, _TAPE = (201, 146, 84), (236, 204, 160)

_DOORS: tuple[Box, ...] = ((8, 6, 15, 11), (8, 13, 15, 26), (17, 16, 24, 26))
"""As on the page's icon: a tower 24 wide and 28 high, its doors, and one that stands out."""
_STANDS_OUT: Box = (17, 6, 24, 14)


@cache
def profile() -> bytes:
    """The tower, in the middle: a JPEG. The first takes a tenth of a second: not for the event
    loop."""
    paper = _Paper(PROFILE)
    paper.tower(_DOORS, left=320 - 16 * 13.5, top=320 - 16 * 13.5, scale=13.5)
    return _jpeg(paper.done())


def description() -> bytes:
    """A tower with an open door, and a parcel before it: a PNG."""
    paper = _Paper(DESCRIPTION)
    paper.box((0, 296, 640, 360), _SHADE)
    for left in (8, 240):
        paper.tower(_DOORS, left=left, top=16, scale=9.4, open_door=left == 240)
    paper.parcel((524, 216, 616, 304))
    written = io.BytesIO()
    paper.done().save(written, format="PNG", optimize=True)
    return written.getvalue()


def as_profile(content: bytes) -> bytes:
    """Somebody's own picture, cut to the square in its middle, as a JPEG. Raises ValueError for
    what is none, too small or too large."""
    if len(content) > LARGEST:
        raise ValueError(f"is larger than {LARGEST // 1024 // 1024} MB")
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ValueError("has too many pixels")
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except Image.DecompressionBombError as error:
        raise ValueError("has too many pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError("is no picture that can be read; use a JPEG or a PNG") from error
    if min(upright.size) < _SMALLEST:
        raise ValueError(f"is smaller than {_SMALLEST} by {_SMALLEST} pixels")
    side = min(*upright.size, PROFILE[0])
    square = ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS)
    paper = Image.new("RGB", square.size, (255, 255, 255))
    paper.paste(square, mask=square.getchannel("A"))
    return _jpeg(paper)


class _Paper:
    """What is drawn on, in the measures of the picture."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._paper = Image.new("RGB", (size[0] * _FINE, size[1] * _FINE), _GROUND)
        self._pen = ImageDraw.Draw(self._paper)

    def tower(
        self,
        doors: tuple[Box, ...],
        *,
        left: float,
        top: float,
        scale: float,
        open_door: bool = False,
    ) -> None:
        """A tower; the door that stands out is closed, or stands open."""

        def placed(box: Box) -> Box:
            x0, y0, x1, y1 = box
            return left + x0 * scale, top + y0 * scale, left + x1 * scale, top + y1 * scale

        self.box(placed((4, 2, 28, 30)), _TOWER, radius=3.4 * scale)
        for door in doors:
            self.box(placed(door), _DOOR, radius=scale)
        if not open_door:
            self.box(placed(_STANDS_OUT), _OPEN, radius=scale)
            return
        self.box(placed(_STANDS_OUT), _INSIDE, radius=scale)
        _, y0, x1, y1 = placed(_STANDS_OUT)
        swung = [(x1, y0), (x1 + 4.2 * scale, y0 - scale), (x1 + 4.2 * scale, y1 + scale), (x1, y1)]
        self._pen.polygon([(x * _FINE, y * _FINE) for x, y in swung], _OPEN)

    def parcel(self, box: Box) -> None:
        """A parcel with a strip of tape."""
        x0, y0, x1, y1 = box
        middle, tape = (x0 + x1) / 2, (x1 - x0) / 9
        self.box(box, _PARCEL, radius=6)
        self.box((middle - tape, y0, middle + tape, y1), _TAPE)

    def box(self, box: Box, colour: Colour, radius: float = 0) -> None:
        """A rectangle."""
        x0, y0, x1, y1 = (round(each * _FINE) for each in box)
        self._pen.rounded_rectangle((x0, y0, x1 - 1, y1 - 1), radius * _FINE, colour)

    def done(self) -> Image.Image:
        """The picture."""
        return self._paper.resize(self._size, Image.Resampling.LANCZOS)


def _jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, format="JPEG", quality=92, optimize=True)
    return written.getvalue()
