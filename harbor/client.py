"""The Harbor client: one method for each call of the service-provider API.

Guarantees: every call ends within a bounded time, in its value or in one of `harbor.errors`;
only reads are repeated by themselves; a call that changes something is sent once (twice only when
Harbor itself answered the first by 401, which means that it was not carried out). Of a list each
entry that can be read is there, on whatever page of it (`harbor.lists`); what can't be read is left
out, counted (`left_out`) and logged once. Tower ids are sent in lower case. Durations are seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from bot.domain.ids import LockerId, TowerId
from bot.ports.calls import Calls
from bot.ports.lockers import LeftOut
from harbor.access import Access
from harbor.answers import read_as
from harbor.connection import Connection, Patience
from harbor.errors import HarborError, NotFound, NotOffered
from harbor.left_out import Unreadable
from harbor.lists import Asked, Lists, Memory
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
Entry = TypeVar("Entry", bound=Location | Locker)

KEYPAD = {"keypadIntent": "pickup", "persistKeypadCode": False}
"""Asks for digits beside a link. CONFIRMED names and values; their meaning is INFERRED."""
AT_ONCE = 8

ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
LOCATION = TypeAdapter(Location)
CLOSEST: TypeAdapter[Location | None] = TypeAdapter(Location | None, config=KEEP_QUIET)
AVAILABILITY = TypeAdapter(Availability)
LOCKER = TypeAdapter(Locker)
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
        self.now = clock
        self._routes = routes_with(access.routes)
        self._connection = Connection(
            access,
            transport=transport,
            timeout=timeout,
            patience=read_retries or Patience(),
            now=clock,
        )
        self._stood: dict[int, list[TowerId]] = {}
        self._unanswered: Collection[int] = ()
        self._not_found: Collection[int] = ()
        self._unreadable = Unreadable()
        self._lists = Lists(self._connection, self._unreadable, clock)
        self._assigned: Memory[Locker] = Memory()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give back every connection."""
        await self._connection.aclose()

    # -- locations and towers

    @property
    def calls(self) -> Calls:
        """How often each call was made, how it was answered and how long it took."""
        return self._connection.calls

    def left_out(self) -> Mapping[str, LeftOut | None]:
        """By call, what its last answers held that can't be read; None: nothing.

        Calls that have not been made say nothing.
        """
        return self._unreadable.by_call()

    @property
    def unanswered(self) -> Collection[int]:
        """At which locations the last look for towers learned nothing to go by."""
        return self._unanswered

    async def locations(self) -> list[Location]:
        """Every location, whatever page size Harbor prefers."""
        return await self._listed("locations", LOCATION)

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

        A location that does not answer has the towers that it had, and so has one that says by a
        404 or an empty list that it is gone, or has no tower, until it says so twice in a row. A
        tower under two locations stands at the first of them. Raises only what hinders the look at
        every location.
        """
        turn = asyncio.Semaphore(AT_ONCE)
        failures: list[HarborError] = []
        unanswered: set[int] = set()
        not_found: set[int] = set()

        async def at(location: Location) -> list[TowerId]:
            try:
                async with turn:
                    found = await self._listed("location_lockers", LOCKER, location_id=location.id)
            except NotFound as error:  # gone since the list was made, or without a tower
                failures.append(error)
                found = []
            except HarborError as error:
                failures.append(error)
                unanswered.add(location.id)
                self._unreadable.note("location_lockers", location.id, 1, str(error))
                return self._stood.get(location.id, [])
            if not found:
                not_found.add(location.id)
                if location.id in self._not_found:
                    return []
                unanswered.add(location.id)
                return self._stood.get(location.id, [])
            self._stood[location.id] = list(dict.fromkeys(locker.tower_id for locker in found))
            return self._stood[location.id]

        places = await self.locations()
        async with asyncio.TaskGroup() as group:
            looks = [group.create_task(at(place)) for place in places]
        self._unanswered, self._not_found = unanswered, not_found
        if failures and len(failures) == len(looks):
            raise next((x for x in failures if not isinstance(x, NotFound)), failures[0])
        towers: dict[TowerId, Tower] = {}
        twice = 0
        for place, look in zip(places, looks, strict=True):
            for tower_id in look.result():
                twice += tower_id in towers
                towers.setdefault(tower_id, Tower(id=tower_id, location=place))
        self._unreadable.note("towers", None, twice, "the same tower at two locations")
        self._unreadable.keep("location_lockers", {place.id for place in places})
        self._unreadable.keep("lockers", towers)
        return list(towers.values())

    # -- lockers

    async def lockers(self, tower: TowerId) -> list[Locker]:
        """All lockers of a tower, whatever their status."""

        def strange(locker: Locker) -> str:
            return "" if locker.tower_id == tower.lower() else "a locker of another tower"

        return await self._listed("lockers", LOCKER, strange, tower_id=tower)

    async def assigned_lockers(self) -> list[Locker]:
        """Every locker in our possession; the very list of last time where nothing has changed."""
        return await self._listed("assigned_lockers", LOCKER, memory=self._assigned)

    async def reserve(self, tower: TowerId, locker: LockerId, seconds: int) -> Reservation:
        """Available → reserved, for us, for `seconds`."""
        body = {"duration": seconds}
        return await self._change("reserve", RESERVATION, body, tower_id=tower, locker_id=locker)

    async def cancel_reservation(
        self, tower: TowerId, locker: LockerId, reservation_id: int | str | None
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

    async def open_request(self, request_id: int | str) -> OpenRequest:
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
        ids |= {"tower_id": str(ids.get("tower_id")).lower()}
        return route.path.format(**{k: quote(str(v), safe="") for k, v in ids.items()})

    async def _read(
        self, name: str, shape: TypeAdapter[T], params: Mapping[str, Any] | None = None, **ids: Any
    ) -> T:
        path, route = self._path(name, **ids), self._routes[name]

        async def read(body: bytes) -> T:
            return read_as(shape, name, body, changes=False)

        return await self._connection.patiently(name, route, path, read, params=params)

    async def _listed(
        self,
        name: str,
        shape: TypeAdapter[Entry],
        strange: Callable[[Entry], str] | None = None,
        *,
        memory: Memory[Entry] | None = None,
        **ids: Any,
    ) -> list[Entry]:
        path, route = self._path(name, **ids), self._routes[name]
        about = next(iter(ids.values()), None)
        return await self._lists.read(Asked(name, route, path, shape, about, strange), memory)

    async def _change(
        self, name: str, shape: TypeAdapter[T], body: Mapping[str, Any] | None, **ids: Any
    ) -> T:
        path = self._path(name, **ids)
        answer = await self._connection.call(name, self._routes[name], path, json=body)
        return read_as(shape, name, answer or b"null", changes=True)
