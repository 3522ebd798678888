"""Operators write to those concerned: to all of them, or to one.

Guarantees: what is written is read as an operator's, above the question that stands in their chat,
with a button to answer by; nobody but whom it is for reads what is for one.
"""

from __future__ import annotations

from telegram import Update

from bot.domain.actions import Action, permitted
from bot.domain.delivery import MAX_NOTE, Delivery, Role
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.usecases.actor import authorized
from bot.usecases.operate import message_everybody, message_one
from handlers.conversation.confirmations import overtaken
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about
from handlers.conversation.navigation import go
from handlers.conversation.questions import Row, Screen, words_typed
from handlers.errands.operations.lists import DELIVERY
from wording.language import Words

EVERYBODY, ONE = "ops/message", "ops/answer"
_TO = "to"
"""The answer that holds whom it is for."""
_PARTIES = (Role.SENDER, Role.RECIPIENT)

# -- steps


async def asked(update: Update, context: Context) -> Draft:
    """Words for everybody concerned."""
    return go(context.draft, EVERYBODY)


async def asked_one(update: Update, context: Context) -> Draft | None:
    """Words for one of them."""
    assert context.press is not None
    to = context.press.arg
    return go(context.draft, ONE, **{_TO: to}) if to in list(_PARTIES) else None


async def wrote(update: Update, context: Context) -> Draft:
    """To everybody concerned; their phones ring."""
    delivery = await authorized(context.act, about(context.draft), Action.WRITE)
    await message_everybody(context.act, delivery, words_typed(update))
    context.say(context.words._("Your message has been sent."))
    return go(context.draft, DELIVERY)


async def wrote_one(update: Update, context: Context) -> Draft:
    """To one of them; their phone rings."""
    delivery = await authorized(context.act, about(context.draft), Action.ANSWER)
    to, words = Role(context.draft.answers[_TO]), context.words
    told = await message_one(context.act, delivery, to, words_typed(update))
    context.say(
        words._("That is no longer possible: it has changed in the meantime.")
        if told is None
        else words._("Your message has been sent.")
    )
    return go(context.draft, DELIVERY, **{_TO: None})


# -- prompts


def to_one_of_them(screen: Screen, delivery: Delivery) -> list[Row]:
    """A button for whoever sent it, and for whoever collects it."""
    if permitted(Action.ANSWER, delivery, screen.person.id, screen.sight.policy) is None:
        return []
    said = _buttons(screen.words)
    return [
        (Button(said[role], press(Action.ANSWER, role.value)),)
        for role in _PARTIES
        if role is Role.SENDER or not delivery.unclaimed
    ]


def _buttons(words: Words) -> dict[Role, str]:
    return {
        Role.SENDER: words._("✉️ Write to the sender"),
        Role.RECIPIENT: words._("✉️ Write to the recipient"),
    }


async def prompt(screen: Screen) -> Message:
    """Words for all."""
    _ = screen.words._
    ask = _("📣 <b>What should both people read?</b>\nType it, up to {count} characters.")
    return screen.view(ask.format(count=MAX_NOTE))


async def one_prompt(screen: Screen) -> Message:
    """Words for one."""
    _, delivery = screen.words._, await screen.delivery()
    if delivery is None:
        return overtaken(screen)
    scene = await screen.scene(delivery)
    to_sender = screen.answers.get(_TO) == Role.SENDER
    return screen.view(
        _(
            "✉️ <b>What should {name} read?</b>\nType it, up to {count} characters. Nobody else"
            " reads it.",
            name=scene.sender_name if to_sender else scene.recipient_name,
            count=MAX_NOTE,
        )
    )
