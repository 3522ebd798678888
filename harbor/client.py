"""The Harbor client: one method for each call of the service-provider API.

Guarantees: every call ends within a bounded time, in its value or in one of `harbor.errors`;
only reads are repeated by themselves; a call that changes something is sent once (twice only when
the first was answered by 401, which means that it was not carried out). Tower ids are sent in
lower case. Durations are seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from bot.domain.ids import LockerId, TowerId
from harbor.access import Access
from harbor.answers import read_as
from harbor.connection import Connection, Patience
from harbor.errors import NotFound, NotOffered
from harbor.reading import KEEP_QUIET
from harbor.routes import routes_with
from harbor.wire import (
    AccessToken,
    Availability,
    Location,
    Locker,
    LockerToken,
    OpenRequest,
    Reservation,
    Tower,
)

T = TypeVar("T")

PAGE = 500
KEYPAD = {"keypadIntent": "pickup", "persistKeypadCode": False}
"""Asks for digits beside a link. CONFIRMED names and values; their meaning is INFERRED."""
AT_ONCE = 8

ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
LOCATION = TypeAdapter(Location)
LOCATIONS = TypeAdapter(list[Location], config=KEEP_QUIET)
CLOSEST: TypeAdapter[Location | None] = TypeAdapter(Location | None, config=KEEP_QUIET)
AVAILABILITY = TypeAdapter(Availability)
LOCKERS = TypeAdapter(list[Locker], config=KEEP_QUIET)
RESERVATION = TypeAdapter(Reservation)
LOCKER_TOKEN = TypeAdapter(LockerToken)
OPEN_REQUEST = TypeAdapter(OpenRequest)


class Harbor:
    """Harbor's service-provider API. Use as `async with Harbor(access) as harbor:`.

    `timeout`: seconds for each step of an exchange (connect, send, receive), thrice that
    altogether. `clock`: aware, UTC. Raises ValueError for routes that can't be set.
    """

    def __init__(
        self,
        access: Access,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 10.0,
        read_retries: Patience | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._routes = routes_with(access.routes)
        self._connection = Connection(
            access,
            transport=transport,
            timeout=timeout,
            patience=read_retries or Patience(),
            now=clock,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give back every connection."""
        await self._connection.aclose()

    # -- locations and towers

    async def locations(self) -> list[Location]:
        """Every location, whatever page size Harbor prefers."""
        found: dict[int, Location] = {}
        skipped = 0
        while True:
            page = await self._read("locations", LOCATIONS, {"skip": skipped, "limit": PAGE})
            fresh = {location.id: location for location in page if location.id not in found}
            if not fresh:
                return list(found.values())
            found |= fresh
            skipped += len(page)

    async def location(self, location_id: int) -> Location:
        """One location; NotFound if there is none."""
        return await self._read("location", LOCATION, location_id=location_id)

    async def closest(self, lat: float, lon: float, radius: float) -> Location | None:
        """The location nearest to a point, None if none is within `radius` (unit UNKNOWN)."""
        point = {"lat": lat, "lon": lon, "radius": radius}
        return await self._read("closest", CLOSEST, point)

    async def availability(self, location_id: int) -> Availability:
        """How many lockers of a location are free, by size."""
        return await self._read("availability", AVAILABILITY, location_id=location_id)

    async def towers(self) -> list[Tower]:
        """Discover every tower by looking at every location's lockers: dear, so keep the answer.

        NotFound only if Harbor knows the lockers of not one location.
        """
        turn = asyncio.Semaphore(AT_ONCE)
        strange: list[NotFound] = []

        async def at(location: Location) -> list[Tower]:
            try:
                async with turn:
                    found = await self._read("location_lockers", LOCKERS, location_id=location.id)
            except NotFound as error:  # gone since the list was made, or without a tower
                strange.append(error)
                return []
            ids = dict.fromkeys(locker.tower_id for locker in found)
            return [Tower(id=tower_id, location=location) for tower_id in ids]

        try:
            async with asyncio.TaskGroup() as group:
                looks = [group.create_task(at(place)) for place in await self.locations()]
        except ExceptionGroup as several:
            first = several.exceptions[0]
            raise first from first.__cause__
        if strange and len(strange) == len(looks):
            raise strange[0]
        return [tower for look in looks for tower in look.result()]

    # -- lockers

    async def lockers(self, tower: TowerId) -> list[Locker]:
        """All lockers of a tower, whatever their status."""
        return await self._read("lockers", LOCKERS, tower_id=tower)

    async def assigned_lockers(self) -> list[Locker]:
        """Every locker in our possession."""
        return await self._read("assigned_lockers", LOCKERS)

    async def reserve(self, tower: TowerId, locker: LockerId, seconds: int) -> Reservation:
        """Available → reserved, for us, for `seconds`."""
        body = {"duration": seconds}
        return await self._change("reserve", RESERVATION, body, tower_id=tower, locker_id=locker)

    async def cancel_reservation(
        self, tower: TowerId, locker: LockerId, reservation_id: int | None
    ) -> None:
        """Reserved → available. The route is INFERRED.

        NotOffered if it is switched off, or wants a reservation's id and Harbor told none.
        """
        ids = {"tower_id": tower, "locker_id": locker, "reservation_id": reservation_id}
        await self._change("cancel_reservation", ANYTHING, None, **ids)

    async def drop_off_token(
        self, tower: TowerId, locker: LockerId, seconds: int, client_info: str = ""
    ) -> LockerToken:
        """Available, reserved or rented → rented; the locker is ours until the token ends."""
        body = {"client_info": client_info, "duration": seconds}
        return await self._change(
            "drop_off_token", LOCKER_TOKEN, body, tower_id=tower, locker_id=locker
        )

    async def pick_up_token(
        self, tower: TowerId, locker: LockerId, seconds: int, client_info: str = ""
    ) -> LockerToken:
        """For an occupied locker of ours; using the token makes it available."""
        body = {"client_info": client_info, "duration": seconds}
        return await self._change(
            "pick_up_token", LOCKER_TOKEN, body, tower_id=tower, locker_id=locker
        )

    async def release(self, tower: TowerId, locker: LockerId) -> None:
        """Rented → declined; available once the tower has been synced."""
        await self._change("release", ANYTHING, {}, tower_id=tower, locker_id=locker)

    # -- Locker Open requests: Harbor picks the locker and makes a link

    async def open_drop_off_request(
        self,
        location_id: int,
        locker_type_id: int,
        *,
        require_low: bool = False,
        keypad: bool = False,
        return_url: str = "",
        client_info: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> OpenRequest:
        """A link for a drop-off at a location; its locker is rented from now on.

        Refused, with "No locker available" in its detail, when none of that type is free. `keypad`:
        ask for digits too; where they come back is UNKNOWN.
        """
        body = {
            "locationId": location_id,
            "lockerTypeId": locker_type_id,
            "requireLowLocker": require_low,
            "returnUrl": return_url,
            "clientInfo": client_info,
            "payload": dict(payload or {}),
            **(KEYPAD if keypad else {}),
        }
        return await self._change("open_drop_off_request", OPEN_REQUEST, body)

    async def open_pick_up_request(
        self,
        locker: LockerId,
        *,
        keypad: bool = False,
        return_url: str = "",
        client_info: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> OpenRequest:
        """A link to pick up what is in an occupied locker of ours."""
        body = {
            "lockerId": locker,
            "returnUrl": return_url,
            "clientInfo": client_info,
            "payload": dict(payload or {}),
            **(KEYPAD if keypad else {}),
        }
        return await self._change("open_pick_up_request", OPEN_REQUEST, body)

    async def open_request(self, request_id: int) -> OpenRequest:
        """The state of a Locker Open request."""
        return await self._read("open_request", OPEN_REQUEST, request_id=request_id)

    # -- tokens

    async def test_token(self) -> None:
        """Return if Harbor accepts our credentials; NotAllowed if it does not."""
        path = self._path("test_token")
        await self._connection.call("test_token", self._routes["test_token"], path)

    async def phone_token(self) -> AccessToken:
        """A token of scope `tower_access`, for the Harbor SDK on a phone."""
        return await self._connection.token("tower_access")

    # -- how the methods above speak

    def _path(self, name: str, **ids: Any) -> str:
        route = self._routes[name]
        if not route.path:
            raise NotOffered(f"the call {name} is switched off by the settings", 0)
        if missing := [key for key in route.parameters if ids.get(key) is None]:
            raise NotOffered(f"Harbor never gave the {missing[0]} that {name} needs", 0)
        return route.path.format(**{k: quote(str(v).lower(), safe="") for k, v in ids.items()})

    async def _read(
        self, name: str, shape: TypeAdapter[T], params: Mapping[str, Any] | None = None, **ids: Any
    ) -> T:
        path = self._path(name, **ids)
        route = self._routes[name]
        value: T = await self._connection.patiently(name, route, path, shape, params=params)
        return value

    async def _change(
        self, name: str, shape: TypeAdapter[T], body: Mapping[str, Any] | None, **ids: Any
    ) -> T:
        path = self._path(name, **ids)
        answer = await self._connection.call(name, self._routes[name], path, json=body)
        return read_as(shape, name, answer or b"null", changes=True)
