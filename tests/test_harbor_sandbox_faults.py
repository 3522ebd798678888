"""Each fault that the sandbox's Harbor knows × each call of the adapter, over real HTTP."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import structlog

from bot.domain.ids import LockerId, TowerId
from cli.sandbox_server import serving_sandbox
from harbor.client import Harbor
from harbor.connection import Patience
from harbor.errors import (
    Broken,
    HarborError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from harbor.wire import LockerStatus, LockerToken
from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from tests.support.harbor_stand_in import ONCE, access
from tests.support.plain_http import plain_http

TOWER = TowerId("0100000000000101")
Call = Callable[[Harbor, "Given"], Awaitable[Any]]
Ending = type[HarborError] | None


@dataclass
class Given:
    """What a call may be about."""

    location: int
    request: int
    locker: LockerId
    reservation: int | None = None


class Scene:
    """A served Harbor and a client of it; `fresh(status)` is a locker of ours nobody has used."""

    def __init__(self, base: str, control: httpx.AsyncClient, clock: Clock) -> None:
        self.base, self.control, self.clock = base, control, clock
        self._unused: list[LockerId] = []

    def harbor(self, **changes: Any) -> Harbor:
        own = {"read_retries": ONCE, "clock": self.clock.now}
        return Harbor(access(self.base), **{**own, **changes})

    async def given(self, harbor: Harbor) -> Given:
        """Our tower's location, and a Locker Open request made there."""
        towers = await harbor.towers()
        location = next(tower.location.id for tower in towers if tower.id == TOWER)
        asked = await harbor.open_drop_off_request(location, 1)
        assert asked.locker_id is not None
        return Given(location, asked.id, asked.locker_id)

    async def fresh(self, harbor: Harbor, status: str) -> tuple[LockerId, int | None]:
        """A locker of ours in that status, and its reservation."""
        if not self._unused:
            lockers = await harbor.lockers(TOWER)
            self._unused = [k.id for k in lockers if k.status is LockerStatus.AVAILABLE]
        locker, reservation = self._unused.pop(), None
        if status != "available":
            reservation = (await harbor.reserve(TOWER, locker, 3000)).id
        if status not in ("available", "reserved"):
            path = f"/sandbox/towers/{TOWER}/lockers/{locker}/status"
            (await self.control.post(path, json={"status": status})).raise_for_status()
        return locker, reservation

    async def suffer(self, *faults: dict[str, Any]) -> None:
        (await self.control.put("/sandbox/faults", json=list(faults))).raise_for_status()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = Clock(stopped=True)
    async with (
        serving_sandbox(create_app(clock=clock)) as base,
        plain_http(base_url=base) as control,
    ):
        yield Scene(base, control, clock)


# our call → (the sandbox's name for it, the status it needs, the call)
READS: dict[str, tuple[str, str, Call]] = {
    "locations": ("locations", "", lambda h, _: h.locations()),
    "location": ("location", "", lambda h, at: h.location(at.location)),
    "closest": ("closest", "", lambda h, _: h.closest(30.2, -97.7, 0.9)),
    "availability": ("location_availability", "", lambda h, at: h.availability(at.location)),
    "towers": ("location_lockers", "", lambda h, _: h.towers()),
    "lockers": ("tower_lockers", "", lambda h, _: h.lockers(TOWER)),
    "assigned_lockers": ("assigned_lockers", "", lambda h, _: h.assigned_lockers()),
    "open_request": ("open_request", "", lambda h, at: h.open_request(at.request)),
    "test_token": ("test_token", "", lambda h, _: h.test_token()),
}
CHANGES: dict[str, tuple[str, str, Call]] = {
    "reserve": ("reserve", "available", lambda h, at: h.reserve(TOWER, at.locker, 300)),
    "cancel": (
        "cancel_reservation",
        "reserved",
        lambda h, at: h.cancel_reservation(TOWER, at.locker, at.reservation),
    ),
    "drop_off_token": (
        "drop_off_token",
        "reserved",
        lambda h, at: h.drop_off_token(TOWER, at.locker, 99),
    ),
    "pick_up_token": (
        "pick_up_token",
        "occupied",
        lambda h, at: h.pick_up_token(TOWER, at.locker, 99),
    ),
    "release": ("release", "rented", lambda h, at: h.release(TOWER, at.locker)),
    "open_drop_off_request": (
        "drop_off_request",
        "",
        lambda h, at: h.open_drop_off_request(at.location, 1),
    ),
    "open_pick_up_request": (
        "pick_up_request",
        "occupied",
        lambda h, at: h.open_pick_up_request(at.locker),
    ),
}

# fault → how a read ends, how a changing call ends (None: as if nothing were the matter)
FAULTS: dict[str, tuple[dict[str, Any], Ending, Ending]] = {
    "401": ({"name": "401"}, NotAllowed, NotAllowed),
    "401 once": ({"name": "401", "times": 1}, None, None),
    "403": ({"name": "403"}, NotAllowed, NotAllowed),
    "404": ({"name": "404"}, NotFound, NotFound),
    "409": ({"name": "409"}, Refused, Refused),
    "422": ({"name": "422"}, Refused, Refused),
    "429": ({"name": "429"}, Unavailable, Unavailable),
    "500": ({"name": "500"}, Unavailable, OutcomeUnknown),
    "500 after": ({"name": "500", "after": True}, Unavailable, OutcomeUnknown),
    "503": ({"name": "503", "retry_after": 9}, Unavailable, OutcomeUnknown),
    "reset_before": ({"name": "reset_before"}, Unavailable, OutcomeUnknown),
    "reset_after": ({"name": "reset_after"}, Unavailable, OutcomeUnknown),
    "truncated": ({"name": "truncated"}, Broken, OutcomeUnknown),
    "empty_list": ({"name": "empty_list"}, None, None),
    "unknown_status": ({"name": "unknown_status"}, None, None),
    "wrong_clock": ({"name": "wrong_clock"}, None, None),
}


