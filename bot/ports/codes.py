"""Codes and claims, as the core asks storage for them: encrypted at rest, found by keyed hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.ids import DeliveryId, PersonId


@dataclass(frozen=True, slots=True)
class WrongTries:
    """Wrong claim codes of one person: `asked` where a code was asked for, the latest of them at
    `last`; `unasked` elsewhere."""

    asked: int = 0
    last: datetime | None = None
    unasked: int = 0


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
        """`code` in canonical form (upper case, no hyphen)."""
        ...

    async def claim_by_link(self, link: str) -> Claim | None:
        """`link` without its prefix."""
        ...

    async def claim_by_page(self, page: str) -> Claim | None:
        """`page` as it stands in the page's address."""
        ...

    async def save_claim(self, claim: Claim) -> None:
        """Replaces the delivery's claim; `code`, `link` and `page` are unique (Conflict)."""
        ...

    async def drop_claim(self, delivery: DeliveryId) -> None:
        """The delivery's claim is over, if there is one."""
        ...

    async def wrong_tries(self, person: PersonId, since: datetime) -> WrongTries:
        """This person's after `since`; whether the person is known does not matter."""
        ...

    async def note_wrong_try(self, person: PersonId, at: datetime, *, asked: bool) -> None:
        """One more; of the person a keyed hash of the id is written down."""
        ...

    async def all_wrong_tries(self, since: datetime) -> int:
        """Everybody's after `since`, asked for or not."""
        ...
