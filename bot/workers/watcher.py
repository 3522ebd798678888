"""Looks at what Harbor says is assigned to us, and draws the conclusions the tables allow.

Guarantees: one assigned-lockers read a look, however many deliveries there are (a page each, where
Harbor gives it in pages); what is there is told before what is gone is confirmed; that a locker has
left us is believed only after the tower's own list has confirmed it, towers side by side, so that a
slow one delays only its own; a locker with a parcel that our list lacks is told, and ends nothing;
a reading older than a delivery's last change says nothing about it; a delivery of which nothing can
be concluded for a fault of our own holds up no other; trouble, and what of Harbor's
lists can't be read, is reported once, and once when it is over. Where Harbor's answer and our own
records are both what they were when they agreed in all, they are not compared again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain.alerts import AlertKind, odd_key, odd_status
from bot.domain.delivery import Delivery, RequestKind
from bot.domain.ids import TowerId
from bot.domain.lifecycle import Event, State
from bot.domain.observations import (
    Door,
    Odd,
    has_left,
    may_hold_parcel,
    meaning,
)
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import EdgeError, Refused, TryLater
from bot.ports.lockers import Lockers, Push
from bot.ports.replicas import News
from bot.usecases.observed import conclude
from bot.usecases.vouching import Stray, last_known, strays
from bot.workers.alerts import Alerts
from bot.workers.comparison import Found, compare
from bot.workers.live import LiveDeliveries
from bot.workers.loop import Underway
from bot.workers.pushes import Pushes
from bot.workers.reachability import Reachability
from bot.workers.reconciler import Reconciler
from bot.workers.signals import LOOK_AGAIN, Signals

log = structlog.get_logger()

AT_ONCE = 16
"""Towers read side by side."""
_SIDE_BY_SIDE = 4
"""Conclusions: half of the connections that steps have on PostgreSQL, where taps need them, too."""
_FAILURES_BORNE = 3
_SLOWER_WHILE_AWAY = 3
FOLLOWED_WITHIN = timedelta(minutes=1)
"""So long Harbor's list may still have the locker of a delivery that has ended."""
_BETWEEN_HINTS = timedelta(seconds=1)
"""How often pushes that anybody may have sent make us look, at most."""


