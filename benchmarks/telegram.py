"""A Telegram full of people who tap as fast as they are answered.

Guarantees: each person has one update unanswered at most, and presses only a button that the bot
has shown; an update counts as answered when the message or edit it asked for has arrived here.
Every call takes `delay` seconds to arrive.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from benchmarks.loopback import Exchange

BUTTONS = ("settings", "prev:settings")
"""Callback data of a button that leads to another screen, and of the one that leads back."""

_DONE = b'{"ok":true,"result":true}'
_SHOWS = frozenset({"sendMessage", "editMessageText"})


@dataclass(slots=True)
class Person:
    """One chat. `since`: when the update that is unanswered became available."""

    id: int
    since: float | None = None
    words: str = "/start"
    button: str | None = None
    message: str = ""


class Account:
    """One bot's people and updates. `waits` holds what each answered update had to wait."""

    def __init__(self, people: int) -> None:
        self.people = [Person(1_000_000 + n) for n in range(people)]
        self.calls: Counter[str] = Counter()
        self.waits: list[float] = []
        self._tapping: frozenset[int] = frozenset()
        self._by_id = {person.id: person for person in self.people}
        self._numbers = itertools.count(1)
        self._updates: deque[tuple[int, str]] = deque()
        self._poll: Exchange | None = None
        self._limit = 100

    @property
    def unanswered(self) -> int:
        """How many updates are yet to be answered."""
        return sum(person.since is not None for person in self.people)

    def begin(self, people: int) -> None:
        """Let the first so many tap; whoever was never answered does so anew."""
        self._tapping = frozenset(person.id for person in self.people[:people])
        for person in self.people[:people]:
            self._tap(person)

    def end(self) -> None:
        """Nobody taps any more."""
        self._tapping = frozenset()

    def call(self, method: str, exchange: Exchange) -> None:
        """Carry out a call of the bot, and answer it (a long poll: as soon as there is news)."""
        self.calls[method] += 1
        if method == "getUpdates":
            self._asked(exchange)
        elif method in _SHOWS:
            self._shown(exchange)
        elif method == "getMe":
            me = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
            exchange.answer(json.dumps({"ok": True, "result": me}).encode())
        else:
            exchange.answer(_DONE)

    def _asked(self, exchange: Exchange) -> None:
        asked = dict(parse_qsl(exchange.body.decode()))
        while self._updates and self._updates[0][0] < int(asked.get("offset", 0)):
            self._updates.popleft()
        self._limit = int(asked.get("limit", 100))
        self._poll = exchange
        self._deliver()

    def _deliver(self) -> None:
        if self._poll is not None and self._updates:
            batch = ",".join(body for _, body in itertools.islice(self._updates, self._limit))
            self._poll.answer(f'{{"ok":true,"result":[{batch}]}}'.encode())
            self._poll = None

    def _shown(self, exchange: Exchange) -> None:
        said = dict(parse_qsl(exchange.body.decode()))
        person = self._by_id[int(said["chat_id"])]
        markup = said.get("reply_markup", "")
        person.message = (
            f'{{"message_id":{said.get("message_id") or next(self._numbers)},"date":1750000000,'
            f'"chat":{{"id":{person.id},"type":"private","first_name":"Ann"}},'
            f'"from":{{"id":1,"is_bot":true,"first_name":"Bot","username":"a_bot"}},'
            f'"text":{json.dumps(said["text"])}{f",{_MARKUP}:{markup}" if markup else ""}}}'
        )
        person.button = next((data for data in BUTTONS if f'"{data}"' in markup), None)
        exchange.answer(f'{{"ok":true,"result":{person.message}}}'.encode())
        if person.since is not None:
            self.waits.append(time.perf_counter() - person.since)
            person.since, person.words = None, "hello"
        if person.id in self._tapping:
            self._tap(person)

    def _tap(self, person: Person) -> None:
        number = next(self._numbers)
        user = f'{{"id":{person.id},"is_bot":false,"first_name":"Ann","language_code":"en"}}'
        if person.button is not None:
            kind = "callback_query"
            body = (
                f'"id":"{number}","from":{user},"chat_instance":"1",'
                f'"message":{person.message},"data":"{person.button}"'
            )
        else:
            kind, entities = "message", ""
            if person.words.startswith("/"):
                length = len(person.words)
                entities = f',"entities":[{{"type":"bot_command","offset":0,"length":{length}}}]'
            body = (
                f'"message_id":{number},"date":1750000000,"from":{user},'
                f'"chat":{{"id":{person.id},"type":"private","first_name":"Ann"}},'
                f'"text":"{person.words}"{entities}'
            )
        self._updates.append((number, f'{{"update_id":{number},"{kind}":{{{body}}}}}'))
        person.since = time.perf_counter()
        self._deliver()


_MARKUP = '"reply_markup"'


@dataclass
class Telegram:
    """Accounts by their tokens, all behind one address."""

    accounts: dict[str, Account] = field(default_factory=dict)
    delay: float = 0.0

    def __call__(self, exchange: Exchange) -> None:
        """See `benchmarks.loopback.Handler`."""
        _, token, method = exchange.path.split("/")
        account = self.accounts[token.removeprefix("bot")]
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, account.call, method, exchange)
        else:
            account.call(method, exchange)
