"""Compares all that is ours at Harbor with all that is kept here, once an hour and at a command.

Guarantees: `audit` reads alone, at Harbor and in the database. Once an hour operators are told
too, and what is vouched for and no longer ours is forgotten. What has changed since the reading
began is left to the next one; what comes of an orphan is the reconciler's affair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from bot.domain.alerts import AlertKind, unheld, unheld_key
from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, TowerId
from bot.domain.observations import Door, Odd, has_left, may_hold_parcel, places
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import EdgeError
from bot.ports.lockers import Lockers
from bot.usecases.vouching import Stray, last_known, strays
from bot.workers.alerts import Alerts
from bot.workers.comparison import compare, is_ours

log = structlog.get_logger()

EVERY = timedelta(hours=1)


class Fault(StrEnum):
    """What is wrong; the value is what `lockerbot audit` prints."""

    ORPHAN = "orphan"
    """A locker is ours at Harbor, and no live delivery has it."""
    UNHELD = "unheld"
    """A live delivery's locker is not ours at Harbor, and its tower's list does not explain it."""
    FREED = "freed"
    """The same, and its tower's list explains it: the bot has yet to conclude so."""
    ODD = "odd"
    """Harbor lists a delivery's locker with a status that the delivery does not explain."""
    UNREAD = "unread"
    """A list of Harbor's, or part of it, can't be read: nothing is known of what stands in it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what it is about, as far as that applies; `asked`: our own
    records show that we asked for the orphan; `why`: what can't be read."""

    fault: Fault
    tower: TowerId | None = None
    locker: LockerId | None = None
    name: str | None = None
    status: LockerStatus | None = None
    delivery: Delivery | None = None
    asked: bool = False
    why: str = ""

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for two findings of the same thing."""
        delivery = self.delivery.id if self.delivery else None
        return self.fault, self.tower, self.locker, self.status, delivery, self.why


class Auditor:
    """See the module. `turn` is the hourly one."""

    def __init__(self, database: Database, lockers: Lockers, clock: Clock, policy: Policy) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._alerts = Alerts(database, clock, policy)
        self._next = clock.now() + EVERY

    async def turn(self) -> datetime | None:
        """Once an hour; what can't be read now is left to the next time."""
        now = self._clock.now()
        if now >= self._next:
            self._next = now + EVERY
            try:
                assigned = await self._assigned()
                found = await self._compare(assigned, now)
            except EdgeError as error:
                log.info("audit_put_off", why=str(error))
            else:
                await self._tell(found)
                await self._forget(assigned)
        return self._next

    async def audit(self) -> list[Finding]:
        """All that is wrong now. Raises TryLater, Refused where nothing can be said."""
        began = self._clock.now()
        return await self._compare(await self._assigned(), began)

    async def _assigned(self) -> list[Locker]:
        return [locker for locker in await self._lockers.assigned() if is_ours(locker)]

    async def _compare(self, assigned: Collection[Locker], began: datetime) -> list[Finding]:
        live = await self._database.look(lambda tx: tx.deliveries_at_harbor(), one_statement=True)
        found = await compare({x.id: x for x in live}, assigned)
        missing = [x for x in found.missing if _is_settled(x, began)]
        lists, unread = await self._towers({x.tower for x in missing})
        return [
            *_left_out(self._lockers),
            *unread,
            *await self._orphans(found.strange, began),
            *(
                _odd(delivery, status)
                for delivery, status, told in found.news
                if isinstance(told, Odd) and _is_settled(delivery, began)
            ),
            *(_missing(x, lists[x.tower], began) for x in missing if x.tower in lists),
        ]

    async def _towers(
        self, towers: Iterable[TowerId]
    ) -> tuple[dict[TowerId, Mapping[LockerId, LockerStatus]], list[Finding]]:
        """The statuses of these towers' lockers; what could not be read."""
        lists: dict[TowerId, Mapping[LockerId, LockerStatus]] = {}
        unread = []
        for tower in sorted(towers):
            try:
                lists[tower] = {x.id: x.status for x in await self._lockers.lockers(tower)}
            except EdgeError as error:
                unread.append(Finding(Fault.UNREAD, tower, why=str(error)))
        return lists, unread

    async def _orphans(self, strange: Mapping[Door, Locker], began: datetime) -> list[Finding]:
        if not strange:
            return []
        since, lately = began - self._policy.late_facts, began - self._policy.drop_off

        async def look(tx: Transaction) -> Mapping[Door, Stray]:
            last = await last_known(tx, strange, since)
            found = {key: (seen, last.get(key)) for key, seen in strange.items()}
            return await strays(
                tx,
                {
                    key: (locker, had)
                    for key, (locker, had) in found.items()
                    if had is None or _is_settled(had, lately)
                },
            )

        return [_orphan(stray) for stray in (await self._database.look(look)).values()]

    async def _forget(self, assigned: Collection[Locker]) -> None:
        """What is not ours any more is nobody's to be vouched for."""

        async def step(tx: Transaction) -> None:
            live = await tx.deliveries_at_harbor()
            kept = {place for x in live for place in places(x)}
            kept |= {(locker.tower, locker.id) for locker in assigned}
            for gone in [each for each in await tx.all_vouched() if each not in kept]:
                await tx.no_longer_vouch(*gone)

        await self._database.run(step)

    async def _tell(self, found: Sequence[Finding]) -> None:
        """Into the log; and to operators, of deliveries whose locker is not ours at Harbor and has
        not been for as long as an orphan is waited for."""
        counts = {fault.value: sum(each.fault is fault for each in found) for fault in Fault}
        (log.warning if found else log.info)("audit", **counts)
        long_ago = self._clock.now() - self._policy.orphan_grace
        keys = set()
        for each in found:
            if each.fault is Fault.UNHELD and each.delivery is not None:
                keys.add(unheld_key(each.delivery.id))
                if _is_settled(each.delivery, long_ago):
                    alert = unheld(self._clock.now(), each.delivery, each.status)
                    await self._alerts.raise_once(alert)
        unread = {each.tower for each in found if each.fault is Fault.UNREAD}
        if unread:
            return  # what can't be read puts nothing right
        for alert in await self._alerts.standing():
            if alert.kind is AlertKind.UNHELD and alert.key not in keys:
                await self._alerts.end(alert.key)


