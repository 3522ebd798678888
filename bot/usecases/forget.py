"""Forgetting a person who asks for it."""

from __future__ import annotations

from bot.domain.card import SCREEN, alert_subject, photo_subject
from bot.usecases.actor import Actor


async def forget(act: Actor) -> bool:
    """Forget who asks; False, with nothing changed, while a parcel of theirs is under way.

    What the bot has written in their chat is owed to be taken away; one last message stays there
    that holds nothing personal (see the presenter). Operators' messages lose their words and
    photos, too.
    """
    chat = act.person
    if await act.tx.deliveries_of(chat, live=True, limit=1):
        return False
    cards = await act.tx.cards_of(chat)
    alerts = await act.tx.alerts_of(chat)
    photos = await act.tx.photos_of(chat)
    await act.tx.forget_person(chat)
    await act.tx.mark(chat, SCREEN, now=act.now)
    for card in cards:
        if card.message is not None:
            await act.tx.take_away(chat, card.message, card.form, now=act.now)
    if photos:
        await act.tx.mark_about(*map(photo_subject, photos), now=act.now)
    for alert in alerts:
        await act.tx.mark_about(alert_subject(alert.key), now=act.now)
    return True
