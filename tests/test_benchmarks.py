"""The benchmarks, as small as can be: that they measure what they say, never how fast it is."""

import asyncio
import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import (
    booking,
    burst,
    growth,
    harbor_transport,
    look,
    page,
    search,
    soak,
    start,
    storage,
    taps,
)
from benchmarks.bots import CONTESTANTS, HOOKED, Contestant
from benchmarks.crowd import Crowd
from benchmarks.harbor import StandIn, lockers
from benchmarks.loopback import serving, serving_apart
from benchmarks.processes import INSTALLED
from benchmarks.report import Bench, beside, keep
from benchmarks.settings import environment_for
from benchmarks.taps import Load, Turn
from benchmarks.telegram import Account
from bot.domain.openers import Opener


async def forty_answered(account: Account) -> None:
    """However long that takes: what is counted here depends on no machine's speed."""
    while len(account.waits) < 40:  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.005)


@pytest.mark.long
@pytest.mark.parametrize(
    ("contestants", "ours"), [(CONTESTANTS[:2], 2), (HOOKED[:2], 1)], ids=["polling", "webhook"]
)
async def test_everybody_who_taps_is_answered_by_our_bot_and_by_an_echo(
    tmp_path: Path, contestants: tuple[Contestant, ...], ours: int
) -> None:
    rows = await taps.compare(
        tmp_path,
        contestants=contestants,
        loads=(Load(4, 0.01),),
        rounds=1,
        span=forty_answered,
    )
    assert [row["load"] for row in rows] == ["4 people, 10 ms"] * 2
    for row, calls in zip(rows, (ours, 2), strict=True):
        assert row["lost"] == 0, row
        # /start takes one call and a button these; the last answers to buttons may be under way.
        assert calls * 0.85 < row["calls/update"] <= calls, row
        assert 0 < row["p50 ms"] <= row["p99 ms"], row


