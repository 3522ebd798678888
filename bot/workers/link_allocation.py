"""How a delivery comes by a locker that Harbor picks for a Locker Open link (harbor.md §3.6).

Guarantees: after a lost answer, a locker that a verified push has named as the delivery's is given
back before another is asked for. Where none has named it, it stays rented until Harbor's hold ends,
and operators are told: another system may use the same client of Harbor, and what is merely likely
to be ours is not touched. A link that Harbor gave is used, whatever fails here after that. Sizes
climb to the largest where that is wanted; a low door that is rather wanted is given up before the
size is, one that is a must is not given up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog

from bot.domain.closures import bookable
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, HarborRequest
from bot.domain.ids import LockerId
from bot.domain.observations import Door
from bot.domain.openers import OpenLink
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus, Low, Size, Tower, at_location_of
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import EdgeError, NoLocker, NotOffered, TryLater
from bot.ports.lockers import Lockers
from bot.workers.allotment import Allotments
from bot.workers.codes import link_code
from bot.workers.given import Given
from bot.workers.open_requests import OpenRequests

log = structlog.get_logger()

ANY_LOCKER = LockerId(0)
"""The candidate of a delivery for which Harbor picks the locker: it may have rented one."""
_SOON = 1.0
"""Seconds until Harbor is asked once more whether it has no open requests."""

Kind = tuple[Size, bool]
"""A size, and whether the door has to be low."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A link that Harbor gave, the size that was asked for, and till when it holds its locker."""

    link: OpenLink
    size: Size
    ends: datetime


class LinkAllocator:
    """See the module; shared by all."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        policy: Policy,
        allotments: Allotments,
        open_requests: OpenRequests,
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._allotments, self._open_requests = allotments, open_requests
        self._given: Given[_Made] = Given()

    async def allocate(self, delivery: Delivery, request: HarborRequest) -> bool:
        """Bring a REQUESTED delivery to RENTED; False where no locker is to be had.

        Raises NotOffered where Harbor makes no link there, and whatever else `Lockers` raises.
        """
        if await self._had_before(delivery, request):
            return True
        if delivery.candidate == ANY_LOCKER:
            await self.give_back_unnamed(delivery)
        there = await self._beside(delivery)
        tower = next((tower for tower in there if tower.id == delivery.tower), None)
        if tower is None:
            return False
        if tower.location is None or not self._open_requests.offered:
            raise NotOffered(f"no links are made for tower {tower.id}")
        free = await self._unpromised(delivery, there)
        delivery = await self._allotments.write_down(delivery, ANY_LOCKER, self._policy.link_hold)
        for kind in _wanted(delivery):
            if free is not None and not free[kind]:
                continue
            ends = self._clock.now() + self._policy.link_hold
            try:
                link = await self._asked(tower, kind, delivery)
            except NoLocker:
                free = free if free is not None else await self._counted(there)
                continue
            self._given.keep(request, _Made(link, kind[0], ends))
            return await self._had_before(delivery, request)
        return False

    async def _had_before(self, delivery: Delivery, request: HarborRequest) -> bool:
        """Write down the link that Harbor has given for the request, if it still holds a locker."""
        made = self._given.to(request)
        if made is None or made.ends <= self._clock.now():
            return False
        shown = request.by == delivery.sender
        code = link_code(delivery, CodeKind.DROP_OFF, made.link, made.ends)
        locker = await self._labelled(made.link, made.size)
        held = replace(delivery, held_until=made.ends)
        await self._allotments.had(held, locker, code=replace(code, revealed=shown))
        self._given.forget(request)
        return True

    async def _asked(self, tower: Tower, kind: Kind, delivery: Delivery) -> OpenLink:
        size, low = kind
        keypad = self._policy.openers_at(tower.id).keypad
        try:
            link = await self._lockers.drop_off_link(
                tower, size, low=low, keypad=keypad, reference=delivery.id
            )
        except NoLocker:
            await self._open_requests.made()
            raise
        except NotOffered as error:
            if await self._open_requests.denied():
                raise
            raise TryLater(str(error), _SOON) from error
        await self._open_requests.made()
        return link

    async def _counted(self, towers: list[Tower]) -> Counter[Kind] | None:
        """How many lockers of each kind are free at the towers now, but for doors that are left out
        of booking; None where one can't be read: then Harbor's refusals alone are gone by."""
        lockers = await self._read(towers)
        return None if lockers is None else _kinds(lockers)

    async def _unpromised(self, delivery: Delivery, towers: list[Tower]) -> Counter[Kind] | None:
        """The same without what is promised to others who have waited; None where nothing is, or
        it can't be told."""
        promised = await self._allotments.promised(delivery, [tower.id for tower in towers])
        lockers = await self._read(towers) if promised else None
        if lockers is None:
            return None
        return _kinds(await self._allotments.left_over(delivery, lockers, promised))

    async def _read(self, towers: list[Tower]) -> list[Locker] | None:
        """All lockers of the towers, doors that are left out of booking as out of service; None
        where one of them can't be read."""
        found: list[Locker] = []
        for tower in towers:
            try:
                found += await self._lockers.lockers(tower.id)
            except EdgeError as error:
                log.info("counts_not_read", tower=tower.id, why=str(error))
                return None
        closures = await self._database.glance(lambda tx: tx.closures())
        return bookable(found, closures)

    async def _beside(self, delivery: Delivery) -> list[Tower]:
        """The towers among whose lockers Harbor picks; none where its tower is not known."""
        return at_location_of(delivery.tower, await self._database.look(lambda tx: tx.towers()))

    async def give_back_unnamed(self, delivery: Delivery) -> None:
        """The answer to an earlier request for a link was lost, and with it the link: of what is
        rented, that is given back which our records name as this delivery's, and nothing else."""
        assigned = await self._lockers.assigned()
        rented = [(x.tower, x.id) for x in assigned if x.status is LockerStatus.RENTED]

        async def look(tx: Transaction) -> list[Door]:
            vouched = await tx.vouched(rented)
            return [x for x in rented if vouched.get(x) == delivery.id and not await tx.live_at(*x)]

        for door in await self._database.look(look):
            await self._lockers.release(*door)
            log.info("unnamed_locker_given_back", delivery=delivery.id)
            await self._database.run(partial(_no_longer_vouch, door), one_statement=True)

    async def _labelled(self, link: OpenLink, size: Size) -> Locker:
        """The locker of a link; by its number where its tower does not answer, for it is ours."""
        unnamed = Locker(link.locker, str(link.locker), link.tower, LockerStatus.RENTED, size)
        try:
            return await self._lockers.label(link.tower, link.locker) or unnamed
        except EdgeError as error:
            log.info("label_not_read", tower=link.tower, why=str(error))
            return unnamed


def _wanted(delivery: Delivery) -> Iterator[Kind]:
    """What is asked for, one after the other."""
    for size in delivery.sizes:
        if delivery.low is not Low.ANY:
            yield size, True
        if delivery.low is not Low.ONLY:
            yield size, False


def _kinds(lockers: list[Locker]) -> Counter[Kind]:
    free: Counter[Kind] = Counter()
    for locker in lockers:
        if locker.status is LockerStatus.AVAILABLE and locker.size is not None:
            free[locker.size, False] += 1
            free[locker.size, True] += locker.low
    return free


async def _no_longer_vouch(door: Door, tx: Transaction) -> None:
    """From now on it may be anybody's: whoever rents it next is not to lose it."""
    await tx.no_longer_vouch(*door)