class Watcher:
    """See the module. `turn` is one look; `heard` takes a push."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        policy: Policy,
        signals: Signals,
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._signals = signals
        self._live = LiveDeliveries(database)
        self._quiet: tuple[object, object] | None = None  # between which there was nothing to do
        self._confirming: Underway[TowerId] = Underway(AT_ONCE, lambda _: None)
        self._nudged = False  # by a push that was verified
        self._hinted = False  # by one that anybody may have sent
        self._alerts = Alerts(database, clock, policy)
        self._pushes = Pushes(database, clock, policy)
        self._reconciler = Reconciler(database, lockers, self._alerts, clock, policy)
        self._harbor = Reachability(self._alerts, clock)
        self._began: datetime | None = None
        self._unread: set[TowerId] = set()  # said once each, until they are read again

    @property
    def looked_at(self) -> datetime | None:
        """When assigned lockers were last looked at, by whichever process watches."""
        return self._database.replicas.looked_at

    @property
    def away(self) -> bool:
        """Whether Harbor has failed to answer more than once in a row."""
        return self._harbor.away

    async def turn(self) -> datetime | None:
        """Look once, unless that was done lately and no push asks for it; say when to look again.
        Raises what a confirmation died of, which is that nothing can be written."""
        self._confirming.raise_failure()
        self._signals.lockers.take()
        began = self._clock.now()
        if not self._database.replicas.watches:
            return await self._stand_by(began)
        self._take_pushes()
        again = self._began + self._policy.watch if self._began is not None else began
        if self._hinted and self._began is not None:
            again = min(again, self._began + _BETWEEN_HINTS)
        if not self._nudged and again > began:
            return again
        self._nudged, self._hinted, self._began = False, False, began
        try:
            assigned = await self._lockers.assigned()
        except (TryLater, Refused) as error:
            await self._harbor.failed(error)
            return self._clock.now() + self._policy.watch * _SLOWER_WHILE_AWAY
        await self._harbor.answered()
        live = await self._see(assigned, began)
        return self._clock.now() + (self._policy.watch if live else self._policy.watch_idle)

    async def _stand_by(self, now: datetime) -> datetime:
        """Another process watches: only what was pushed too early waits here, digits for their
        answer and a drop-off that is in doubt for what the other process concludes."""
        if not self._pushes.waiting:
            return now + LOOK_AGAIN
        live = await self._database.look(lambda tx: tx.deliveries_at_harbor(), one_statement=True)
        await self._pushes.again(live, None, now)
        return now + _BETWEEN_HINTS

    def _take_pushes(self) -> None:
        """What other processes were pushed."""
        pushes, self._signals.pushes = self._signals.pushes, set()
        self._nudged |= News.PUSH in pushes
        self._hinted |= bool(pushes)

    async def look(self) -> int:
        """One look at everything, confirmations included; the number of live deliveries. Raises
        TryLater, Refused."""
        began = self._clock.now()
        live = await self._see(await self._lockers.assigned(), began)
        await self.settle()
        return live

    async def settle(self) -> None:
        """Wait for confirmations under way (at shutdown, and in tests)."""
        await self._confirming.settle()

    async def _see(self, listed: Collection[Locker], began: datetime) -> int:
        """Conclude from what is there first: each commit tells those concerned at once. That a
        locker is gone is confirmed beside it, tower by tower, and nobody waits for that."""
        live = await self._live.read()
        await self._pushes.again(live.values(), listed, began)
        same = self._quiet is not None and listed is self._quiet[0] and live is self._quiet[1]
        found = Found() if same else await compare(live, listed)
        self._quiet = None if found else (listed, live)
        odd, failures = await self._conclude_from(found.news, began)
        self._confirm_gone(found.missing, began)
        standing = await self._alerts.standing()
        unlisted = {odd_key(x, LockerStatus.OCCUPIED) for x in found.missing if may_hold_parcel(x)}
        for alert in standing:  # of what is missing the tower's own list tells
            if alert.kind is AlertKind.ODD and alert.key not in odd | unlisted:
                await self._alerts.end(alert.key)
        await self._harbor.left_out(self._lockers.left_out(), standing)
        orphans = await self._unexplained(found.strange, began)
        await self._reconciler.report(orphans, standing)
        self._database.replicas.looked(began)
        if failures:
            raise failures[0]
        return len(live)

    async def heard(self, push: Push) -> None:
        """A push: a verified one tells when the parcel went in, and the digits of a link that is
        out, and makes us look now; any other one does so once a second at most."""
        self._nudged |= push.verified
        self._hinted = True
        self._signals.lockers.set()
        if not self._database.replicas.watches:
            self._database.replicas.tell(News.PUSH if push.verified else News.HINT)
        if push.verified:
            await self._pushes.take(push)

    # -- what is assigned to us

    async def _conclude_from(
        self, news: Iterable[tuple[Delivery, LockerStatus, Event | Odd]], began: datetime
    ) -> tuple[set[str], list[Exception]]:
        """What is there, some at a time, so that they share commits; the keys of the alerts about
        what is odd, and what could not be done."""
        odd, failures, left = set[str](), list[Exception](), list(news)
        for first in range(0, len(left), _SIDE_BY_SIDE):
            some = left[first : first + _SIDE_BY_SIDE]
            told = await asyncio.gather(
                *(self._conclude_one(*each, began) for each in some), return_exceptions=True
            )
            for key in told:
                with _borne(failures):
                    if isinstance(key, BaseException):
                        raise key
                    odd |= {key} if key is not None else set()
        return odd, failures

    async def _conclude_one(
        self, delivery: Delivery, status: LockerStatus, told: Event | Odd, began: datetime
    ) -> str | None:
        """The key of an alert about what is odd."""
        if isinstance(told, Odd):
            return await self._wonder(delivery, status, began)
        await self._conclude(delivery, status, began)
        return None

    async def _wonder(
        self, delivery: Delivery, status: LockerStatus, began: datetime, *, unlisted: bool = False
    ) -> str:
        alert = odd_status(self._clock.now(), delivery, status, unlisted=unlisted)
        if _settled(delivery, began):
            await self._alerts.raise_once(alert)
        return alert.key

    def _confirm_gone(self, missing: Iterable[Delivery], began: datetime) -> None:
        """Side by side, one reading of a tower at a time: a slow tower delays only its own."""
        by_tower: dict[TowerId, list[Delivery]] = defaultdict(list)
        for delivery in missing:
            by_tower[delivery.tower].append(delivery)
        for tower, deliveries in by_tower.items():
            self._confirming.start(tower, self._confirm_at(tower, deliveries, began))

    async def _confirm_at(
        self, tower: TowerId, missing: Iterable[Delivery], began: datetime
    ) -> None:
        try:
            at_tower = {x.id: x.status for x in await self._lockers.lockers(tower)}
        except EdgeError as error:
            if tower not in self._unread:
                log.info("tower_not_read", tower=tower, why=str(error))
            self._unread.add(tower)
            return
        self._unread.discard(tower)
        failures: list[Exception] = []
        for delivery in missing:
            status = at_tower.get(delivery.locker) if delivery.locker is not None else None
            if status is not None:
                with _borne(failures):
                    await self._confirm(delivery, status, began)
        if failures:
            raise failures[0]

    async def _confirm(self, delivery: Delivery, status: LockerStatus, began: datetime) -> None:
        """Our list lacks the delivery's locker, and its tower lists it with `status`."""
        if has_left(delivery, status, began):
            await self._conclude(delivery, LockerStatus.AVAILABLE, began)
        elif status is LockerStatus.OCCUPIED and may_hold_parcel(delivery):
            await self._wonder(delivery, status, began, unlisted=True)
        elif may_hold_parcel(delivery):
            await self._alerts.end(odd_key(delivery, LockerStatus.OCCUPIED))

    async def _conclude(self, delivery: Delivery, status: LockerStatus, began: datetime) -> None:
        event = meaning(delivery.state, status)
        if isinstance(event, Event):
            await self._database.run(lambda tx: self._take(tx, delivery, event, began), brief=True)

    async def _take(self, tx: Transaction, seen: Delivery, event: Event, began: datetime) -> None:
        current = await tx.delivery(seen.id)
        if current is None or current.state is not seen.state:
            return
        if _settled(current, began):
            await conclude(tx, current, event, now=self._clock.now(), policy=self._policy)

    # -- what nobody here remembers

    async def _unexplained(
        self, strange: Mapping[Door, Locker], began: datetime
    ) -> Mapping[Door, Stray]:
        """What of the `strange` nothing explains, late facts taken."""
        if not strange:
            return {}
        since = began - self._policy.late_facts
        latest = await self._database.look(lambda tx: last_known(tx, strange, since))
        orphans: dict[Door, tuple[Locker, Delivery | None]] = {}
        for key, seen in strange.items():
            had = latest.get(key)
            if had is not None and _has_news(had, seen):
                await self._conclude(had, seen.status, began)
            elif had is None or not self._accounted_for(had, seen, began):
                orphans[key] = seen, had
        if not orphans:
            return {}
        return await self._database.look(lambda tx: strays(tx, orphans))

    def _accounted_for(self, had: Delivery, seen: Locker, began: datetime) -> bool:
        """Whether the locker of a delivery that has ended is accounted for: its release is still
        to be asked for or Harbor waits for the tower to hear of it; an operator ended the delivery,
        and what Harbor refused to take back may lapse by itself; or it ended so lately that
        Harbor's list may not have followed yet."""
        if had.asks is RequestKind.RELEASE:
            return True
        if had.state is State.CLOSED and seen.status is LockerStatus.DECLINED:
            return True
        long = self._policy.drop_off if had.state is State.CLOSED else FOLLOWED_WITHIN
        return had.changed_at is not None and began - had.changed_at < long


@contextlib.contextmanager
def _borne(failures: list[Exception]) -> Iterator[None]:
    """Goes on after a failure, which is kept to be raised at the end; of several, where nothing can
    be written, the last is raised at once."""
    try:
        yield
    except Exception as error:
        failures.append(error)
        if len(failures) == _FAILURES_BORNE:
            raise


def _has_news(had: Delivery, seen: Locker) -> bool:
    """Whether the locker's status is a late fact about the ended delivery that had it."""
    return had.locker == seen.id and isinstance(meaning(had.state, seen.status), Event)


def _settled(delivery: Delivery, began: datetime) -> bool:
    """Whether a reading that began then is no older than the delivery's last change."""
    return delivery.changed_at is None or delivery.changed_at <= began
