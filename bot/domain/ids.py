"""Identifiers: opaque values that name a person, a delivery, a tower, a locker or a message."""

from __future__ import annotations

import secrets
from typing import NewType

PersonId = NewType("PersonId", int)
"""Telegram's id of a user, which is also the id of that user's private chat."""

DeliveryId = NewType("DeliveryId", str)
"""Ten characters of Crockford base32, lower case; random, short enough for a callback button."""

TowerId = NewType("TowerId", str)
"""Sixteen hexadecimal digits, lower case here; Harbor takes either case (harbor.md §2.1)."""

LockerId = NewType("LockerId", int)
"""The number for API paths; a door's label is its name."""

MessageId = NewType("MessageId", int)

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_delivery_id() -> DeliveryId:
    """Ten random characters (50 bits): short enough for a button, too many to guess."""
    return DeliveryId("".join(secrets.choice(CROCKFORD) for _ in range(10)).lower())


def new_row_id() -> int:
    """A random identity for a card, a request or a lease: 62 bits, so it fits a bigint."""
    return secrets.randbits(62)
