"""Who is to collect a parcel, and how they came to: claimed, picked and here, picked and awaited.

Guarantees: pure values; whoever becomes a recipient, or ceases to be one, does so by
`Recipient.on`, so that nothing of the one before them stays on the delivery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.person import Person


class Reach(StrEnum):
    """What becomes of a pick of somebody."""

    HERE = "here"
    """They have opened the bot: the parcel is theirs at once."""
    AWAITED = "awaited"
    """They have not, or have left it: it is theirs when they open it."""
    REFUSES = "refuses"
    """They take nothing that way: they have to be asked, with a link that anyone can use."""


def reach(person: Person | None, *, refused: bool) -> Reach:
    """What becomes of a pick of `person`; `refused`: they have refused whoever picks them."""
    if refused or (person is not None and not person.pickable):
        return Reach.REFUSES
    return Reach.HERE if person is not None and person.reachable else Reach.AWAITED


@dataclass(frozen=True, slots=True)
class Recipient:
    """The part of a delivery that says who is to collect; see its fields there."""

    id: PersonId | None = None
    name: str | None = None
    picked_by: PersonId | None = None
    awaited: bool = False
    declined: bool = False

    def on(self, delivery: Delivery) -> Delivery:
        """`delivery` with this recipient instead of the one it had."""
        return replace(
            delivery,
            recipient=self.id,
            recipient_name=self.name,
            picked_by=self.picked_by,
            awaited=self.awaited,
            declined=self.declined,
        )

    @classmethod
    def of(cls, delivery: Delivery) -> Recipient:
        """The one that `delivery` has."""
        return cls(
            delivery.recipient,
            delivery.recipient_name,
            delivery.picked_by,
            delivery.awaited,
            delivery.declined,
        )


NOBODY = Recipient()
"""Whoever claims it first."""
