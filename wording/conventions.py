"""What is written differently from country to country: the clock, and distances.

Guarantees: both follow the country in which a tower stands, not the reader's language; a country
that nobody knows has kilometres and 24 hours. Both tables are CLDR's: its `timeData` where the hour
"h" is preferred (version 44), and its `measurementData` (version 47).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_PREFER_H = """
AE AG AL AR AS AU BB BD BH BM BN BO BS BT CA CL CO CR CU CY DJ DM DO DZ EC EG EH ER ET FJ FM GD GH
GM GR GT GU GY HK HN IN IQ JM JO KH KI KN KP KR KW KY LB LC LR LS LY MH MO MP MR MW MX MY NA NI NZ
OM PA PE PG PH PK PR PS PW PY QA SA SB SD SG SL SO SS SV SY SZ TC TD TN TO TT TW UM US UY VC VE VG
VI VU WS YE ZM
"""
TWELVE_HOURS = frozenset(_PREFER_H.split())
"""Countries (ISO 3166 codes) whose afternoon begins anew at one o'clock."""


class Unit(NamedTuple):
    """A unit of length by CLDR's name; lengths in it are rounded to whole `step`s, if there are."""

    name: str
    kilometres: float
    step: int = 0


class Scale(NamedTuple):
    """How distances are told: in `far`, and from less than `turn` of it on in `near`."""

    far: Unit
    near: Unit
    turn: float


_MILE = Unit("length-mile", 1.609344)
METRIC = Scale(Unit("length-kilometer", 1), Unit("length-meter", 0.001, step=10), turn=0.995)
_SCALES: Mapping[str, Scale] = {
    "GB": Scale(_MILE, Unit("length-yard", 0.0009144, step=10), turn=0.095),
    "LR": Scale(_MILE, Unit("length-foot", 0.0003048, step=50), turn=0.095),
    "MM": Scale(_MILE, Unit("length-yard", 0.0009144, step=10), turn=0.095),
    "US": Scale(_MILE, Unit("length-foot", 0.0003048, step=50), turn=0.095),
}


def scale_in(country: str | None) -> Scale:
    """How distances are told in a country, by its ISO 3166 code."""
    return _SCALES.get(country or "", METRIC)


def has_twelve_hours(country: str | None) -> bool:
    """Whether a country, by its ISO 3166 code, counts the hours from one to twelve."""
    return country in TWELVE_HOURS
