"""A parcel's name, as it is asked for and read, while booking and later.

Guarantees: a name is what people's names are: one line, to be seen, no link and no mention.
"""

from __future__ import annotations

from telegram import Update

from bot.domain.delivery import MAX_PARCEL_NAME
from bot.domain.message import Button, press
from handlers.conversation.context import Context
from handlers.conversation.questions import Row, words_typed
from wording.language import Words
from wording.sanitize import bare_name, cut

NO_NAME = "noname"


def read_name(update: Update, context: Context) -> str | None:
    """What was typed, as a name; None, with a word on it, where it can't be one."""
    words, typed = context.words, bare_name(words_typed(update))
    if not typed:
        context.say(words._("A name needs letters or digits, and no link or @username in it."))
        return None
    name = cut(typed, MAX_PARCEL_NAME)
    if name != typed:
        context.say(
            words._("A name has room for {count} characters; I cut it.", count=MAX_PARCEL_NAME)
        )
    return name


def name_asked(words: Words) -> str:
    """Asks for a name, and says who reads it."""
    return words._(
        "🏷 <b>What do you call this parcel?</b>\nFor example “Order 1042”. Type it now, up to "
        "{count} characters. Whoever collects it reads the name, too.",
        count=MAX_PARCEL_NAME,
    )


def without_name(words: Words) -> Row:
    """The way on with none."""
    return (Button(words._("Without a name"), press(NO_NAME)),)
