"""How much is too much: what one person may do, and how wrong claim codes are counted.

Guarantees: pure functions of counts and moments. Nothing here refuses a link, and nothing that all
people do together refuses anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.claims import CLAIM_LENGTH, LONG_CLAIM_LENGTH
from bot.domain.lifecycle import LIVE, State

WRONG_TRIES_COUNT_FOR = timedelta(hours=24)
"""The window in which wrong claim codes are counted; a right one does not empty it."""
FREE_TRIES = 5
"""Wrong codes where one was asked for, before each costs a pause."""
UNASKED_TRIES = 20
"""Wrong codes elsewhere (they may have been a search) before none is read there any more."""
MANY_TRIES = 40
"""Wrong codes of everybody together in `MANY_TRIES_WITHIN` that operators are told of."""
MANY_TRIES_WITHIN = timedelta(hours=1)
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=6)


def paused_until(tries: int, last: datetime | None) -> datetime | None:
    """Until when no code is read of somebody with so many wrong ones, the latest at `last`.

    The pause doubles with each; None where there is none.
    """
    if last is None or tries < FREE_TRIES:
        return None
    return last + min(_FIRST_PAUSE * (1 << min(tries - FREE_TRIES, 16)), _LONGEST_PAUSE)


def claim_length(*, many_guess: bool) -> int:
    """Characters of a claim code that is made now."""
    return LONG_CLAIM_LENGTH if many_guess else CLAIM_LENGTH


class Limit(StrEnum):
    """What one person may have or do so many times; the value is part of alerts' keys."""

    LIVE = "live"
    """Deliveries under way; what is only prepared does not count."""
    HOLDS = "holds"
    """Lockers held at once without a parcel in them, and tokens that hold one of them longer."""
    BOOKINGS = "bookings"
    """Lockers booked within an hour."""


BOOKINGS_WITHIN = timedelta(hours=1)
LIVE_STATES = LIVE - {State.PREPARED}
"""States that count as `Limit.LIVE`."""
HOLD_STATES = LIVE_STATES - {State.STORED}
"""States that count as `Limit.HOLDS`: a locker is held, or wanted, and no parcel is in it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """So many of each `Limit` for one person; operators of all towers have none."""

    live: int = 100
    holds: int = 12
    bookings: int = 60

    def of(self, limit: Limit) -> int:
        """How many."""
        return {Limit.LIVE: self.live, Limit.HOLDS: self.holds, Limit.BOOKINGS: self.bookings}[
            limit
        ]
