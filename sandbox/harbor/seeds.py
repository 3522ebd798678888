"""The world as it begins: five towers in two cities, and a sixth if a twin is wanted.

Guarantees: the same seed gives the same world, down to which lockers somebody else holds; a twin
changes no other tower. The addresses are invented, tower ids start with 01 (Harbor's sandbox).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from sandbox.harbor.schemas import Hours, LocationBody, TypeBody
from sandbox.harbor.states import Status

TYPES = {
    letter: TypeBody(id=number, name=name, description=text)
    for letter, number, name, text in [
        ("S", 1, "small", "For a book"),
        ("M", 2, "medium", "For a shoe box"),
        ("L", 3, "large", "For a suitcase"),
        ("X", 4, "x-large", None),
    ]
}
COLUMNS = ("SSSSSSMMM", "SSMMMX", "MMMLL", "XLLM")
"""Doors of one column, by size; a size is as many units high as its type's id."""
COLUMN_HEIGHT = 12
LOW_FROM_ROW = 8
"""A door whose upper edge is this many units down, or more, is low."""


@dataclass(frozen=True, slots=True)
class LockerSeed:
    """A door of a tower and how it begins; `taken` lockers belong to somebody else."""

    id: int
    name: str
    type: TypeBody
    column: int
    row: int
    status: Status

    @property
    def low(self) -> bool:
        """Whether it can be reached from a wheelchair."""
        return self.row >= LOW_FROM_ROW


@dataclass(frozen=True, slots=True)
class TowerSeed:
    """A tower, its name, its place and its doors.

    `keypad`: whether it has one; `ours`: whether it belongs to the sandbox's own client.
    """

    id: str
    name: str
    location: LocationBody
    lockers: tuple[LockerSeed, ...]
    keypad: bool = False
    ours: bool = True


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _hours(weekdays: str, saturday: str, sunday: str) -> dict[str, list[Hours]]:
    """Opening hours from spans such as "07:00-22:00"; an empty one is closed."""
    spans = [weekdays] * 5 + [saturday, sunday]
    return {
        day: [Hours(start=f"{span[:5]}:00", end=f"{span[6:]}:00")] if span else []
        for day, span in zip(_WEEK, spans, strict=True)
    }


_ALWAYS = {day: [Hours(start="00:00:00", end="23:59:59")] for day in _WEEK}
_AUSTIN = {"city": "Austin", "state": "Texas"}
_PORTLAND = {"city": "Portland", "state": "Oregon"}
LOCATIONS = (
    LocationBody(
        **_AUSTIN,
        id=11,
        name="Congress Avenue Market",
        lat=30.2634,
        lon=-97.7446,
        address1="410 Congress Avenue",
        zip="78701",
        description="Beside the north entrance",
        access_hours=_ALWAYS,
        timezone="America/Chicago",
    ),
    LocationBody(
        **_AUSTIN,
        id=12,
        name="Hyde Park Hardware",
        lat=30.3051,
        lon=-97.7276,
        address1="4312 Duval Street",
        zip="78751",
        notes="Ring the bell after dark",
        access_hours=_hours("07:00-21:00", "08:00-20:00", "10:00-18:00"),
        timezone="US/Central",
    ),
    LocationBody(
        **_AUSTIN,
        id=13,
        name="Barton Springs Garage",
        lat=30.2601,
        lon=-97.7592,
        address1="1500 Barton Springs Road",
        address2="Level 1",
        zip="78704",
        access_hours=_hours("06:00-23:00", "06:00-23:00", "06:00-23:00"),
        timezone="America/Chicago",
    ),
    LocationBody(
        **_PORTLAND,
        id=21,
        name="Pearl District Cycles",
        lat=45.5286,
        lon=-122.6824,
        address1="1120 NW Lovejoy Street",
        zip="97209",
        access_hours=_ALWAYS,
        timezone="America/Los_Angeles",
    ),
    LocationBody(
        **_PORTLAND,
        id=22,
        name="Hawthorne Books",
        lat=45.5121,
        lon=-122.6269,
        address1="3610 SE Hawthorne Boulevard",
        zip="97214",
        notes="",
        access_hours=_hours("09:00-20:00", "09:00-20:00", ""),
        timezone="America/Los_Angeles",
    ),
)
TAKEN = (6, 5, 7, 4, 22, 9)
"""How many lockers of each tower somebody else occupies: the fifth tower is nearly full."""

KEYPAD = 2
"""The number of the one tower with a keypad."""
SOMEBODY_ELSES = 4
"""The number of the one tower that we may use and do not own."""
TWIN_AT = LOCATIONS[0]
"""Where the sixth tower stands, beside the first."""


@cache
def towers(seed: int, *, twin: bool = False) -> tuple[TowerSeed, ...]:
    """The towers, drawn with `seed`: one a location, and with `twin` a second one at the first."""
    places = (*LOCATIONS, TWIN_AT) if twin else LOCATIONS
    rng = random.Random(seed)  # noqa: S311 - a layout, no secret
    return tuple(
        TowerSeed(
            id=f"010000000000010{number}",
            name=f"{location.city} {number}",
            location=location,
            lockers=_lockers(rng, number, out_of_service=number == 1),
            keypad=number == KEYPAD,
            ours=number != SOMEBODY_ELSES,
        )
        for number, location in enumerate(places, start=1)
    )


def _lockers(rng: random.Random, number: int, *, out_of_service: bool) -> tuple[LockerSeed, ...]:
    columns = ["".join(rng.sample(column, len(column))) for column in COLUMNS]
    rng.shuffle(columns)
    count = sum(map(len, columns))
    drawn = rng.sample(range(count), TAKEN[number - 1] + 1)
    status = dict.fromkeys(drawn[:-1], Status.OCCUPIED)
    if out_of_service:
        status[drawn[-1]] = Status.OUT_OF_SERVICE
    lockers: list[LockerSeed] = []
    for column, letters in enumerate(columns):
        row = 0
        for letter in letters:
            at, kind = len(lockers), TYPES[letter]
            lockers.append(
                LockerSeed(
                    id=number * 100 + at + 1,
                    name=str(at + 1),
                    type=kind,
                    column=column,
                    row=row,
                    status=status.get(at, Status.AVAILABLE),
                )
            )
            row += kind.id
    return tuple(lockers)
