"""One act of an operator's on many deliveries.

Guarantees: each delivery is checked as if it were the only one, and what has changed since the
operator saw the list stays as it is; all of it is one transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.domain.actions import Action, permitted
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId
from bot.domain.oversight import Stale, is_stale
from bot.usecases.actor import Actor, NotPermitted, NotYours, authorized
from bot.usecases.actor import Stale as Changed
from bot.usecases.oversight import deliveries_at_harbor

MOST_AT_ONCE = 30
"""Deliveries of one act; each writes some ten rows while everybody else waits to write."""

Seen = tuple[DeliveryId, int]
"""A delivery, and the revision that was seen of it."""


@dataclass(frozen=True, slots=True)
class Done:
    """How many deliveries it was done to, and how many had changed and were left as they are."""

    done: int = 0
    left: int = 0


async def stale(act: Actor, why: Stale, action: Action) -> list[Delivery]:
    """The stale deliveries at this operator's towers on which the table permits `action`."""
    return [
        delivery
        for delivery in await deliveries_at_harbor(act.tx, act.person, act.policy)
        if is_stale(delivery, why, act.now, act.policy)
        and permitted(action, delivery, act.person, act.policy)
    ]


async def each(
    act: Actor,
    seen: Sequence[Seen],
    action: Action,
    use_case: Callable[[Actor, Delivery, str], Awaitable[object]],
    words: str,
) -> Done:
    """Take `action` on each as far as it is permitted and the delivery stands as it was seen."""
    done = left = 0
    for delivery, revision in seen[:MOST_AT_ONCE]:
        try:
            found = await authorized(act, delivery, action, revision=revision)
        except (NotYours, Changed, NotPermitted):
            left += 1
            continue
        await use_case(act, found, words)
        done += 1
    return Done(done, left)
