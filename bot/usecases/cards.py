"""Whom to tell: which cards a change puts out of date, and whose phone rings."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime

from bot.domain.alerts import Alert
from bot.domain.card import (
    ALERT,
    SCREEN,
    alert_subject,
    code_subject,
    delivery_subject,
    map_subject,
    photo_subject,
    slip_subjects,
)
from bot.domain.codes import Code
from bot.domain.delivery import Delivery, Role, Turn
from bot.domain.ids import PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.domain.situation import waits_beside
from bot.ports.database import Transaction

_VISITED = frozenset({State.STORED, State.COLLECTED, State.CLOSED})


def concerned(delivery: Delivery) -> list[PersonId]:
    """Sender, recipient, and whoever has let somebody else collect; each once.

    Whoever is awaited has nothing to be shown on yet.
    """
    recipient = None if delivery.awaited else delivery.recipient
    people = (delivery.sender, recipient, delivery.handed_over_by)
    return [*dict.fromkeys(person for person in people if person is not None)]


async def tell(
    tx: Transaction,
    delivery: Delivery,
    *,
    now: datetime,
    rouse: frozenset[Role] = frozenset(),
    visitors: Collection[PersonId] | None = None,
) -> None:
    """Put the cards of everybody concerned out of date; ring for the roles in `rouse`.

    A code that is shown is among them: its buttons carry the revision, too; and so are a slip, a
    photo, a pin, and the standing alerts about the delivery.
    `visitors`: for whom the parcel begins or ceases to wait in its tower, everybody concerned where
    it is not said.
    """
    people = concerned(delivery)
    for person in people:
        ring = bool(delivery.roles_of(person) & rouse)
        await tx.mark(person, delivery_subject(delivery.id), now=now, ring=ring)
    await tx.mark_about(*_beside(delivery), now=now, alerts_of=delivery.id)
    visits = people if visitors is None else visitors
    await asyncio.gather(*(tell_of_one_visit(tx, delivery, each, now=now) for each in visits))
    if delivery.fetcher is not None:
        await _renew_screen(tx, delivery.fetcher, now=now)


def _beside(delivery: Delivery) -> tuple[str, ...]:
    """The subjects of what may be shown of a delivery beside its cards."""
    slips = slip_subjects(delivery.id)
    rest = (photo_subject(delivery.id), map_subject(delivery.id))
    return (code_subject(delivery.id), *slips, *rest)


async def _renew_screen(tx: Transaction, operator: PersonId, *, now: datetime) -> None:
    """Who fetches a parcel out has no card of it but the screen on which they look at it."""
    screen = await tx.card(operator, SCREEN)
    if screen is not None and screen.message is not None:
        await tx.mark(operator, SCREEN, now=now)


async def tell_of_one_visit(
    tx: Transaction, delivery: Delivery, person: PersonId, *, now: datetime
) -> None:
    """What else waits for `person` in the same tower is told on one card with it: those, too."""
    if delivery.state not in _VISITED or (delivery.awaited and person == delivery.recipient):
        return
    for other in await tx.deliveries_of(person, live=True):
        if waits_beside(other, delivery, person):
            await tx.mark(person, delivery_subject(other.id), now=now)
            if other.turn is Turn.NOW:  # which tells what comes after it
                await tx.mark_about(code_subject(other.id), now=now)


async def tell_of_the_next(
    tx: Transaction, delivery: Delivery, *, begins: bool, now: datetime
) -> None:
    """A parcel begins to be prepared, or no longer is. Where it is the first, or was the last, for
    its place, its sender's other cards offer the next parcel now, or no longer do."""
    waiting = await tx.prepared_at(delivery.sender, delivery.tower)
    if len(waiting) != (1 if begins else 0):
        return
    for other in await tx.deliveries_of(delivery.sender, live=True):
        if other.id != delivery.id and other.sender == delivery.sender:
            await tx.mark_about(delivery_subject(other.id), code_subject(other.id), now=now)


async def reach_changed(tx: Transaction, person: PersonId, *, now: datetime) -> None:
    """`person` has left, or is back: whoever shares a parcel with them sees whether they can be
    told of it; an operator is shown the alerts that are owed still."""
    for card in await tx.cards_of(person):
        if card.owed and card.subject.startswith(f"{ALERT}:"):
            await tx.mark(person, card.subject, now=now, ring=card.ring)
    for delivery in await tx.deliveries_of(person, live=True):
        for other in concerned(delivery):
            if other == person:
                continue
            await tx.mark(other, delivery_subject(delivery.id), now=now)


async def show_anew(tx: Transaction, person: PersonId, *, now: datetime) -> None:
    """Whatever `person` is shown of live deliveries is out of date: it is to speak another
    language, say."""
    live = await tx.deliveries_of(person, live=True)
    shown = {subject for each in live for subject in (delivery_subject(each.id), *_beside(each))}
    for card in await tx.cards_of(person):
        if card.subject in shown:
            await tx.mark(person, card.subject, now=now)


async def show_code(
    tx: Transaction, delivery: Delivery, holder: PersonId, *, now: datetime, ring: bool
) -> None:
    """The protected message with the delivery's code is out of date."""
    await tx.mark(holder, code_subject(delivery.id), now=now, ring=ring)


async def keep_code(tx: Transaction, delivery: Delivery, code: Code, *, now: datetime) -> None:
    """The code takes the place of any before it, and rings where its holder has asked to see it."""
    await tx.save_code(code)
    if code.revealed:
        tx.answers(code.holder)
        await show_code(tx, delivery, code.holder, now=now, ring=True)


async def take_code_away(tx: Transaction, delivery: Delivery, *, now: datetime) -> None:
    """The code is used, over or no longer theirs: from the database at once, from chats as owed."""
    await tx.drop_code(delivery.id)
    await tx.mark_about(code_subject(delivery.id), now=now)


async def tower_of(tx: Transaction, alert: Alert) -> TowerId | None:
    """At which tower the alert is the matter; None where that is none, or more than one."""
    delivery = await tx.delivery(alert.delivery) if alert.delivery else None
    return delivery.tower if delivery is not None else alert.tower


async def tell_operators(
    tx: Transaction, alert: Alert, policy: Policy, *, now: datetime, ring: bool = True
) -> None:
    """The message about the alert is out of date for every operator whose business it is, and in
    their group; it rings unless it need not."""
    tower = await tower_of(tx, alert) if policy.tower_operators else None
    told = {*policy.operators_at(tower), *filter(None, (policy.operator_group,))}
    for chat in sorted(told):
        await tx.mark(chat, alert_subject(alert.key), now=now, ring=ring)
