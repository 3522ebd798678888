"""The picture of the last days' figures."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.domain.message import Bars, Curve, Look, Plot
from pictures.figures import WIDTH, drawn

DAYS = tuple(("Mon", str(n)) for n in range(1, 8))
SCALE = ((0.0, "0 %"), (1.0, "100 %"))
COUNTS = tuple((n, str(n)) for n in range(7))
LEGEND = ((Look.RUNNING, "today so far"), (Look.UNKNOWN, "nothing known"))
CHART = 196
"""Pixels from one chart to the next."""


def picture(
    title: str = "Market",
    bars: tuple[tuple[float | None, str], ...] = COUNTS,
    hours: tuple[tuple[int, float | None], ...] = (),
    days: tuple[tuple[str, str], ...] = DAYS,
    legend: tuple[tuple[str, str], ...] = LEGEND,
) -> Image.Image:
    named = [(f"chart {n}", bars) for n in range(3)]
    png = drawn(title, "24 Feb – 2 Mar", days, named, ("Free doors", hours, SCALE), legend)
    return Image.open(io.BytesIO(png)).convert("RGB")


def test_it_takes_what_the_message_has() -> None:
    names = list(Plot.__dataclass_fields__)
    assert names == ["title", "subtitle", "days", "bars", "curve", "legend"]
    assert drawn("", "", DAYS, [Bars("", COUNTS)], Curve("", (), SCALE), ())


def test_it_reads_in_a_light_chat_and_in_a_dark_one() -> None:
    image = picture()
    assert image.width == WIDTH
    corners = {image.getpixel((x, y)) for x in (0, WIDTH - 1) for y in (0, image.height - 1)}
    assert len(corners) == 1, "the ground is its own"
    assert min(corners.pop()) > 230
    assert image.convert("L").getextrema()[0] < 40, "ink is dark"


def test_how_a_title_ends_is_seen_however_long_it_is() -> None:
    """A tower's name ends with what tells it from others of that name."""
    name = "Central Railway Station of Madrid, at the northern concourse"
    one, other = (picture(f"{name}, {street}") for street in ("Calle Mayor 14", "Calle Mayor 16"))
    assert one.tobytes() != other.tobytes()
    assert one.height == other.height > picture(name[:30]).height


def test_what_is_not_known_looks_neither_like_nought_nor_like_nothing() -> None:
    known = tuple((hour, 0.5) for hour in range(168))
    looks = [
        picture(bars=(*COUNTS[:3], instead, *COUNTS[4:])).tobytes()
        for instead in ((3, "3"), (0, "0"), (None, "–"), (None, ""))
    ]
    looks += [
        picture(hours=(*known[:50], *instead, *known[51:])).tobytes()
        for instead in (((50, 0.5),), ((50, 0.0),), ((50, None),), ())
    ]
    assert len(set(looks)) == len(looks)


def test_an_hour_without_free_doors_has_its_line_and_a_missing_one_breaks_it() -> None:
    def ink(*hours: tuple[int, float | None]) -> int:
        image = picture(hours=hours, legend=())
        lines = (13, 60, 122)
        return sum(count for count, colour in image.getcolors(1 << 16) if colour == lines)

    assert ink((50, 0.0), (51, 0.0), (52, 0.0)) > ink((50, 0.0), (51, None), (52, 0.0)) > 0


def test_the_last_day_is_an_outline_as_it_is_not_over() -> None:
    full = tuple((5.0, "5") for _ in range(7))
    image = picture(bars=full)
    row = [image.getpixel((x, 280)) for x in range(WIDTH)]
    blue = [x for x, colour in enumerate(row) if colour == (21, 101, 192)]
    assert blue
    last = [x for x in blue if x > 540]
    assert 0 < len(last) < 16, "two thin lines"
    assert len(blue) - len(last) > 6 * 50


@pytest.mark.parametrize("title", ["", "扉", "x" * 500, "Hauptbahnhof " * 9, "\n", "😀"])
def test_a_name_that_is_too_long_or_that_no_font_can_write_harms_nothing(title: str) -> None:
    days = tuple((title, title) for _ in range(7))
    image = picture(title, days=days, bars=tuple((1e12, title or "0") for _ in range(7)))
    assert image.width == WIDTH
    edges = {image.getpixel((x, y)) for x in (0, WIDTH - 1) for y in range(image.height)}
    assert len(edges) == 1, "nothing runs over the edge"
