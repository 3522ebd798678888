"""Harbor, as the core asks for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.ids import LockerId, TowerId
from bot.domain.openers import OpenLink, Token
from bot.domain.tower import Locker, LockerStatus, Size, Tower


@dataclass(frozen=True, slots=True)
class Push:
    """What a webhook of Harbor said; only a verified one contributes facts of its own.

    `digits` open the door of the `open_request` at the tower's keypad. `reservation` is Harbor's
    number of one, `reference` what `drop_off_link` was given.
    """

    tower: TowerId
    locker: LockerId
    status: LockerStatus
    at: datetime
    source: str
    verified: bool
    open_request: int | None = None
    reservation: str | None = None
    reference: str | None = None
    digits: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many entries of a list can't be read, and why the first of them can't."""

    entries: int
    why: str


class Lockers(Protocol):
    """Harbor's towers and lockers. Every call is one of Harbor's own, or several, over the network.

    Every call raises TryLater (nothing was done; ask again later) and Refused (Harbor said no), as
    Misconfigured where it does not accept our credentials, as NotOffered where it has no such call.
    A call that changes something also raises OutcomeUnknown: it may have been carried out.
    """

    async def towers(self) -> list[Tower]:
        """Every tower that we may use, with its place and opening hours, in no order.

        One request for each tower and more, so the answer is to be kept.
        """
        ...

    async def lockers(self, tower: TowerId) -> list[Locker]:
        """Every locker of `tower`, whatever its status; Refused when there is no such tower."""
        ...

    def lately(self, tower: TowerId, since: datetime) -> list[Locker] | None:
        """What `lockers` last gave for the tower, if that was asked for at `since` or later."""
        ...

    async def assigned(self) -> list[Locker]:
        """Every locker that is ours now (reserved, rented or occupied), at whatever tower.

        The very list of last time means that Harbor's answer is what it was then.
        """
        ...

    def unanswered(self) -> Collection[int]:
        """The locations at which the last `towers` learned nothing to go by: what stands there may
        be missing from it."""
        ...

    def left_out(self) -> Mapping[str, LeftOut | None]:
        """By call, what the lists that were read last are lacking; None: nothing.

        A call that has not been made is not in it.
        """
        ...

    async def reserve(self, tower: TowerId, locker: LockerId, seconds: int) -> str | None:
        """Keep an available locker for us for so long; Refused when it is not available.

        Returns the reservation's id, None where Harbor tells none.
        """
        ...

    async def cancel_reservation(
        self, tower: TowerId, locker: LockerId, reservation: str | None
    ) -> None:
        """Give back a reserved locker; `reservation` is what `reserve` returned.

        Raises NotOffered where Harbor has no call for it: the reservation then runs out by itself.
        """
        ...

    async def drop_off_token(self, tower: TowerId, locker: LockerId, seconds: int) -> Token:
        """A token with which to put something into a locker that is available or reserved for us.

        It is good for `seconds`; the locker is rented to us meanwhile.
        """
        ...

    async def pick_up_token(self, tower: TowerId, locker: LockerId, seconds: int) -> Token:
        """A token, good for `seconds`, with which to take something out of our occupied locker."""
        ...

    async def release(self, tower: TowerId, locker: LockerId) -> None:
        """Give back a rented locker; it is available once its tower has been synced."""
        ...

    async def drop_off_link(
        self,
        tower: Tower,
        size: Size,
        *,
        low: bool,
        keypad: bool = False,
        reference: str = "",
    ) -> OpenLink:
        """A link with which to put something into a locker that Harbor picks at the tower's place.

        The locker is rented to us at once. `low`: a low one, or none; `keypad`: ask for digits too;
        `reference`: what Harbor is to say of it in its pushes.
        Raises NoLocker when none of that kind is free, NotOffered where Harbor says that it has no
        open requests, or the tower has no location.
        """
        ...

    async def pick_up_link(
        self, tower: TowerId, locker: LockerId, *, keypad: bool = False
    ) -> OpenLink:
        """A link with which to take something out of our occupied locker."""
        ...

    async def label(self, tower: TowerId, locker: LockerId) -> Locker | None:
        """The locker as it was last read, whenever that was: its label and size don't change.

        Reads its tower only where that has never been done. None: its tower does not list it.
        """
        ...
