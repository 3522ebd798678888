"""The handler of buttons: found by what they carry, without a pattern each.

Guarantees: a button goes to the handlers of its verb alone, and to those of cards only where it
names a delivery; one whose callback data reads as nothing goes to none.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import BaseHandler

from bot.domain.person import Draft
from handlers.conversation.context import Context
from handlers.telegram.callback_data import parse

Callback = Callable[[Update, Context], Coroutine[Any, Any, Draft | None]]


class Pressed(BaseHandler[Update, Context, Draft | None]):
    """Buttons of these verbs; `on_delivery`: those that concern one, otherwise those that concern
    none."""

    def __init__(self, callback: Callback, *verbs: str, on_delivery: bool = False) -> None:
        super().__init__(callback)
        self.verbs, self.on_delivery = frozenset(verbs), on_delivery

    def check_update(self, update: object) -> bool:
        """Whether it is for this update."""
        if not isinstance(update, Update) or update.callback_query is None:
            return False
        press = parse(update.callback_query.data)
        if press is None or press.verb not in self.verbs:
            return False
        return (press.delivery is not None) is self.on_delivery
