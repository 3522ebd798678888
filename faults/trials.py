"""One telling of the story with a fault at each step, and what came of each.

Guarantees: a fault is in force from the beginning of its step to the end of it, for one call, and
counts as tried only if the call was made. What goes wrong in a telling with many faults is told
once more for each of them alone, so that it is held against the right one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from bot.domain.openers import Opener
from bot.domain.tower import LockerStatus
from bot.workers.watcher import FOLLOWED_WITHIN
from crash.audit import left_alone
from faults.story import PATIENCE, Phones, Step, story
from faults.world import World, a_world
from sandbox.harbor.faults import KNOWN as HARBOR_FAULTS
from sandbox.telegram.state.faults import KNOWN as TELEGRAM_FAULTS

_AGAIN = 3
"""How often somebody taps again before they give up."""
_A_LOOK = 7
"""Seconds in which the watcher looks at Harbor at least once."""
_HOLD = 140
"""Minutes after which whatever is held in this world has run out."""
_REST = 600
_LONGEST = 600.0
"""Seconds for one telling, which takes four on an idle machine and a hundred on a crowded one."""


class Trial(NamedTuple):
    """A fault of `side` ("harbor", "telegram") in one call, at one step of the story."""

    opener: Opener
    step: int
    side: str
    call: str
    fault: str
    parameters: tuple[tuple[str, Any], ...] = ()

    @property
    def said(self) -> str:
        """The fault with its parameters."""
        more = ", ".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.fault}({more})" if more else self.fault


class Outcome(StrEnum):
    """What came of a trial."""

    BY_ITSELF = "by itself"
    AFTER_A_TAP = "after another tap"
    IN_TIME = "when the hold was over"
    LOST = "lost"
    NOT_MET = "not met"


@dataclass
class Told:
    """One telling: each step's outcome, what was wrong, and which calls each step makes."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    calls: dict[int, set[tuple[str, str]]] = field(default_factory=dict)


VARIANTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "500": ({}, {"after": True}),
    "503": ({}, {"after": True}, {"retry_after": 3}),
    "gateway_page": ({"status": 403}, {"status": 404}, {"status": 502}),
}
"""The parameters with which a fault is tried, where its defaults are not all."""
_LINK_CALLS = ("drop_off_request", "pick_up_request")
_LOCKERS = ("tower_lockers", "location_lockers", "assigned_lockers")
_ONLY = {
    "no_open_requests": _LINK_CALLS,
    "empty_list": (*_LOCKERS, "locations"),
    "unknown_status": _LOCKERS,
    "wrong_clock": ("drop_off_token", "pick_up_token", *_LINK_CALLS),
    "repeated_updates": ("getUpdates",),
    "reordered_updates": ("getUpdates",),
    "jumping_ids": ("getUpdates",),
}
"""Faults that mean something in these calls alone."""


def faults_of(side: str, call: str) -> list[tuple[str, tuple[tuple[str, Any], ...]]]:
    """Every fault that a call of that side can suffer."""
    known = HARBOR_FAULTS if side == "harbor" else TELEGRAM_FAULTS
    return [
        (fault.name, tuple(given.items()))
        for fault in known
        # This bot polls, and Harbor pushes nothing to it.
        if not fault.name.startswith("webhook_") and call in _ONLY.get(fault.name, (call,))
        for given in VARIANTS.get(fault.name, ({},))
    ]


def tell(opener: Opener, trials: Mapping[int, Trial]) -> Told:
    """One telling in a loop of its own."""
    return asyncio.run(_tell(opener, trials))


async def _tell(opener: Opener, trials: Mapping[int, Trial]) -> Told:
    told = Told()
    with (
        tempfile.TemporaryDirectory(prefix="lockerbot-faults-") as folder,
        structlog.testing.capture_logs() as log,
    ):
        try:
            async with asyncio.timeout(_LONGEST), a_world(Path(folder), opener) as world:
                await _Telling(world, told, trials).all_of(opener)
        except TimeoutError:
            told.wrong.append(f"not told to its end in {_LONGEST:.0f} s")
        except Exception as e:
            told.wrong.append(f"broke off: {e!r}")
    errors = Counter(str(entry["event"]) for entry in log if entry["log_level"] == "error")
    told.wrong += [f"logged as an error: {event} ×{count}" for event, count in errors.items()]
    return told


