"""Several processes on one PostgreSQL, to which updates are handed in turn; one of them is killed.

All run on two processors together with the server and the load: what is measured is that nothing is
done twice or in vain, what a tap costs, and how long people wait after a kill. It says nothing
about how many processes a greater machine could use.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from benchmarks.bots import Contestant
from benchmarks.carrier import Carried, Carrier
from benchmarks.harbor import StandIn
from benchmarks.loopback import Exchange, serving
from benchmarks.processes import Meter, at_work
from benchmarks.report import Bench, Value
from benchmarks.telegram import BUTTONS, Account, Person, Telegram, parameters
from benchmarks.waiting import until

NUMBERS = (1, 2, 4)
_PEOPLE = 32
_TOKEN = "1:tap"
_CONNECTIONS = 16
_PATIENCE = 60.0


class Shared(Account):
    """People whose updates go to each process in turn; counts what should not be."""

    def __init__(self, people: int) -> None:
        super().__init__(people)
        self.carriers: list[Carrier] = []
        self.in_vain = self.doubles = self.wrong = 0
        self._turn = 0
        self._under_way: dict[int, tuple[Carrier, Carried]] = {}
        self._seen: dict[int, tuple[str, str]] = {}
        self._pressed: dict[int, str] = {}

    def _carry_out(self, method: str, exchange: Exchange) -> None:
        if method == "setWebhook":
            said = parameters(exchange)
            carrier = Carrier(said["url"], said["secret_token"], _CONNECTIONS, self._obey)
            self.carriers.append(carrier)
            exchange.answer(b'{"ok":true,"result":true}')
            return
        super()._carry_out(method, exchange)

    def _shown(self, exchange: Exchange) -> None:
        said = parameters(exchange)
        chat = int(said["chat_id"])
        seen = said["text"], said.get("reply_markup", "")
        pressed = self._pressed.pop(chat, None)
        self.in_vain += self._seen.get(chat) == seen
        self.doubles += "message_id" not in said and chat in self._seen
        self.wrong += pressed is not None and f'"{pressed}"' in seen[1]
        self._seen[chat] = seen
        super()._shown(exchange)

    def _bring(self, person: Person, number: int, body: str) -> None:
        if person.button in BUTTONS:
            self._pressed[person.id] = person.button
        self._hand_on(person, Carried(person.id, body.encode()))

    def _hand_on(self, person: Person, update: Carried) -> None:
        carrier = self.carriers[self._turn % len(self.carriers)]
        self._turn += 1
        self._under_way[person.id] = carrier, update
        carrier.bring(update)

    def forsake(self, place: int) -> None:
        """A process is gone: what was on its way to it goes to the others."""
        gone = self.carriers.pop(place)
        for person in self.people:
            carrier, update = self._under_way.get(person.id, (None, None))
            if carrier is gone and update is not None and person.since is not None:
                self._hand_on(person, update)


async def replica(url: str, token: str, directory: Path, *, database: str, harbor: str) -> None:
    """Our bot by webhook, on a database that is shared."""
    from benchmarks.settings import settings_for
    from cli.bootstrap import assembled
    from cli.logs import set_up_logging
    from cli.memory import few_arenas, spare_the_collector
    from cli.system_clock import SystemClock
    from handlers.telegram.rate_limit import RateLimit
    from web.app import create_app
    from web.deliveries import TelegramHook
    from web.serving import serving as serving_web

    set_up_logging("error", None)
    few_arenas()
    settings = settings_for(token, url, database, harbor)
    clock = SystemClock()
    pace = RateLimit(clock, overall=None, a_chat=None)
    async with assembled(settings, clock, pace=pace) as assembly:
        spare_the_collector()
        path, secret = settings.webhook_path, settings.webhook_secret
        async with serving_web(
            create_app(telegram=TelegramHook(path, secret, assembly.take))
        ) as at:
            await assembly.receiver.listen(at + path, secret)
            await asyncio.Event().wait()


async def measure(folder: Path, database: str, number: int, seconds: float) -> dict[str, Value]:
    """One row: so many processes at work, and (of several) the first killed at the end."""
    telegram, account = Telegram(), Shared(_PEOPLE)
    telegram.accounts[_TOKEN] = account
    looks: list[float] = []
    harbor = StandIn()

    def looked(exchange: Exchange) -> None:
        if "assigned-lockers" in exchange.path:
            looks.append(time.perf_counter())
        harbor(exchange)

    async with serving(telegram) as url, serving(looked) as harbor_url, _processes() as stack:
        bot = partial(replica, database=database, harbor=harbor_url)
        one = Contestant("lockerbot", _TOKEN, bot)
        meters: list[Meter] = []
        for _ in range(number):  # one after another, so that the oldest is known
            meters.append(stack.enter_context(at_work(one, url, folder, None)))
            await until(lambda: len(account.carriers) == len(meters))
        account.begin(_PEOPLE)
        await asyncio.sleep(seconds / 3)
        account.waits.clear()
        used, began = await _used(meters), time.perf_counter()
        await asyncio.sleep(seconds)
        took, waits = time.perf_counter() - began, list(account.waits)
        cpu = await _used(meters) - used
        longest = await _killed(account) if number > 1 else None
        account.end()
        await until(lambda: not account.unanswered)
    return {
        "processes": number,
        "updates/s": len(waits) / took,
        "CPU µs/update": cpu / len(waits) * 1e6,
        "p50 ms": statistics.median(waits) * 1e3,
        "p99 ms": statistics.quantiles(waits, n=100, method="inclusive")[98] * 1e3,
        "edits in vain": account.in_vain,
        "doubles": account.doubles,
        "wrong screens": account.wrong,
        "looks/5 s": len(looks) / max(1.0, looks[-1] - looks[0]) * 5 if len(looks) > 1 else None,
        "longest wait after a kill s": longest,
    }


@contextlib.asynccontextmanager
async def _processes() -> AsyncIterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


async def _used(meters: list[Meter]) -> float:
    return sum([await meter.seconds() for meter in meters])


async def _killed(account: Shared) -> float:
    """Of whoever taps meanwhile the longest wait, once the oldest process is killed."""
    account.waits.clear()
    oldest = min(multiprocessing.active_children(), key=lambda child: child.pid or 0)
    assert oldest.pid is not None
    os.kill(oldest.pid, signal.SIGKILL)
    account.forsake(0)
    waiting = {person.id for person in account.people if person.since is not None}
    before = time.perf_counter()
    await until(
        lambda: all(
            person.since is None or person.since > before
            for person in account.people
            if person.id in waiting
        )
    )
    return max(account.waits)


async def bench(directory: Path, *, seconds: float = 6) -> Bench:
    """The rows; the server is one of its own, with its defaults but for flushing."""
    from crash.databases import a_database

    with tempfile.TemporaryDirectory(dir=directory, prefix="replicas-") as place:
        rows = []
        for number in NUMBERS:
            with a_database("postgres", Path(place)) as database:
                rows.append(await measure(Path(place), database, number, seconds))
    return Bench(
        "Several processes on one PostgreSQL",
        f"one run of {seconds:g} s each; {_PEOPLE} people, webhooks, a server that does not flush;"
        " all on the same two processors",
        rows,
    )
