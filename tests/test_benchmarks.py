"""The benchmarks, as small as can be: that they measure what they say, never how fast it is."""

import asyncio
import json
from pathlib import Path

import pytest

from benchmarks import harbor_transport, look, page, search, storage, taps
from benchmarks.bots import CONTESTANTS
from benchmarks.harbor import StandIn, lockers
from benchmarks.loopback import serving_apart
from benchmarks.report import Bench, keep
from benchmarks.taps import Load, Turn
from benchmarks.telegram import Account

OURS, AN_ECHO = CONTESTANTS[0], CONTESTANTS[1]


async def forty_answered(account: Account) -> None:
    """However long that takes: what is counted here depends on no machine's speed."""
    while len(account.waits) < 40:  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.005)


@pytest.mark.long
async def test_everybody_who_taps_is_answered_by_our_bot_and_by_an_echo(tmp_path: Path) -> None:
    rows = await taps.compare(
        tmp_path,
        contestants=(OURS, AN_ECHO),
        loads=(Load(4, 0.01),),
        rounds=1,
        span=forty_answered,
    )
    assert [row["load"] for row in rows] == ["4 people, 10 ms"] * 2
    for row in rows:
        assert row["lost"] == 0, row
        # /start takes one call and a button two; the last answers to buttons may be under way.
        assert 1.7 < row["calls/update"] <= 2, row
        assert 0 < row["p50 ms"] <= row["p99 ms"], row


def test_a_row_holds_the_medians_of_the_turns_and_the_sum_of_what_was_lost() -> None:
    turns = [
        Turn(rate=100.0, cpu=0.002, calls=2.0, waits=(0.010, 0.010, 0.030), lost=1),
        Turn(rate=300.0, cpu=0.001, calls=1.5, waits=(0.020, 0.020, 0.020), lost=0),
        Turn(rate=200.0, cpu=0.004, calls=1.8, waits=(0.030, 0.030, 0.030), lost=2),
    ]
    row = taps.row(Load(256, 0.05), "ours", turns)
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
    row = await look.measure(tmp_path, live=600, times=1)
    assert row["live deliveries"] == 600
    assert row["Harbor requests"] == 1


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


async def test_an_operator_finds_what_is_looked_for_among_what_was_made_up(
    tmp_path: Path,
) -> None:
    rows = await search.compare(tmp_path, rounds=1, past=3000, people=800, postgres=False)
    found = {row["looked for"]: row["found"] for row in rows}
    assert found["nothing"] == 0
    assert found["all towers"] == 1000
    assert all(count for said, count in found.items() if said not in ("nothing", "a Telegram id"))


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
