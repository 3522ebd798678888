"""Waiting for a locker of a size at a tower: who is next, and what is promised to whom.

Guarantees: pure functions of waits and lockers. Whoever has waited longest comes first; nothing is
held at Harbor, a promise counts among the people of this bot alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import PersonId, TowerId
from bot.domain.tower import Locker, LockerStatus, Size

WAIT = "wait"
"""The kind of subject of the message that tells somebody of their turn."""


class Waiting(StrEnum):
    """Where a wait stands."""

    WAITING = "waiting"
    TURN = "turn"
    """Its person has been told that a locker is free, and has a head start."""
    BOOKING = "booking"
    """They have used it: a locker has been asked for."""
    PASSED = "passed"
    """They have not used it."""
    OVER = "over"
    """Nothing became free for as long as one may wait."""
    NOWHERE = "nowhere"
    """There is no such locker there at all."""


LASTING = frozenset({Waiting.WAITING, Waiting.TURN, Waiting.BOOKING})
PROMISED = frozenset({Waiting.TURN, Waiting.BOOKING})


class WaitEvent(StrEnum):
    """What happens to a wait, apart from its end: somebody stops waiting, or has their locker."""

    GRANTED = "granted"
    USED = "used"
    UNUSED = "unused"
    """The head start is over."""
    LOST = "lost"
    """The locker was gone before they had it."""
    ENDED = "ended"
    """The longest wait is over."""
    NOT_THERE = "not_there"


STEPS: Mapping[tuple[Waiting, WaitEvent], Waiting] = {
    (Waiting.WAITING, WaitEvent.GRANTED): Waiting.TURN,
    (Waiting.WAITING, WaitEvent.ENDED): Waiting.OVER,
    (Waiting.WAITING, WaitEvent.NOT_THERE): Waiting.NOWHERE,
    (Waiting.TURN, WaitEvent.USED): Waiting.BOOKING,
    (Waiting.TURN, WaitEvent.UNUSED): Waiting.PASSED,
    (Waiting.BOOKING, WaitEvent.UNUSED): Waiting.WAITING,
    (Waiting.BOOKING, WaitEvent.LOST): Waiting.WAITING,
}
"""Where a wait goes from there; whoever has used their turn in vain keeps their place."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits at a tower for a locker of a size; `low`: behind a low door alone.

    `turn_until` is there exactly while the wait is promised a locker.
    """

    id: int
    person: PersonId
    tower: TowerId
    size: Size
    low: bool
    since: datetime
    until: datetime
    state: Waiting = Waiting.WAITING
    turn_until: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        """When time alone changes it next; None: never again."""
        if self.state in PROMISED:
            return self.turn_until
        return self.until if self.state is Waiting.WAITING else None

    def promised(self, now: datetime) -> bool:
        """Whether one free locker is its person's before anybody else's in this bot."""
        return self.state in PROMISED and self.turn_until is not None and self.turn_until > now

    def fits(self, locker: Locker) -> bool:
        """Whether it is what is waited for, whatever its status."""
        return locker.size is self.size and (locker.low or not self.low)


def after(wait: Wait, event: WaitEvent, *, turn_until: datetime | None = None) -> Wait:
    """The wait after that. Raises KeyError where it can't happen."""
    state = STEPS[wait.state, event]
    kept = turn_until or (wait.turn_until if state in PROMISED else None)
    return replace(wait, state=state, turn_until=kept)


def due(wait: Wait, now: datetime) -> WaitEvent | None:
    """What time alone makes of it at `now`."""
    if wait.ends_at is None or wait.ends_at > now:
        return None
    return WaitEvent.ENDED if wait.state is Waiting.WAITING else WaitEvent.UNUSED


class Tapped(StrEnum):
    """What the buttons about a wait say; their argument is its id."""

    BOOK = "wait_book"
    """Book what is free, in one's turn."""
    WHO = "wait_who"
    """The same, but first choose who collects."""
    STOP = "wait_stop"
    """Wait no longer."""


def wait_subject(wait: int) -> str:
    """The subject of the message that tells of the turn."""
    return f"{WAIT}:{wait}"


def wait_of(subject: str) -> int:
    """The wait that the subject of such a message names."""
    return int(subject.partition(":")[2])


def promised_to_others(waits: Iterable[Wait], person: PersonId, now: datetime) -> list[Wait]:
    """The waits of others that a locker is promised to."""
    return [wait for wait in waits if wait.person != person and wait.promised(now)]


def left_over(lockers: Iterable[Locker], promised: Collection[Wait]) -> list[Locker]:
    """The free lockers, one fewer for each promise: whoever waits for a low door sets a low one
    aside, anybody else another where there is one."""
    free = [locker for locker in lockers if locker.status is LockerStatus.AVAILABLE]
    for wait in promised:
        if (locker := _one_for(wait, free)) is not None:
            free.remove(locker)
    return free


def next_in_line(waits: Sequence[Wait], lockers: Iterable[Locker], now: datetime) -> list[Wait]:
    """Whose turn it is now, the longest wait first, as far as free lockers are promised to nobody.
    `waits` are all that last there."""
    free = left_over(lockers, [wait for wait in waits if wait.promised(now)])
    found: list[Wait] = []
    for wait in sorted(waits, key=lambda wait: (wait.since, wait.id)):
        waiting = wait.state is Waiting.WAITING and wait.until > now
        if waiting and (locker := _one_for(wait, free)) is not None:
            free.remove(locker)
            found.append(wait)
    return found


def _one_for(wait: Wait, free: Iterable[Locker]) -> Locker | None:
    fitting = [locker for locker in free if wait.fits(locker)]
    return min(fitting, key=lambda locker: locker.low, default=None)
