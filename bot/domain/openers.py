"""What Harbor gives to open a door with, and how a token is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.ids import LockerId, TowerId


@dataclass(frozen=True, slots=True)
class Token:
    """A locker token (harbor.md §3.3): two hex strings for the tower, and when it runs out."""

    payload: str = field(repr=False)
    payload_auth: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A Locker Open link (harbor.md §3.6), and the locker that Harbor chose for it."""

    tower: TowerId
    locker: LockerId
    url: str = field(repr=False)


def token_text(tower: TowerId, locker: LockerId, token: Token) -> str:
    """The text form of a locker token, upper case so that its QR symbol stays alphanumeric."""
    return f"HARBOR://OPEN/{tower}/{locker}/{token.payload}/{token.payload_auth}".upper()
