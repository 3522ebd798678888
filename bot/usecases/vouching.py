"""Whether a locker that is ours at Harbor was asked for by us, as our own records have it.

Guarantees: what is only likely vouches for nothing: another system may use the same client of
Harbor. A locker is vouched for from when it is written down to be asked for, or Harbor has named it
for a delivery or said in a verified push that it is one's, until it is refused, has been given back
or has been seen to leave.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId
from bot.domain.observations import Door, places
from bot.domain.policy import Policy
from bot.domain.tower import HELD, Locker, LockerStatus
from bot.ports.database import Transaction
from bot.ports.lockers import Push


@dataclass(frozen=True, slots=True)
class Stray:
    """A locker that is ours at Harbor and explained by no delivery; `last` had it, or was to try
    it, as the last one that is known of; `asked`: our records show that we asked for it."""

    locker: Locker
    last: Delivery | None = None
    asked: bool = False


async def last_known(
    tx: Transaction, doors: Collection[Door], since: datetime
) -> dict[Door, Delivery]:
    """Of each door the last delivery that has ended at `since` or later and had its locker, or was
    to try it."""
    last: dict[Door, Delivery] = {}
    for delivery in await tx.deliveries_at(list(doors), since):
        for door in places(delivery):
            last.setdefault(door, delivery)
    return last


async def strays(
    tx: Transaction, found: Mapping[Door, tuple[Locker, Delivery | None]]
) -> dict[Door, Stray]:
    """Each of these lockers, with what is known of it."""
    told = await tx.vouched(list(found))
    return {
        door: Stray(
            locker,
            await tx.delivery(told[door]) if door in told else last,
            asked=door in told,
        )
        for door, (locker, last) in found.items()
    }


async def heard(tx: Transaction, push: Push, policy: Policy, now: datetime) -> None:
    """A verified push: whoever's the locker is by it is written down. One that does not say whose
    changes nothing while a live delivery has the locker: a token's push names nobody."""
    if push.status not in HELD:
        if push.status is LockerStatus.AVAILABLE:
            await tx.no_longer_vouch(push.tower, push.locker)
        return
    delivery = await _named(tx, push, policy, now)
    if delivery is None:
        live = await tx.live_at(push.tower, push.locker)
        if not any(each.locker == push.locker for each in live):
            await tx.no_longer_vouch(push.tower, push.locker)
    else:
        await tx.vouch(push.tower, push.locker, delivery, now)


async def _named(tx: Transaction, push: Push, policy: Policy, now: datetime) -> DeliveryId | None:
    """The delivery that the push names: by its reference, its reservation or its request."""
    if push.reference is not None:
        named = await tx.delivery(DeliveryId(push.reference))
        return named.id if named is not None else None
    door = (push.tower, push.locker)
    there = [
        *await tx.live_at(*door),
        *await tx.deliveries_at([door], now - policy.late_facts),
    ]
    for delivery in there:
        if push.reservation is not None and delivery.reservation == push.reservation:
            return delivery.id
        code = await tx.code(delivery.id) if push.open_request is not None else None
        if code is not None and code.request == push.open_request:
            return delivery.id
    return None
