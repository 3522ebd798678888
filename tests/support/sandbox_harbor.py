"""A Harbor on a socket with a clock turned by hand, and the two who deal with it in these tests.

`World` is a client of the API (its bearer token always fresh) and a person at the tower.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from cli.sandbox_server import serving_sandbox
from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from sandbox.harbor.world import Harbor
from tests.support.plain_http import plain_http

TOWER = "0100000000000101"
OTHER_TOWER = "0100000000000102"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOKEN = "/realms/harbor/protocol/openid-connect/token"
ME = ("sandbox", "sandbox")
SOMEBODY_ELSE = ("another", "another")


@dataclass
class World:
    """One locker of one tower is what most tests are about: `locker`, available at the start."""

    http: httpx.AsyncClient
    harbor: Harbor
    tower: str = TOWER
    locker: int = 0
    bearers: dict[tuple[str, str, datetime], str] = field(default_factory=dict)

    async def bearer(self, who: tuple[str, str] = ME, scope: str = "service_provider") -> str:
        """A bearer token that is good now."""
        form = {
            "grant_type": "client_credentials",
            "client_id": who[0],
            "client_secret": who[1],
            "scope": scope,
        }
        key = (who[0], scope, self.harbor.clock.now())
        if key not in self.bearers:
            answer = await self.http.post(TOKEN, data=form)
            assert answer.status_code == 200, answer.text
            self.bearers[key] = answer.json()["access_token"]
        return self.bearers[key]

    async def api(
        self, method: str, path: str, who: tuple[str, str] = ME, **more: Any
    ) -> httpx.Response:
        """Call the service API."""
        headers = {"Authorization": f"Bearer {await self.bearer(who)}"}
        return await self.http.request(method, f"/api/v1{path}", headers=headers, **more)

    async def ask(
        self, what: str, body: Any = None, who: tuple[str, str] = ME, **at: Any
    ) -> httpx.Response:
        """POST something below the locker: "reservations", "release-locker"…"""
        tower, locker = at.get("tower", self.tower), at.get("locker", self.locker)
        path = f"/towers/{tower}/lockers/{locker}/{what}"
        return await self.api("POST", path, who, json={} if body is None else body)

    async def token(self, kind: str = "dropoff", seconds: int = 5000, **at: Any) -> dict[str, Any]:
        """Get a locker token, "dropoff" or "pickup"."""
        asked = {"client_info": "Luis", "duration": seconds}
        answer = await self.ask(f"{kind}-locker-tokens", asked, **at)
        assert answer.status_code == 200, answer.text
        token: dict[str, Any] = answer.json()
        return token

    async def control(self, path: str, body: Any = None, method: str = "POST") -> httpx.Response:
        """Call the control side."""
        return await self.http.request(method, f"/sandbox{path}", json=body)

    async def hold(self, token: dict[str, Any], tower: str = TOWER) -> httpx.Response:
        """Hold a token to the tower."""
        code = {name: token[name] for name in ("payload", "payload_auth")}
        return await self.control(f"/towers/{tower}/hold", code)

    async def at_door(self, what: str, body: Any = None) -> httpx.Response:
        """Do something at the locker's door: "put-in", "take-out", "close", "status"."""
        return await self.control(f"/towers/{self.tower}/lockers/{self.locker}/{what}", body)

    async def drop_off_link(
        self, size: int = 2, location: int = 11, who: tuple[str, str] = ME, **more: Any
    ) -> dict[str, Any]:
        """Ask for a drop-off link; its locker is `self.locker` from now on."""
        asked = {"locationId": location, "lockerTypeId": size, **more}
        path = "/locker-open-requests/dropoff-locker-request"
        made = await self.api("POST", path, who, json=asked)
        assert made.status_code == 200, made.text
        body: dict[str, Any] = made.json()
        self.tower, self.locker = body["towerId"], body["lockerId"]
        return body

    async def pick_up_link(self, **more: Any) -> dict[str, Any]:
        """Ask for a link that opens the locker for a pick-up."""
        path = "/locker-open-requests/pickup-locker-request"
        made = await self.api("POST", path, json={"lockerId": self.locker, **more})
        assert made.status_code == 200, made.text
        body: dict[str, Any] = made.json()
        return body

    async def at_link(self, what: str, made: dict[str, Any], **more: Any) -> httpx.Response:
        """Do something with a link at its tower: "look", "open", "doesnt-fit"."""
        return await self.control(f"/links/{what}", {"link": made["linkToken"], **more})

    async def put_down(self) -> None:
        """Let the locker be occupied by us, with a parcel, by the ordinary way."""
        assert (await self.hold(await self.token())).status_code == 200
        assert (await self.at_door("put-in", {"parcel": "hat"})).status_code == 200
        assert (await self.at_door("close")).status_code == 200

    async def late_sync(self) -> None:
        """From now on a tower is synced only on demand."""
        await self.control("/sync", {"automatic": False}, "PUT")

    async def sync(self) -> None:
        """A phone syncs the tower."""
        assert (await self.control(f"/towers/{self.tower}/sync")).status_code == 200

    async def turn(self, seconds: float) -> None:
        """Turn the clock."""
        assert (await self.control("/clock", {"turn": seconds})).status_code == 200

    async def faults(self, *faults: dict[str, Any]) -> None:
        """Put faults in force."""
        answer = await self.control("/faults", list(faults), "PUT")
        assert answer.status_code == 200, answer.text

    async def lockers(self) -> dict[int, dict[str, Any]]:
        """The tower's lockers as the API tells of them, by id."""
        answer = await self.api("GET", f"/towers/{self.tower}/lockers")
        return {locker["id"]: locker for locker in answer.json()}

    async def status(self, locker: int | None = None) -> str:
        """What Harbor's server believes of the locker."""
        name: str = (await self.lockers())[locker or self.locker]["status"]["name"]
        return name

    async def door(self) -> dict[str, Any]:
        """What is so at the tower."""
        towers = (await self.http.get("/sandbox/state")).json()["towers"]
        lockers = next(tower for tower in towers if tower["id"] == self.tower)["lockers"]
        door: dict[str, Any] = next(each for each in lockers if each["id"] == self.locker)
        return door


@contextlib.asynccontextmanager
async def world(**options: Any) -> AsyncIterator[World]:
    """A fresh Harbor over real HTTP; its clock stands still unless turned."""
    app = create_app(clock=Clock(START, stopped=True), **options)
    http = plain_http(timeout=20)
    async with serving_sandbox(app) as base, http:
        http.base_url = httpx.URL(base)
        it = World(http, app.state.harbor)
        free = (k for k, v in (await it.lockers()).items() if v["status"]["name"] == "available")
        it.locker = next(free)
        yield it
