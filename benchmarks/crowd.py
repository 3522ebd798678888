"""A bot's account at a Telegram where some tap while very many are told, before a limit."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial

from benchmarks.loopback import Exchange
from benchmarks.telegram import Account, Person, parameters

STRANGERS = 4_000_000
"""From which on somebody is new."""
_COUNTED = ("sendMessage", "sendPhoto", "editMessage", "deleteMessage")
_LATER = (
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1",'
    b'"parameters":{"retry_after":1}}'
)
_DONE = b'{"ok":true,"result":true}'
_SENT = (
    b'{"ok":true,"result":{"message_id":%d,"date":1750000000,'
    b'"chat":{"id":%d,"type":"private","first_name":"Ann"}}}'
)


@dataclass(slots=True)
class Said:
    """What the bot has said to those who do not tap; `rings` are moments."""

    rings: list[float] = field(default_factory=list)
    rung: set[int] = field(default_factory=set)
    others: int = 0
    refused: int = 0


class Crowd(Account):
    """So many who tap, with a `pause` after each answer, and many who are told; calls beyond
    `limit` a second are refused."""

    def __init__(self, tapping: int, *, pause: float, limit: int) -> None:
        super().__init__(tapping)
        self._pause, self._a_second = pause, limit
        self._recent: deque[float] = deque()
        self._ids = itertools.count(10_000_000)
        self.said = Said()
        self.counted: deque[float] = deque()
        self.greeted: dict[int, float] = {}

    def call(self, method: str, exchange: Exchange) -> None:
        """As a bot's other calls, but within the limit."""
        if not method.startswith(_COUNTED):
            super().call(method, exchange)
            return
        now = time.perf_counter()
        if not self._allowed(now):
            self.said.refused += 1
            exchange.answer(_LATER, b"429 Too Many Requests")
            return
        self.counted.append(now)
        said = parameters(exchange)
        chat = int(said["chat_id"])
        if chat in self._by_id:
            super().call(method, exchange)
        else:
            self._told(method, chat, said, now)
            exchange.answer(
                _DONE if method.startswith("delete") else _SENT % (next(self._ids), chat)
            )

    def _allowed(self, now: float) -> bool:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self._a_second:
            return False
        self._recent.append(now)
        return True

    def _told(self, method: str, chat: int, said: dict[str, str], now: float) -> None:
        if chat >= STRANGERS:
            self.greeted.setdefault(chat, now)
        elif method.startswith("send") and said.get("disable_notification") != "true":
            self.said.rings.append(now)
            self.said.rung.add(chat)
        else:
            self.said.others += 1

    def _tap(self, person: Person) -> None:
        tap = partial(super()._tap, person)
        asyncio.get_running_loop().call_later(self._pause, tap)

    def start(self, stranger: int) -> None:
        """Somebody new presses Start."""
        super()._tap(Person(STRANGERS + stranger))
