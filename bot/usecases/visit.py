"""Several parcels, one visit: one tap, and what opens each door comes when the last one was used.

Guarantees: Harbor is asked for one parcel of a visit at a time, and for no other before its turn;
whose turn is next is written in the transaction that ends the one before, so that it is owed like
anything else. What is left out stays as it was: it can be fetched by itself, or in the next visit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.actions import Action
from bot.domain.card import delivery_subject
from bot.domain.delivery import Delivery, RequestKind, Turn
from bot.domain.policy import Policy
from bot.domain.visit import to_come, waiting
from bot.ports.database import Transaction
from bot.usecases.actor import Actor, NotPermitted, check
from bot.usecases.codes import ask_pick_up_code


async def collect_all(act: Actor, delivery: Delivery) -> Delivery:
    """Begin with the first door in the tower of `delivery`; where a visit is under way there, show
    once more what opens the present one. Raises NotPermitted where nothing else waits there."""
    check(act, Action.COLLECT_ALL, delivery)
    theirs = await act.tx.deliveries_of(act.person, live=True)
    there = waiting(theirs, act.person, delivery.tower)
    present = next((each for each in there if each.turn is Turn.NOW), None)
    if present is not None:
        return await ask_pick_up_code(act, present)
    if len(there) < 2:
        raise NotPermitted(Action.COLLECT_ALL, delivery)
    return await _turn_of(act, there[0], act.now)


async def skip(act: Actor, delivery: Delivery) -> Delivery:
    """It can't be opened, or not now: the next one's turn begins."""
    check(act, Action.SKIP, delivery)
    left = await _left_out(act, delivery)
    await go_on(act.tx, delivery, now=act.now, policy=act.policy)
    return left


async def stop(act: Actor, delivery: Delivery) -> Delivery:
    """What opens this door stays; nothing comes after it."""
    check(act, Action.STOP, delivery)
    return await act.change(replace(delivery, turn=None, visit_at=None))


async def leave_out(tx: Transaction, delivery: Delivery, *, now: datetime, policy: Policy) -> None:
    """Harbor has refused what opens its door, in its turn: its collector's phone rings, and the
    next one's turn begins; unless they have what may open it still, and were refused another."""
    assert delivery.collector is not None, "whoever asked for it"
    code = await tx.code(delivery.id)
    if code is not None and code.revealed and code.expires_at > now:
        return
    await _left_out(Actor(tx, delivery.collector, now, policy), delivery)
    await tx.mark(delivery.collector, delivery_subject(delivery.id), now=now, ring=True)
    await go_on(tx, delivery, now=now, policy=policy)


async def go_on(tx: Transaction, delivery: Delivery, *, now: datetime, policy: Policy) -> None:
    """The turn of `delivery`, as it was then, is over: the next parcel of the visit has its own."""
    person, visit = delivery.collector, delivery.visit_at
    if person is None or visit is None:
        return
    there = waiting(await tx.deliveries_of(person, live=True), person, delivery.tower)
    others = to_come(delivery, (each for each in there if each.id != delivery.id))
    if others:
        await _turn_of(Actor(tx, person, now, policy), others[0], visit)


async def _turn_of(act: Actor, delivery: Delivery, visit: datetime) -> Delivery:
    begun = await act.change(replace(delivery, turn=Turn.NOW, visit_at=visit))
    return await ask_pick_up_code(act, begun)


async def _left_out(act: Actor, delivery: Delivery) -> Delivery:
    """What opens it is taken out of the chat, as its cards change, and shown again where they try
    once more."""
    code = await act.tx.code(delivery.id)
    if code is not None and code.revealed:
        await act.tx.save_code(replace(code, revealed=False))
    left = replace(delivery, turn=Turn.LEFT)
    if left.asks is RequestKind.PICK_UP_TOKEN:
        left = replace(left, request=None, trouble=None)  # which the request was in
    return await act.change(left)
