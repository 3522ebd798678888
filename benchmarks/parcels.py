"""A database full of parcels that are about to be put in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.harbor import TOWER

if TYPE_CHECKING:
    from bot.ports.database import Database, Transaction

_SENDERS, _RECIPIENTS = 2_000_000, 3_000_000
_PORTION = 250


async def fill(database_url: str, parcels: int) -> None:
    """So many parcels that are about to be put in: each with a sender who is shown its code, and a
    recipient who waits for it."""
    from datetime import time as dt_time

    from benchmarks.settings import KEY
    from bot.domain.tower import Hours, Tower
    from storage import open_database

    week = {day: (Hours(dt_time(0), dt_time(23, 59)),) for day in range(7)}
    tower = Tower(TOWER, "Market", "Road 1", "Austin", 30.3, -97.7, "America/Chicago", week)
    async with open_database(database_url, keys=[KEY]) as database:
        await database.run(lambda tx: tx.save_towers([tower]))
        for first in range(1, parcels + 1, _PORTION):
            some = range(first, min(first + _PORTION, parcels + 1))
            await database.run(partial(_add, some=some))
            await _show_all(database)


async def _add(tx: Transaction, some: Sequence[int]) -> None:
    from bot.domain.card import code_subject, delivery_subject
    from bot.domain.codes import Code, CodeKind
    from bot.domain.delivery import Delivery
    from bot.domain.ids import DeliveryId, LockerId, PersonId
    from bot.domain.lifecycle import State
    from bot.domain.openers import Opener
    from bot.domain.person import Person as Known
    from bot.domain.tower import Size as Locker
    from cli.system_clock import SystemClock

    now = SystemClock().now()
    later = now + timedelta(hours=1)
    for number in some:
        sender, recipient = PersonId(_SENDERS + number), PersonId(_RECIPIENTS + number)
        parcel = DeliveryId(f"{number:010d}")
        await tx.save_person(Known(sender, "Ann"))
        await tx.save_person(Known(recipient, "Ben"))
        await tx.add_delivery(
            Delivery(
                parcel,
                sender=sender,
                tower=TOWER,
                size=Locker.SMALL,
                state=State.RENTED,
                recipient=recipient,
                locker=LockerId(number),
                locker_name="14",
                created_at=now,
                changed_at=now,
                held_until=later,
                code_until=later,
            )
        )
        code = Code(parcel, CodeKind.DROP_OFF, Opener.TOKEN, sender, "HARBOR://OPEN/1", later, True)
        await tx.save_code(code)
        for chat, subject in (
            (sender, delivery_subject(parcel)),
            (sender, code_subject(parcel)),
            (recipient, delivery_subject(parcel)),
        ):
            await tx.mark(chat, subject, now=now)


async def _show_all(database: Database) -> None:
    """As if every card had been shown."""
    from bot.domain.ids import MessageId
    from cli.system_clock import SystemClock

    now = SystemClock().now()

    async def step(tx: Transaction) -> None:
        for card in await tx.lease_cards(now, now, 3 * _PORTION):
            message = MessageId(card.id % 1_000_000_000)
            await tx.card_shown(card, message=message, form="text", digest="", at=now)

    await database.run(step)
