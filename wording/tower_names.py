"""Towers by names that tell them apart: on buttons, in lists, and where nothing else says which.

Guarantees: no two of those shown together read alike. Where one elsewhere reads the same, the city
stands behind the name; where they have that in common, too, the street; where they have that as
well, the last digits of the tower's id, by which Harbor's lockers tell towers of one location
apart. Where nothing reads the same, a name stands alone, as it is. Where there is too little room
the name itself is cut, never what tells it apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from bot.domain.tower import FEWEST_DIGITS, Tower, beside, digits_apart
from wording.sanitize import NAME, cut, esc, plain, units

SHORT = 24
"""How much of a name a button has room for that says more than the tower, UTF-16 units."""
LONGEST = NAME // 2 + 2 + NAME
"""The most that `told_apart` makes of names of `NAME` units or fewer, UTF-16 units."""


def told_apart(shown: Sequence[Tower], among: Iterable[Tower], most: int = NAME) -> list[str]:
    """The name of each of those shown, in their order, cut to `most` units where it stands alone;
    `among` are all there are."""
    alike: dict[str, list[Tower]] = {_read(tower, tower.name, most): [] for tower in shown}
    for tower in among:
        for read in _all_read(tower, most):
            if read in alike:
                alike[read].append(tower)
    told = [_told(tower, alike[_read(tower, tower.name, most)], most) for tower in shown]
    by_name = defaultdict[str, list[Tower]](list)
    for tower, name in zip(shown, told, strict=True):
        by_name[name.casefold()].append(tower)
    return [
        _numbered(tower, others, most)
        if (others := [each for each in by_name[name.casefold()] if each.id != tower.id])
        else name
        for tower, name in zip(shown, told, strict=True)
    ]


def name_alone(tower: Tower, most: int = NAME) -> str:
    """Its name alone, plain, cut to `most` units: for where its address stands beside it."""
    if units(tower.name) <= most or not (digits := _digits(tower, tower.name)):
        return plain(tower.name, most)
    return f"{plain(tower.name.removesuffix(digits), most - len(digits))}{digits}"


def esc_tower(name: str | None) -> str:
    """A name that `told_apart` or `name_alone` has made, whole, for HTML."""
    return esc(name, LONGEST)


def _told(tower: Tower, alike: Iterable[Tower], most: int) -> str:
    others = [other for other in alike if _taken_for(tower, other, most)]
    if not others:
        return name_alone(tower, most)
    cities = Counter(_folded(each.city) for each in (tower, *others))
    if cities[_folded(tower.city)] == 1:
        return _with(tower, tower.city, most)
    streets = {_folded(each.address) for each in others if cities[_folded(each.city)] > 1}
    if _folded(tower.address) not in streets:
        return _with(tower, tower.address, most)
    return _numbered(tower, others, most)


def _taken_for(tower: Tower, other: Tower, most: int) -> bool:
    """Whether it could be `other`, of which a name reads the same: a place is none of its own
    towers, and a tower goes by its own name where others stand beside it."""
    if not beside(tower, other):
        return True
    is_place = tower.name == tower.location_name
    same = _read(other, other.name, most) == _read(tower, tower.name, most)
    return tower.id != other.id and same and not is_place


def _with(tower: Tower, ending: str, most: int) -> str:
    """Half as much again as a name alone: where that is not enough, the name gives way, down to
    its half, and what tells it apart stays whole."""
    ending = plain(ending)
    room = max(most // 2, most + most // 2 - 2 - units(ending))
    return ", ".join(filter(None, (name_alone(tower, min(room, most)), ending)))


def _numbered(tower: Tower, others: Sequence[Tower], most: int) -> str:
    digits = digits_apart(tower.id, [other.id for other in others])
    name = tower.name.removesuffix(_digits(tower, tower.name))
    return f"{plain(name, most - len(digits) - 3)} · {digits}"


def _all_read(tower: Tower, most: int) -> Iterable[str]:
    """As what people may know it: by its own name, and by its location's."""
    own = _read(tower, tower.name, most)
    there = _read(tower, tower.location_name or "", most)
    return (own, there) if there and there != own else (own,)


def _read(tower: Tower, name: str, most: int) -> str:
    """What is read of one of the tower's names where there is room for `most` units."""
    name = name.strip()
    if units(name) > most:
        digits = _digits(tower, name)
        stem = name.removesuffix(digits)
        name = cut(name, most) if stem == name else f"{cut(stem, most - len(digits))}{digits}"
    return name.casefold()


def _digits(tower: Tower, name: str) -> str:
    """How the name of a tower ends that is not alone at its location; nothing, where it is."""
    _, dot, digits = name.rpartition(" · ")
    if not dot or len(digits) < FEWEST_DIGITS or not tower.id.endswith(digits):
        return ""
    return f"{dot}{digits}"


def _folded(said: str) -> str:
    return said.strip().casefold()
