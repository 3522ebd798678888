"""Lockers that a delivery of ours has asked for, as far as nothing shows that they have left us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.ids import DeliveryId, LockerId, TowerId
from bot.domain.observations import Door


class Vouched(Protocol):
    """One delivery a locker at most: the last one that asked for it."""

    async def vouch(
        self, tower: TowerId, locker: LockerId, delivery: DeliveryId, at: datetime
    ) -> None:
        """`delivery` has asked for the locker."""
        ...

    async def no_longer_vouch(self, tower: TowerId, locker: LockerId) -> None:
        """Somebody else may have asked for it since."""
        ...

    async def all_vouched(self) -> Sequence[Door]:
        """Every locker of which that is known."""
        ...

    async def vouched(self, doors: Sequence[Door]) -> Mapping[Door, DeliveryId]:
        """Which deliveries asked for these, as far as that is known."""
        ...
