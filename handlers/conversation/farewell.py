"""The one message that stays with somebody who has been forgotten."""

from __future__ import annotations

from bot.domain.message import Message
from bot.domain.person import Draft
from wording.language import Words, speak

FAREWELL = "language"
"""The answer that holds the language of the last message; it goes when they write again."""


def farewell(draft: Draft, locale: str) -> Message:
    """Says that nothing is known any more; nothing in it is anybody's."""
    return Message(forgotten_said(speak(draft.answers.get(FAREWELL), locale)))


def forgotten_said(words: Words) -> str:
    """That they have been forgotten."""
    return words._("Done. I know nothing about you any more.")
