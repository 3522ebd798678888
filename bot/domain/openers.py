"""With what a door is opened, and how that is written down.

Guarantees: pure values; whatever opens a door shows in no `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from bot.domain.ids import LockerId, TowerId

LONGEST_LINK = 2000
"""Characters: a longer link than this some phones and messengers cut off."""


LONGEST_ALPHANUMERIC, LONGEST_BYTES = 3391, 2331
"""What the largest QR symbol carries at error correction M (ISO/IEC 18004)."""
_ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
"""What it writes in its shorter way."""


class Opener(StrEnum):
    """What Harbor gives to open a door with (harbor.md §3.3, §3.6)."""

    TOKEN = "token"
    """A locker token: for a phone app with Harbor's SDK."""
    LINK = "link"
    """A Locker Open link: for any phone."""


@dataclass(frozen=True, slots=True)
class Openers:
    """What opens the doors of a tower, for each door movement.

    `keypad`: the tower has one, and Harbor is asked for digits beside a link.
    """

    drop_off: Opener = Opener.TOKEN
    pick_up: Opener = Opener.TOKEN
    keypad: bool = False


BY_TOKEN = Openers()
"""What every tower understands."""
BY_LINK = Openers(Opener.LINK, Opener.LINK)
"""What whoever has only a chat can use."""


@dataclass(frozen=True, slots=True)
class Token:
    """A locker token (harbor.md §3.3): two hex strings for the tower, and when it runs out."""

    payload: str = field(repr=False)
    payload_auth: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A Locker Open link (harbor.md §3.6), and the locker that Harbor chose for it.

    `request` is Harbor's id of it, which pushes about it carry; `digits` open the same door at the
    tower's keypad, where Harbor told any.
    """

    tower: TowerId
    locker: LockerId
    url: str = field(repr=False)
    request: int | None = None
    digits: str | None = field(default=None, repr=False)


def token_text(tower: TowerId, locker: LockerId, token: Token) -> str:
    """The text form of a locker token, upper case so that its QR symbol stays alphanumeric."""
    return f"HARBOR://OPEN/{tower}/{locker}/{token.payload}/{token.payload_auth}".upper()


def fits_symbol(text: str) -> bool:
    """Whether a QR symbol carries the text."""
    if _ALPHANUMERIC.issuperset(text):
        return len(text) <= LONGEST_ALPHANUMERIC
    return len(text.encode()) <= LONGEST_BYTES


def app_link(template: str, text: str) -> str | None:
    """The link that hands a token, in its text form, to the app that opens by it.

    `template` names `{tower_id}`, `{locker_id}`, `{payload}` and `{payload_auth}`. None where the
    link would be longer than `LONGEST_LINK`.
    """
    names = ("tower_id", "locker_id", "payload", "payload_auth")
    parts = text.removeprefix("HARBOR://OPEN/").split("/")
    link = template
    for name, value in zip(names, parts, strict=True):
        link = link.replace(f"{{{name}}}", quote(value, safe=""))
    return link if len(link) <= LONGEST_LINK else None
