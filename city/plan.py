"""What is to happen in the city: who sends what to whom, when and where; who syncs; what fails.

Guarantees: pure; the same numbers and seed give the same plan. Moments are seconds since the first
midnight in the city.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

DAY, HOUR, MINUTE = 86_400.0, 3_600.0, 60.0
RUSH = 18
"""The hour at which everybody wants one tower."""
_BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 8, 10, 9, 8, 9, 10, 9, 8, 8, 10, 14, 16, 12, 8, 5, 3, 2)
_SIZES = ("Small", "Medium", "Large")
_A_PARCEL_STAYS = 5 * HOUR


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel, as its sender means it: booked, brought, and how long it waits once it has rung;
    `kept`: nobody comes for it; `dropped`: its sender cancels."""

    number: int
    sender: int
    recipient: int
    tower: int
    size: str
    booked: float
    brought: float
    stays: float
    kept: bool
    dropped: bool


@dataclass(frozen=True, slots=True)
class Outage:
    """A counterparty answers nobody for a while."""

    side: str
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it."""

    days: int
    people: int
    towers: int
    parcels: tuple[Parcel, ...]
    outages: tuple[Outage, ...]
    syncs: tuple[tuple[float, int], ...]
    """When somebody's phone syncs which tower."""


def drawn(days: int, count: int, seed: int) -> Plan:
    """A plan of so many parcels in so many days."""
    chance = random.Random(seed)  # noqa: S311 - a story, no secret
    people = max(10, count // 5)
    a_day = count / days
    towers = max(4, round(a_day * (_A_PARCEL_STAYS + HOUR) / DAY / 8))
    parcels = [_parcel(chance, number, days, people, towers) for number in range(count)]
    middle = days // 2
    outages = (
        Outage("harbor", (middle * 24 + 10) * HOUR, (middle * 24 + 11) * HOUR),
        Outage("telegram", (middle * 24 + 15) * HOUR, (middle * 24 + 16) * HOUR),
    )
    syncs = sorted(
        (at, tower) for tower in range(towers) for at in _syncs(chance, days * DAY + 2 * DAY)
    )
    return Plan(days, people, towers, tuple(parcels), outages, tuple(syncs))


def _parcel(chance: random.Random, number: int, days: int, people: int, towers: int) -> Parcel:
    hour = chance.choices(range(24), _BY_HOUR)[0]
    booked = (chance.randrange(days) * 24 + hour) * HOUR + chance.uniform(0, HOUR)
    sender, recipient = chance.sample(range(people), 2)
    # At the rush every second parcel goes to the first tower: it fills up.
    tower = 0 if hour == RUSH and chance.random() < 0.5 else chance.randrange(towers)
    return Parcel(
        number,
        sender,
        recipient,
        tower,
        chance.choices(_SIZES, (5, 4, 1))[0],
        booked,
        booked + chance.uniform(MINUTE, 25 * MINUTE),
        chance.expovariate(1 / _A_PARCEL_STAYS),
        kept=chance.random() < 0.01,
        dropped=chance.random() < 0.03,
    )


def _syncs(chance: random.Random, until: float) -> list[float]:
    """Somebody with the app comes by every five minutes or so; now and then nobody for an hour."""
    moments, at = [], chance.uniform(0, 5 * MINUTE)
    while at < until:
        moments.append(at)
        at += HOUR if chance.random() < 0.02 else chance.expovariate(1 / (5 * MINUTE))
    return moments
