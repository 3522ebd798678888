"""Forgetting a person who asks for it."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.card import SCREEN
from bot.usecases.actor import Actor


async def forget(act: Actor) -> bool:
    """Forget who asks; False, with nothing changed, while a parcel of theirs is under way.

    What the bot has written in their chat is owed to be taken away, but for the screen: that turns
    into one last message that holds nothing personal (see the presenter).
    """
    chat = act.person
    if await act.tx.deliveries_of(chat, live=True, limit=1):
        return False
    cards = await act.tx.cards_of(chat)
    await act.tx.forget_person(chat)
    await act.tx.mark(chat, SCREEN, now=act.now)
    for card in cards:
        if card.message is not None:
            await act.tx.mark(chat, card.subject, now=act.now)
            unseen = replace(card, wanted=0, shown=0)
            await act.tx.card_shown(unseen, message=card.message, form=card.form, digest="")
    return True
