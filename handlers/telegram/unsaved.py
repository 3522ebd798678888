"""What people are told while nothing can be saved: that their tap or words are not kept yet.

Guarantees: it is said at once, once for each button and once to a chat, by a call that needs no
storage; where Telegram does not take it nothing is tried again. What was sent to a chat is taken
away when something of that chat has been saved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from telegram import Chat, Message, Update
from telegram.error import TelegramError

from handlers.telegram.answers import Answers
from handlers.telegram.errors import UNREADABLE

log = structlog.get_logger(__name__)

Sentence = Callable[[], Awaitable[str]]
"""What is said, in the person's language."""

K = TypeVar("K")
V = TypeVar("V")

_REMEMBERED = 10_000


class Unsaved:
    """Tell it of what could not be saved (`tell`) and, chat by chat, that it can be (`over`)."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._queries: dict[str, None] = {}
        self._chats: dict[int, Message | None] = {}

    def tell(self, update: Update, sentence: Sentence) -> None:
        """Say so to whoever did this in a private chat."""
        chat, query = update.effective_chat, update.callback_query
        if chat is None or chat.type != Chat.PRIVATE:
            return
        if query is not None and query.id not in self._queries:
            _remember(self._queries, query.id, None)
            self._answers.start(self._answer(update, sentence))
        elif update.message is not None and chat.id not in self._chats:
            _remember(self._chats, chat.id, None)
            self._answers.start(self._send(update.message, sentence))

    def over(self, chat: int) -> None:
        """Something of this chat has been saved."""
        if self._chats and chat in self._chats and (sent := self._chats.pop(chat)) is not None:
            self._answers.start(_delete(sent))

    async def _answer(self, update: Update, sentence: Sentence) -> None:
        assert update.callback_query is not None, "asked by whoever calls"
        self._answers.give(update.callback_query, await sentence(), alert=True)

    async def _send(self, to: Message, sentence: Sentence) -> None:
        try:
            sent = await to.chat.send_message(await sentence())
        except (TelegramError, *UNREADABLE) as error:
            log.info("not told that nothing is saved", error=type(error).__name__)
            return
        if to.chat.id in self._chats:
            self._chats[to.chat.id] = sent
        else:  # saved meanwhile
            await _delete(sent)


async def _delete(sent: Message) -> None:
    try:
        await sent.delete()
    except (TelegramError, *UNREADABLE) as error:
        log.info("what was said stays", error=type(error).__name__)


def _remember(where: dict[K, V], key: K, value: V) -> None:
    while len(where) >= _REMEMBERED:
        del where[next(iter(where))]
    where[key] = value
