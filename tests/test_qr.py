"""QR symbols that a phone reads, in the compactest form there is."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode
from qrcode.util import MODE_8BIT_BYTE, MODE_ALPHA_NUM, QRData

from bot.domain.openers import LONGEST_ALPHANUMERIC, LONGEST_BYTES, fits_symbol
from pictures.qr import QUIET_ZONE, blank, symbol

# Asked for by name: zxing sees bars of other codes in one symbol out of some hundreds.
QR = zxingcpp.BarcodeFormat.QRCode

CODE = "HARBOR://OPEN/0123456789ABCDEF/1207/" + "A5" * 48 + "/" + "3C" * 16
LINK = "https://open.example.com/locker?tower=0123456789abcdef&key=Zm9vYmFyLWJhei1xdXV4"

LONGEST = ("A" * LONGEST_ALPHANUMERIC, "a" * LONGEST_BYTES)


@pytest.mark.parametrize("text", LONGEST, ids=["capitals", "bytes"])
def test_the_longest_code_has_a_symbol_and_one_sign_more_has_none(text: str) -> None:
    assert symbol(text)
    assert fits_symbol(text)
    longer = text + text[0]
    assert not fits_symbol(longer)
    with pytest.raises(ValueError, match="version"):
        symbol(longer)


TEXTS = pytest.mark.parametrize("text", [CODE, LINK, "482913"], ids=["token", "link", "keypad"])


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("L")


@TEXTS
def test_a_phone_reads_what_was_written(text: str) -> None:
    [read] = zxingcpp.read_barcodes(picture(symbol(text)), formats=QR)
    assert read.text == text
    assert read.format == zxingcpp.BarcodeFormat.QRCode


@TEXTS
@pytest.mark.parametrize("blur", [3, 4])
def test_a_phone_at_arms_length_reads_it_too(text: str, blur: int) -> None:
    drawn = picture(symbol(text))
    small = drawn.resize((drawn.width // blur, drawn.height // blur), Image.Resampling.BILINEAR)
    [read] = zxingcpp.read_barcodes(small, formats=QR)
    assert read.text == text


def version(mode: int) -> int:
    """The smallest symbol that holds the token in `mode`, at error correction M."""
    drawn: QRCode = QRCode(error_correction=ERROR_CORRECT_M)
    drawn.add_data(QRData(CODE, mode=mode))
    drawn.make(fit=True)
    return int(drawn.version)


def test_a_token_is_written_in_alphanumeric_mode() -> None:
    [read] = zxingcpp.read_barcodes(picture(symbol(CODE)), formats=QR)
    assert read.ec_level == "M"
    assert int(read.extra["Version"]) == version(MODE_ALPHA_NUM) < version(MODE_8BIT_BYTE)


@TEXTS
def test_it_is_large_square_black_on_white_with_its_quiet_zone(text: str) -> None:
    drawn = picture(symbol(text))
    assert drawn.width == drawn.height
    assert 600 <= drawn.width <= 800
    assert {shade for _, shade in drawn.getcolors() or []} == {0, 255}
    ink = drawn.point(lambda shade: 255 - shade).getbbox()
    assert ink is not None
    side = ink[2] - ink[0]
    finder = next(n for n in range(side) if drawn.getpixel((ink[0] + n, ink[1])) == 255)
    assert ink[0] >= QUIET_ZONE * finder / 7
    assert ink[0] == ink[1] == drawn.width - ink[2] == drawn.height - ink[3]


def test_a_blank_says_nothing() -> None:
    assert zxingcpp.read_barcodes(picture(blank())) == []
