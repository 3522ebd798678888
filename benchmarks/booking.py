"""From *Reserve* to the code: bookings a second, and what each asks of Harbor and of Telegram.

The bot is at work as `lockerbot run` assembles it; Harbor answers each call after 50 ms. A booking
begins with the step that *Reserve* takes, in a chat whose screen has just been shown, and ends when
the code has arrived at Telegram: by a link at once, by a token after *Get drop-off code*. Beside it
a bare aiohttp client makes the same calls in the same order, and remembers nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from benchmarks.bots import ours
from benchmarks.loopback import Exchange, serving
from benchmarks.report import Bench, Value, beside
from bot.domain.card import SCREEN
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId, TowerId
from bot.domain.openers import Opener, Openers
from bot.domain.person import Person
from bot.domain.tower import Size, Tower
from bot.usecases.actor import Actor
from bot.usecases.book import Booking, request
from bot.usecases.codes import ask_drop_off_code

if TYPE_CHECKING:
    from bot.ports.database import Transaction
    from cli.assembly import Assembly

_AWAY = 0.05
_TOWERS = 100
_DOORS = 30
_AT_ONCE = 32
_CALM = 1.5
_ME = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
_TOKEN = {"access_token": "t", "expires_in": 300}
_SHOWN = {"date": 1750000000, "chat": {"id": 1, "type": "private", "first_name": "Ann"}}


def _tower(number: int) -> TowerId:
    return TowerId(f"{number:016d}")


@dataclass
class Town:
    """Both counterparties: towers whose lockers are all free, and phones; every call is counted.

    `seen` is told of each message to a chat, by what stands in its buttons.
    """

    harbor: Counter[str] = field(default_factory=Counter)
    telegram: Counter[str] = field(default_factory=Counter)
    _waiting: dict[tuple[int, bytes], asyncio.Event] = field(default_factory=dict)
    _rented: Iterator[int] = field(default_factory=itertools.count)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def at_harbor(self, exchange: Exchange) -> None:
        """Answer as Harbor, after a while; what is asked for is given."""
        path = exchange.path.partition("?")[0]
        call = path.rpartition("/")[2]
        if call == "token":
            exchange.answer(json.dumps(_TOKEN).encode())
            return
        self.harbor[call] += 1
        body = json.dumps(self._given(call, path)).encode()
        asyncio.get_running_loop().call_later(_AWAY, exchange.answer, body)

    def _given(self, call: str, path: str) -> Any:
        if call == "lockers":
            number = int(path.split("/")[-2])
            return [_door(number * 1000 + door, number) for door in range(1, _DOORS + 1)]
        if call == "reservations":
            return {"id": 7}
        if call == "dropoff-locker-tokens":
            return {"payload": "ab" * 40, "payload_auth": "cd" * 16}
        if call == "dropoff-locker-request":
            door, number = divmod(next(self._rented), _TOWERS)
            return {
                "id": next(self._numbers),
                "lockerId": (number + 1) * 1000 + door + 1,
                "towerId": _tower(number + 1),
                "linkToken": "https://harbor.example/open/abc",
            }
        return []

    def at_telegram(self, exchange: Exchange) -> None:
        """Answer as Telegram."""
        method = exchange.path.rpartition("/")[2]
        if method == "getUpdates":
            return  # nobody says anything
        self.telegram[method] += 1
        chat, number = _CHAT.search(exchange.body), _MESSAGE.search(exchange.body)
        message = {**_SHOWN, "message_id": int(number[1]) if number else next(self._numbers)}
        result = {"getMe": _ME}.get(method, message if chat else True)
        exchange.answer(json.dumps({"ok": True, "result": result}).encode())
        person = int(chat[1]) if chat else 0
        for (waiting, mark), event in self._waiting.items():
            if waiting == person and mark in exchange.body:
                event.set()

    async def shows(self, person: int, mark: bytes) -> None:
        """Return once a message to the person holds it."""
        event = self._waiting.setdefault((person, mark), asyncio.Event())
        await event.wait()
        del self._waiting[person, mark]


_CHAT = re.compile(rb'"?chat_id"?\D{1,8}?(\d+)')
_MESSAGE = re.compile(rb'"message_id": ?"?(\d+)')
_CODE, _RESERVED, _MENU = b"protect_content", b"din:", b"settings"


def _place(number: int) -> Tower:
    name = f"Tower {number}"
    tower = Tower(_tower(number), name, "Road 1", "Austin", 30.3, -97.7, "America/Chicago")
    return replace(tower, location=number)


def _door(number: int, tower: int) -> dict[str, Any]:
    status, kind = {"name": "available", "id": 1}, {"name": "medium", "id": 2}
    told = {"id": number, "name": str(number), "towerId": _tower(tower), "isLowLocker": False}
    return {**told, "status": status, "type": kind}


@dataclass(frozen=True, slots=True)
class Round:
    """Bookings a second, and the calls of each."""

    rate: float
    waits: Sequence[float]
    harbor: Mapping[str, float]
    telegram: Mapping[str, float]


class Desk:
    """Books for one person after another, by one kind of opener."""

    def __init__(self, bot: Assembly, town: Town, opener: Opener) -> None:
        self._bot, self._town, self._opener = bot, town, opener
        self._people = itertools.count(1_000_000)
        self._towers = itertools.cycle(range(1, _TOWERS + 1))

    async def round(self, bookings: int) -> Round:
        """So many people, `_AT_ONCE` of them at a time; their screens are shown before."""
        people = [PersonId(next(self._people)) for _ in range(bookings)]
        await asyncio.gather(*map(self._meet, people))
        await asyncio.gather(
            *(self._bot.towers.free(_tower(number)) for number in range(1, _TOWERS + 1))
        )
        self._town.harbor.clear()
        self._town.telegram.clear()
        turn, waits = asyncio.Semaphore(_AT_ONCE), list[float]()

        async def one(person: PersonId) -> None:
            async with turn:
                began = time.perf_counter()
                await self._book(person)
                waits.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*map(one, people))
        rate = bookings / (time.perf_counter() - began)
        town, before = self._town, -1
        while before != town.telegram.total():  # the last cards
            before = town.telegram.total()
            await asyncio.sleep(_CALM)
        return Round(
            rate,
            waits,
            {call: number / bookings for call, number in town.harbor.items()},
            {call: number / bookings for call, number in town.telegram.items()},
        )

    async def _meet(self, person: PersonId) -> None:
        async def step(tx: Transaction) -> None:
            await tx.save_person(Person(person, "Ann"))
            await tx.mark(person, SCREEN, now=self._bot.clock.now())

        shown = asyncio.create_task(self._town.shows(person, _MENU))
        await self._bot.database.run(step, brief=True)
        await shown

    async def _book(self, person: PersonId) -> None:
        openers = Openers(self._opener, self._opener)
        wish = Booking(_tower(next(self._towers)), Size.MEDIUM, openers=openers)
        by_token = self._opener is Opener.TOKEN
        code = asyncio.create_task(self._town.shows(person, _CODE))
        reserved = asyncio.create_task(self._town.shows(person, _RESERVED)) if by_token else None

        async def reserve(act: Actor) -> Delivery:
            return await request(act, Person(person, "Ann"), wish)

        delivery = await self._act(person, reserve)
        if reserved is not None:
            await reserved

            async def ask(act: Actor) -> Delivery:
                current = await act.tx.delivery(delivery.id)
                assert current is not None
                return await ask_drop_off_code(act, current)

            await self._act(person, ask)
        await code

    async def _act(
        self, person: PersonId, use_case: Callable[[Actor], Awaitable[Delivery]]
    ) -> Delivery:
        async def step(tx: Transaction) -> Delivery:
            tx.answers(person)
            return await use_case(Actor(tx, person, self._bot.clock.now(), self._bot.policy))

        return await self._bot.database.run(step, brief=True)


async def _peer(urls: tuple[str, str], like: Round, bookings: int) -> float:
    """Bookings a second of as many calls, one after another in each booking."""
    turn = asyncio.Semaphore(_AT_ONCE)
    calls = [
        (url, call)
        for url, each in zip(urls, (like.harbor, like.telegram), strict=True)
        for call, number in each.items()
        for _ in range(round(number))
    ]

    async def one() -> None:
        async with turn:
            for url, call in calls:
                at = f"{url}/towers/1/{call}"
                async with session.post(at, json={"chat_id": 1, "message_id": 1}) as answer:
                    await answer.read()

    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(bookings)))
        return bookings / (time.perf_counter() - began)


async def measure(
    directory: Path, opener: Opener, *, rounds: int, bookings: int
) -> dict[str, Value]:
    """One row: medians of so many rounds."""
    town, found, peers = Town(), list[Round](), list[float]()
    async with (
        serving(town.at_telegram) as telegram,
        serving(town.at_harbor) as harbor,
        ours(telegram, "1:book", directory, town.at_harbor, LOCKERBOT_OPENER=opener.value) as (
            _,
            bot,
        ),
    ):
        polling = asyncio.create_task(bot.receiver.poll())
        await bot.receiver.introduced.wait()
        towers = [_place(number) for number in range(1, _TOWERS + 1)]
        await bot.database.run(lambda tx: tx.save_towers(towers))
        desk = Desk(bot, town, opener)
        await desk.round(bookings // 4)  # warms up
        for _ in range(rounds):
            found.append(await desk.round(bookings))
            peers.append(await _peer((harbor, telegram), found[-1], bookings))
        bot.receiver.stop()
        await polling
    return {
        "opener": opener.value,
        "bookings/s": statistics.median(each.rate for each in found),
        "peer: the same calls/s": statistics.median(peers),
        "ours ×": beside([each.rate for each in found], peers),
        "p50 ms": statistics.median(wait for each in found for wait in each.waits) * 1e3,
        "to Harbor": _said(found, lambda each: each.harbor),
        "to Telegram": _said(found, lambda each: each.telegram),
    }


def _said(found: Sequence[Round], which: Callable[[Round], Mapping[str, float]]) -> str:
    calls = sorted({call for each in found for call in which(each)})
    means = {call: statistics.mean(which(each).get(call, 0.0) for each in found) for call in calls}
    return ", ".join(f"{number:.3g} {call}" for call, number in means.items() if number >= 0.005)


async def bench(directory: Path, *, rounds: int = 5, bookings: int = 100) -> Bench:
    """A row for each opener; the databases lie in `directory`."""
    rows = []
    for opener in (Opener.LINK, Opener.TOKEN):
        with tempfile.TemporaryDirectory(dir=directory, prefix="booking-") as place:
            rows.append(await measure(Path(place), opener, rounds=rounds, bookings=bookings))
    return Bench(
        "From Reserve to the code",
        f"medians of {rounds} rounds of {bookings} bookings, {_AT_ONCE} at once; calls are those of"
        " one booking, without the answers to the buttons: one each by polling, none by webhook",
        rows,
    )
