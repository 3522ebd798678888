"""The picture of a tower's doors, and the order in which they stand."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.domain.ids import LockerId
from bot.domain.tower import Locker, LockerStatus, Size
from handlers.errands.operations.tower import in_order, plan, statuses
from pictures.tower import WIDTH, drawn
from tests.support.scenes import TOWER
from wording.language import LANGUAGES, speak


def locker(name: str, status: LockerStatus = LockerStatus.AVAILABLE) -> Locker:
    return Locker(LockerId(1), name, TOWER.id, status, Size.SMALL)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def test_doors_stand_in_the_order_of_their_names() -> None:
    names = ["A10", "2", "A2", "10", "B1", "1", "", "Left"]
    assert sorted(names, key=in_order) == ["", "A2", "A10", "B1", "Left", "1", "2", "10"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_status_there_is_stands_below_with_how_many_there_are(language: str) -> None:
    lockers = [locker(str(number), status) for number, status in enumerate(LockerStatus)]
    drawn_ = plan(speak(language), [*lockers, locker("9"), locker("10")])
    assert [name for name, _ in drawn_.doors] == [*map(str, range(7)), "9", "10"]
    assert len({said for _, said in drawn_.legend}) == len(LockerStatus)
    assert dict(drawn_.legend)["available"].endswith(": 3")
    few = plan(speak(language), lockers[:1])
    assert [status for status, _ in few.legend] == ["available"]
    assert set(statuses(speak(language))) == set(LockerStatus)


def test_every_status_has_a_look_of_its_own() -> None:
    pictures = {drawn([("14", status.value)], []) for status in LockerStatus}
    assert len(pictures) == len(LockerStatus)


def test_the_picture_is_as_wide_as_a_phone_needs_and_grows_with_the_doors() -> None:
    one, many = (
        opened(drawn([(str(n), "occupied") for n in range(count)], [])) for count in (1, 60)
    )
    assert one.width == many.width == WIDTH
    assert one.height < many.height
    assert drawn([], []) != b""


def test_it_reads_in_a_light_chat_and_in_a_dark_one() -> None:
    picture = opened(drawn([("14", "available"), ("15", "occupied")], [("occupied", "inside: 1")]))
    corners = {picture.getpixel((x, y)) for x in (0, WIDTH - 1) for y in (0, picture.height - 1)}
    assert len(corners) == 1, "the ground is its own"
    [ground] = corners
    assert min(ground) > 230
    assert picture.convert("L").getextrema()[0] < 40, "ink is dark"


def test_a_name_that_no_font_can_write_or_that_is_too_long_harms_nothing() -> None:
    for name in ("", "扉", "x" * 200, "\n", "😀"):
        assert opened(drawn([(name, "rented")], [("rented", name)])).width == WIDTH
