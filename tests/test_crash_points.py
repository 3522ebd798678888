"""The crash harness's named points: a kill comes where it was aimed at, and is counted there."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.ids import PersonId
from crash.kills import Kills
from crash.people import again
from crash.points import HIT, MET, Trigger, install, purpose
from crash.queries import Queries
from storage import open_database

_NOW = datetime(2030, 1, 7, 12, 0, tzinfo=UTC)
_PRESSED = {"callback_query": {"id": "17", "data": "menu"}}
_TOO_OLD = {
    "ok": False,
    "description": "Bad Request: query is too old and response timeout expired",
}


def _died(work: Callable[[], object]) -> bool:
    """Whether a process of its own was killed over it."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    return process.exitcode == -signal.SIGKILL


def _aimed(folder: Path, *points: str, passes: int = 1) -> Trigger:
    (folder / "aim").write_text(
        f'{{"points": {list(points)}, "passes": {passes}}}'.replace("'", '"')
    )
    return Trigger(folder / "aim", folder / "diary")


def _diary(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / "diary").read_text().splitlines()
    return [(kind, point) for kind, _, point in (line.split(" ", 2) for line in lines)]


def test_a_process_dies_at_the_pass_it_was_told_and_says_where(tmp_path: Path) -> None:
    trigger = _aimed(tmp_path, "sent", passes=2)

    def pass_by(times: int) -> None:
        for _ in range(times):
            trigger.reach("called")
            trigger.reach("sent")

    assert not _died(partial(pass_by, 1))
    assert _died(partial(pass_by, 2))
    life = [(MET, "called"), (MET, "sent")]
    assert _diary(tmp_path) == [*life, *life, (HIT, "sent")]


def test_an_aim_can_be_changed_while_the_process_lives(tmp_path: Path) -> None:
    trigger = _aimed(tmp_path)

    def aim_later() -> None:
        trigger.reach("sent")
        _aimed(tmp_path, "sent")
        trigger.reach("sent")

    assert _died(aim_later)


@pytest.mark.parametrize(("point", "kept"), [("before its commit", False), ("committed", True)])
def test_what_a_killed_process_had_committed_stays_and_nothing_else(
    point: str, kept: bool, sqlite_url: str, tmp_path: Path
) -> None:
    async def remember(*, again: bool = False) -> bool:
        async with open_database(sqlite_url, keys=["k"]) as database:
            opening = await database.run(lambda tx: tx.open_update(1, PersonId(1), _NOW))
        return opening.fresh

    def live() -> None:
        install(_aimed(tmp_path, f"{purpose(remember)}: {point}"))
        asyncio.run(remember())

    assert _died(live)
    assert asyncio.run(remember()) is not kept


def test_a_step_is_named_for_whoever_has_it_taken() -> None:
    async def step(tx: Any, more: int) -> None: ...

    assert purpose(partial(step, more=1)) == "test_a_step_is_named_for_whoever_has_it_taken"
    assert purpose(_Asks().ask) == "_Asks.ask"


class _Asks:
    async def ask(self, tx: Any) -> None: ...


def test_the_next_kill_is_aimed_at_the_points_that_were_hit_least() -> None:
    kills = Kills(random.Random(1))
    assert kills.aim() == ([], 0), "no point is known yet"
    kills.read((MET, 0.0, f"rare {number}") for number in range(5))
    assert kills.read([(MET, 1.0, "often"), (HIT, 2.5, "often")]) == [2.5]
    aims = [kills.aim() for _ in range(50)]
    assert {frozenset(points) for points, _ in aims if points} == {
        frozenset(f"rare {number}" for number in range(5))
    }
    assert any(not points for points, _ in aims), "now and then it comes at any instant"
    told = kills.told()
    assert told[0].startswith("kills at named points: 1, at any other instant: 0; points met: 6")
    assert told[1:] == ["   1 often"]


async def test_what_the_harness_asks_is_asked_again_where_the_connection_ended() -> None:
    ends = [httpx.ReadError("cut"), httpx.ConnectError("none")]

    async def call() -> httpx.Response:
        if ends:
            raise ends.pop()
        return httpx.Response(200)

    assert (await again(call)).status_code == 200
    ends += [httpx.ReadError("cut")] * 9
    with pytest.raises(httpx.ReadError):
        await again(call)


def test_a_button_that_nobody_answered_is_a_fault() -> None:
    queries = Queries()
    queries.asked(3, _PRESSED, 10.0)
    queries.asked(4, {"message": {"text": "hello"}}, 10.0)
    assert queries.faults() == ["the button of update 3 was never answered"]
    queries.note("answerCallbackQuery", {"callback_query_id": "17"}, {"ok": True, "result": True})
    assert queries.faults() == []
    queries.note("answerCallbackQuery", {"callback_query_id": "17"}, {"ok": True, "result": True})
    assert (queries.asked_for, queries.again, queries.late) == (1, 1, 0)


def test_a_button_that_telegram_no_longer_lets_anybody_answer_is_none() -> None:
    queries = Queries()
    queries.asked(3, _PRESSED, 10.0)
    queries.note("answerCallbackQuery", {"callback_query_id": "17"}, None)
    assert queries.faults()
    queries.note("answerCallbackQuery", {"callback_query_id": "17"}, _TOO_OLD)
    assert not queries.faults()
    assert queries.late == 1


@pytest.mark.parametrize(("taken_at", "late"), [(25.0, 0), (25.1, 1)])
def test_a_button_whose_tap_was_confirmed_after_telegrams_own_time_is_none(
    taken_at: float, late: int
) -> None:
    queries = Queries()
    queries.asked(3, _PRESSED, 10.0)
    queries.taken(3, taken_at)
    queries.taken(4, 1000.0)
    assert (queries.late, len(queries.faults())) == (late, 1 - late)


def test_a_button_that_was_answered_before_a_late_confirmation_is_not_late() -> None:
    queries = Queries()
    queries.asked(3, _PRESSED, 10.0)
    queries.note("answerCallbackQuery", {"callback_query_id": "17"}, {"ok": True, "result": True})
    queries.taken(3, 1000.0)
    assert (queries.late, queries.faults()) == (0, [])
