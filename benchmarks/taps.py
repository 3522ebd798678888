"""One tap at saturation: our bot beside echo bots that remember nothing.

All bots are started once and take turns, A B C A B C, while the others wait in their long polls, or
for their webhooks.
People tap again as soon as they are answered, so as many updates are under way as there are people.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bots import CONTESTANTS, HOOKED, Contestant
from benchmarks.loopback import serving
from benchmarks.processes import Meter, at_work, pinned, two_cores
from benchmarks.report import Bench, Value, beside
from benchmarks.telegram import Account, Telegram
from benchmarks.waiting import until

_GIVEN_UP = 10.0


@dataclass(frozen=True, slots=True)
class Load:
    """So many people, whose every call to Telegram takes so many seconds to arrive."""

    people: int
    delay: float = 0.0

    @property
    def said(self) -> str:
        """For a row of the table."""
        people = f"{self.people} people" if self.people > 1 else "1 person"
        return f"{people}, {self.delay * 1000:.0f} ms" if self.delay else people


LOADS = (Load(256), Load(256, 0.05), Load(1))


@dataclass(frozen=True, slots=True)
class Turn:
    """What one bot did in one turn; times in seconds."""

    rate: float
    cpu: float  # a tap
    calls: float  # to Telegram, an update, polling aside
    waits: Sequence[float]
    lost: int


Span = Callable[[Account], Awaitable[None]]
"""Returns when a turn is to end."""


def lasting(seconds: float) -> Span:
    """A turn of so many seconds."""
    return lambda _: asyncio.sleep(seconds)


async def take_turn(
    account: Account, meter: Meter, telegram: Telegram, load: Load, span: Span
) -> Turn:
    """Let people tap until `span` is over, then let the bot finish; all of that counts."""
    telegram.away(load.delay)
    account.waits.clear()
    spoken, used, began = account.spoken, await meter.seconds(), time.perf_counter()
    account.begin(load.people)
    await span(account)
    account.end()
    with contextlib.suppress(TimeoutError):
        await until(lambda: not (account.unanswered or account.spinning), seconds=_GIVEN_UP)
    took, used = time.perf_counter() - began, await meter.seconds() - used
    waits = tuple(account.waits)
    done = max(len(waits), 1)
    calls = (account.spoken - spoken) / done
    lost = account.unanswered + account.spinning
    return Turn(len(waits) / took, used / done, calls, waits, lost)


async def compare(
    directory: Path,
    *,
    contestants: Sequence[Contestant] = CONTESTANTS,
    loads: Sequence[Load] = LOADS,
    span: Span,
    rounds: int = 5,
    core: int | None = None,
) -> list[dict[str, Value]]:
    """One row for each load and bot: medians of the rounds. `core` is the bots' processor."""
    telegram = Telegram()
    rows: list[dict[str, Value]] = []
    most = max(load.people for load in loads)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(telegram))
        meters: dict[str, Meter] = {}
        for one in contestants:
            telegram.accounts[one.token] = Account(most)
            meters[one.token] = stack.enter_context(at_work(one, url, directory, core))
        accounts = telegram.accounts.values()
        patience = 60.0 * len(accounts)
        await until(lambda: all(x.reached for x in accounts), seconds=patience, every=0.05)
        for load in loads:
            there = [one for one in contestants if one.far or not load.delay]
            turns: dict[str, list[Turn]] = {one.token: [] for one in there}
            for _ in range(rounds):
                for one in there:
                    account, meter = telegram.accounts[one.token], meters[one.token]
                    turn = await take_turn(account, meter, telegram, load, span)
                    turns[one.token].append(turn)
            ours = turns[contestants[0].token]
            rows += [row(load, one.name, turns[one.token], ours) for one in there]
    return rows


def row(load: Load, name: str, turns: Sequence[Turn], ours: Sequence[Turn]) -> dict[str, Value]:
    """What one bot did under one load: the medians of its turns, all that was lost, and what `ours`
    did beside it, turn by turn."""
    waits = [_percentiles(turn.waits) for turn in turns]
    our_waits = [_percentiles(turn.waits)[0] for turn in ours]
    return {
        "load": load.said,
        "bot": name,
        "calls/update": statistics.median(turn.calls for turn in turns),
        "updates/s": statistics.median(turn.rate for turn in turns),
        "CPU µs/update": statistics.median(turn.cpu for turn in turns) * 1e6,
        "p50 ms": statistics.median(p50 for p50, _ in waits) * 1e3,
        "p99 ms": statistics.median(p99 for _, p99 in waits) * 1e3,
        "lost": sum(turn.lost for turn in turns),
        "ours: rate ×": beside([turn.rate for turn in ours], [turn.rate for turn in turns]),
        "ours: CPU ×": beside([turn.cpu for turn in ours], [turn.cpu for turn in turns]),
        "ours: p50 ×": beside(our_waits, [p50 for p50, _ in waits]),
    }


def _percentiles(waits: Sequence[float]) -> tuple[float, float]:
    if len(waits) < 2:
        return float("nan"), float("nan")
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    return cuts[49], cuts[98]


async def bench(directory: Path, *, rounds: int = 5, seconds: float = 1.5) -> Bench:
    """The whole comparison, by polling; the database lies in `directory`."""
    return await _bench("One tap, by polling", CONTESTANTS, directory, rounds, seconds)


async def bench_hooked(directory: Path, *, rounds: int = 5, seconds: float = 1.5) -> Bench:
    """The same by webhook, beside aiogram's."""
    return await _bench("One tap, by webhook", HOOKED, directory, rounds, seconds)


async def _bench(
    title: str, contestants: Sequence[Contestant], directory: Path, rounds: int, seconds: float
) -> Bench:
    mine, theirs = two_cores()
    with tempfile.TemporaryDirectory(dir=directory, prefix="taps-") as place, pinned(mine):
        rows = await compare(
            Path(place),
            contestants=contestants,
            rounds=rounds,
            span=lasting(seconds),
            core=theirs,
        )
    return Bench(
        title,
        f"medians of {rounds} turns of {seconds:g} s, the bots taking turns; p50 and p99 from the"
        " update being available to the message being edited (or sent); ours ×: the median of the"
        " ratios, turn by turn",
        rows,
    )
