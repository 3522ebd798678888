"""Who acts, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.delivery import Delivery, HarborRequest, RequestKind, Role
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import Event
from bot.domain.policy import Policy
from bot.ports.database import Transaction
from bot.usecases.cards import tell
from bot.usecases.transitions import save, transition


class NotYours(Exception):
    """No such delivery for this person (said alike whether it exists or not)."""


class Stale(Exception):
    """The delivery has changed since the button was shown; `delivery` is how it stands."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__("the delivery has changed since")
        self.delivery = delivery


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, when, and on which policy: what every use case is told."""

    tx: Transaction
    person: PersonId
    now: datetime
    policy: Policy

    async def transition(self, delivery: Delivery, event: Event, **changes: object) -> Delivery:
        """`transitions.transition` by this person."""
        return await transition(
            self.tx,
            delivery,
            event,
            now=self.now,
            policy=self.policy,
            by=self.person,
            **changes,  # type: ignore[arg-type]  # the fields of Delivery, by name
        )

    async def note(self, delivery: Delivery, event: str, detail: str | None = None) -> Delivery:
        """Save `delivery`, write `event` into its history and tell those concerned, silently."""
        after = await save(self.tx, delivery, now=self.now, policy=self.policy)
        await self.tx.record(HistoryEntry(after.id, self.now, event, self.person, detail))
        await tell(self.tx, after, now=self.now)
        return after


async def authorized(
    act: Actor, delivery: DeliveryId, *roles: Role, revision: int | None = None
) -> Delivery:
    """The delivery, if the person has one of `roles` (any, if none is named) in it.

    Operators find every delivery when no role is named. Raises NotYours; Stale when `revision`
    is not the present one.
    """
    found = await act.tx.delivery(delivery)
    if found is None:
        raise NotYours
    theirs = found.roles_of(act.person)
    allowed = bool(theirs & frozenset(roles or Role))
    if not allowed and (roles or act.person not in act.policy.operators):
        raise NotYours
    if revision is not None and found.revision != revision:
        raise Stale(found)
    return found


async def ask_of_harbor(
    act: Actor, delivery: Delivery, kind: RequestKind, *, by: PersonId | None
) -> Delivery:
    """Leave a request for the worker, in place of an earlier one; cards say so.

    It is due at once. A call that is under way for an earlier one is waited for by its lease; what
    comes back of it is no answer to this one.
    """
    after = replace(delivery, request=HarborRequest.made(kind, act.now, by), trouble=None)
    after = await save(act.tx, after, now=act.now, policy=act.policy)
    await tell(act.tx, after, now=act.now)
    return after
