"""What is left out of booking: a tower by an operator's word, a door that people have reported.

Guarantees: pure values and functions; a place where Harbor picks among the lockers of several
towers is closed while one of them is, since its lockers may be the ones that Harbor picks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.ids import LockerId, PersonId, TowerId
from bot.domain.observations import Door
from bot.domain.tower import Locker, LockerStatus, Tower, beside


@dataclass(frozen=True, slots=True)
class Closure:
    """A tower, or one `locker` of it, is left out of booking from `at` to `ended_at`.

    `by` is the operator who said so; None: people have reported the door. `words` are for people
    to read. `ended_by` is the operator who said that it is over.
    """

    id: int
    tower: TowerId
    at: datetime
    locker: LockerId | None = None
    locker_name: str | None = None
    by: PersonId | None = None
    words: str | None = None
    ended_at: datetime | None = None
    ended_by: PersonId | None = None


def doors(closures: Iterable[Closure]) -> frozenset[Door]:
    """The doors that are left out by themselves; those of a closed tower are not among them."""
    return frozenset((each.tower, each.locker) for each in closures if each.locker is not None)


def bookable(lockers: Iterable[Locker], closures: Iterable[Closure]) -> list[Locker]:
    """The lockers, those whose doors are left out as out of service, whatever Harbor says."""
    out = doors(closures)
    return [
        replace(locker, status=LockerStatus.OUT_OF_SERVICE)
        if (locker.tower, locker.id) in out
        else locker
        for locker in lockers
    ]


def closed_towers(closures: Iterable[Closure]) -> frozenset[TowerId]:
    """The towers that are closed."""
    return frozenset(each.tower for each in closures if each.locker is None)


def closure_of(
    tower: Tower, towers: Iterable[Tower], closures: Iterable[Closure], *, at_place: bool
) -> Closure | None:
    """Why nothing can be booked at `tower`; `at_place`: Harbor picks among all `towers` of its
    place. None: it is open for booking."""
    there = {tower.id}
    if at_place:
        there |= {other.id for other in towers if beside(other, tower)}
    return next((each for each in closures if each.locker is None and each.tower in there), None)
