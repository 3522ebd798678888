"""A name for the parcel that is being booked: asked for by an optional button of the last screen.

Guarantees: whoever does not press it takes no step more and has nothing more sent.
"""

from __future__ import annotations

from telegram import Update

from bot.domain.message import Message
from bot.domain.person import Draft
from handlers.conversation.context import Context
from handlers.conversation.naming import name_asked, read_name, without_name
from handlers.conversation.navigation import go
from handlers.conversation.questions import Screen
from handlers.errands.send.booking import NAME, REVIEW


async def asked_name(update: Update, context: Context) -> Draft:
    """How the sender calls it."""
    return go(context.draft, NAME)


async def wrote_name(update: Update, context: Context) -> Draft | None:
    """So it is called."""
    name = read_name(update, context)
    return None if name is None else go(context.draft, REVIEW, parcel_name=name)


async def dropped_name(update: Update, context: Context) -> Draft:
    """No name after all."""
    return go(context.draft, REVIEW, parcel_name=None)


async def name_prompt(screen: Screen) -> Message:
    """Words, or none."""
    return screen.view(name_asked(screen.words), without_name(screen.words))