async def test_a_bot_ends_with_whoever_measures_it(tmp_path: Path) -> None:
    idle = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.idle_bot", str(tmp_path)
    )
    async with asyncio.timeout(60):
        while not (tmp_path / "idle.pid").exists():  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
        bot = Path("/proc") / (tmp_path / "idle.pid").read_text() / "stat"
        idle.kill()
        await idle.wait()
        while is_alive(bot):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def is_alive(stat: Path) -> bool:
    """Whether it runs; one that has ended may wait for somebody to take note."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_row_holds_the_medians_of_the_turns_and_the_sum_of_what_was_lost() -> None:
    turns = [
        Turn(rate=100.0, cpu=0.002, calls=2.0, waits=(0.010, 0.010, 0.030), lost=1),
        Turn(rate=300.0, cpu=0.001, calls=1.5, waits=(0.020, 0.020, 0.020), lost=0),
        Turn(rate=200.0, cpu=0.004, calls=1.8, waits=(0.030, 0.030, 0.030), lost=2),
    ]
    peers = [replace(turn, rate=turn.rate / 2, cpu=turn.cpu * 4) for turn in turns]
    beside_them = taps.row(Load(1), "theirs", peers, turns)
    ratios = [beside_them[f"ours: {what} ×"] for what in ("rate", "CPU", "p50")]
    assert ratios == [2.0, 0.25, 1.0]
    row = taps.row(Load(256, 0.05), "ours", turns, turns)
    assert (row["load"], row["bot"], row["lost"]) == ("256 people, 50 ms", "ours", 3)
    assert (row["updates/s"], row["calls/update"]) == (200.0, 1.8)
    assert row["CPU µs/update"] == pytest.approx(2000)
    assert row["p50 ms"] == pytest.approx(20)
    assert row["p99 ms"] == pytest.approx(29.6)


@pytest.mark.long
async def test_pages_are_fetched_beside_taps_and_both_are_counted(tmp_path: Path) -> None:
    rows = await page.compare(tmp_path, rounds=1, seconds=0.4)
    assert [(row["load"], row["pages"]) for row in rows] == [
        ("pages", 20),
        ("taps", 0),
        ("both", 20),
    ]
    alone, taps_alone, both = rows
    assert alone["taps"] == 0
    for row in (taps_alone, both):
        assert row["taps"] > 0
        assert 0 < row["tap p50 ms"] <= row["tap p99 ms"]
    for row in (alone, both):
        assert 0 < row["page p50 ms"] <= row["page p99 ms"]
        assert 1000 < row["heaviest page, bytes"] <= 30_000


async def test_a_look_asks_harbor_once_however_many_deliveries_there_are(tmp_path: Path) -> None:
    nothing, put_in, saved, peer = await look.measure(tmp_path, live=600, times=1, changed=5)
    for row in (nothing, put_in, saved, peer):
        assert row["live deliveries"] == 600
        assert row["Harbor requests"] == 1
    assert put_in["first ring ms"] is not None
    assert [row["first ring ms"] for row in (nothing, saved, peer)] == [None] * 3


@pytest.mark.long
async def test_a_booking_ends_with_its_code_and_its_calls_are_counted(tmp_path: Path) -> None:
    row = await booking.measure(tmp_path, Opener.TOKEN, rounds=1, bookings=4)
    assert "1 reservations" in str(row["to Harbor"])
    assert "1 dropoff-locker-tokens" in str(row["to Harbor"])
    assert "1 sendPhoto" in str(row["to Telegram"])


@pytest.mark.long
async def test_a_start_ends_with_the_first_answer(tmp_path: Path) -> None:
    async with serving(StandIn()) as harbor:
        given = environment_for("1:start", f"sqlite:///{tmp_path}/bot.db", harbor)
        began = await start.once(INSTALLED, (), given)
    assert began.cpu > 0
    assert 20 < began.memory < 400


@pytest.mark.long
async def test_a_soak_is_a_curve_of_memory_and_of_waits(tmp_path: Path) -> None:
    points = await soak.soak(tmp_path, 0.5, points=2)
    assert [point.memory > 20 for point in points] == [True, True]
    assert sum(len(point.waits) for point in points) > 0


async def test_steps_are_counted_for_every_number_of_callers(tmp_path: Path) -> None:
    rows = await storage.compare(
        tmp_path, rounds=1, seconds=0.05, at_once=(1, 4), with_postgres=False
    )
    ours, peer = rows
    assert ours["database"] == "SQLite"
    assert ours["1 at once"] is not None
    assert ours["4 at once"] is not None
    assert peer["1 at once"] is not None
    assert peer["4 at once"] is None


@pytest.mark.long
async def test_an_operator_finds_what_is_looked_for_among_what_was_made_up(
    tmp_path: Path,
) -> None:
    rows = await search.compare(tmp_path, rounds=1, past=3000, people=800, postgres=False)
    found = {row["looked for"]: row["found"] for row in rows}
    assert found["nothing"] == 0
    assert found["all towers"] == 1000
    none = {"nothing", "a Telegram id", "two such names, both of which none has"}
    none |= {"list: alerts and problems", "list: doors that were reported"}
    assert all(count for said, count in found.items() if said not in none)


async def test_every_transport_carries_the_harbor_client() -> None:
    with serving_apart(StandIn({"lockers": lockers("available", 3)})) as url:
        for transport in harbor_transport.TRANSPORTS:
            assert await harbor_transport.calls_per_second(url, transport, at_once=2, calls=4)


def test_figures_are_kept_with_the_machine_they_came_from(tmp_path: Path) -> None:
    bench = Bench("A title", "once", [{"bot": "ours", "updates/s": 1.5}])
    keep({"taps": bench}, tmp_path / "build" / "bench.json")
    kept = json.loads((tmp_path / "build" / "bench.json").read_text("utf-8"))
    assert kept["benches"]["taps"]["rows"] == [{"bot": "ours", "updates/s": 1.5}]
    assert {"at", "python", "processors", "load"} <= set(kept["machine"])
    assert kept["benches"]["taps"]["machine"] == kept["machine"]


def test_figures_of_another_benchmark_stay_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    for name, speed in (("taps", 1.5), ("look", 2.5), ("taps", 3.5)):
        keep({name: Bench(name, "once", [{"updates/s": speed}])}, path)
    kept = json.loads(path.read_text("utf-8"))["benches"]
    assert {name: found["rows"] for name, found in kept.items()} == {
        "taps": [{"updates/s": 3.5}],
        "look": [{"updates/s": 2.5}],
    }


def test_what_ours_is_of_the_peers_is_taken_round_by_round() -> None:
    assert beside([10.0, 1.0, 30.0], [10.0, 2.0, 15.0]) == 1.0


@pytest.mark.long
async def test_a_past_is_copied_and_each_act_is_timed_on_both_databases(tmp_path: Path) -> None:
    rows = await growth.compare(tmp_path, parcels=40, people=10, updates=10, rounds=1)
    assert {row["act"] for row in rows} >= {"/parcels", "/ops", "retention", "start, to the loops"}
    assert all(row["full/empty"] > 0 for row in rows)  # type: ignore[operator]  # a number
    with closing(sqlite3.connect(tmp_path / "full" / "taps.db")) as raw:
        count = "select count(*) from deliveries where state = 'collected'"
        [(full,)] = raw.execute(count).fetchall()
    with closing(sqlite3.connect(tmp_path / "empty" / "taps.db")) as raw:
        [(empty,)] = raw.execute(count).fetchall()
    assert full - empty == 40


def test_a_crowds_telegram_refuses_what_is_beyond_its_limit_in_any_second() -> None:
    crowd = Crowd(8, pause=0.4, limit=2)
    taken = [crowd._allowed(at) for at in (0.0, 0.5, 0.9, 1.0, 1.2, 1.5)]
    assert taken == [True, True, False, True, False, True]


@pytest.mark.long
async def test_in_a_burst_what_is_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    size = replace(burst.FAST, limit=10, tapping=1, parcels=20, newcomers=10, within=0.5)
    parcels, _ = await burst.measure(tmp_path, size)
    assert parcels["came"] == 40
    assert int(str(parcels["429"])) > 0


@pytest.mark.long
async def test_in_a_burst_both_phones_ring_for_each_parcel_and_each_newcomer_is_greeted(
    tmp_path: Path,
) -> None:
    size = replace(burst.FAST, tapping=2, parcels=20, newcomers=10, within=0.5)
    parcels, newcomers = await burst.measure(tmp_path, size)
    assert (parcels["came"], newcomers["came"]) == (40, 10)
