"""Making a claim.

Guarantees: while many people guess, codes that are made are longer.
"""

from __future__ import annotations

from bot.domain.alerts import GUESSED_BY_MANY_KEY
from bot.domain.claims import new_claim
from bot.domain.ids import DeliveryId
from bot.domain.limits import claim_length
from bot.ports.database import Transaction


async def make_claim(tx: Transaction, delivery: DeliveryId) -> None:
    """A new claim for the delivery; the one it had, if any, is over."""
    standing = await tx.alert(GUESSED_BY_MANY_KEY)
    many_guess = standing is not None and standing.stands
    await tx.save_claim(new_claim(delivery, claim_length(many_guess=many_guess)))
