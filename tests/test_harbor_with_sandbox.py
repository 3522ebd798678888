"""The adapter and the sandbox's Harbor, driven together for thousands of steps over real HTTP.

The oracle is written anew from Harbor's diagram: from the status that the adapter reads and the
lockers it finds assigned, it says whether a call must succeed and to what it must lead.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from bot.domain.ids import LockerId, TowerId
from cli.sandbox_server import serving_sandbox
from harbor.client import Harbor
from harbor.errors import HarborError, OutcomeUnknown, Refused, Unavailable
from harbor.wire import LockerStatus, LockerToken
from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from tests.support.harbor_stand_in import ONCE, access
from tests.support.plain_http import plain_http
from tests.support.run import examples

TOWER = TowerId("0100000000000101")
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
S = LockerStatus
T = TypeVar("T")

# (call, status) → the status it leads to; the call is ours to make only on a locker of ours,
# unless that is available. Every pair that is not here must be refused.
LEGAL: dict[tuple[str, LockerStatus], LockerStatus] = {
    ("reserve", S.AVAILABLE): S.RESERVED,
    ("cancel", S.RESERVED): S.AVAILABLE,
    ("drop_off_token", S.AVAILABLE): S.RENTED,
    ("drop_off_token", S.RESERVED): S.RENTED,
    ("drop_off_token", S.RENTED): S.RENTED,
    ("drop_off_token", S.OCCUPIED): S.OCCUPIED,
    ("pick_up_token", S.OCCUPIED): S.OCCUPIED,
    ("release", S.RENTED): S.DECLINED,
}
CALLS = sorted({call for call, _ in LEGAL})

# fault → the error it leads to, and whether a legal call is carried out all the same
FAULTS: dict[str, tuple[type[HarborError], bool]] = {
    "409": (Refused, False),
    "422": (Refused, False),
    "429": (Unavailable, False),
    "500": (OutcomeUnknown, False),
    "500 after": (OutcomeUnknown, True),
    "503 after": (OutcomeUnknown, True),
    "reset_before": (OutcomeUnknown, False),
    "reset_after": (OutcomeUnknown, True),
    "truncated": (OutcomeUnknown, True),
}
EVEN_WHEN_ILLEGAL = {"409", "422", "429", "500", "reset_before"}


@dataclass(frozen=True)
class Seen:
    """What the adapter reads at one moment: four lockers' status, and which are ours."""

    status: dict[LockerId, LockerStatus]
    ours: frozenset[LockerId]

    def held_by(self, rival: bool, locker: LockerId) -> bool:
        """Whether one of the two holds the locker: what is held and not ours is theirs."""
        held = self.status[locker] not in (S.AVAILABLE, S.OUT_OF_SERVICE)
        return held and (locker in self.ours) is not rival


