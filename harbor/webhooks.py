"""Harbor's webhook pushes: read, judged by signature, age and size, and given a key.

Guarantees: a push counts as `verified` only if its HMAC over the raw body holds, compared in
constant time; a wrong signature, a push of another time, an oversized or unreadable one is
PushRefused, and so is an unsigned one where pushes are signed. Where they are not, every push is a
mere nudge (`verified` False): a reason to look at Harbor, not a fact. `Repetitions` knows again
what was pushed before.

The envelope's outer timestamp has no zone and is hours off, so the inner one is used. Which
header carries the signature, and by which algorithm, is UNKNOWN: both are settings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError

from harbor.errors import PushRefused
from harbor.reading import AnyId, Digits, LockerNumber, Moment, Number, Tower16, Wire, lenient
from harbor.wire import LockerStatus

ALGORITHMS = ("sha256", "sha512", "sha384", "sha1")
LARGEST = 64 * 1024
OLDEST = timedelta(hours=24)
"""Generous, since a push tells the time of the door, and a tower may be synced hours later."""
AHEAD = timedelta(hours=24)
"""How far a tower's clock may be ahead of ours."""
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Signature:
    """How Harbor signs: the shared `secret`, the header's name, one of `ALGORITHMS`."""

    secret: SecretStr
    header: str = "X-Harbor-Signature"
    algorithm: str = "sha256"

    def holds(self, sent: str, body: bytes) -> bool:
        """Whether `sent` (hex or base64, `sha256=` before it or not) is the HMAC of `body`."""
        key = self.secret.get_secret_value().encode()
        digest = hmac.new(key, body, self.algorithm).digest()
        bare = sent.strip().removeprefix(f"{self.algorithm}=").strip()
        as_hex = hmac.compare_digest(bare.lower().encode(), digest.hex().encode())
        as_base64 = hmac.compare_digest(bare.encode(), base64.b64encode(digest))
        return as_hex or as_base64


class Push(Wire):
    """One event, as documented. `timestamp` is when it happened, by Harbor or at the door."""

    event: str
    verified: bool
    timestamp: Moment
    tower_id: Tower16
    locker_id: LockerNumber
    status_name: str = Field(validation_alias="locker_status")
    source: Annotated[str, lenient("")] = ""
    reservation_id: Annotated[AnyId | None, lenient()] = None
    open_locker_token_id: Annotated[AnyId | None, lenient()] = None
    open_request_id: Annotated[Number | None, lenient()] = Field(
        None, validation_alias="locker_open_request_id"
    )
    open_request_payload: Annotated[dict[str, Any] | None, lenient()] = Field(
        None, validation_alias="locker_open_request_payload", repr=False
    )
    keypad_code: Annotated[Digits | None, lenient()] = None
    client_info: Annotated[str | None, lenient()] = Field(None, repr=False)

    @property
    def status(self) -> LockerStatus:
        """The locker's status after the event; `status_name` is how Harbor said so."""
        return LockerStatus.read(self.status_name)

    @property
    def key(self) -> str:
        """The same for every repetition of this event, different for any other: 32 hex digits."""
        told = (
            self.event,
            self.source,
            self.timestamp.isoformat(),
            self.tower_id,
            self.locker_id,
            self.status.value,
            self.reservation_id,
            self.open_locker_token_id,
            self.open_request_id,
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


class _Envelope(Wire):
    event: str
    data: dict[str, Any]


def read_push(
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    signature: Signature | None = None,
    oldest: timedelta = OLDEST,
    largest: int = LARGEST,
) -> Push:
    """The push in `body`, the raw bytes as received; raises PushRefused.

    `headers` in any case. Without `signature` every push is a nudge only; with one, nothing of a
    push is read before its signature holds.
    """
    if len(body) > largest:
        raise PushRefused(f"a push of more than {largest} bytes", 413)
    if signature is not None:
        _demand(signature, headers, body)
    push = _read(body, verified=signature is not None)
    if push.timestamp < now - oldest:
        raise PushRefused(f"a push older than {oldest}", 400)
    if push.timestamp > now + AHEAD:
        raise PushRefused(f"a push more than {AHEAD} ahead", 400)
    return push


class Repetitions:
    """The verified pushes of late, by their keys; the oldest are forgotten."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}

    def knows(self, push: Push) -> bool:
        """Whether it was taken before."""
        return push.key in self._keys

    def taken(self, push: Push) -> None:
        """It has been taken: whoever sends it again says nothing new."""
        self._keys[push.key] = None
        if len(self._keys) > _REMEMBERED:
            del self._keys[next(iter(self._keys))]


def _demand(signature: Signature, headers: Mapping[str, str], body: bytes) -> None:
    wanted = signature.header.lower()
    sent = next((value for name, value in headers.items() if name.lower() == wanted), None)
    if sent is None:
        raise PushRefused(f"a push without {signature.header}", 401)
    if not signature.holds(sent, body):
        raise PushRefused("a push whose signature does not hold", 401)


def _read(body: bytes, *, verified: bool) -> Push:
    try:
        envelope = _Envelope.model_validate_json(body)
        told = {**envelope.data, "event": envelope.event, "verified": verified}
        return Push.model_validate(told)
    except (ValidationError, OverflowError) as error:  # of a year at the calendar's edge
        raise PushRefused("a push that can't be read", 422) from error
