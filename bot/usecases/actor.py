"""Who acts, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.delivery import Delivery, RequestKind, Role
from bot.domain.history import HistoryEntry, HistoryEvent
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
        """`happening.happen` by this person."""
        return await transition(
            self.tx,
            delivery,
            event,
            now=self.now,
            policy=self.policy,
            by=self.person,
            **changes,  # type: ignore[arg-type]  # the fields of Delivery, by name
        )

    async def note(
        self,
        delivery: Delivery,
        event: HistoryEvent,
        detail: str | None = None,
        *,
        rouse: frozenset[Role] = frozenset(),
    ) -> Delivery:
        """Save `delivery`, write `event` into its history and tell those concerned; the phones of
        the roles in `rouse` ring."""
        after = await save(self.tx, delivery, now=self.now, policy=self.policy)
        await self.tx.record(HistoryEntry(after.id, self.now, event, self.person, detail))
        await tell(self.tx, after, now=self.now, rouse=rouse)
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


def next_due(act: Actor, delivery: Delivery) -> datetime:
    """Now; while somebody is at work on what was wanted before, when they are through with it."""
    return max(act.now, delivery.want_due or act.now)


async def request_of_harbor(
    act: Actor, delivery: Delivery, want: RequestKind, *, show_to: PersonId | None
) -> Delivery:
    """Leave `want` for the worker; the cards of everybody concerned say so."""
    after = replace(
        delivery,
        want=want,
        want_due=next_due(act, delivery),
        want_attempts=0,
        want_by=show_to,
        trouble=None,
    )
    after = await save(act.tx, after, now=act.now, policy=act.policy)
    await tell(act.tx, after, now=act.now)
    return after
