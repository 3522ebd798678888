"""The slip: what whoever forwards a claim passes on by any channel."""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.card import slip_subject, slip_subjects
from bot.domain.delivery import Delivery
from bot.domain.languages import LANGUAGES
from bot.usecases.actor import Actor, check


async def show_slip(act: Actor, delivery: Delivery, language: str | None = None) -> None:
    """The slip comes below everything else, in its reader's language; with one of `LANGUAGES` the
    one that is there is put into that one. A chat has one slip of a delivery."""
    check(act, Action.SLIP, delivery)
    chosen = language if language in LANGUAGES else None
    wanted = slip_subject(delivery.id, chosen)
    cards = await act.tx.cards_about(*slip_subjects(delivery.id))
    shown = next((card.subject for card in cards if card.chat == act.person), None)
    if chosen is None or shown is None:
        await act.tx.mark(act.person, shown or wanted, now=act.now, ring=True)
    elif shown != wanted:
        await act.tx.move_card(act.person, shown, wanted, now=act.now)
