"""What becomes of waits for a locker: whose turn it is, and how a wait ends.

Guarantees: a turn is granted and told in one transaction, so the plug pulled at any time loses none
and tells nobody twice; whoever has a locker waits for it no longer, and whoever used their turn in
vain keeps their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.delivery import Delivery
from bot.domain.ids import TowerId
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus, Tower, at_location_of
from bot.domain.waiting import Wait, WaitEvent, Waiting, after, due, next_in_line, wait_subject
from bot.ports.database import Transaction

_AT_ONCE = 100


async def use_turn(tx: Transaction, delivery: Delivery, *, now: datetime) -> None:
    """A locker has been asked for by whoever may have a turn for it."""
    for wait in await _waits_for(tx, delivery):
        if wait.state is Waiting.TURN:
            await tx.save_wait(wait, after(wait, WaitEvent.USED))
            await tx.mark_about(wait_subject(wait.id), now=now)


async def has_come_by(tx: Transaction, delivery: Delivery, *, now: datetime) -> None:
    """Its sender has a locker: whoever waited for it does so no longer."""
    for wait in await _waits_for(tx, delivery):
        await drop(tx, wait.id, now)


async def was_in_vain(tx: Transaction, delivery: Delivery, *, now: datetime) -> None:
    """None was left: a turn that was used for it is lost, and its person waits in their place."""
    for wait in await _waits_for(tx, delivery):
        if wait.state is Waiting.BOOKING:
            await tx.save_wait(wait, after(wait, WaitEvent.LOST))
            await tx.mark(wait.person, wait_subject(wait.id), now=now)


async def let_time_pass(tx: Transaction, *, now: datetime) -> bool:
    """What time alone ends, in silence; False where nothing (more) is due."""
    waits = await tx.waits_due(now, _AT_ONCE)
    for wait in waits:
        event = due(wait, now)
        assert event is not None, "it is due"
        await _changed(tx, wait, after(wait, event), now)
    return bool(waits)


async def give_turns(
    tx: Transaction,
    towers: Sequence[TowerId],
    lockers: Sequence[Locker],
    policy: Policy,
    *,
    now: datetime,
) -> int:
    """`lockers` are all of `towers` now: whose turn it is is told, aloud; how many."""
    waits = await tx.waits_at(towers)
    if not lockers:
        return 0  # absence is not evidence
    for wait in waits:
        if wait.state is Waiting.WAITING and not any(map(wait.fits, lockers)):
            await _changed(tx, wait, after(wait, WaitEvent.NOT_THERE), now)
    there = [wait for wait in waits if any(map(wait.fits, lockers))]
    free = await _free(tx, there, lockers)
    turns = next_in_line(there, free, now)
    for wait in turns:
        told = after(wait, WaitEvent.GRANTED, turn_until=now + policy.head_start)
        await _changed(tx, wait, told, now, ring=True)
    return len(turns)


async def _free(tx: Transaction, waits: Sequence[Wait], lockers: Sequence[Locker]) -> list[Locker]:
    """As many free lockers as could be given, low doors first; what a delivery of ours has is not
    free, whatever an older list says."""
    found: list[Locker] = []
    for size in dict.fromkeys(wait.size for wait in waits):
        wanted = sum(wait.size is size for wait in waits)
        free = [x for x in lockers if x.size is size and x.status is LockerStatus.AVAILABLE]
        for locker in sorted(free, key=lambda locker: not locker.low):
            if wanted and not await tx.live_at(locker.tower, locker.id):
                found.append(locker)
                wanted -= 1
    return found


async def _changed(
    tx: Transaction, before: Wait, now_is: Wait, now: datetime, *, ring: bool = False
) -> None:
    await tx.save_wait(before, now_is)
    await tx.mark(before.person, wait_subject(before.id), now=now, ring=ring)


async def drop(tx: Transaction, wait: int, now: datetime) -> None:
    """Nobody waits for it any more; its message goes."""
    await tx.drop_wait(wait)
    await tx.mark_about(wait_subject(wait), now=now)


async def _waits_for(tx: Transaction, delivery: Delivery) -> list[Wait]:
    """What its sender waits for that the delivery asks for."""
    own = [x for x in await tx.waits_of(delivery.sender) if x.size is delivery.size]
    if not own:
        return []
    towers, by_link = await tx.towers(), delivery.drop_off_opener is Opener.LINK
    return [x for x in own if waited_for_there(towers, x, delivery.tower, by_link=by_link)]


def waited_for_there(towers: Sequence[Tower], wait: Wait, tower: TowerId, *, by_link: bool) -> bool:
    """Whether it is waited for at `tower`, or where a link opens the door at its location."""
    if wait.tower == tower or not by_link:
        return wait.tower == tower
    return any(each.id == tower for each in at_location_of(wait.tower, towers))
