"""Asking for a code."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, RequestKind
from bot.domain.lifecycle import Event, Illegal, State
from bot.usecases.actor import Actor, NotYours, ask_of_harbor
from bot.usecases.cards import show_code, tell


async def ask_drop_off_code(act: Actor, delivery: Delivery, *, fresh: bool = False) -> Delivery:
    """Show the drop-off code; have one issued if there is none yet (or `fresh` is asked)."""
    if delivery.state not in (State.RESERVED, State.RENTED):
        raise Illegal(delivery.state, Event.DROP_OFF_ISSUED)
    return await _ask_code(
        act, delivery, CodeKind.DROP_OFF, RequestKind.DROP_OFF_TOKEN, fresh=fresh
    )


async def ask_pick_up_code(act: Actor, delivery: Delivery, *, fresh: bool = False) -> Delivery:
    """Show the pick-up code to the one collector; NotYours for anybody else."""
    if delivery.state is not State.STORED:
        raise Illegal(delivery.state, Event.PICK_UP_ISSUED)
    if delivery.collector != act.person:
        raise NotYours
    return await _ask_code(act, delivery, CodeKind.PICK_UP, RequestKind.PICK_UP_TOKEN, fresh=fresh)


async def _ask_code(
    act: Actor, delivery: Delivery, kind: CodeKind, want: RequestKind, *, fresh: bool
) -> Delivery:
    code = await act.tx.code(delivery.id)
    usable = code and code.kind is kind and code.holder == act.person and code.expires_at > act.now
    if code and usable and not fresh:
        await act.tx.save_code(replace(code, revealed=True))
        await tell(act.tx, delivery, now=act.now)  # the card says whether a code is out
        await show_code(act.tx, delivery, act.person, now=act.now, ring=True)
        return delivery
    if delivery.request and (delivery.asks, delivery.request.by) == (want, act.person):
        return delivery  # it is under way: a second tap asks for nothing more
    return await ask_of_harbor(act, delivery, want, by=act.person)
