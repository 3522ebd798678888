"""Towers by names that tell them apart, for buttons.

Guarantees: where one elsewhere has the same name, the city stands behind it; where they have that
in common, too, the street.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.domain.ids import TowerId
from bot.domain.tower import Tower, beside
from wording.sanitize import plain


def told_apart(shown: Sequence[Tower], among: Iterable[Tower]) -> Mapping[TowerId, str]:
    """The name of each of those shown; `among` are all there are."""
    names = {_key(tower.name) for tower in shown}
    alike = [tower for tower in among if names & _names(tower)]
    return {tower.id: _told(tower, alike) for tower in shown}


def _told(tower: Tower, alike: Sequence[Tower]) -> str:
    name, key = plain(tower.name), _key(tower.name)
    others = [other for other in alike if key in _names(other) and not beside(other, tower)]
    if not others:
        return name
    in_city = any(_key(other.city) == _key(tower.city) for other in others)
    return ", ".join(filter(None, (name, plain(tower.address if in_city else tower.city))))


def _names(tower: Tower) -> set[str]:
    """By which people may know it: its own name, and its location's."""
    return {_key(name) for name in (tower.name, tower.location_name) if name}


def _key(said: str | None) -> str:
    return (said or "").strip().casefold()
