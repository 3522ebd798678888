"""Looks at what Harbor says is assigned to us, and draws the conclusions the tables allow.

Guarantees: one assigned-lockers read a look, however many deliveries there are; a locker's absence
is believed only after the tower's own list has confirmed it; a reading older than a delivery's last
change says nothing about it; trouble is reported once, and once when it is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from bot.alerts import Alerts
from bot.errors import EdgeError, Refused, TryLater
from bot.happening import happen, keep, take_code_away, tell
from bot.lifecycle import FREES, Event, LockerStatus, Odd, State, meaning
from bot.model import Delivery, Locker, LockerId, TowerId
from bot.ports import Clock, Database, Lockers, Push, Transaction
from bot.terms import Terms

log = structlog.get_logger()

Door = tuple[TowerId, LockerId]
_FAILURES_TO_ALERT = 2
_SLOWER_WHILE_AWAY = 3


class Watcher:
    """See the module. `turn` is one look; `heard` takes a push."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        terms: Terms,
        *,
        poke_outbox: Callable[[], None],
    ) -> None:
        self._database, self._lockers, self._clock, self._terms = database, lockers, clock, terms
        self._poke_outbox = poke_outbox
        self._alerts = Alerts(database, clock, terms)
        self._failures = 0
        self.looked_at: datetime | None = None

    @property
    def away(self) -> bool:
        """Whether Harbor has failed to answer more than once in a row."""
        return self._failures >= _FAILURES_TO_ALERT

    async def turn(self) -> datetime | None:
        """Look once; say when to look again."""
        try:
            live = await self.look()
        except (TryLater, Refused) as error:
            await self._away(error)
            return self._clock.now() + self._terms.watch * _SLOWER_WHILE_AWAY
        await self._back()
        return self._clock.now() + (self._terms.watch if live else self._terms.watch_idle)

    async def look(self) -> int:
        """One look at everything; the number of live deliveries. Raises TryLater, Refused."""
        began = self._clock.now()
        assigned = {(x.tower, x.id): x for x in await self._lockers.assigned()}
        live = await self._database.look(lambda tx: tx.live_deliveries())
        holding = [delivery for delivery in live if delivery.state in FREES]
        missing = await self._compare(holding, assigned, began)
        await self._confirm_gone(missing, began)
        await self._unexplained(assigned, live, began)
        self.looked_at = began
        self._poke_outbox()
        return len(live)

    async def heard(self, push: Push) -> None:
        """A push: a verified one tells when the parcel went in; every one makes us look now."""
        if not push.verified or push.status is not LockerStatus.OCCUPIED:
            return
        live = await self._database.look(lambda tx: tx.live_at(push.tower, push.locker))
        for delivery in live:
            if delivery.created_at is not None and push.at >= delivery.created_at:
                await self._note_time(delivery, push.at)
        self._poke_outbox()

    # -- what is assigned to us

    async def _compare(
        self, holding: Iterable[Delivery], assigned: Mapping[Door, Locker], began: datetime
    ) -> list[Delivery]:
        missing: list[Delivery] = []
        for delivery in holding:
            seen = assigned.get(door(delivery)) if delivery.locker is not None else None
            if seen is not None:
                await self._conclude(delivery, seen.status, began)
            elif delivery.locker is not None:
                missing.append(delivery)
        return missing

    async def _confirm_gone(self, missing: Iterable[Delivery], began: datetime) -> None:
        by_tower: dict[TowerId, list[Delivery]] = defaultdict(list)
        for delivery in missing:
            by_tower[delivery.tower].append(delivery)
        for tower, deliveries in by_tower.items():
            at_tower = {x.id: x.status for x in await self._lockers.lockers(tower)}
            for delivery in deliveries:
                status = at_tower.get(delivery.locker) if delivery.locker is not None else None
                if status in FREES[delivery.state]:
                    await self._conclude(delivery, LockerStatus.AVAILABLE, began)

    async def _conclude(self, delivery: Delivery, status: LockerStatus, began: datetime) -> None:
        found = meaning(delivery.state, status)
        if found is None:
            return
        if isinstance(found, Odd):
            key = f"odd:{delivery.id}:{delivery.state.value}:{status.value}"
            await self._alerts.raise_once(key, delivery=delivery.id, status=status.value)
            return
        await self._database.run(lambda tx: self._take(tx, delivery, found, began))

    async def _take(self, tx: Transaction, seen: Delivery, event: Event, began: datetime) -> None:
        current = await tx.delivery(seen.id)
        if current is None or current.state is not seen.state:
            return
        if current.changed_at is not None and current.changed_at > began:
            return  # the reading may be older than this change
        await take(tx, current, event, now=self._clock.now(), terms=self._terms)

    async def _note_time(self, delivery: Delivery, at: datetime) -> None:
        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await tx.delivery(delivery.id)
            if current is None or current.occupied_at is not None:
                return
            if meaning(current.state, LockerStatus.OCCUPIED) is Event.DROPPED_OFF:
                await take(
                    tx, current, Event.DROPPED_OFF, now=now, terms=self._terms, occupied_at=at
                )
            elif current.state is State.STORED and current.heard_at and at <= current.heard_at:
                known = replace(current, occupied_at=at)
                known = await keep(tx, known, now=now, terms=self._terms)
                await tell(tx, known, now=now)

        await self._database.run(step)

    # -- what nobody here remembers

    async def _unexplained(
        self, assigned: Mapping[Door, Locker], live: Iterable[Delivery], began: datetime
    ) -> None:
        known = {door(x) for x in live} | {(x.tower, x.trying) for x in live if x.trying}
        strange = [key for key in assigned if key not in known]
        since = began - self._terms.late_facts
        ended = await self._database.look(lambda tx: tx.deliveries_at(strange, since))
        latest: dict[Door, Delivery] = {}
        for delivery in ended:
            latest.setdefault(door(delivery), delivery)
        orphans = []
        for key in strange:
            event = self._late_fact(latest.get(key), assigned[key].status)
            if event is not None:
                await self._conclude(latest[key], assigned[key].status, began)
            elif not self._fresh(latest.get(key), began):
                orphans.append(key)
        await self._report_orphans({key: assigned[key].status for key in orphans})

    @staticmethod
    def _late_fact(delivery: Delivery | None, status: LockerStatus) -> Event | None:
        found = meaning(delivery.state, status) if delivery is not None else None
        return found if isinstance(found, Event) else None

    def _fresh(self, delivery: Delivery | None, began: datetime) -> bool:
        """Ended so lately that Harbor's list may simply not have followed yet."""
        changed = delivery.changed_at if delivery is not None else None
        return changed is not None and began - changed < self._terms.drop_off

    async def _report_orphans(self, orphans: Mapping[Door, LockerStatus]) -> None:
        keys = {f"orphan:{tower}/{locker}": (tower, locker) for tower, locker in orphans}
        for key, (tower, locker) in keys.items():
            await self._alerts.raise_once(key, tower=tower, locker=locker)
        for alert in await self._alerts.standing("orphan:"):
            if alert.key not in keys:
                await self._alerts.clear(alert.key)
            elif alert.detail.get("release") and (
                orphans[keys[alert.key]] is not LockerStatus.DECLINED  # on its way already
            ):
                await self._release_orphan(*keys[alert.key])

    async def _release_orphan(self, tower: TowerId, locker: LockerId) -> None:
        try:
            await self._lockers.release(tower, locker)
        except EdgeError as error:
            log.warning("orphan_not_released", tower=tower, locker=locker, why=str(error))

    # -- Harbor itself

    async def _away(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == _FAILURES_TO_ALERT:
            log.warning("harbor_away", why=str(error))
            await self._alerts.raise_once("harbor", why=type(error).__name__)
            self._poke_outbox()

    async def _back(self) -> None:
        if self._failures >= _FAILURES_TO_ALERT or self.looked_at is None:
            log.info("harbor_back")
        if await self._alerts.clear("harbor"):
            self._poke_outbox()
        self._failures = 0


async def take(
    tx: Transaction,
    delivery: Delivery,
    event: Event,
    *,
    now: datetime,
    terms: Terms,
    occupied_at: datetime | None = None,
) -> Delivery:
    """Let an observed event happen, with all that follows from it."""
    await take_code_away(tx, delivery, now=now)
    changes: dict[str, Any] = {
        "want": None,
        "want_due": None,
        "trouble": None,
        "code_until": None,
        "held_until": None,
        "reminders_sent": 0,
    }
    if event is Event.DROPPED_OFF:
        changes |= {
            "occupied_at": occupied_at,
            "heard_at": now,
            "collect_until": now + terms.storage,
            "ended_at": None,
        }
    else:
        changes |= {"ended_at": now}
        if event is Event.COLLECTED:
            changes |= {"collected_at": now}
            await tx.drop_claim(delivery.id)
    return await happen(tx, delivery, event, now=now, terms=terms, **changes)


def door(delivery: Delivery) -> Door:
    """Where a delivery's parcel is, or was to be; locker 0 is none."""
    return delivery.tower, delivery.locker or LockerId(0)
