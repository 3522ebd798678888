"""What Harbor's server knows of a locker, and the one place where its status changes.

Guarantees: a status changes only along a row of `states.TABLE`; a locker that is available or
out of service is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.harbor.schemas import LockerBody, StatusBody
from sandbox.harbor.seeds import LockerSeed
from sandbox.harbor.states import STATUS_IDS, TABLE, Cause, Status


class Refusal(Exception):
    """A call that Harbor refuses: HTTP `status` and `detail`; Harbor's real codes are UNKNOWN."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass(slots=True)
class OpenRequest:
    """A Locker Open request: a link that opens `locker`, as long as the locker is held for it.

    `hold_until`: when a drop-off link's time is over; None for a pick-up. `opened_by`: the id of
    the locker token with which it has opened its door. `keypad_code` opens the same door at the
    keypad; `spent`: link or code has.
    """

    id: int
    client: str
    tower: str
    locker: int
    drop_off: bool
    return_url: str
    client_info: str
    payload: dict[str, Any]
    link: str = ""
    hold_until: datetime | None = None
    keypad_code: str | None = None
    persist_keypad_code: bool = False
    opened_by: int | None = None
    spent: bool = False


@dataclass(slots=True)
class Tenancy:
    """Whose a locker is, till when, and on account of what."""

    client: str
    reservation: int | None = None
    reserved_until: datetime | None = None
    rented_until: datetime | None = None
    request: OpenRequest | None = None


@dataclass(slots=True)
class Locker:
    """The server's record; `tower_token` is what it believes the tower's memory to hold."""

    seed: LockerSeed
    tower: str
    status: Status
    tower_token: bytes
    tenancy: Tenancy | None = None

    @property
    def id(self) -> int:
        """The id used in paths."""
        return self.seed.id

    def may(self, cause: Cause) -> bool:
        """Whether the table knows a way from here."""
        return (self.status, cause) in TABLE

    def check(self, cause: Cause, client: str | None = None) -> None:
        """Raise Refusal unless `cause` is legal here, and for `client` if one is given."""
        if not self.may(cause):
            raise Refusal(409, f"Locker {self.id} is {self.status.value}: {cause.value} refused")
        if client is not None and self.tenancy is not None and self.tenancy.client != client:
            raise Refusal(403, f"Locker {self.id} is not assigned to you")

    def move(self, cause: Cause) -> None:
        """Change the status along the table. Raises Refusal."""
        self.check(cause)
        self.status = TABLE[self.status, cause]
        if self.status is Status.AVAILABLE:
            self.tenancy = None
        elif self.status is not Status.RENTED and self.tenancy is not None:
            self.tenancy.rented_until = None

    def held_by(self, client: str) -> bool:
        """Whether the locker is in the client's possession."""
        return self.tenancy is not None and self.tenancy.client == client

    def body(self) -> LockerBody:
        """As the API shows it."""
        return LockerBody(
            id=self.id,
            name=self.seed.name,
            is_low_locker=self.seed.low,
            tower_id=self.tower,
            status=StatusBody(name=self.status.value, id=STATUS_IDS[self.status]),
            type=self.seed.type,
        )
