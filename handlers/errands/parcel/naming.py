"""The question how a parcel is called, asked aside from its card.

Guarantees: the name changes only where its sender may still give one.
"""

from __future__ import annotations

from telegram import Update

from bot.domain.actions import Action
from bot.domain.message import Message
from bot.domain.person import Draft
from bot.usecases.actor import authorized
from bot.usecases.name_parcel import name_parcel
from handlers.conversation.buttons import tap, text
from handlers.conversation.confirmations import overtaken, still_possible, which
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about
from handlers.conversation.naming import NO_NAME, name_asked, read_name, without_name
from handlers.conversation.navigation import MENU, resume
from handlers.conversation.questions import Screen


async def wrote_name(update: Update, context: Context) -> Draft | None:
    """So it is called now."""
    name = read_name(update, context)
    return None if name is None else await _named(context, name)


async def dropped_name(update: Update, context: Context) -> Draft:
    """It has no name any more."""
    return await _named(context, None)


async def _named(context: Context, name: str | None) -> Draft:
    delivery = await authorized(context.act, about(context.draft), Action.NAME)
    await name_parcel(context.act, delivery, name)
    return resume(context.draft, MENU)


async def name_prompt(screen: Screen) -> Message:
    """Words, or none."""
    delivery = await still_possible(screen, Action.NAME)
    if delivery is None:
        return overtaken(screen)
    lines = [name_asked(screen.words), await which(screen, delivery)]
    return screen.view("\n".join(lines), without_name(screen.words))


NAME_ANSWERS = [text(wrote_name), tap(dropped_name, NO_NAME)]
