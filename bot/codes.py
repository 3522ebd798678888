"""Codes and ids: how they are made, written and read.

Guarantees: everything secret comes from `secrets`; a claim code is read as a person types it
(any case, hyphen or not, O for 0, I and L for 1).
"""

from __future__ import annotations

import secrets

from bot.model import Claim, DeliveryId, LockerId, TowerId
from bot.ports import Token

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
CLAIM_LENGTH = 8
LINK_PREFIX = "c_"


def new_delivery_id() -> DeliveryId:
    """Ten random characters (50 bits): short enough for a button, too many to guess."""
    return DeliveryId("".join(secrets.choice(CROCKFORD) for _ in range(10)).lower())


def new_claim(delivery: DeliveryId) -> Claim:
    """A fresh code of 40 bits, guarded by the delay after wrong tries, and a link of 132."""
    code = "".join(secrets.choice(CROCKFORD) for _ in range(CLAIM_LENGTH))
    return Claim(delivery, code, secrets.token_urlsafe(18)[:22])


def read_claim_code(text: str) -> str | None:
    """The canonical form of a typed claim code, None where `text` can't be one."""
    code = text.strip().upper().translate(_READ_ALIKE)
    return code if len(code) == CLAIM_LENGTH and set(code) <= set(CROCKFORD) else None


def show_claim_code(code: str) -> str:
    """`K7QF-2M9X`."""
    return f"{code[:4]}-{code[4:]}"


def claim_payload(claim: Claim) -> str:
    """What follows `?start=` in a claim link: at most 64 of `A-Za-z0-9_-` (deep links)."""
    return LINK_PREFIX + claim.link


def token_text(tower: TowerId, locker: LockerId, token: Token) -> str:
    """The text form of a locker token, upper case so that its QR symbol stays alphanumeric."""
    return f"HARBOR://OPEN/{tower}/{locker}/{token.payload}/{token.payload_auth}".upper()