async def ending(call: Awaitable[Any]) -> object:
    try:
        await call
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_ends_each_call_in_the_named_error(scene: Scene, fault: str) -> None:
    on, of_reads, of_changes = FAULTS[fault]
    expected = dict.fromkeys(READS, of_reads) | dict.fromkeys(CHANGES, of_changes)
    if fault == "truncated":
        expected["test_token"] = None  # its body is UNKNOWN and not read
    ends = {}
    async with scene.harbor() as harbor:
        given = await scene.given(harbor)
        for name, (sandbox_name, status, call) in (READS | CHANGES).items():
            if status:
                given.locker, given.reservation = await scene.fresh(harbor, status)
            await scene.suffer({**on, "call": sandbox_name})
            ends[name] = await ending(call(harbor, given))
            await scene.suffer()
    assert ends == expected


async def test_a_harbor_that_takes_too_long_ends_each_call_too(scene: Scene) -> None:
    async with scene.harbor(timeout=0.3) as harbor:
        locker, _ = await scene.fresh(harbor, "rented")
        await scene.suffer({"name": "latency", "seconds": 3600})
        assert await ending(harbor.lockers(TOWER)) is Unavailable
        assert await ending(harbor.release(TOWER, locker)) is OutcomeUnknown
        scene.clock.turn(3600)
        await scene.suffer()


async def test_a_delay_that_harbor_asks_for_reaches_the_caller(scene: Scene) -> None:
    async with scene.harbor() as harbor:
        locker, _ = await scene.fresh(harbor, "available")
        await scene.suffer({"name": "429", "call": "reserve", "retry_after": 17})
        with pytest.raises(Unavailable) as unavailable:
            await harbor.reserve(TOWER, locker, 300)
        assert unavailable.value.retry_after == 17


@pytest.mark.parametrize("fault", ["429", "500", "503", "reset_before", "truncated"])
async def test_trouble_with_the_accounts_host_sends_nothing(scene: Scene, fault: str) -> None:
    async with scene.harbor() as harbor:
        locker, _ = await scene.fresh(harbor, "rented")
    async with scene.harbor() as harbor:
        await scene.suffer({"name": fault, "call": "token"})
        assert await ending(harbor.release(TOWER, locker)) is Unavailable
        await scene.suffer()
        status = {k.id: k.status for k in await harbor.lockers(TOWER)}
        assert status[locker] is LockerStatus.RENTED


async def test_a_read_outlives_a_passing_fault(scene: Scene) -> None:
    async with scene.harbor(read_retries=Patience(attempts=3, first_wait=0.001)) as harbor:
        for fault in ("500", "reset_after", "truncated"):
            await scene.suffer({"name": fault, "call": "tower_lockers", "times": 2})
            assert len(await harbor.lockers(TOWER)) >= 20


async def test_a_full_size_is_refused_in_harbors_words(scene: Scene) -> None:
    async with scene.harbor() as harbor:
        location = (await scene.given(harbor)).location
        for size in (await harbor.availability(location)).by_size:
            if size.type_id == 4:
                for _ in range(size.count.free):
                    await harbor.open_drop_off_request(location, 4)
        with pytest.raises(Refused, match="No locker available"):
            await harbor.open_drop_off_request(location, 4)


async def test_every_tower_is_discovered_with_its_location(scene: Scene) -> None:
    async with scene.harbor() as harbor:
        towers = await harbor.towers()
        assert len({tower.id for tower in towers}) == 5
        assert len({tower.location.city for tower in towers}) == 2
        for tower in towers:
            free = await harbor.availability(tower.location.id)
            assert 0 < free.count.free <= free.count.total


@contextlib.contextmanager
def everything_logged() -> Any:
    """All that the standard library's loggers and structlog say, at debug level."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as entries:
            yield lambda: said.getvalue() + repr(entries)
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@pytest.mark.parametrize("transport", [None, httpx.AsyncHTTPTransport], ids=["ours", "httpx"])
async def test_no_secret_is_in_any_log_at_debug_level(scene: Scene, transport: Any) -> None:
    with everything_logged() as log:
        carrier = transport() if transport else None
        async with scene.harbor(transport=carrier) as harbor:
            phone = await harbor.phone_token()
            locker, _ = await scene.fresh(harbor, "reserved")
            tokens: list[LockerToken] = [await harbor.drop_off_token(TOWER, locker, 300)]
            occupied, _ = await scene.fresh(harbor, "occupied")
            tokens.append(await harbor.pick_up_token(TOWER, occupied, 300))
            asked = await harbor.open_pick_up_request(occupied)
            for fault in FAULTS.values():
                await scene.suffer({**fault[0], "call": "drop_off_token"})
                await ending(harbor.drop_off_token(TOWER, locker, 300))
        said = log().lower()
    assert asked.link is not None
    secrets = {phone.access_token, asked.link} | {
        secret for token in tokens for secret in (token.payload, token.payload_auth)
    }
    assert "dropoff-locker-tokens" in said  # the log is being listened to
    for secret in secrets:
        assert secret.get_secret_value().lower() not in said
    assert "bearer ey" not in said
