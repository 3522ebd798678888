"""Harbor, as the core asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.ids import LockerId, TowerId
from bot.domain.openers import OpenLink, Token
from bot.domain.tower import Locker, LockerStatus, Size, Tower


@dataclass(frozen=True, slots=True)
class Push:
    """What a webhook of Harbor said; only a verified one contributes facts of its own."""

    tower: TowerId
    locker: LockerId
    status: LockerStatus
    at: datetime
    source: str
    verified: bool


class Lockers(Protocol):
    """Harbor. Raises TryLater, OutcomeUnknown, Refused (NotOffered, Misconfigured)."""

    async def towers(self) -> list[Tower]: ...
    async def lockers(self, tower: TowerId) -> list[Locker]: ...
    async def assigned(self) -> list[Locker]: ...
    async def reserve(self, tower: TowerId, locker: LockerId, seconds: int) -> int | None:
        """The reservation's id, where Harbor tells one."""
        ...

    async def cancel_reservation(
        self, tower: TowerId, locker: LockerId, reservation: int | None
    ) -> None: ...
    async def drop_off_token(self, tower: TowerId, locker: LockerId, seconds: int) -> Token: ...
    async def pick_up_token(self, tower: TowerId, locker: LockerId, seconds: int) -> Token: ...
    async def release(self, tower: TowerId, locker: LockerId) -> None: ...
    async def drop_off_link(self, tower: Tower, size: Size, low: bool) -> OpenLink:
        """Harbor picks the locker; NoLocker when there is none of that size."""
        ...

    async def pick_up_link(self, tower: TowerId, locker: LockerId) -> OpenLink: ...
