"""The deliveries whose lockers Harbor is watched for, read again only where they have changed.

Guarantees: what is given back is what the database held at one moment, whoever has written there;
where nothing has changed since the last reading it is the very same mapping.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId
from bot.ports.database import Database, Transaction

_AT_ONCE = 200
"""Deliveries that are read before anybody else has a turn."""


class LiveDeliveries:
    """Keeps them; `read` once a look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: Mapping[DeliveryId, Delivery] = {}

    async def read(self) -> Mapping[DeliveryId, Delivery]:
        """Those that hold a locker, or are to."""
        self._held = await self._database.look(self._step)
        return self._held

    async def _step(self, tx: Transaction) -> Mapping[DeliveryId, Delivery]:
        """Of one snapshot: the versions of all, and those whose versions are not known."""
        versions, held = await tx.versions_at_harbor(), self._held
        changed = [
            each
            for each, version in versions.items()
            if (known := held.get(each)) is None or known.version != version
        ]
        if not changed and len(held) == len(versions):
            return held
        now = {each: delivery for each, delivery in held.items() if each in versions}
        for first in range(0, len(changed), _AT_ONCE):
            some = await tx.deliveries_with(changed[first : first + _AT_ONCE])
            now |= {delivery.id: delivery for delivery in some}
        return now
