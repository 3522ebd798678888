"""Letting somebody else collect: a link for anyone, or somebody picked out of the contacts.

Guarantees: nothing changes hands before a "yes" that shows whom the parcel is for and what becomes
of it; the "yes" carries the revision shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telegram import Update
from telegram.ext import MessageHandler

from bot.domain.actions import Action
from bot.domain.ids import PersonId
from bot.domain.message import Button, Message, press_on
from bot.domain.person import Draft
from bot.usecases.collect import hand_over
from handlers.conversation.buttons import back_from_aside, back_to, keys, on_card, tap
from handlers.conversation.confirmations import code_still_out, overtaken, still_possible, which
from handlers.conversation.context import Context
from handlers.conversation.deliveries import looked_up
from handlers.conversation.dialogue import Handler
from handlers.conversation.navigation import ASK, go, resume
from handlers.conversation.picking import (
    PICK,
    PICKED,
    becomes,
    picker,
    reach_on,
    read_pick,
    say_pick_instead,
)
from handlers.conversation.questions import Prompt, Screen
from handlers.errands.parcel.acting import asked_about
from wording.sanitize import esc_name

HAND = f"{ASK}/{Action.HAND_OVER.value}"
HAND_PICK, HAND_TO = f"{ASK}/hand_pick", f"{ASK}/hand_to"
_YES = "hand_to"


# -- steps


async def asked_pick(update: Update, context: Context) -> Draft:
    """Telegram's own user picker is to be shown."""
    return go(context.draft, HAND_PICK)


async def picked(update: Update, context: Context) -> Draft | None:
    """Somebody has been picked: is it really they?"""
    to = await read_pick(update, context)
    return None if to is None else go(context.draft, HAND_TO, to=to)


async def typed(update: Update, context: Context) -> None:
    """A name picks nobody."""
    say_pick_instead(context)


async def handed(update: Update, context: Context) -> Draft | None:
    """Yes: it is for whoever was picked."""
    assert context.press is not None
    to = context.draft.answers.get("to") or {}
    delivery = await looked_up(update, context, Action.HAND_OVER_OK)
    if delivery is not None and "id" in to:
        await hand_over(context.act, delivery, PersonId(to["id"]), to.get("name"))
    if asked_about(context.draft, context.press.delivery):
        return resume(context.draft)
    return None


# -- prompts


async def pick_prompt(screen: Screen) -> Message:
    """A keyboard with the picker, while the parcel may still be handed over."""
    if await still_possible(screen, Action.HAND_OVER) is None:
        return overtaken(screen)
    return picker(screen)


async def to_prompt(screen: Screen) -> Message:
    """Whom it will be for, and what becomes of it."""
    _, to = screen.words._, screen.answers.get("to") or {}
    delivery, reach = await still_possible(screen, Action.HAND_OVER), await reach_on(screen, to)
    if delivery is None or reach is None:
        return overtaken(screen)
    name = esc_name(to.get("name")) or _("somebody")
    lines = [
        _("🔁 <b>Let {name} collect it?</b>", name=name),
        await which(screen, delivery),
        becomes(screen, to, reach),
        *await code_still_out(screen, delivery),
    ]
    yes = Button(_("Yes, let them collect"), press_on(_YES, delivery))
    return screen.view("\n".join(lines), (yes,))


HAND_STATES: Mapping[str, Sequence[Handler]] = {
    HAND: [tap(asked_pick, PICK), MessageHandler(PICKED, picked), back_from_aside()],
    HAND_PICK: [MessageHandler(PICKED, picked), keys(typed, back=HAND)],
    HAND_TO: [on_card(handed, _YES), MessageHandler(PICKED, picked), back_to(HAND)],
}
HAND_PROMPTS: Mapping[str, Prompt] = {HAND_PICK: pick_prompt, HAND_TO: to_prompt}
