"""The process behind `timezones`: reads points, answers their zones, ends.

In: `[[latitude, longitude], …]` as JSON. Out: `["Europe/Madrid", null, …]`, in the same order.
"""

from __future__ import annotations

import json
import sys

from tzfpy import get_tz

_AT_SEA = "Etc/"
"""What the map's zones at sea are called: no tower stands there, so its coordinates are wrong."""


def zone_at(latitude: float, longitude: float) -> str | None:
    """The zone's name, None where there is none on land."""
    zone = get_tz(longitude, latitude)
    return None if not zone or zone.startswith(_AT_SEA) else zone


if __name__ == "__main__":
    print(json.dumps([zone_at(*point) for point in json.load(sys.stdin)]))
