"""Answers to callback queries, so that no button keeps spinning.

Guarantees: giving one waits for nobody; who confirms an update can wait until its answer has
arrived, since a process that is killed in between leaves the button spinning; one that Telegram
doesn't take (too old, or unreachable twice) is logged and forgotten, because nothing that matters
is ever said only here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from telegram import CallbackQuery
from telegram.constants import CallbackQueryLimit
from telegram.error import BadRequest, NetworkError, TelegramError

log = structlog.get_logger(__name__)

_PATIENCE = 1.0
"""Seconds that confirming an update waits for its answer, at most."""
_LONGEST = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)


class Answers:
    """The answers that are on their way."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()
        self._to: dict[str, asyncio.Task[None]] = {}

    def give(self, query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
        """Answer `query` (answerCallbackQuery) in a task; `text` is cut to 200 characters."""
        shown = text if text is None or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        task = self.start(_answer(query, shown, alert))
        self._to[query.id] = task
        task.add_done_callback(lambda done: self._given(query.id, done))

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Say something in a task that is waited for at the end, like any answer."""
        task = asyncio.create_task(work, name="answer")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _given(self, query: str, task: asyncio.Task[None]) -> None:
        if self._to.get(query) is task:
            del self._to[query]

    async def arrived(self, query: CallbackQuery) -> None:
        """Wait for the answer to `query`, if one is under way, but not for long."""
        if (task := self._to.get(query.id)) is not None:
            await asyncio.wait((task,), timeout=_PATIENCE)

    async def settle(self, seconds: float) -> None:
        """Wait for those under way, at most `seconds`; what is left then is given up."""
        if self._under_way:
            _, late = await asyncio.wait(tuple(self._under_way), timeout=seconds)
            for task in late:
                task.cancel()


async def _answer(query: CallbackQuery, text: str | None, alert: bool) -> None:
    """Once more where the call may not have got through: the same answer twice is harmless."""
    for last in (False, True):
        try:
            await query.answer(text=text, show_alert=alert)
        except TelegramError as error:
            refused = isinstance(error, BadRequest) or not isinstance(error, NetworkError)
            if last or refused:
                said = {"error": type(error).__name__, "reason": error.message}
                log.info("callback query not answered", **said)
                return
        else:
            return
