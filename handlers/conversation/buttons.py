"""Handlers for what people press and write, and the steps behind buttons that many screens have.

Guarantees: a second tap on a way back goes no further; help and asides lead back to the very
question they were asked at.
"""

from __future__ import annotations

from typing import Any

from telegram import Update
from telegram.ext import MessageHandler, filters

from bot.domain.person import Draft
from handlers.conversation.context import Context
from handlers.conversation.dialogue import Handler, state_of
from handlers.conversation.navigation import HELP, MENU, NOTHING, aside, go, resume, start
from handlers.conversation.pressed import Callback, Pressed
from handlers.conversation.questions import Tap, back_said, help_said, number

_TEXT = filters.TEXT & ~filters.COMMAND


# -- handlers


def tap(callback: Callback, *verbs: str) -> Handler:
    """Buttons of screens."""
    return Pressed(callback, *verbs)


def on_card(callback: Callback, *verbs: str) -> Handler:
    """Buttons that concern a delivery."""
    return Pressed(callback, *verbs, on_delivery=True)


def text(callback: Callback) -> Handler:
    """Words that are no command."""
    return MessageHandler(_TEXT, callback)


def back_to(state: str, *, afresh: bool = False) -> Handler:
    """The way back, keeping the answers (or `afresh`); a second tap on an old one goes no
    further."""

    async def back(update: Update, context: Context) -> Draft | None:
        assert context.press is not None
        if context.press.arg != context.draft.step:
            return None
        return start(context.draft, state) if afresh else go(context.draft, state)

    return tap(back, Tap.BACK)


def back_from_aside() -> Handler:
    """The way back from a question that was asked aside."""
    return tap(returned, Tap.BACK)


def pages() -> Handler:
    """The arrows below a list."""
    return tap(turned_page, Tap.PAGE)


def keys(callback: Callback, *, back: str) -> Handler:
    """Words where a keyboard lies below the question: its own keys come as words, too."""

    async def step(update: Update, context: Context) -> Draft | None:
        assert update.effective_message is not None
        words = context.words
        said = (update.effective_message.text or "").strip()
        if said == back_said(words):
            return go(context.draft, back)
        if said == help_said(words):
            return await asked_help(update, context)
        return await callback(update, context)

    return text(step)


def below(callback: Callback) -> Callback:
    """Pressed on a card, the screen comes below everything else instead of changing further up."""

    async def step(update: Update, context: Context) -> Draft | None:
        draft = await callback(update, context)
        query: Any = update.callback_query
        screen = context.screen_message
        if screen and query and query.message and screen != query.message.message_id:
            context.ring_screen()
        return draft

    return step


# -- steps


async def asked_help(update: Update, context: Context) -> Draft | None:
    """Help, and then back to where they were."""
    return None if state_of(context.draft) == HELP else aside(context.draft, HELP)


async def returned(update: Update, context: Context) -> Draft:
    """Back from an aside."""
    return resume(context.draft, MENU if context.draft.errand == "help" else NOTHING)


async def turned_page(update: Update, context: Context) -> Draft:
    """Another page of the present list."""
    assert context.press is not None
    return go(context.draft, state_of(context.draft), page=number(context.press.arg))
