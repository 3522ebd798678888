"""Parcel pages beside a running bot: how long each takes at so many a second, and taps meanwhile.

The bot polls and has its loops turning; browsers come at fixed times, each by a connection of its
own, half of them with the cookie of a parcel that is theirs. A page's time is from when it should
have been asked for to its last byte, so that a queue counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time as dt_time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.bots import Contestant, ours
from benchmarks.harbor import TOWER, StandIn, lockers
from benchmarks.loopback import serving
from benchmarks.processes import at_work, pinned, two_cores
from benchmarks.report import Bench, Value
from benchmarks.telegram import Account, Telegram
from benchmarks.waiting import until

if TYPE_CHECKING:
    from bot.ports.database import Database, Transaction

PARCELS = 200
A_SECOND = 50
_TAPPING = 8
_DELAY = 0.05
"""Seconds that a call of the bot to Telegram takes."""
_MADE = "pages.json"
_UNTIL_THERE = 60.0


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was fetched: seconds, and bytes of its body."""

    took: float
    weight: int


@dataclass(slots=True)
class Found:
    """What the turns of one load have brought; `cpu` are seconds of the bot's processor."""

    visits: list[Visit] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    cpu: float = 0.0


async def with_pages(url: str, token: str, directory: Path) -> None:
    """Ours with parcel pages; where they are is written down in `directory`."""
    from cli.pages import parcel_pages
    from web.app import create_app
    from web.pages import Where
    from web.serving import serving as serving_pages

    occupied = StandIn({"assigned-lockers": lockers("occupied", PARCELS, first=1)})
    async with ours(url, token, directory, occupied) as (settings, assembly):
        where = Where("http://127.0.0.1")
        pages = parcel_pages(assembly, where, key=settings.page_key, locale="en")
        made = await _fill(assembly.database)
        async with serving_pages(create_app(pages=pages)) as at:
            await asyncio.to_thread(_write_down, directory / _MADE, at, made)
            await assembly.receiver.poll()


def _write_down(file: Path, at: str, made: Sequence[tuple[str, str | None]]) -> None:
    coming = file.with_suffix(".new")
    coming.write_text(json.dumps({"at": at, "pages": made}), "utf-8")
    coming.replace(file)


async def _fill(database: Database) -> list[tuple[str, str | None]]:
    """Parcels in their lockers: the secret of each one's page, and of every other the cookie by
    which it has been claimed."""
    from bot.domain.claims import new_claim
    from bot.domain.delivery import Delivery
    from bot.domain.ids import DeliveryId, LockerId, PersonId
    from bot.domain.lifecycle import State
    from bot.domain.policy import Policy
    from bot.domain.tower import Hours, Size, Tower
    from bot.usecases.browser import Bound, claim
    from cli.system_clock import SystemClock

    now, policy = SystemClock().now(), Policy()

    async def one(tx: Transaction, number: int) -> tuple[str, str | None]:
        delivery = Delivery(
            id=DeliveryId(f"{number:010d}"),
            sender=PersonId(number),
            tower=TOWER,
            size=Size.SMALL,
            state=State.STORED,
            locker=LockerId(number),
            locker_name="14",
            created_at=now,
            changed_at=now,
            reported_at=now,
            collect_until=now + policy.storage,
        )
        await tx.add_delivery(delivery)
        made = new_claim(delivery.id)
        assert made.page is not None
        await tx.save_claim(made)
        if number % 2:
            return made.page, None
        bound = await claim(tx, made.page, "en", now=now, policy=policy)
        assert isinstance(bound, Bound)
        return made.page, bound.cookie

    week = {day: (Hours(dt_time(7), dt_time(21)),) for day in range(7)}
    tower = Tower(TOWER, "Market", "Road 1", "Austin", 30.3, -97.7, "America/Chicago", week)
    await database.run(lambda tx: tx.save_towers([tower]))
    return [
        await database.run(lambda tx, number=number: one(tx, number))  # type: ignore[misc]  # bound now
        for number in range(1, PARCELS + 1)
    ]


