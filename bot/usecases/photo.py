"""The sender's photo of a parcel: added, taken away, shown, and forgotten.

Guarantees: of a photo nothing is kept but the messenger's own name for it, until its sender takes
it away or is forgotten, and no longer than the storage time and the parcel last; that an operator
was shown it stands in the delivery's history. One that waits for *which parcel?* is kept in its
sender's draft until they have answered, or gone elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.actions import Action, permitted
from bot.domain.card import photo_subject
from bot.domain.delivery import Delivery, NoPhoto, Role
from bot.domain.history import HistoryEvent
from bot.domain.ids import DeliveryId
from bot.ports.database import Transaction
from bot.usecases.actor import Actor, check
from bot.usecases.cards import tell

JUST_IN = timedelta(hours=1)
"""For so long after the drop-off a photo that is sent unasked is for the parcel that asks for one,
where no other does."""
AT_ONCE = 100
"""Photos forgotten in one transaction."""


async def open_for_photo(act: Actor) -> list[Delivery]:
    """Parcels of which this person may add a photo, the latest change first."""
    theirs = await act.tx.deliveries_of(act.person, live=True)
    return [each for each in theirs if permitted(Action.PHOTO, each, act.person, act.policy)]


def just_in(deliveries: list[Delivery], now: datetime) -> Delivery | None:
    """The one that a photo is for beyond doubt: the only one that asks for it, and just put in."""
    asking = [each for each in deliveries if each.photo_asked]
    if len(asking) != 1 or asking[0].reported_at is None:
        return None
    return asking[0] if now - asking[0].reported_at <= JUST_IN else None


async def add_photo(act: Actor, delivery: Delivery, photo: str) -> Delivery:
    """This photo, in the place of any before it. Cards change in silence."""
    check(act, Action.PHOTO, delivery)
    return await act.change(replace(delivery, photo=photo, no_photo=None))


async def drop_photo(act: Actor, delivery: Delivery) -> Delivery:
    """No photo, or no longer: it is taken out of chats, and not asked for again."""
    check(act, Action.PHOTO, delivery)
    return await act.change(replace(delivery, photo=None, no_photo=NoPhoto.DECLINED))


async def show_photo(act: Actor, delivery: Delivery) -> None:
    """The photo comes below everything else."""
    check(act, Action.SEE_PHOTO, delivery)
    subject = photo_subject(delivery.id)
    rule = permitted(Action.SEE_PHOTO, delivery, act.person, act.policy)
    if rule is not None and Role.OPERATOR in rule.roles:
        shown = await act.tx.card(act.person, subject)
        if shown is None or shown.message is None:
            await act.record(delivery, HistoryEvent.PHOTO_SEEN)
    await act.tx.mark(act.person, subject, now=act.now, ring=True)


async def lose_photo(tx: Transaction, delivery: DeliveryId, photo: str, *, now: datetime) -> None:
    """The messenger no longer gives it out: it is forgotten, unless another has come meanwhile."""
    found = await tx.delivery(delivery)
    if found is None or found.photo != photo:
        return
    lost = await tx.save_delivery(replace(found, photo=None, no_photo=NoPhoto.LOST))
    await tell(tx, lost, now=now)


async def forget_photos(tx: Transaction, *, now: datetime) -> int:
    """Those of parcels that are over, once their storage time has passed; how many there were."""
    over = await tx.photos_over(now, AT_ONCE)
    for delivery in over:
        await tx.save_delivery(replace(delivery, photo=None))
    if over:
        await tx.mark_about(*(photo_subject(each.id) for each in over), now=now)
    return len(over)
