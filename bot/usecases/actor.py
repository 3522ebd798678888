"""Who acts, and whether they may: every use case is checked by the table of actions, here.

Guarantees: what `bot.domain.actions` does not permit raises before anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.actions import ANSWERS, CONFIRMS, RULES, Action, concerns, permitted
from bot.domain.delivery import Delivery, HarborRequest, RequestKind, Role
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


class NotPermitted(Exception):
    """The table permits `action` to this person in some state, but not on `delivery` as it is."""

    def __init__(self, action: Action, delivery: Delivery) -> None:
        super().__init__(f"{action.name} is not permitted while {delivery.state.value}")
        self.action, self.delivery = action, delivery


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

    async def change(self, delivery: Delivery) -> Delivery:
        """Save `delivery` and tell those concerned: their cards change in silence, and nothing of
        it stands in the history."""
        after = await save(self.tx, delivery, now=self.now, policy=self.policy)
        await tell(self.tx, after, now=self.now)
        return after

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
        await self.record(after, event, detail)
        await tell(self.tx, after, now=self.now, rouse=rouse)
        return after

    async def record(
        self,
        delivery: Delivery,
        event: HistoryEvent,
        detail: str | None = None,
        *,
        told: PersonId | None = None,
    ) -> None:
        """Write `event` into the delivery's history, as this person's doing."""
        await self.tx.record(HistoryEntry(delivery.id, self.now, event, self.person, detail, told))


async def authorized(
    act: Actor, delivery: DeliveryId, action: Action, *, revision: int | None = None
) -> Delivery:
    """The delivery, if the table lets this person take `action` on it now.

    Raises NotYours if there is no such delivery, or the person has no role that `action` names;
    Stale if `revision` is not the present one (and the action does not count at any revision);
    NotPermitted if the action is theirs, but not now.
    """
    found = await act.tx.delivery(delivery)
    if found is None or not concerns(action, found, act.person, act.policy):
        raise NotYours
    if revision is not None and found.revision != revision and not _at_any_revision(action):
        raise Stale(found)
    check(act, action, found)
    return found


def check(act: Actor, action: Action, delivery: Delivery) -> None:
    """Raises NotYours or NotPermitted where the table does not let this person take `action`."""
    if permitted(action, delivery, act.person, act.policy) is None:
        if not concerns(action, delivery, act.person, act.policy):
            raise NotYours
        raise NotPermitted(action, delivery)


def _at_any_revision(action: Action) -> bool:
    """Whether it counts though the card has changed: what only asks "sure?" changes nothing, and
    its "yes" carries the revision that the question shows."""
    return action in ANSWERS or any(
        rule.at_any_revision for rule in RULES[CONFIRMS.get(action, action)]
    )


async def ask_of_harbor(
    act: Actor, delivery: Delivery, kind: RequestKind, *, by: PersonId | None
) -> Delivery:
    """Leave a request for the worker; the cards of everybody concerned say so.

    `by` is who is shown the code at once; None: nobody, until they ask. Where one of this kind is
    under way already, by the same person or whoever asked, if `by` is None, nothing more is asked,
    and `delivery` comes back unchanged. Any other request is replaced: the new one is due at once,
    whatever was put off before. A call that is under way for an earlier one is waited for by its
    lease; what comes back of it is no answer to this one.
    """
    under_way = delivery.request
    if under_way is not None and under_way.kind is kind and by in (under_way.by, None):
        return delivery
    wanted = HarborRequest.made(kind, act.now, by)
    return await act.change(replace(delivery, request=wanted, trouble=None))
