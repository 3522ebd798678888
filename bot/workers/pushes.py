"""What a verified push tells of its own: when a parcel went in, and the digits beside a link.

Guarantees: a drop-off before a delivery came by its locker is not its own, and one in that very
second only where the locker is known to be occupied; digits count only for the very link that is
out. What comes before that can be known is kept for a while, and of it the latest so many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEvent
from bot.domain.lifecycle import Event, State
from bot.domain.observations import meaning
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.lockers import Push
from bot.usecases.cards import show_code, tell
from bot.usecases.observed import conclude
from bot.usecases.transitions import save
from bot.usecases.vouching import heard

_EARLY = timedelta(minutes=1)
"""How long digits are kept for a link of which nobody here knows yet: its push may overtake the
answer that it comes with. What is in doubt is kept until the next look."""
_MOST_EARLY = 64


class Pushes:
    """See the module; `take` is for one as it comes, `again` for those that came too early."""

    def __init__(self, database: Database, clock: Clock, policy: Policy) -> None:
        self._database, self._clock, self._policy = database, clock, policy
        self._early: deque[tuple[datetime, Push]] = deque(maxlen=_MOST_EARLY)

    @property
    def waiting(self) -> bool:
        """Whether any came too early."""
        return bool(self._early)

    async def take(self, push: Push) -> None:
        """Write down whatever it tells."""
        now = self._clock.now()
        await self._database.run(lambda tx: heard(tx, push, self._policy, now))
        if not (push.digits or push.status is LockerStatus.OCCUPIED):
            return
        live = await self._database.look(lambda tx: tx.live_at(push.tower, push.locker))
        there = [x for x in live if x.locker == push.locker]  # others may merely be trying it
        if push.digits is not None and push.open_request is not None:
            noted = [await self._note_digits(delivery, push) for delivery in there]
            if not any(noted):
                self._early.append((self._clock.now(), push))
        if push.status is LockerStatus.OCCUPIED:
            for delivery in there:
                if not await self._note_time(delivery, push.at):
                    self._early.append((self._clock.now(), push))

    async def again(
        self, live: Iterable[Delivery], listed: Collection[Locker] | None, began: datetime
    ) -> None:
        """Digits that came before the answer they belong to, and a drop-off in the very second in
        which the delivery came by its locker: the list says whether the locker is occupied, or
        without one (None) whoever has read it."""
        for _ in range(len(self._early)):
            came, push = self._early.popleft()
            there = [x for x in live if (x.tower, x.locker) == (push.tower, push.locker)]
            if push.digits is not None:
                noted = [await self._note_digits(delivery, push) for delivery in there]
            elif listed is None or began < came:
                noted = [await self._note_time(delivery, push.at) for delivery in there]
            elif _occupied(push, listed):
                noted = [await self._note_time(each, push.at, listed=True) for each in there]
            else:
                continue
            if not any(noted) and began - came < _EARLY:
                self._early.append((came, push))

    async def _note_digits(self, delivery: Delivery, push: Push) -> bool:
        """They count only for the very link that is out: whether it is this delivery's."""

        async def step(tx: Transaction) -> bool:
            code, current = await tx.code(delivery.id), await tx.delivery(delivery.id)
            if code is None or current is None or code.request != push.open_request:
                return False
            if code.digits != push.digits:
                await tx.save_code(replace(code, digits=push.digits))
                await show_code(tx, current, code.holder, now=self._clock.now(), ring=False)
            return True

        return await self._database.run(step, brief=True)

    async def _note_time(self, delivery: Delivery, at: datetime, *, listed: bool = False) -> bool:
        """False where it is in doubt whether that drop-off was this delivery's: towers tell whole
        seconds, and in that one it came by its locker. `listed`: the list has it as occupied."""

        async def step(tx: Transaction) -> bool:
            now = self._clock.now()
            current = await tx.delivery(delivery.id)
            if current is None or current.occupied_at is not None:
                return True
            since = await _theirs_since(tx, current)
            if since is None or at < since.replace(microsecond=0):
                return True
            happened = min(at, now)  # a tower's clock may be ahead of ours
            if meaning(current.state, LockerStatus.OCCUPIED) is Event.DROPPED_OFF:
                if at < since and not listed:
                    return False
                dropped = Event.DROPPED_OFF
                await conclude(
                    tx, current, dropped, now=now, policy=self._policy, occupied_at=happened
                )
            elif (
                current.state is State.STORED and current.reported_at and at <= current.reported_at
            ):
                known = replace(current, occupied_at=happened)
                # Buttons mean what they meant: whoever taps the card as it was is not turned away.
                known = await save(tx, known, now=now, policy=self._policy, seen=False)
                await tell(tx, known, now=now)
            return True

        return await self._database.run(step, brief=True)


def _occupied(push: Push, listed: Iterable[Locker]) -> bool:
    """Whether a parcel is in the push's locker by that list."""
    return any(
        (each.tower, each.id, each.status) == (push.tower, push.locker, LockerStatus.OCCUPIED)
        for each in listed
    )


async def _theirs_since(tx: Transaction, delivery: Delivery) -> datetime | None:
    """When the delivery came by its locker."""
    moments = await tx.history(delivery.id)
    return next((x.at for x in reversed(moments) if x.event is HistoryEvent.RESERVED), None)
