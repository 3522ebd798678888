"""Time zones of places, as the core asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""

ZonesAt = Callable[[Sequence[Point]], Awaitable[Sequence[str | None]]]
"""For each point the zone's name in the tz database, None where there is none.

Raises TryLater where no answer can be had just now.
"""


async def nowhere(points: Sequence[Point]) -> Sequence[str | None]:
    """A map without zones."""
    return [None] * len(points)
