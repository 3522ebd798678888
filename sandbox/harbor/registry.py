"""The towers, their lockers and their places, as Harbor's server has them on file.

Guarantees: built afresh from a seed, tower and server agree on every locker; what is not on file
is refused with 404.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.harbor import seeds
from sandbox.harbor.lockers import Locker, Refusal, Tenancy
from sandbox.harbor.schemas import AvailabilityBody, Count, LocationBody, TypeCount
from sandbox.harbor.states import Status
from sandbox.harbor.tower import SetLocker, Tower

ANOTHER = "another"
"""The client that holds the lockers taken from the beginning."""
MILES_PER_RADIUS_UNIT = 15 / 0.9
"""The unit of `closest`'s radius is UNKNOWN; one integration says that 0.9 is about 15 miles."""
_EARTH_MILES = 3958.8


@dataclass(slots=True, eq=False)
class Site:
    """A tower, the key shared with it, its lockers on file, commands waiting for a phone.

    `heard`: the number of the last of the tower's events that the server knows.
    """

    seed: seeds.TowerSeed
    key: bytes = field(repr=False)
    tower: Tower
    lockers: Mapping[int, Locker]
    commands: list[SetLocker] = field(default_factory=list)
    heard: int = 0
    commanded: int = 0

    def command(self, locker: int, match: bytes | None, token: bytes, *, available: bool) -> None:
        """Queue a command for the next phone that comes by."""
        self.commanded += 1
        self.commands.append(SetLocker(self.commanded, locker, match, token, available))


class Registry:
    """Every site of a seeded world."""

    def __init__(
        self, clock: Clock, seed: int, *, single_use: bool = True, twin: bool = False
    ) -> None:
        self.sites = {
            tower.id: built(tower, clock, single_use=single_use)
            for tower in seeds.towers(seed, twin=twin)
        }

    def site(self, tower_id: str) -> Site:
        """A tower by its id, in either hexadecimal case. Raises Refusal."""
        site = self.sites.get(tower_id.lower())
        if site is None:
            raise Refusal(404, "Tower not found")
        return site

    def locker(self, tower_id: str, locker_id: int) -> Locker:
        """A locker of a tower. Raises Refusal."""
        locker = self.site(tower_id).lockers.get(locker_id)
        if locker is None:
            raise Refusal(404, "Locker not found")
        return locker

    def lockers(self) -> Iterator[Locker]:
        """Every locker of every tower."""
        return (locker for site in self.sites.values() for locker in site.lockers.values())

    def held(self) -> list[Locker]:
        """Those that somebody holds."""
        return [locker for locker in self.lockers() if locker.tenancy is not None]

    def locations(self) -> list[LocationBody]:
        """Every location, once."""
        places = (site.seed.location for site in self.sites.values())
        return list({place.id: place for place in places}.values())

    def at_location(self, location_id: int) -> list[Locker]:
        """The lockers of a location, tower by tower. Raises Refusal."""
        towers = [site for site in self.sites.values() if site.seed.location.id == location_id]
        if not towers:
            raise Refusal(404, "Location not found")
        return [locker for site in towers for locker in site.lockers.values()]

    def closest(
        self, lat: float, lon: float, radius: float, wanted: Callable[[Site], bool]
    ) -> LocationBody | None:
        """The nearest location within `radius` that has a tower as `wanted`, or None."""
        places = [site.seed.location for site in self.sites.values() if wanted(site)]
        near = min(places, key=lambda place: _miles(place, lat, lon), default=None)
        if near is None or _miles(near, lat, lon) > radius * MILES_PER_RADIUS_UNIT:
            return None
        return near


def availability(lockers: list[Locker]) -> AvailabilityBody:
    """How many of `lockers` are available, by size and in all."""

    def counted(some: list[Locker]) -> Count:
        free = sum(locker.status is Status.AVAILABLE for locker in some)
        return Count(available_lockers=free, total_lockers=len(some))

    by_type = [
        TypeCount(
            locker_type=kind,
            locker_availability=counted([x for x in lockers if x.seed.type.id == kind.id]),
        )
        for kind in seeds.TYPES.values()
    ]
    return AvailabilityBody(by_type=by_type, locker_availability=counted(lockers))


def built(seed: seeds.TowerSeed, clock: Clock, *, single_use: bool) -> Site:
    """A site as it begins."""
    key = secrets.token_bytes(32)
    tower = Tower(seed.id, key, clock.now, single_use=single_use)
    lockers = {}
    for each in seed.lockers:
        taken = each.status is Status.OCCUPIED
        door = tower.add_door(
            each.id, available=not taken, parcel="somebody's parcel" if taken else None
        )
        tenancy = Tenancy(ANOTHER) if taken else None
        lockers[each.id] = Locker(each, seed.id, each.status, door.token, tenancy)
    return Site(seed, key, tower, lockers)


def _miles(place: LocationBody, lat: float, lon: float) -> float:
    """Great-circle distance."""
    a, b = math.radians(place.lat), math.radians(lat)
    across = math.sin(math.radians(lon - place.lon) / 2) ** 2
    along = math.sin((b - a) / 2) ** 2
    return 2 * _EARTH_MILES * math.asin(math.sqrt(along + math.cos(a) * math.cos(b) * across))
