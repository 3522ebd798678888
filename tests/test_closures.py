"""What is left out of booking, as values."""

from dataclasses import replace

import pytest

from bot.domain.closures import Closure, bookable, closed_towers, closure_of, doors
from bot.domain.ids import LockerId, TowerId
from bot.domain.tower import Locker, LockerStatus, Size
from tests.support.scenes import NOW, TOWER

BESIDE = replace(TOWER, id=TowerId("00000000000000bb"), location=7)
HERE = replace(TOWER, location=7)
ELSEWHERE = replace(TOWER, id=TowerId("00000000000000cc"), location=8)
TOWERS = (HERE, BESIDE, ELSEWHERE)


def closed(tower: TowerId, locker: int | None = None) -> Closure:
    return Closure(1, tower, NOW, locker=None if locker is None else LockerId(locker))


def test_a_door_that_is_left_out_closes_no_tower_and_a_closed_tower_names_no_door() -> None:
    closures = (closed(HERE.id), closed(BESIDE.id, 5))
    assert closed_towers(closures) == {HERE.id}
    assert doors(closures) == {(BESIDE.id, LockerId(5))}


@pytest.mark.parametrize(
    ("closure", "at_place", "is_closed"),
    [
        (closed(HERE.id), False, True),
        (closed(HERE.id), True, True),
        (closed(BESIDE.id), False, False),
        (closed(BESIDE.id), True, True),
        (closed(ELSEWHERE.id), True, False),
        (closed(HERE.id, 5), True, False),
        (closed(BESIDE.id, 5), True, False),
    ],
)
def test_a_place_is_closed_while_one_of_its_towers_is_where_harbor_picks_among_them(
    closure: Closure, at_place: bool, is_closed: bool
) -> None:
    found = closure_of(HERE, TOWERS, [closure], at_place=at_place)
    assert found == (closure if is_closed else None)
    alone = closure_of(HERE, (), [closure], at_place=at_place)
    assert alone == (closure if closure.tower == HERE.id and closure.locker is None else None)


def test_a_door_that_is_left_out_is_out_of_service_whatever_harbor_says() -> None:
    made = [
        Locker(LockerId(n), str(n), HERE.id, LockerStatus.AVAILABLE, Size.SMALL) for n in (4, 5)
    ]
    shown = bookable(made, [closed(HERE.id, 5), closed(BESIDE.id, 4)])
    assert [each.status for each in shown] == [
        LockerStatus.AVAILABLE,
        LockerStatus.OUT_OF_SERVICE,
    ]