class World:
    """A served Harbor, its control side, and two service providers' adapters."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.clock = Clock(START, stopped=True)
        self.stack = contextlib.AsyncExitStack()

    def do(self, errand: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(errand)

    async def open(self) -> None:
        app = create_app(clock=self.clock)
        self.harbor = app.state.harbor
        base = await self.stack.enter_async_context(serving_sandbox(app))
        self.control = await self.stack.enter_async_context(plain_http(base_url=base))
        self.us, self.rival = [
            await self.stack.enter_async_context(
                Harbor(access(base, who), read_retries=ONCE, clock=self.clock.now)
            )
            for who in ("sandbox", "another")
        ]


class AdapterAndSandbox(RuleBasedStateMachine):
    """Four lockers of one tower; `seen` is what the adapter read last."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.do, self.clock, self.control = world.do, world.clock, world.control
        self.us, self.rival, self.harbor = world.us, world.rival, world.harbor
        self.tokens: list[tuple[str, LockerId, LockerToken]] = []
        self.automatic = True
        self.do(self.begin())

    async def begin(self) -> None:
        (await self.control.post("/sandbox/reset")).raise_for_status()
        free = [k for k in await self.us.lockers(TOWER) if k.status is S.AVAILABLE]
        self.lockers = [locker.id for locker in free[:4]]
        self.seen = await self.look()

    async def look(self) -> Seen:
        lockers = await self.us.lockers(TOWER)
        ours = await self.us.assigned_lockers()
        return Seen(
            {locker.id: locker.status for locker in lockers if locker.id in self.lockers},
            frozenset(locker.id for locker in ours),
        )

    @rule(
        call=st.sampled_from(CALLS),
        which=st.integers(0, 3),
        rival=st.integers(0, 4).map(lambda n: n == 0),
        seconds=st.integers(30, 1200),
        fault=st.none() | st.none() | st.sampled_from(sorted(FAULTS)),
    )
    def ask(self, call: str, which: int, rival: bool, seconds: int, fault: str | None) -> None:
        self.do(self.asked(call, self.lockers[which], rival, seconds, fault))

    async def asked(
        self, call: str, locker: LockerId, rival: bool, seconds: int, fault: str | None
    ) -> None:
        before = self.seen
        status = before.status[locker]
        mine = before.held_by(rival, locker) or status is S.AVAILABLE
        legal = (call, status) in LEGAL and mine
        error, carried_out = self.expected(legal, fault)

        if fault:
            await self.suffer(fault, call)
        ended = await self.end_of(call, locker, self.rival if rival else self.us, seconds)
        if fault:
            await self.suffer(None, call)

        assert ended is None if error is None else isinstance(ended, error), (ended, error)
        after = self.seen = await self.look()
        assert after.status[locker] is (LEGAL[call, status] if carried_out else status)
        assert {k: v for k, v in after.status.items() if k != locker} == {
            k: v for k, v in before.status.items() if k != locker
        }
        if carried_out:
            assert after.held_by(rival, locker) is (after.status[locker] is not S.AVAILABLE)
        else:
            assert after.ours == before.ours

    @staticmethod
    def expected(legal: bool, fault: str | None) -> tuple[type[HarborError] | None, bool]:
        if fault is None or not (legal or fault in EVEN_WHEN_ILLEGAL):
            return (None, True) if legal else (Refused, False)
        error, carried_out = FAULTS[fault]
        return error, carried_out and legal

    async def suffer(self, fault: str | None, call: str) -> None:
        name, _, after = (fault or "").partition(" ")
        at = "cancel_reservation" if call == "cancel" else call
        on = [{"name": name, "call": at, **({"after": True} if after else {})}] if fault else []
        (await self.control.put("/sandbox/faults", json=on)).raise_for_status()

    async def end_of(
        self, call: str, locker: LockerId, harbor: Harbor, seconds: int
    ) -> HarborError | None:
        """Make the call, keep what it brings, and say how it ended."""
        calls: dict[str, Callable[[], Awaitable[Any]]] = {
            "reserve": lambda: harbor.reserve(TOWER, locker, seconds),
            "cancel": lambda: harbor.cancel_reservation(
                TOWER, locker, self.reservation_of(locker) or 0
            ),
            "drop_off_token": lambda: harbor.drop_off_token(TOWER, locker, seconds, "hypothesis"),
            "pick_up_token": lambda: harbor.pick_up_token(TOWER, locker, seconds),
            "release": lambda: harbor.release(TOWER, locker),
        }
        try:
            brought = await calls[call]()
        except HarborError as error:
            return error
        if call == "reserve":
            assert brought.id == self.reservation_of(locker)
        if isinstance(brought, LockerToken):
            self.tokens.append((call, locker, brought))
        return None

    def reservation_of(self, locker: LockerId) -> int | None:
        """Harbor's own note: no call tells the id of a reservation whose answer was lost."""
        tenancy = self.harbor.registry.locker(TOWER, locker).tenancy
        return tenancy.reservation if tenancy else None

    @precondition(lambda self: self.tokens)
    @rule(which=st.integers(0, 1000))
    def hold(self, which: int) -> None:
        self.do(self.held(*self.tokens[which % len(self.tokens)]))

    async def held(self, kind: str, locker: LockerId, token: LockerToken) -> None:
        before = self.seen
        code = {
            "payload": token.payload.get_secret_value(),
            "payload_auth": token.payload_auth.get_secret_value(),
        }
        answer = await self.control.post(f"/sandbox/towers/{TOWER}/hold", json=code)
        after = self.seen = await self.look()
        if answer.status_code == 409:
            assert answer.json()["error"]["domain"].startswith("firmware")
            assert after == before
            return
        assert answer.status_code == 200
        assert answer.json()["locker"] == locker
        assert token.expires is not None
        assert self.clock.now() < token.expires
        if self.automatic:
            wanted = S.OCCUPIED if kind == "drop_off_token" else S.AVAILABLE
            assert after.status[locker] is wanted
        await self.control.post(f"/sandbox/towers/{TOWER}/lockers/{locker}/close")

    @rule(seconds=st.integers(1, 900))
    def time_passes(self, seconds: int) -> None:
        self.clock.turn(seconds)
        self.seen = self.do(self.look())

    @rule(automatic=st.booleans())
    def phones_sync_or_do_not(self, automatic: bool) -> None:
        self.automatic = automatic
        self.do(self.control.put("/sandbox/sync", json={"automatic": automatic}))

    @rule()
    def a_phone_syncs(self) -> None:
        self.do(self.synced())

    async def synced(self) -> None:
        before = self.seen
        (await self.control.post(f"/sandbox/towers/{TOWER}/sync")).raise_for_status()
        after = self.seen = await self.look()
        for locker, status in before.status.items():
            if status is S.DECLINED:
                assert after.status[locker] in (S.AVAILABLE, S.OCCUPIED)

    @rule(which=st.integers(0, 3), status=st.sampled_from(["out of service", "available"]))
    def the_console_takes_a_locker_out_and_back(self, which: int, status: str) -> None:
        self.do(self.set_by_console(self.lockers[which], status))

    async def set_by_console(self, locker: LockerId, status: str) -> None:
        path = f"/sandbox/towers/{TOWER}/lockers/{locker}/status"
        (await self.control.post(path, json={"status": status})).raise_for_status()
        seen = self.seen = await self.look()
        assert seen.status[locker] is LockerStatus.read(status)
        assert locker not in seen.ours


def test_the_adapter_and_harbor_agree_after_every_step() -> None:
    steps = settings(
        max_examples=examples(8),
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        world = World(loop)
        try:
            world.do(world.open())
            run_state_machine_as_test(lambda: AdapterAndSandbox(world), settings=steps)
        finally:
            world.do(world.stack.aclose())
