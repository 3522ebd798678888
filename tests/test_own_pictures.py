"""The bot's own pictures, and what becomes of somebody's own."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from docs.own_pictures import FILE
from pictures import own


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def picture(
    size: tuple[int, int] = (300, 200),
    form: str = "PNG",
    mode: str = "RGB",
    fill: int | tuple[int, ...] = 0,
) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, fill).save(written, form)
    return written.getvalue()


def test_the_profile_is_a_square_jpeg_with_its_tower_within_the_circle() -> None:
    drawn = opened(own.profile())
    assert (drawn.format, drawn.size) == ("JPEG", own.PROFILE)
    ground = drawn.getpixel((1, 1))
    assert isinstance(ground, tuple)
    seen = ImageChops.difference(drawn, Image.new("RGB", drawn.size, ground)).convert("L")
    box = seen.point(lambda value: 255 if value > 24 else 0).getbbox()
    assert box is not None
    middle, furthest = (
        drawn.width / 2,
        max(
            ((x - drawn.width / 2) ** 2 + (y - drawn.height / 2) ** 2) ** 0.5
            for x in box[::2]
            for y in box[1::2]
        ),
    )
    assert furthest < middle


def test_the_picture_that_comes_along_for_the_empty_chat_is_as_it_is_drawn() -> None:
    kept, drawn = Image.open(FILE), opened(own.description())
    assert kept.size == drawn.size == (640, 360)
    differs = ImageChops.difference(kept.convert("RGB"), drawn.convert("RGB")).getextrema()
    assert all(most <= 8 for _, most in differs), "python -m docs.own_pictures"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_cut_to_the_square_in_its_middle(form: str) -> None:
    made = opened(own.as_profile(picture((300, 200), form)))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (200, 200))


def test_a_large_picture_is_no_larger_than_the_bots_own() -> None:
    assert opened(own.as_profile(picture((3000, 2000)))).size == own.PROFILE


def test_what_is_transparent_is_white() -> None:
    made = opened(own.as_profile(picture((200, 200), mode="RGBA", fill=(255, 0, 0, 0))))
    assert made.getpixel((100, 100)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no picture", "is no picture"),
        (b"", "is no picture"),
        (picture()[:60], "is no picture"),
        (picture((159, 400)), "is smaller than 160 by 160"),
        (picture(form="GIF"), "is no picture"),
        (b"\0" * (own.LARGEST + 1), "is larger than 10 MB"),
    ],
    ids=["words", "nothing", "cut off", "small", "of another kind", "large"],
)
def test_what_can_not_be_used_is_refused_with_its_reason(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        own.as_profile(content)


@pytest.mark.parametrize("size", [(10_000, 5_001), (20_000, 20_000)])
def test_a_picture_of_too_many_pixels_is_not_even_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="too many pixels"):
        own.as_profile(picture(size, mode="1"))
