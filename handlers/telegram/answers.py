"""Answers to callback queries, so that no button keeps spinning.

Guarantees: giving one waits for nobody; who confirms an update can wait until its answer no longer
depends on this process, since one that is killed in between would leave the button spinning; so can
who ends the process; one that Telegram doesn't take (too old, or unreachable for as long as it
would take it) is logged and forgotten, because nothing that matters is ever said only here. An
answer that is held (`held`) is sent by whoever holds it, in the same breath as the confirmation,
and by nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from telegram import CallbackQuery
from telegram.constants import CallbackQueryLimit
from telegram.error import BadRequest, NetworkError, TelegramError

from handlers.telegram.transport import ON_ITS_WAY

log = structlog.get_logger(__name__)

_PATIENCE = 5.0
"""Seconds that confirming an update waits for its answer, at most. Whoever is killed after that
leaves it owed; Telegram takes it for fifteen."""
_PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds between one try and the next, until Telegram takes no answer any more."""
_LONGEST = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)


@dataclass(slots=True)
class Held:
    """`call`: what answers the query, as Telegram takes it in the response of a webhook; None until
    an answer is given."""

    call: dict[str, Any] | None = None


class Answers:
    """The answers that are on their way."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()
        self._held: dict[int, Held] = {}
        self._unsent: set[asyncio.Future[None]] = set()

    def give(self, query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
        """Answer `query` (answerCallbackQuery) in a task, unless it is held; `text` is cut to 200
        characters."""
        shown = text if text is None or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        if (held := self._held.get(id(query))) is not None:
            held.call = _call(query, shown, alert)
            return
        unsent = asyncio.get_running_loop().create_future()
        self._unsent.add(unsent)
        sent = partial(self._sent, unsent)
        task = self.start(_answer(query, shown, alert, sent))
        task.add_done_callback(lambda _: sent())  # or has failed

    @contextlib.contextmanager
    def held(self, query: CallbackQuery) -> Iterator[Held]:
        """What is given to this very object within the block is not sent but held. Where the block
        fails, nobody will hand it on: then it is sent after all."""
        held = self._held[id(query)] = Held()  # the same query may be under way twice
        try:
            yield held
        except BaseException:
            del self._held[id(query)]
            if held.call is not None:
                self.give(query, held.call.get("text"), alert="show_alert" in held.call)
            raise
        else:
            del self._held[id(query)]

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Say something in a task that is waited for at the end, like any answer."""
        task = asyncio.create_task(work, name="answer")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _sent(self, unsent: asyncio.Future[None]) -> None:
        self._unsent.discard(unsent)
        if not unsent.done():
            unsent.set_result(None)

    async def on_their_way(self) -> None:
        """Wait until every answer given so far has been sent off, but not for long. Where there is
        a connection that takes no time."""
        if self._unsent:
            await asyncio.wait(tuple(self._unsent), timeout=_PATIENCE)

    async def all_arrived(self, seconds: float) -> bool:
        """Wait for those under way, at most `seconds`; whether none is left."""
        if not self._under_way:
            return True
        _, late = await asyncio.wait(tuple(self._under_way), timeout=seconds)
        return not late

    async def settle(self, seconds: float) -> None:
        """Wait for those under way, at most `seconds`; what is left then is given up."""
        if not await self.all_arrived(seconds):
            for task in self._under_way:
                task.cancel()


def _call(query: CallbackQuery, text: str | None, alert: bool) -> dict[str, Any]:
    call: dict[str, Any] = {"method": "answerCallbackQuery", "callback_query_id": query.id}
    if text is not None:
        call["text"] = text
        if alert:
            call["show_alert"] = True
    return call


async def _answer(
    query: CallbackQuery, text: str | None, alert: bool, sent: Callable[[], None]
) -> None:
    """Again where the call may not have got through: the same answer twice is harmless."""
    ON_ITS_WAY.set(sent)
    for pause in (*_PAUSES, None):
        try:
            await query.answer(text=text, show_alert=alert)
        except TelegramError as error:
            refused = isinstance(error, BadRequest) or not isinstance(error, NetworkError)
            if refused or pause is None:
                said = {"error": type(error).__name__, "reason": error.message}
                log.info("callback query not answered", **said)
                return
            await asyncio.sleep(pause)
        else:
            return
