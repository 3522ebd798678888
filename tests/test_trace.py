"""`lockerbot trace`: why a parcel is late, in one command; from what is stored, and of nobody."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bot.domain.alerts import Away, harbor_away
from bot.domain.delivery import HarborRequest, RequestKind
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import State
from bot.ports.database import Database
from cli.commands import app
from cli.trace import Life, read, show, span, waits_for
from storage import open_database
from tests.support.chats import MARKET, Chats, chats
from tests.support.databases import a_delivery
from tests.support.town import Somebody, Town

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
SENDER, RECIPIENT = PersonId(1), PersonId(2)
LATER = NOW + timedelta(hours=1)
TOLD = "2026-03-01 13:31:00"


@pytest.mark.parametrize(
    ("state", "changes", "waited"),
    [
        (
            State.PREPARED,
            {"held_until": LATER},
            f"its sender to stand at the tower, held until {TOLD}",
        ),
        (State.REQUESTED, {}, "the locker of the delivery before it to be given back"),
        (State.RESERVED, {"held_until": LATER}, f"its sender to take a code, held until {TOLD}"),
        (State.RENTED, {}, "the parcel to be put in"),
        (State.RELEASING, {}, "Harbor to have the locker back"),
        (State.STORED, {}, "somebody to claim it"),
        (
            State.STORED,
            {"recipient": RECIPIENT, "collect_until": LATER},
            f"its recipient to collect it, until {TOLD}",
        ),
        (State.STORED, {"taken_back": True}, "its sender to take it back"),
        (State.STORED, {"fetcher": PersonId(9)}, "an operator to fetch it out"),
    ],
)
def test_each_stage_says_whom_it_waits_for(
    state: State, changes: Mapping[str, Any], waited: str
) -> None:
    delivery = a_delivery("abc", state=state, **changes)
    assert list(waits_for(Life(delivery, (), (), ()), NOW)) == [waited]


@pytest.mark.parametrize("state", [State.COLLECTED, State.CANCELLED, State.LAPSED, State.NO_LOCKER])
def test_what_is_over_waits_for_nothing(state: State) -> None:
    assert list(waits_for(Life(a_delivery("abc", state=state), (), (), ()), NOW)) == []


def test_a_request_in_vain_says_since_when_and_when_it_is_tried_again() -> None:
    asked = NOW - timedelta(minutes=12, seconds=5)
    request = HarborRequest(1, RequestKind.RELEASE, LATER, failures=7, asked_at=asked)
    delivery = a_delivery("abc", state=State.RELEASING, request=request)
    away = harbor_away(asked, Away.SILENT)
    first, second, _ = waits_for(Life(delivery, (), (), (), away), NOW)
    assert first == (
        "Harbor: release, asked 2026-03-01 12:18:55 (12 min 5 s ago), tried in vain 7 times, "
        f"next try {TOLD}"
    )
    assert second == "Harbor to answer at all: it has not since 2026-03-01 12:18:55"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min"),
        (3600 * 28, "1 d 4 h"),
        (7322, "2 h 2 min"),
    ],
)
def test_spans_are_told_in_two_units(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.fixture
async def town(sqlite_database: Database) -> AsyncIterator[Town]:
    async with chats(sqlite_database) as world:
        yield Town(world)


async def traced(world: Chats, sender: PersonId) -> str:
    """What the command prints now, on a wide terminal."""

    async def look(tx: Any) -> Life:
        found = [
            *await tx.deliveries_of(sender, live=True),
            *await tx.deliveries_of(sender, live=False),
        ]
        life = await read(tx, found[0].id)
        assert life is not None
        return life

    said = io.StringIO()
    life = await world.database.look(look)
    show(life, world.clock.now(), Console(file=said, width=200, markup=False, highlight=False))
    return said.getvalue()


async def test_a_parcel_that_is_held_up_at_each_stage_says_by_what(town: Town) -> None:
    world = town.world
    anna = Somebody(await world.phone("Annabella", id=7_770_001_111))
    ben = Somebody(await world.phone("Benedikt", id=7_770_002_222))
    await anna.opens_the_bot()
    with capture_logs():
        await world.faults("harbor", {"name": "503", "call": "reserve", "times": None})
        await anna.taps("Send a parcel", MARKET, "Medium", "Send a link", "Add a note")
        await anna.says("handle with feathers")
        await anna.taps("Reserve")
        told = await traced(world, anna.phone.id)
        assert re.search(r"waits for Harbor: locker, asked .* tried in vain [1-9]", told)
        assert re.search(r"│ asked +│ locker, of Harbor; not answered yet", told)

        await world.faults("harbor")
        await town.minutes_pass(1)
        assert "waits for its sender to take a code, held until" in await traced(
            world, anna.phone.id
        )
        link, code = await anna.phone.claim()
        await ben.opens_the_bot(link)
        await anna.taps("Get drop-off code")
        payload = (await anna.scanned()).split("/")[-2:]
        assert "waits for the parcel to be put in, held until" in await traced(world, anna.phone.id)

        silent = {"name": "bad_gateway", "call": "sendMessage", "chat": ben.phone.id}
        await world.faults("telegram", silent | {"times": None})
        await anna.puts_the_parcel_in()
        await world.turn(6)
        await world.watcher.look()
        await world.outbox.settle()
        told = await traced(world, anna.phone.id)
        assert re.search(r"waits for Telegram: the recipient's card, to ring, owed .* ago", told)
        assert "waits for its recipient to collect it, until" in told

        await world.faults("telegram")
        await town.minutes_pass(5)
        await ben.sees("is waiting for you")
        told = await traced(world, anna.phone.id)
        assert "waits for Telegram" not in told
        assert re.search(r"│ rung +│ last: the recipient's card", told)

    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()
    told = await traced(world, anna.phone.id)
    assert told.endswith("waits for nothing\n")
    for event in ("requested", "reserved", "drop_off_issued", "dropped_off", "collected"):
        assert f"│ {event} " in told
    hidden = ["Annabella", "Benedikt", "feathers", "7770001111", "7770002222", code, *payload]
    assert not [each for each in hidden if each.lower() in told.lower()]
    assert link.partition("start=")[2] not in told


KEY = "a key for tests and nothing else"


def invoked(path: Path, *words: str) -> tuple[int, str]:
    given = {"DATABASE_URL": f"sqlite:///{path}", "LOCKERBOT_SECRET_KEY": KEY}
    done = CliRunner().invoke(app, ["trace", *words], env=given)
    return done.exit_code, done.output + (str(done.exception) if done.exception else "")


def test_the_command_reads_and_says_what_it_does_not_find(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    code, said = invoked(path, "abc")
    assert code == 1
    assert "there is no database" in said
    assert not path.exists()

    async def fill() -> None:
        async with open_database(f"sqlite:///{path}", keys=[KEY]) as database:

            async def step(tx: Any) -> None:
                await tx.add_delivery(replace(a_delivery("abc"), created_at=NOW))
                problem = HistoryEvent.PROBLEM
                await tx.record(HistoryEntry(DeliveryId("abc"), NOW, problem, SENDER, "my words"))

            await database.run(step)

    asyncio.run(fill())
    before = path.read_bytes()
    code, said = invoked(path, " ABC ")
    assert code == 0, said
    assert "abc: requested, tower 00000000000000aa, no door" in said
    assert re.search(r"problem +│ by sender", said)
    assert "my words" not in said
    assert path.read_bytes() == before
    code, said = invoked(path, "nowhere")
    assert code == 1
    assert "there is no delivery nowhere" in said