class _Telling:
    def __init__(self, world: World, told: Told, trials: Mapping[int, Trial]) -> None:
        self._world, self._told, self._trials = world, told, trials
        self._phones = Phones(world)
        self._step = 0
        self._sends_lost = 0
        _listen(world, self._heard)

    def _heard(self, side: str, call: str) -> None:
        self._told.calls.setdefault(self._step, set()).add((side, call))

    async def all_of(self, opener: Opener) -> None:
        """Step by step, until one is lost."""
        await self._phones.bring("Anna", "Ben")
        for number, step in enumerate(story(opener)):
            self._step = number
            trial = self._trials.get(number)
            if trial is not None:
                self._put(trial)
            if number == 0:
                self._world.begin()
            outcome = await self._outcome(step)
            if outcome is Outcome.LOST:
                self._told.outcomes[number] = outcome
                self._told.wrong.append(f"step {step.name!r} did not come about")
                self._told.wrong += await self._phones.transcript()
                return
            await self._world.pass_by(_A_LOOK)
            met = trial is None or self._clear()
            rested = await self._world.until(self._world.at_rest, _REST)
            if not rested:
                self._told.wrong.append(f"something is owed still after {step.name!r}")
            self._told.outcomes[number] = outcome if met else Outcome.NOT_MET
            self._unanswered(step.name, trial)
        await self._audit()

    async def _outcome(self, step: Step) -> Outcome:
        """What came of the step, whether or not a fault was met in it."""
        done = await self._phones.act(step)
        for taps in range(_AGAIN):
            if done and await self._world.until(lambda: self._sees(step), PATIENCE):
                return Outcome.AFTER_A_TAP if taps else Outcome.BY_ITSELF
            done = await self._phones.tap_again(step)
        return Outcome.IN_TIME if step.in_time and await self._in_time(step) else Outcome.LOST

    async def _in_time(self, step: Step) -> bool:
        """Whether it came about when the hold had run out, with a phone at the tower."""
        for _ in range(_HOLD):
            self._world.clock.turn(60)
            await self._phones.act(step)
            if await self._world.until(lambda: self._sees(step), _A_LOOK):
                return True
        return False

    async def _sees(self, step: Step) -> bool:
        return await self._phones.satisfied(step, doubles=self._sends_lost)

    def _put(self, trial: Trial) -> None:
        side = self._world.harbor if trial.side == "harbor" else self._world.telegram
        of_updates = trial.fault.endswith("_updates") or trial.fault == "jumping_ids"
        call = "*" if of_updates else trial.call
        side.faults.add(trial.fault, call, 1, **dict(trial.parameters))
        sends = trial.call.startswith("send") or trial.call == "editMessageMedia"
        self._sends_lost += trial.fault in ("reply_lost", "slow") and sends

    def _clear(self) -> bool:
        """Whether the fault had been taken."""
        sides = (self._world.harbor, self._world.telegram)
        left = [fault for side in sides for fault in side.faults.on]
        for side in sides:
            side.faults.clear()
        return not left

    def _unanswered(self, step: str, trial: Trial | None) -> None:
        """A button that spins, unless what was tried is that its answer does not get through."""
        queries = self._world.telegram.queries.values()
        spinning = sum(not query.answered for query in queries)
        self._world.telegram.queries.clear()
        excused = trial is not None and trial.call == "answerCallbackQuery"
        if spinning > excused:
            self._told.wrong.append(f"{spinning} buttons spin after {step!r}")

    async def _audit(self) -> None:
        """Nothing is held at Harbor for nobody, but for what operators are told of and nobody may
        touch; nobody sees more than cards account for."""
        if await self._world.lockers.assigned():  # what was used lately is not told of at once
            self._world.clock.turn(FOLLOWED_WITHIN.total_seconds())
            await self._world.pass_by(_A_LOOK)
        held, alone = await self._world.lockers.assigned(), await left_alone(self._world.database)
        self._told.wrong += [
            f"locker {locker.id} is held by nobody here"
            for locker in held
            if not (locker.status is LockerStatus.RENTED and (locker.tower, locker.id) in alone)
        ]
        left = len(await self._phones.messages("Anna"))
        if left > 1 + self._sends_lost:
            self._told.wrong.append(f"{left} messages are left with somebody forgotten")
        counts = await self._world.database.look(lambda tx: tx.counts())
        ends = dict(counts.deliveries)
        if ends.get("collected") != 1:
            self._told.wrong.append(f"the deliveries ended as {ends}")


def _listen(world: World, heard: Any) -> None:
    """Have `heard(side, call)` called for every call that the bot makes."""
    exchanged, take = world.telegram.exchanged, world.harbor.faults.take

    def exchanging(way: str, verb: str, path: str, status: Any, *what: Any) -> None:
        if way == "in":
            heard("telegram", path.removeprefix("/"))
        exchanged(way, verb, path, status, *what)

    def taking(name: str, call: str = "*") -> Any:
        if name == "latency":  # asked first, once for each call
            heard("harbor", call)
        return take(name, call)

    world.telegram.exchanged, world.harbor.faults.take = exchanging, taking
