"""The slip's picture: a symbol that a phone reads, and text that any machine draws alike."""

from __future__ import annotations

import io
from dataclasses import astuple, replace

import pytest
import zxingcpp
from PIL import Image, ImageChops

from bot.domain.lifecycle import State
from bot.domain.message import Sheet
from pictures.slip import WIDTH, _has, drawn, font
from tests.support.scenes import PAGES
from tests.test_slip import a_slip
from wording.language import LANGUAGES, speak

SHEET = Sheet(
    title="A parcel for you from Anna",
    facts=(("Where", "Main Station"), ("Locker", "14")),
    link="https://parcels.example/p/ZYXWVUTSRQPONMLKJIHGFE",
    words="“Mind the eggs”",
    beside=("Scan this.",),
    below=("This is for you alone.",),
)


def picture(sheet: Sheet) -> Image.Image:
    title, facts, link, words, beside, below = (getattr(sheet, name) for name in _NAMES)
    return Image.open(io.BytesIO(drawn(title, words, facts, link, beside, below)))


_NAMES = ("title", "facts", "link", "words", "beside", "below")


def same(one: Sheet, other: Sheet) -> bool:
    first, second = picture(one), picture(other)
    return first.size == second.size and not ImageChops.difference(first, second).getbbox()


@pytest.mark.parametrize("shrunk", [1, 2])
def test_a_phone_reads_the_link_from_another_phones_screen(shrunk: int) -> None:
    seen = picture(SHEET)
    seen = seen.resize((seen.width // shrunk, seen.height // shrunk), Image.Resampling.BILINEAR)
    [read] = zxingcpp.read_barcodes(seen, formats=zxingcpp.BarcodeFormat.QRCode)
    assert read.text == SHEET.link


def test_it_is_as_wide_as_a_phone_shows_and_grows_with_what_it_says() -> None:
    short, long = picture(SHEET), picture(replace(SHEET, words="Mind the eggs. " * 20))
    assert short.width == long.width == WIDTH
    assert short.height < long.height < 2 * short.height
    assert short.convert("L").crop((0, 0, 30, short.height)).getextrema() == (255, 255), "a margin"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_every_language_can_be_drawn(language: str) -> None:
    for state in (State.PREPARED, State.STORED):
        for links in ({"links": PAGES}, {}):
            sheet = a_slip(state, words=speak(language), zones=True, **links).sheet
            assert sheet is not None
            for letter in set(str(astuple(sheet))):
                assert _has(font("Regular", 28), letter), letter
                assert _has(font("Bold", 28), letter), letter


def test_what_the_font_can_not_write_gives_way_to_an_ellipsis_or_to_nothing() -> None:
    assert same(replace(SHEET, words="Happy 🎂 day"), replace(SHEET, words="Happy day"))
    assert same(replace(SHEET, words="From 李小龍!"), replace(SHEET, words="From …!"))
    assert not same(replace(SHEET, words="Їжак"), replace(SHEET, words="…"))


def test_a_link_no_symbol_can_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        picture(replace(SHEET, link="x" * 3000))
