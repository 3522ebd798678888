"""Codes and claims, as the core asks storage for them: encrypted at rest, found by keyed hash."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.ids import DeliveryId, PersonId


class Codes(Protocol):
    """At most one code and one claim for each delivery."""

    async def code(self, delivery: DeliveryId) -> Code | None:
        """The delivery's code, in the clear."""
        ...

    async def save_code(self, code: Code) -> None:
        """A new code replaces the delivery's old one."""
        ...

    async def drop_code(self, delivery: DeliveryId) -> None:
        """Forget the delivery's code, if there is one."""
        ...

    async def claim(self, delivery: DeliveryId) -> Claim | None:
        """The delivery's open claim, in the clear."""
        ...

    async def claim_by_code(self, code: str) -> Claim | None:
        """`code` in canonical form (eight characters, upper case, no hyphen)."""
        ...

    async def claim_by_link(self, link: str) -> Claim | None:
        """`link` without its prefix."""
        ...

    async def save_claim(self, claim: Claim) -> None:
        """Replaces the delivery's claim; `code` and `link` are unique (Conflict)."""
        ...

    async def drop_claim(self, delivery: DeliveryId) -> None:
        """The delivery's claim is over, if there is one."""
        ...

    async def wrong_tries(self, person: PersonId) -> tuple[int, datetime | None]:
        """How many wrong claim codes in a row, and until when no more are read."""
        ...

    async def save_wrong_tries(
        self, person: PersonId, tries: int, blocked_until: datetime | None
    ) -> None:
        """Replace what is known of a person's wrong tries."""
        ...
