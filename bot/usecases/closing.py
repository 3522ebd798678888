"""Leaving towers and doors out of booking, and taking them in again.

Guarantees: a tower is closed and opened by an operator of that tower alone; a door that so many
people have reported within a while stays out until such an operator says otherwise; of two at once
one wins. Whatever refuses a booking raises before anything is written.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.alerts import door_left_out, door_out_key
from bot.domain.closures import Closure, closure_of
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.domain.ids import LockerId, TowerId, new_row_id
from bot.domain.openers import Opener
from bot.domain.tower import Tower, as_place, at_location_of
from bot.usecases.actor import Actor, NotYours
from bot.usecases.alerts import end_alert, raise_alert


class ClosedForBooking(Exception):
    """Nothing can be booked at `place` now: the tower, or as a place all of its location; the
    operators' `words` for it."""

    def __init__(self, place: Tower, words: str | None) -> None:
        super().__init__("closed for booking")
        self.place, self.words = place, words


async def open_for_booking(act: Actor, tower: TowerId, opener: Opener) -> None:
    """Raises ClosedForBooking where a locker at `tower`, opened for the drop-off by `opener`, is
    not to be booked."""
    closures = [each for each in await act.tx.closures() if each.locker is None]
    here = await act.tx.tower(tower) if closures else None
    if here is None:
        return
    at_place = opener is Opener.LINK
    towers = await act.tx.towers() if at_place else ()
    closed = closure_of(here, towers, closures, at_place=at_place)
    if closed is not None:
        raise ClosedForBooking(as_place(here) if at_place else here, closed.words)


async def close_tower(act: Actor, tower: TowerId, words: str = "") -> bool:
    """Nothing is booked at the tower from now on; people read `words`. False where it is closed
    already, which then stays as it is."""
    _check(act, tower)
    said = " ".join(words.split())[:MAX_NOTE] or None
    done = await act.tx.close(Closure(new_row_id(), tower, act.now, by=act.person, words=said))
    if done:
        await _tell_who_prepared(act, tower)
    return done


async def open_tower(act: Actor, tower: TowerId, closure: int) -> bool:
    """The tower can be booked again. False where `closure` is not, or no longer, why it can't."""
    _check(act, tower)
    standing = {each.id for each in await act.tx.closures() if each.tower == tower}
    done = closure in standing and await act.tx.reopen(closure, act.now, act.person)
    if done:
        await _tell_who_prepared(act, tower)
    return done


async def back_in_use(act: Actor, tower: TowerId, locker: LockerId) -> bool:
    """The door can be booked again; reports of it count anew. False where it is not left out."""
    _check(act, tower)
    closure = await act.tx.door_closed(tower, locker)
    if closure is None or not await act.tx.reopen(closure.id, act.now, act.person):
        return False
    await end_alert(act.tx, door_out_key(tower, locker), act.policy, now=act.now)
    await _tell_whoever_has_it(act, tower, locker, suspect=False)
    return True


async def leave_out_if_reported(act: Actor, delivery: Delivery) -> Delivery:
    """After a report of the delivery's door: it is left out of booking where so many different
    people have reported it lately. Where nobody looks after the tower nobody could take it in
    again, and it stays in. The delivery as it stands then."""
    tower, locker, policy = delivery.tower, delivery.locker, act.policy
    if locker is None or not policy.operators_at(tower):
        return delivery
    since = act.now - policy.door_reported_within
    if (reopened := await act.tx.door_reopened(tower, locker)) is not None:
        since = max(since, reopened)
    people = await act.tx.door_reporters(tower, locker, since)
    if people < policy.door_reporters:
        return delivery
    name = delivery.locker_name
    if not await act.tx.close(Closure(new_row_id(), tower, act.now, locker, name)):
        return delivery
    await raise_alert(act.tx, door_left_out(act.now, delivery, people), policy)
    await _tell_whoever_has_it(act, tower, locker, suspect=True)
    return await act.tx.delivery(delivery.id) or delivery


async def _tell_who_prepared(act: Actor, tower: TowerId) -> None:
    """Their cards say, in silence, whether they can get a locker there: at the whole location,
    since for a link Harbor picks among all of it."""
    there = at_location_of(tower, await act.tx.towers())
    await act.tx.mark_prepared([each.id for each in there] or [tower], now=act.now)


async def _tell_whoever_has_it(
    act: Actor, tower: TowerId, locker: LockerId, *, suspect: bool
) -> None:
    for each in await act.tx.live_at(tower, locker):
        if each.locker == locker and each.door_suspect is not suspect:
            await act.change(replace(each, door_suspect=suspect))


def _check(act: Actor, tower: TowerId) -> None:
    if not act.policy.operates_at(act.person, tower):
        raise NotYours
