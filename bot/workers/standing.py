"""What is asked of Harbor, and whether it still is when the answer has come.

Guarantees: an answer to a request that has been replaced meanwhile changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.delivery import Delivery, HarborRequest, RequestKind, Trouble, Turn
from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.usecases.cards import tell
from bot.usecases.transitions import save
from bot.usecases.visit import leave_out

MAKES_SENSE_IN: dict[RequestKind, frozenset[State]] = {
    RequestKind.LOCKER: frozenset({State.REQUESTED}),
    RequestKind.DROP_OFF_TOKEN: frozenset({State.RESERVED, State.RENTED}),
    RequestKind.PICK_UP_TOKEN: frozenset({State.STORED}),
    RequestKind.RELEASE: frozenset({State.RELEASING, State.CLOSED}),
}
"""In which states a request still makes sense; overtaken by events, it is dropped."""


async def standing(tx: Transaction, delivery: Delivery, request: HarborRequest) -> Delivery | None:
    """The delivery as it is, if the request still stands."""
    current = await tx.delivery(delivery.id)
    return current if current is not None and current.still_asks(request) else None


class CarriedOut:
    """Requests that are carried out, or of no use any more."""

    def __init__(self, database: Database, clock: Clock, policy: Policy) -> None:
        self._database, self._clock, self._policy = database, clock, policy

    async def note(self, request: HarborRequest, delivery: Delivery, **changes: object) -> None:
        """It is no longer asked for, and these fields have changed."""

        async def step(tx: Transaction) -> None:
            current = await standing(tx, delivery, request)
            if current is None:
                return
            now = self._clock.now()
            after = replace(current, request=None, **changes)  # type: ignore[arg-type]  # Delivery's own fields
            seen = after.trouble is not current.trouble
            after = await save(tx, after, now=now, policy=self._policy, seen=seen)
            if seen:
                await tell(tx, after, now=now)
            if after.trouble is Trouble.REFUSED and after.turn is Turn.NOW:
                await leave_out(tx, after, now=now, policy=self._policy)

        await self._database.run(step, brief=True)
