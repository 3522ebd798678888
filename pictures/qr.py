"""Codes as QR symbols that a phone reads from another phone's screen.

Guarantees: the smallest symbol that carries the text at error correction M (15 % may be lost),
pure black on white, with the quiet zone of four modules that ISO/IEC 18004 asks for, 600-800 pixels
wide; nothing is kept, because what a symbol says is a secret.
"""

from __future__ import annotations

import io

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage
from qrcode.util import QRData

QUIET_ZONE = 4
WIDTH = 800
"""The most pixels across; modules are the largest whole number of pixels that fits."""


def symbol(text: str) -> bytes:
    """A PNG of `text`, in the one mode that fits all of it: digits, alphanumeric or bytes.

    Takes some tens of milliseconds: not for the event loop. ValueError where no symbol
    carries it; how much that is, the domain says before (`bot/domain/openers.py`).
    """
    return _png(image(text, WIDTH))


def image(text: str, width: int) -> Image.Image:
    """The symbol itself, at most `width` pixels across; ValueError where it would not fit."""
    drawn: qrcode.QRCode[PilImage] = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M, border=QUIET_ZONE, image_factory=PilImage
    )
    drawn.add_data(QRData(text))
    drawn.make(fit=True)
    drawn.box_size = width // (drawn.modules_count + 2 * QUIET_ZONE)
    if not drawn.box_size:
        raise ValueError(f"no symbol of {len(text)} signs is {width} pixels wide")
    return drawn.make_image(fill_color="black", back_color="white").get_image()


def blank() -> bytes:
    """A PNG that shows nothing, for a symbol that can't be deleted any more."""
    return _png(Image.new("1", (64, 64), color=1))


def _png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, format="PNG")
    return written.getvalue()
