"""Harbor's server: what clients may ask of a locker, without any HTTP.

Guarantees: a call either does everything it says or raises Refusal and changes nothing; two calls
never interleave, since none awaits. What a door did is known here only after `syncing.sync`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.harbor.link_settings import BY_TOKEN, LinkSettings
from sandbox.harbor.lockers import Locker, OpenRequest, Refusal, Tenancy
from sandbox.harbor.registry import ANOTHER, Registry
from sandbox.harbor.sealing import Keypad, OpenOrder, new_token, seal
from sandbox.harbor.states import Cause, Status

Push = Callable[[str, str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class LockerToken:
    """A locker token issued: what the API answers, and what webhooks say of it later."""

    id: int
    locker: Locker
    drop_off: bool
    payload: str = field(repr=False)
    payload_auth: str = field(repr=False)
    expires: datetime
    client_info: str
    request: OpenRequest | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a locker token is asked for: seconds it lasts, text to echo, the link behind it."""

    seconds: float
    client_info: str = ""
    request: OpenRequest | None = None


class Server:
    """Harbor's files and the calls on them.

    `changed()` is called after each visible change, `push(client, event, data)` with each webhook.
    """

    def __init__(
        self,
        clock: Clock,
        registry: Registry,
        link_settings: LinkSettings,
        changed: Callable[[], object],
        push: Push,
    ) -> None:
        self.clock, self.registry, self.link_settings = clock, registry, link_settings
        self.changed, self._push = changed, push
        self.tokens: dict[int, LockerToken] = {}
        self.requests: dict[int, OpenRequest] = {}
        self._reservations: dict[int, Locker] = {}
        self._count = 1000

    def next_id(self) -> int:
        """An id for a reservation, a token or a request."""
        self._count += 1
        return self._count

    def assigned(self, client: str) -> list[Locker]:
        """Every locker in the client's possession."""
        return [locker for locker in self.registry.held() if locker.held_by(client)]

    def reserve(self, client: str, tower_id: str, locker_id: int, seconds: float) -> Locker:
        """Hold an available locker for `seconds`. Raises Refusal."""
        locker = self.registry.locker(tower_id, locker_id)
        locker.move(Cause.RESERVE)
        reservation = self.next_id()
        locker.tenancy = Tenancy(client, reservation, reserved_until=self._in(seconds))
        self._reservations[reservation] = locker
        self.changed()
        return locker

    def cancel(
        self, client: str, tower_id: str, locker_id: int, reservation: int | None = None
    ) -> Locker:
        """Give a reservation up. Raises Refusal."""
        locker = self.registry.locker(tower_id, locker_id)
        locker.check(Cause.CANCEL, client)
        if locker.tenancy is None or reservation not in (None, locker.tenancy.reservation):
            raise Refusal(404, "Reservation not found")
        locker.move(Cause.CANCEL)
        self.changed()
        return locker

    def cancel_by_id(self, client: str, reservation: int) -> Locker:
        """Give a reservation up that is named by nothing else. Raises Refusal."""
        locker = self._reservations.get(reservation)
        if locker is None:
            raise Refusal(404, "Reservation not found")
        locker.check(Cause.CANCEL, client)
        if locker.tenancy is None or locker.tenancy.reservation != reservation:
            raise Refusal(409, f"Reservation {reservation} is over")
        return self.cancel(client, locker.tower, locker.id, reservation)

    def drop_off_token(
        self, client: str, tower_id: str, locker_id: int, asked: Asked
    ) -> LockerToken:
        """A token that opens the locker and leaves it occupied. Raises Refusal."""
        locker = self.registry.locker(tower_id, locker_id)
        self.rent(client, locker, asked.seconds)
        # Opening an occupied locker once more must not make its pick-up tokens worthless.
        stays = locker.status is Status.OCCUPIED
        return self._issue(locker, asked, locker.tower_token if stays else None, drop_off=True)

    def pick_up_token(
        self, client: str, tower_id: str, locker_id: int, asked: Asked
    ) -> LockerToken:
        """A token that opens an occupied locker and leaves it available. Raises Refusal."""
        locker = self.registry.locker(tower_id, locker_id)
        locker.check(Cause.PICK_UP_TOKEN, client)
        return self._issue(locker, asked, None, drop_off=False)

    def rent(self, client: str, locker: Locker, seconds: float) -> Tenancy:
        """Make the locker rented for `seconds` (an occupied one stays so). Raises Refusal."""
        locker.check(Cause.DROP_OFF_TOKEN, client)
        locker.move(Cause.DROP_OFF_TOKEN)
        tenancy = locker.tenancy = locker.tenancy or Tenancy(client)
        tenancy.reserved_until = None
        if locker.status is Status.RENTED:
            until = self._in(seconds)
            tenancy.rented_until = max(until, tenancy.rented_until or until)
        self.changed()
        return tenancy

    def release(self, client: str, tower_id: str, locker_id: int) -> Locker:
        """Decline a rented locker; its tower is told at the next sync. Raises Refusal."""
        locker = self.registry.locker(tower_id, locker_id)
        locker.check(Cause.RELEASE, client)
        locker.move(Cause.RELEASE)
        self._command_release(locker)
        self.changed()
        return locker

    def set_status(self, tower_id: str, locker_id: int, status: Status) -> Locker:
        """Harbor's console: any status at will; the tower's memory follows at its next sync."""
        locker = self.registry.locker(tower_id, locker_id)
        vacant = status in (Status.AVAILABLE, Status.OUT_OF_SERVICE)
        holder = locker.tenancy.client if locker.tenancy else ANOTHER
        locker.status, locker.tenancy = status, None if vacant else Tenancy(holder)
        if status is Status.DECLINED:
            self._command_release(locker)
        else:
            locker.tower_token = new_token()
            free = status is not Status.OCCUPIED
            site = self.registry.site(tower_id)
            site.command(locker.id, None, locker.tower_token, available=free)
        self.changed()
        return locker

    def forget_code(self, locker: Locker, request: OpenRequest) -> None:
        """Let the tower forget a request's keypad code at its next sync."""
        if request.keypad_code is not None:
            self._command_release(locker)

    def push(
        self,
        event: str,
        source: str,
        locker: Locker,
        tenancy: Tenancy,
        *,
        at: datetime | None = None,
        token: LockerToken | None = None,
        keypad_code: str | None = None,
        request: OpenRequest | None = None,
    ) -> None:
        """Tell the locker's client by webhook (the fields of webhooks_notifications)."""
        info = token.client_info if token else request.client_info if request else None
        data = {
            "timestamp": (at or self.clock.now()).isoformat(),
            "locker_id": locker.id,
            "locker_status": locker.status.value,
            "tower_id": locker.tower,
            "source": source,
            "reservation_id": tenancy.reservation,
            "open_locker_token_id": token.id if token else None,
            "keypad_code": keypad_code if self.link_settings.digits_in_webhooks else None,
            "client_info": info,
            "locker_open_request_id": request.id if request else None,
            "locker_open_request_payload": request.payload if request else None,
        }
        self._push(tenancy.client, event, data)

    def _issue(
        self, locker: Locker, asked: Asked, next_token: bytes | None, *, drop_off: bool
    ) -> LockerToken:
        expires = self._in(asked.seconds)
        order = OpenOrder(
            tower=locker.tower,
            locker=locker.id,
            token_id=self.next_id(),
            expires=expires,
            match=locker.tower_token,
            next_token=next_token or new_token(),
            available=not drop_off,
            keypad=self._keypad(asked.request) if drop_off else None,
        )
        sealed = seal(order, self.registry.site(locker.tower).key)
        token = LockerToken(
            order.token_id, locker, drop_off, *sealed, expires, asked.client_info, asked.request
        )
        self.tokens[token.id] = token
        assert locker.tenancy is not None
        # Harbor's sample of this event names no request, even when a link made the token.
        self.push("LOCKER_OPERATION", "LOCKER_TOKEN_CREATED", locker, locker.tenancy, token=token)
        return token

    def _keypad(self, request: OpenRequest | None) -> Keypad | None:
        """What a drop-off token tells its tower, if that is how codes reach it: for the pick-up."""
        if request is None or request.keypad_code is None:
            return None
        if self.link_settings.keypad != BY_TOKEN:
            return None
        return Keypad(
            request.keypad_code, request.persist_keypad_code, new_token(), next_available=True
        )

    def _command_release(self, locker: Locker) -> None:
        site = self.registry.site(locker.tower)
        site.command(locker.id, locker.tower_token, new_token(), available=True)

    def _in(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)
