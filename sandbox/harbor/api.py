"""Harbor's service-provider API, route by route; its logins are in `login`.

Each route's description says how certain it is: CONFIRMED by Harbor's own documents or a working
integration, INFERRED from them, or UNKNOWN (a guess, to be replaced when it is known). Success is
200 throughout; Harbor's own codes are UNKNOWN.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from sandbox.harbor import schemas as wire
from sandbox.harbor.accounts import SERVICE, Bearer
from sandbox.harbor.dependencies import TowerId, World, bearer_with, router
from sandbox.harbor.lockers import Refusal
from sandbox.harbor.registry import Site, availability
from sandbox.harbor.server import Asked, LockerToken

service = router("/api/v1")

Caller = Annotated[Bearer, Depends(bearer_with(SERVICE))]
LockerId = Annotated[int, Path(examples=[102])]
LocationId = Annotated[int, Path(examples=[11])]
Latitude = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]
_LOCKER = "/towers/{tower_id}/lockers/{locker_id}"


@service.get("/locations/", tags=["locations"])
async def locations(
    harbor: World,
    caller: Caller,
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[wire.LocationBody]:
    """List locations. CONFIRMED; the limits of `limit` are UNKNOWN."""
    return harbor.registry.locations()[skip : skip + limit]


@service.get("/locations/closest", tags=["locations"])
async def closest(
    harbor: World,
    caller: Caller,
    lat: Latitude,
    lon: Longitude,
    radius: Annotated[float, Query(ge=0, allow_inf_nan=False)] = 0.9,
    hasKeypad: bool | None = None,  # noqa: N803 - Harbor's name
    ownedByMe: bool | None = None,  # noqa: N803 - Harbor's name
) -> wire.LocationBody | None:
    """Find the nearest location. CONFIRMED; the radius's unit is UNKNOWN (0.9 is 15 miles here).

    `hasKeypad` and `ownedByMe` narrow the search when they are true; what false means is UNKNOWN,
    here nothing.
    """

    def wanted(site: Site) -> bool:
        keypad = site.seed.keypad or not hasKeypad
        return keypad and (harbor.owns(caller.client, site) or not ownedByMe)

    return harbor.registry.closest(lat, lon, radius, wanted)


@service.get("/locations/in-area", tags=["locations"])
async def in_area(
    harbor: World,
    caller: Caller,
    start: Annotated[str, Query(examples=["30.2,-97.8"])],
    end: Annotated[str, Query(examples=["30.4,-97.7"])],
) -> list[wire.LocationWithAvailability]:
    """List the locations between two corners. CONFIRMED path; the body is INFERRED."""
    (south, west), (north, east) = sorted([_corner(start), _corner(end)])
    west, east = sorted([west, east])
    return [
        wire.LocationWithAvailability(
            **place.model_dump(), availability=availability(harbor.registry.at_location(place.id))
        )
        for place in harbor.registry.locations()
        if south <= place.lat <= north and west <= place.lon <= east
    ]


@service.get("/locations/{location_id}/", tags=["locations"])
async def location(harbor: World, caller: Caller, location_id: LocationId) -> wire.LocationBody:
    """Read one location. CONFIRMED."""
    harbor.registry.at_location(location_id)
    return next(place for place in harbor.registry.locations() if place.id == location_id)


@service.get("/locations/{location_id}/availability", tags=["locations"])
async def location_availability(
    harbor: World, caller: Caller, location_id: LocationId
) -> wire.AvailabilityBody:
    """Count free lockers by size. CONFIRMED."""
    return availability(harbor.registry.at_location(location_id))


@service.get("/locations/{location_id}/lockers", tags=["locations"])
async def location_lockers(
    harbor: World, caller: Caller, location_id: LocationId
) -> list[wire.LockerBody]:
    """List the lockers of a location. CONFIRMED on an old page."""
    return [locker.body() for locker in harbor.registry.at_location(location_id)]


@service.get("/towers/{tower_id}/lockers", tags=["towers"])
async def tower_lockers(harbor: World, caller: Caller, tower_id: TowerId) -> list[wire.LockerBody]:
    """List all lockers of a tower, whatever their status. CONFIRMED."""
    return [locker.body() for locker in harbor.registry.site(tower_id).lockers.values()]


@service.get("/towers/{tower_id}/locker-availability", tags=["towers"])
async def tower_availability(
    harbor: World, caller: Caller, tower_id: TowerId
) -> wire.AvailabilityBody:
    """Count free lockers by size. CONFIRMED path; the body is INFERRED."""
    return availability(list(harbor.registry.site(tower_id).lockers.values()))


@service.post(f"{_LOCKER}/reservations", tags=["lockers"])
async def reserve(
    harbor: World,
    caller: Caller,
    tower_id: TowerId,
    locker_id: LockerId,
    asked: wire.ReservationRequest,
) -> wire.ReservationBody:
    """Reserve an available locker. CONFIRMED; the answer's body is INFERRED."""
    locker = harbor.server.reserve(caller.client, tower_id, locker_id, asked.duration)
    held = locker.tenancy
    assert held is not None
    assert held.reservation is not None
    assert held.reserved_until is not None
    return wire.ReservationBody(
        id=held.reservation,
        tower_id=locker.tower,
        locker=locker.body(),
        duration=asked.duration,
        expires=held.reserved_until.isoformat(),
    )


