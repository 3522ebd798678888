"""Asking for a code, and taking one from whoever is no longer to use it."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, RequestKind, Turn
from bot.usecases.actor import Actor, ask_of_harbor, check
from bot.usecases.cards import show_code, take_code_away, tell


async def ask_drop_off_code(act: Actor, delivery: Delivery, *, fresh: bool = False) -> Delivery:
    """Show the drop-off code; have one issued if there is none yet (or `fresh` is asked)."""
    check(act, Action.NEW_DROP_OFF_CODE if fresh else Action.DROP_OFF_CODE, delivery)
    return await _ask_code(
        act, delivery, CodeKind.DROP_OFF, RequestKind.DROP_OFF_TOKEN, fresh=fresh
    )


async def ask_pick_up_code(act: Actor, delivery: Delivery, *, fresh: bool = False) -> Delivery:
    """Show the pick-up code to the one collector; have one issued as for the drop-off."""
    check(act, Action.NEW_PICK_UP_CODE if fresh else Action.PICK_UP_CODE, delivery)
    return await _ask_code(act, delivery, CodeKind.PICK_UP, RequestKind.PICK_UP_TOKEN, fresh=fresh)


async def _ask_code(
    act: Actor, delivery: Delivery, kind: CodeKind, request: RequestKind, *, fresh: bool
) -> Delivery:
    code = await act.tx.code(delivery.id)
    usable = code and code.kind is kind and code.holder == act.person and code.expires_at > act.now
    if code and usable and not fresh:
        await act.tx.save_code(replace(code, revealed=True))
        await tell(act.tx, delivery, now=act.now)  # the card says whether a code is out
        await show_code(act.tx, delivery, act.person, now=act.now, ring=True)
        return delivery
    return await ask_of_harbor(act, delivery, request, by=act.person)


async def disown_code(act: Actor, delivery: Delivery) -> Delivery:
    """Take the pick-up code from whoever has it: somebody else is to collect.

    What has been shown can't be called back at Harbor: the delivery, which is not saved here,
    remembers until when it may still open the door; so it does of what was shown before the parcel
    was left out of a visit. It is no longer part of anybody's visit.
    """
    code, until = await act.tx.code(delivery.id), delivery.old_code_until
    await take_code_away(act.tx, delivery, now=act.now)
    shown = code is not None and (code.revealed or delivery.turn is Turn.LEFT)
    if code is not None and code.kind is CodeKind.PICK_UP and shown:
        until = max(code.expires_at, until or code.expires_at)
    return replace(delivery, code_until=None, old_code_until=until, turn=None, visit_at=None)
