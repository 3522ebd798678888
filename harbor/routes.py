"""Every route of Harbor's service-provider API that we call, and how sure we are of each.

Guarantees: a route is written here and nowhere else. What Harbor's own documents state
(CONFIRMED) is fixed, but that open requests can be switched off; what was concluded (INFERRED)
or guessed (UNKNOWN) can be replaced by the setting `HARBOR_ROUTES`, or switched off with an empty
text.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

API = "/api/v1"
LOCKER = f"{API}/towers/{{tower_id}}/lockers/{{locker_id}}"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Certainty(StrEnum):
    """Where our knowledge of a route comes from."""

    CONFIRMED = "confirmed"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Route:
    """One call: `path` is a template below the API's base URL, "" when it is switched off.

    `changes`: whether carrying it out twice differs from carrying it out once. `also`: what a
    path put in its place may name besides what this one names.
    """

    method: str
    path: str
    certainty: Certainty = Certainty.CONFIRMED
    changes: bool = False
    also: frozenset[str] = frozenset()

    @property
    def parameters(self) -> frozenset[str]:
        """The names that the path's template wants filled in."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.path) if name)


_C, _I, _U = Certainty.CONFIRMED, Certainty.INFERRED, Certainty.UNKNOWN

ROUTES: Mapping[str, Route] = MappingProxyType(
    {
        "test_token": Route("POST", f"{API}/login/test-token"),
        "locations": Route("GET", f"{API}/locations/"),
        "location": Route("GET", f"{API}/locations/{{location_id}}/"),
        "closest": Route("GET", f"{API}/locations/closest"),
        "availability": Route("GET", f"{API}/locations/{{location_id}}/availability"),
        "location_lockers": Route("GET", f"{API}/locations/{{location_id}}/lockers"),
        "lockers": Route("GET", f"{API}/towers/{{tower_id}}/lockers"),
        "assigned_lockers": Route("GET", f"{API}/users/me/assigned-lockers"),
        "reserve": Route("POST", f"{LOCKER}/reservations", _C, changes=True),
        "cancel_reservation": Route(
            "POST",
            f"{API}/towers/reservations/{{reservation_id}}/cancel",
            _I,
            changes=True,
            also=frozenset({"tower_id", "locker_id"}),
        ),
        "drop_off_token": Route("POST", f"{LOCKER}/dropoff-locker-tokens", _C, changes=True),
        "pick_up_token": Route("POST", f"{LOCKER}/pickup-locker-tokens", _I, changes=True),
        "release": Route("POST", f"{LOCKER}/release-locker", _C, changes=True),
        "open_drop_off_request": Route(
            "POST", f"{API}/locker-open-requests/dropoff-locker-request", _C, changes=True
        ),
        "open_pick_up_request": Route(
            "POST", f"{API}/locker-open-requests/pickup-locker-request", _C, changes=True
        ),
        "open_request": Route("GET", f"{API}/locker-open-requests/{{request_id}}"),
    }
)


SWITCHED_OFF_ONLY = frozenset({"open_drop_off_request", "open_pick_up_request"})
"""Routes that are CONFIRMED, but that not every Harbor need have."""


def routes_with(overrides: Mapping[str, str]) -> Mapping[str, Route]:
    """The table with `overrides` ({name: "METHOD /path", or "" to switch off}) put in.

    Raises ValueError, in one line, for a name that is not ours to change or an unreadable value.
    """
    changed = {name: _overridden(name, value) for name, value in overrides.items()}
    return MappingProxyType({**ROUTES, **changed})


def _overridden(name: str, value: str) -> Route:
    known = ROUTES.get(name)
    if known is not None and name in SWITCHED_OFF_ONLY:
        if value.strip():
            raise ValueError(f"route {name!r} can only be switched off, by an empty text")
    elif known is None or known.certainty is Certainty.CONFIRMED:
        open_to_change = sorted(n for n, r in ROUTES.items() if r.certainty is not _C)
        open_to_change += sorted(SWITCHED_OFF_ONLY)
        raise ValueError(f"route {name!r} can't be set; these can: {', '.join(open_to_change)}")
    if not value.strip():
        return Route(known.method, "", known.certainty, known.changes)
    method, _, path = value.strip().partition(" ")
    route = Route(method.upper(), path.strip(), known.certainty, known.changes)
    if route.method not in METHODS or not route.path.startswith("/"):
        raise ValueError(f"route {name!r} must read 'METHOD /path', not {value!r}")
    nameable = known.parameters | known.also
    if strange := route.parameters - nameable:
        wanted = ", ".join(sorted(nameable))
        raise ValueError(f"route {name!r} may name {wanted}, not {', '.join(sorted(strange))}")
    return route