@service.post("/towers/reservations/{reservation_id}/cancel", tags=["lockers"])
async def cancel_reservation(harbor: World, caller: Caller, reservation_id: int) -> wire.LockerBody:
    """Cancel a reservation. The operation is CONFIRMED; method, path and body are INFERRED."""
    return harbor.server.cancel_by_id(caller.client, reservation_id).body()


@service.delete(f"{_LOCKER}/reservations/{{reservation_id}}", tags=["lockers"])
async def delete_reservation(
    harbor: World, caller: Caller, tower_id: TowerId, locker_id: LockerId, reservation_id: int
) -> wire.LockerBody:
    """Cancel a reservation. The operation is CONFIRMED; method and path are UNKNOWN."""
    return harbor.server.cancel(caller.client, tower_id, locker_id, reservation_id).body()


@service.post(f"{_LOCKER}/cancel-reservation", tags=["lockers"])
async def cancel_any_reservation(
    harbor: World, caller: Caller, tower_id: TowerId, locker_id: LockerId
) -> wire.LockerBody:
    """Cancel whatever reservation there is. The operation is CONFIRMED; the path is UNKNOWN."""
    return harbor.server.cancel(caller.client, tower_id, locker_id).body()


@service.post(f"{_LOCKER}/dropoff-locker-tokens", tags=["lockers"])
async def drop_off_token(
    harbor: World, caller: Caller, tower_id: TowerId, locker_id: LockerId, asked: wire.TokenRequest
) -> wire.TokenBody:
    """Issue a drop-off token. CONFIRMED."""
    terms = Asked(asked.duration, asked.client_info)
    return _shown(harbor.server.drop_off_token(caller.client, tower_id, locker_id, terms))


@service.post(f"{_LOCKER}/pickup-locker-tokens", tags=["lockers"])
async def pick_up_token(
    harbor: World, caller: Caller, tower_id: TowerId, locker_id: LockerId, asked: wire.TokenRequest
) -> wire.TokenBody:
    """Issue a pick-up token. The operation is CONFIRMED; the path is INFERRED."""
    terms = Asked(asked.duration, asked.client_info)
    return _shown(harbor.server.pick_up_token(caller.client, tower_id, locker_id, terms))


@service.post(f"{_LOCKER}/release-locker", tags=["lockers"])
async def release(
    harbor: World, caller: Caller, tower_id: TowerId, locker_id: LockerId
) -> wire.LockerBody:
    """Release a rented locker, which becomes declined. CONFIRMED; the body is INFERRED."""
    return harbor.server.release(caller.client, tower_id, locker_id).body()


@service.get("/users/me/assigned-lockers", tags=["users"])
async def assigned_lockers(harbor: World, caller: Caller) -> list[wire.LockerBody]:
    """List the lockers in one's possession. CONFIRMED; the body is INFERRED."""
    return [locker.body() for locker in harbor.server.assigned(caller.client)]


@service.post("/locker-open-requests/dropoff-locker-request", tags=["locker open"])
async def drop_off_request(
    harbor: World, caller: Caller, asked: wire.DropOffLinkRequest
) -> wire.OpenRequestBody:
    """Rent a free locker of a size, opened by a link. CONFIRMED."""
    return harbor.links.body(harbor.links.for_drop_off(caller.client, asked))


@service.post("/locker-open-requests/pickup-locker-request", tags=["locker open"])
async def pick_up_request(
    harbor: World, caller: Caller, asked: wire.PickUpLinkRequest
) -> wire.OpenRequestBody:
    """Make a link that opens an occupied locker. CONFIRMED."""
    return harbor.links.body(harbor.links.for_pick_up(caller.client, asked))


@service.get("/locker-open-requests/{request_id}", tags=["locker open"])
async def open_request(harbor: World, caller: Caller, request_id: int) -> wire.OpenRequestBody:
    """Read a request. CONFIRMED; most of the body is INFERRED."""
    return harbor.links.body(harbor.links.request(caller.client, request_id))


def _shown(issued: LockerToken) -> wire.TokenBody:
    return wire.TokenBody(
        id=issued.id,
        tower_id=issued.locker.tower,
        locker=issued.locker.body(),
        payload=issued.payload,
        payload_auth=issued.payload_auth,
        expires=issued.expires.isoformat(),
    )


def _corner(text: str) -> tuple[float, float]:
    try:
        lat, lon = map(float, text.split(","))
    except ValueError as error:
        raise Refusal(422, "A corner is lat,lon") from error
    return lat, lon