async def visits(
    at: str, pages: Sequence[tuple[str, str | None]], *, a_second: float, count: int
) -> list[Visit]:
    """So many pages, one after another at fixed times, whether or not the last one is there."""
    began, asked = time.perf_counter(), []
    for number in range(count):
        due = began + number / a_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        page, cookie = pages[number % len(pages)]
        asked.append(asyncio.create_task(_visit(at, page, cookie, due)))
    return await asyncio.gather(*asked)


async def _visit(at: str, page: str, cookie: str | None, due: float) -> Visit:
    parts = urlsplit(at)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    known = f"Cookie: parcel={cookie}\r\n" if cookie else ""
    head = f"GET /p/{page} HTTP/1.1\r\nHost: bench\r\nAccept-Language: de\r\n{known}\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    took = time.perf_counter() - due
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    status, _, body = answer.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200"), status[:40]
    return Visit(took, len(body))


async def compare(
    directory: Path, *, rounds: int, seconds: float, core: int | None = None
) -> list[dict[str, Value]]:
    """Pages alone, taps alone, and both at once, taking turns."""
    telegram, one = Telegram(), Contestant("lockerbot", "1:tap", with_pages)
    telegram.away(_DELAY)
    account = telegram.accounts[one.token] = Account(_TAPPING)
    count = max(1, round(seconds * A_SECOND))
    loads = {"pages": (True, False), "taps": (False, True), "both": (True, True)}
    found = {name: Found() for name in loads}
    async with serving(telegram) as url:
        with at_work(one, url, directory, core) as meter:
            at, pages = await _there(directory / _MADE)
            await visits(at, pages, a_second=A_SECOND, count=count // 2)  # warms up
            for _ in range(rounds):
                for name, (browse, tap) in loads.items():
                    turn, used = found[name], await meter.seconds()
                    account.waits.clear()
                    if tap:
                        account.begin(_TAPPING)
                    if browse:
                        turn.visits += await visits(at, pages, a_second=A_SECOND, count=count)
                    else:
                        await asyncio.sleep(seconds)
                    account.end()
                    await until(lambda: not account.unanswered)
                    turn.waits += account.waits
                    turn.cpu += await meter.seconds() - used
    return [_row(name, turns) for name, turns in found.items()]


async def _there(file: Path) -> tuple[str, list[tuple[str, str | None]]]:
    async with asyncio.timeout(_UNTIL_THERE):
        while not await asyncio.to_thread(file.exists):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    made = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
    return made["at"], [tuple(page) for page in made["pages"]]


def _row(name: str, found: Found) -> dict[str, Value]:
    seen, waits = found.visits, found.waits
    times, taps = _percentiles([visit.took for visit in seen]), _percentiles(waits)
    return {
        "load": name,
        "pages": len(seen),
        "page p50 ms": times[0],
        "page p99 ms": times[1],
        "CPU µs/page": found.cpu / len(seen) * 1e6 if seen and not waits else None,
        "heaviest page, bytes": max((visit.weight for visit in seen), default=None),
        "taps": len(waits),
        "tap p50 ms": taps[0],
        "tap p99 ms": taps[1],
    }


def _percentiles(seconds: Sequence[float]) -> tuple[float | None, float | None]:
    if len(seconds) < 2:
        return None, None
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1e3, cuts[98] * 1e3


async def bench(directory: Path, *, rounds: int = 5, seconds: float = 4) -> Bench:
    """The rows; the database lies in `directory`."""
    mine, theirs = two_cores()
    with tempfile.TemporaryDirectory(dir=directory, prefix="page-") as place, pinned(mine):
        rows = await compare(Path(place), rounds=rounds, seconds=seconds, core=theirs)
    return Bench(
        "The parcel page",
        f"{rounds} turns of {seconds:g} s; {A_SECOND} pages a second at fixed times, {_TAPPING}"
        f" people who tap at once again, calls to Telegram take {_DELAY * 1000:.0f} ms; SQLite,"
        " polling",
        rows,
    )
