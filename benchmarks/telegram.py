"""A Telegram full of people who tap as fast as they are answered.

Guarantees: each person has one update unanswered at most, and presses only a button that the bot
has shown; an update counts as answered when the message or edit it asked for has arrived here.
Every call takes `delay` seconds to arrive, and so does an update that is carried to a webhook. What
a webhook's answer asks for is done, and is no call.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from benchmarks.carrier import Carried, Carrier
from benchmarks.loopback import Exchange

BUTTONS = ("settings", "prev:settings")
"""Callback data of a button that leads to another screen, and of the one that leads back."""

_NOTHING = b'{"ok":true,"result":[]}'
_DONE = b'{"ok":true,"result":true}'
_BOT = '{"id":1,"is_bot":true,"first_name":"Bot","username":"a_bot"}'
_DATE = 1750000000
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
    """One bot's people and updates, which are numbered from `first` on. `waits` holds what each
    answered update had to wait."""

    def __init__(self, people: int, *, first: int = 1) -> None:
        self.people = [Person(1_000_000 + n) for n in range(people)]
        self.calls: Counter[str] = Counter()
        self.waits: list[float] = []
        self._tapping: frozenset[int] = frozenset()
        self._by_id = {person.id: person for person in self.people}
        self._numbers = itertools.count(first)
        self._updates: deque[tuple[int, str]] = deque()
        self._poll: Exchange | None = None
        self._over: asyncio.TimerHandle
        self._limit = 100
        self.carrier: Carrier | None = None
        self._spinning: set[str] = set()

    @property
    def unanswered(self) -> int:
        """How many updates are yet to be answered."""
        return sum(person.since is not None for person in self.people)

    @property
    def spinning(self) -> int:
        """How many buttons were pressed and have got no answer."""
        return len(self._spinning)

    @property
    def reached(self) -> bool:
        """Whether the bot has said how it is to be told of updates."""
        return self.carrier is not None or self.calls["getUpdates"] > 0

    @property
    def spoken(self) -> int:
        """How many calls there were, polling aside."""
        return self.calls.total() - self.calls["getUpdates"]

    def begin(self, people: int) -> None:
        """Let the first so many tap; whoever was never answered does so anew."""
        self._tapping = frozenset(person.id for person in self.people[:people])
        for person in self.people[:people]:
            self._tap(person)

    def tap(self, number: int) -> None:
        """Let this person tap once, if they have been answered."""
        if self.people[number].since is None:
            self._tap(self.people[number])

    def say(self, words: str) -> None:
        """Let the first of them say this."""
        person = self.people[0]
        person.words, person.button = words, None
        self._tap(person)

    def end(self) -> None:
        """Nobody taps any more."""
        self._tapping = frozenset()

    def call(self, method: str, exchange: Exchange) -> None:
        """Carry out a call of the bot, and answer it (a long poll: as soon as there is news)."""
        self.calls[method] += 1
        self._carry_out(method, exchange)

    def _carry_out(self, method: str, exchange: Exchange) -> None:
        if method == "getUpdates":
            self._asked(exchange)
        elif method == "setWebhook":
            said = parameters(exchange)
            most = int(said.get("max_connections") or 40)
            self.carrier = Carrier(said["url"], said["secret_token"], most, self._obey)
            exchange.answer(_DONE)
        elif method == "answerCallbackQuery":
            self._spinning.discard(parameters(exchange)["callback_query_id"])
            exchange.answer(_DONE)
        elif method in _SHOWS:
            self._shown(exchange)
        elif method == "getMe":
            exchange.answer(f'{{"ok":true,"result":{_BOT}}}'.encode())
        else:
            exchange.answer(_DONE)

    def _obey(self, body: bytes) -> None:
        """What a webhook has answered, which may be a call."""
        if method := json.loads(body).get("method"):
            self._carry_out(method, Exchange("POST", "", body))

    def _asked(self, exchange: Exchange) -> None:
        asked = parameters(exchange)
        while self._updates and self._updates[0][0] < int(asked.get("offset", 0)):
            self._updates.popleft()
        self._limit = int(asked.get("limit", 100))
        if self._poll is not None:
            self._over.cancel()
        self._poll, timeout = exchange, int(asked.get("timeout", 0))
        self._over = asyncio.get_running_loop().call_later(
            timeout, self._answer, exchange, _NOTHING
        )
        self._deliver()

    def _deliver(self) -> None:
        if self._poll is not None and self._updates:
            batch = ",".join(body for _, body in itertools.islice(self._updates, self._limit))
            self._answer(self._poll, f'{{"ok":true,"result":[{batch}]}}'.encode())

    def _answer(self, poll: Exchange, said: bytes) -> None:
        self._over.cancel()
        self._poll = None
        poll.answer(said)

    def _shown(self, exchange: Exchange) -> None:
        said = parameters(exchange)
        person = self._by_id[int(said["chat_id"])]
        markup = said.get("reply_markup", "")
        number = said.get("message_id") or str(next(self._numbers))
        person.message = _shown(person, number, said["text"], markup)
        person.button = next((data for data in BUTTONS if f'"{data}"' in markup), None)
        exchange.answer(f'{{"ok":true,"result":{person.message}}}'.encode())
        if person.since is not None:
            self.waits.append(time.perf_counter() - person.since)
            person.since, person.words = None, "hello"
        if person.id in self._tapping:
            self._tap(person)

    def _tap(self, person: Person) -> None:
        number = next(self._numbers)
        update = _pressed(person, number) if person.button else _said(person, number)
        if person.button:
            self._spinning.add(str(number))
        body = f'{{"update_id":{number},{update}}}'
        person.since = time.perf_counter()
        self._bring(person, number, body)

    def _bring(self, person: Person, number: int, body: str) -> None:
        """To the bot's webhook, or to where it asks for updates."""
        if self.carrier is not None:
            self.carrier.bring(Carried(person.id, body.encode()))
            return
        self._updates.append((number, body))
        self._deliver()


