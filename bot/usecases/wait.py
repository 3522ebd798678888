"""Waiting for a locker: asking for it, no longer wanting it, and booking in one's turn.

Guarantees: one wait for each person, tower and size, and so many of one person; what is no wait of
whoever asks, or no turn of theirs now, is refused and changes nothing.
"""

from __future__ import annotations

from enum import StrEnum

from bot.domain.delivery import Delivery
from bot.domain.ids import TowerId, new_row_id
from bot.domain.openers import Opener, Openers
from bot.domain.opening_hours import is_open
from bot.domain.person import Person
from bot.domain.tower import Low, Size
from bot.domain.waiting import Wait, Waiting, wait_subject
from bot.usecases.actor import Actor
from bot.usecases.book import Booking, request
from bot.usecases.closing import open_for_booking
from bot.usecases.waiting import drop, waited_for_there


class NoWait(StrEnum):
    """Why nobody waits."""

    UNKNOWN = "unknown"
    """No tower goes by that id."""
    CLOSED = "closed"
    """These are not its opening hours."""
    ALREADY = "already"
    """This person does already."""
    TOO_MANY = "too_many"
    """This person waits for as much as one may."""


async def wait_for(
    act: Actor, tower: TowerId, size: Size, *, low: bool, by_link: bool
) -> NoWait | None:
    """Have this person told when such a locker is free; `by_link`: at its location. None: done.
    Raises ClosedForBooking where operators have closed it."""
    towers = await act.tx.towers()
    there = next((known for known in towers if known.id == tower), None)
    if there is None:
        return NoWait.UNKNOWN
    if is_open(there, act.now) is False:
        return NoWait.CLOSED
    await open_for_booking(act, tower, Opener.LINK if by_link else Opener.TOKEN)
    own = await act.tx.waits_of(act.person)
    if any(
        wait.size is size and waited_for_there(towers, wait, tower, by_link=by_link) for wait in own
    ):
        return NoWait.ALREADY
    if len(own) >= act.policy.waits:
        return NoWait.TOO_MANY
    until = act.now + act.policy.wait
    await act.tx.add_wait(Wait(new_row_id(), act.person, tower, size, low, act.now, until))
    return None


async def stop_waiting(act: Actor, wait: int) -> bool:
    """This person no longer waits; False where it is no lasting wait of theirs."""
    if all(own.id != wait for own in await act.tx.waits_of(act.person)):
        return False
    await drop(act.tx, wait, act.now)
    return True


async def turn_of(act: Actor, wait: int) -> Wait | None:
    """The wait, if it is this person's turn by it now."""
    found = next((own for own in await act.tx.waits_of(act.person) if own.id == wait), None)
    is_turn = found is not None and found.state is Waiting.TURN and found.promised(act.now)
    return found if is_turn else None


async def book_turn(act: Actor, sender: Person, wait: Wait, openers: Openers) -> Delivery:
    """Book what this person has waited for, for whoever claims it; the message that told of the
    turn becomes the delivery's card. Raises OverLimit, and ClosedForBooking."""
    booked = Booking(
        tower=wait.tower,
        size=wait.size,
        openers=openers,
        low=Low.ONLY if wait.low else sender.low_locker,
        larger_allowed=sender.larger_allowed,
    )
    return await request(act, sender, booked, card=wait_subject(wait.id))