def _is_settled(delivery: Delivery, since: datetime) -> bool:
    """Whether it has stood as it does since then."""
    return delivery.changed_at is None or delivery.changed_at <= since


def _odd(delivery: Delivery, status: LockerStatus) -> Finding:
    place = (delivery.tower, delivery.locker, delivery.locker_name)
    return Finding(Fault.ODD, *place, status, delivery=delivery)


def _missing(
    delivery: Delivery, at_tower: Mapping[LockerId, LockerStatus], began: datetime
) -> Finding:
    assert delivery.locker is not None, "only what has one is missed"
    status = at_tower.get(delivery.locker)
    fault = Fault.UNHELD
    if status is not None and has_left(delivery, status, began):
        fault = Fault.FREED
    elif status is LockerStatus.OCCUPIED and may_hold_parcel(delivery):
        fault = Fault.ODD
    place = (delivery.tower, delivery.locker, delivery.locker_name)
    return Finding(fault, *place, status, delivery=delivery)


def _orphan(stray: Stray) -> Finding:
    locker = stray.locker
    place = (locker.tower, locker.id, locker.name)
    return Finding(Fault.ORPHAN, *place, locker.status, delivery=stray.last, asked=stray.asked)


def _left_out(lockers: Lockers) -> list[Finding]:
    found = lockers.left_out().items()
    return [
        Finding(Fault.UNREAD, why=f"{call}: {part.entries} left out, the first: {part.why}")
        for call, part in found
        if part is not None
    ]