def parameters(exchange: Exchange) -> dict[str, str]:
    """What a bot says, as a form or as JSON; structures come as JSON either way."""
    if not exchange.body.startswith(b"{"):
        return dict(parse_qsl(exchange.body.decode()))
    said: dict[str, Any] = json.loads(exchange.body)
    return {name: v if isinstance(v, str) else json.dumps(v) for name, v in said.items()}


def _user(person: Person) -> str:
    return f'{{"id":{person.id},"is_bot":false,"first_name":"Ann","language_code":"en"}}'


def _chat(person: Person) -> str:
    return f'{{"id":{person.id},"type":"private","first_name":"Ann"}}'


def _pressed(person: Person, number: int) -> str:
    return (
        f'"callback_query":{{"id":"{number}","from":{_user(person)},"chat_instance":"1",'
        f'"message":{person.message},"data":"{person.button}"}}'
    )


def _said(person: Person, number: int) -> str:
    length = len(person.words) if person.words.startswith("/") else 0
    command = f'{{"type":"bot_command","offset":0,"length":{length}}}' if length else ""
    return (
        f'"message":{{"message_id":{number},"date":{_DATE},"from":{_user(person)},'
        f'"chat":{_chat(person)},"text":"{person.words}","entities":[{command}]}}'
    )


def _shown(person: Person, number: str, text: str, markup: str) -> str:
    below = f',"reply_markup":{markup}' if markup else ""
    return (
        f'{{"message_id":{number},"date":{_DATE},"from":{_BOT},"chat":{_chat(person)},'
        f'"text":{json.dumps(text)}{below}}}'
    )


@dataclass
class Telegram:
    """Accounts by their tokens, all behind one address."""

    accounts: dict[str, Account] = field(default_factory=dict)
    delay: float = 0.0

    def away(self, seconds: float) -> None:
        """Every call, and every update to a webhook, takes so many seconds to arrive."""
        self.delay = seconds
        for account in self.accounts.values():
            if account.carrier is not None:
                account.carrier.delay = seconds

    def __call__(self, exchange: Exchange) -> None:
        """See `benchmarks.loopback.Handler`."""
        _, token, method = exchange.path.split("/")
        account = self.accounts[token.removeprefix("bot")]
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, account.call, method, exchange)
        else:
            account.call(method, exchange)
