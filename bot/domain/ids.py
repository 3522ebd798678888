"""Identifiers: opaque values that name a person, a delivery, a tower, a locker or a message."""

from __future__ import annotations

import secrets
from typing import NewType

PersonId = NewType("PersonId", int)
"""Telegram's id of a user, which is also the id of that user's private chat; or an id of ours for
somebody in a browser, who has no chat: see `in_browser`."""

DeliveryId = NewType("DeliveryId", str)
"""Ten characters of Crockford base32, lower case; random, short enough for a callback button."""

TowerId = NewType("TowerId", str)
"""Sixteen hexadecimal digits, lower case here; Harbor takes either case (harbor.md §2.1)."""

LockerId = NewType("LockerId", int)
"""The number for API paths; a door's label is its name."""

MessageId = NewType("MessageId", int)

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


_BROWSERS = -(2**62)
"""Ids from here down are people in browsers. Telegram's, of groups too, have at most 52 bits."""


def in_browser(person: PersonId) -> bool:
    """Whether this person is in a browser: nothing can be written to them, and nothing is owed."""
    return person <= _BROWSERS


def new_browser_id() -> PersonId:
    """A random id for somebody in a browser: 61 bits, so it fits a bigint."""
    return PersonId(_BROWSERS - secrets.randbits(61))


def new_delivery_id() -> DeliveryId:
    """Ten random characters (50 bits): short enough for a button, too many to guess."""
    return DeliveryId("".join(secrets.choice(CROCKFORD) for _ in range(10)).lower())


def read_id(said: object) -> int:
    """A locker's or a row's id, as a button or a draft has it; 0, which is nobody's and nothing's,
    for anything else."""
    text = str(said)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0


def new_row_id() -> int:
    """A random identity for a card, a request or a lease: 62 bits, so it fits a bigint."""
    return secrets.randbits(62)
