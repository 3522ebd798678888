"""Claims: the right to become a recipient, as a link and as a typed code.

Guarantees: everything secret comes from `secrets`; a claim code is read as a person types it
(any case, hyphen or not, O for 0, I and L for 1).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from bot.domain.ids import CROCKFORD, DeliveryId


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to become a recipient: a code to type and a link's payload, both secret."""

    delivery: DeliveryId
    code: str = field(repr=False)
    link: str = field(repr=False)


_READ_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})

CLAIM_LENGTH = 8

LINK_PREFIX = "c_"


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
