"""A city of a few parcels: each is accounted for, and what is measured is what has happened.

The long form is `make city`.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from city.drawing import page, plot
from city.plan import DAY, HOUR, RUSH, Outage, drawn
from city.run import Days
from city.world import world


def test_the_same_seed_gives_the_same_plan_and_the_rush_wants_one_tower() -> None:
    plan = drawn(7, 2000, 3)
    assert plan == drawn(7, 2000, 3)
    assert plan.parcels != drawn(7, 2000, 4).parcels
    rush = [x for x in plan.parcels if int(x.booked // HOUR) % 24 == RUSH]
    assert sum(x.tower == 0 for x in rush) > len(rush) / 3
    assert all(x.sender != x.recipient for x in plan.parcels)


@pytest.mark.long
async def test_each_parcel_of_a_day_is_accounted_for_and_rings_once_harbor_knows(
    tmp_path: Path,
) -> None:
    plan = drawn(1, 6, 1)
    plan = replace(plan, outages=())
    async with world(tmp_path, plan.towers, 1) as it:
        run = Days(it, plan, tmp_path, math.inf)
        await run.all_of_it()
    assert run.wrong == []
    assert run.complete
    assert sum(run.ended.values()) == 6
    came = [life for life in run.lives if life.put_in is not None]
    assert came
    for life in came:
        assert life.synced is not None
        assert life.rung is not None
        assert 0 <= life.rung - life.synced <= 60, "two looks of the watcher"
    assert sum(it.calls.values()) > 5 * len(came)


@pytest.mark.long
async def test_whoever_means_to_cancel_does(tmp_path: Path) -> None:
    plan = drawn(1, 3, 1)
    dropped = tuple(replace(parcel, dropped=True) for parcel in plan.parcels)
    plan = replace(plan, parcels=dropped, outages=())
    async with world(tmp_path, plan.towers, 1) as it:
        run = Days(it, plan, tmp_path, math.inf)
        await run.all_of_it()
    assert run.ended == {"cancelled": 3}


@pytest.mark.long
async def test_what_does_not_fit_into_the_machines_time_is_left_out_and_said(
    tmp_path: Path,
) -> None:
    plan = drawn(1, 6, 1)
    async with world(tmp_path, plan.towers, 1) as it:
        run = Days(it, plan, tmp_path, time.monotonic())
        await run.all_of_it()
    assert not run.complete
    assert run.ended == {"not begun": 6}


@pytest.mark.long
async def test_why_somebody_has_left_off_is_told(tmp_path: Path) -> None:
    plan = drawn(1, 2, 1)
    plan = replace(plan, outages=(Outage("telegram", 0, plan.days * DAY + DAY),))
    async with world(tmp_path, plan.towers, 1) as it:
        run = Days(it, plan, tmp_path, math.inf)
        await run.all_of_it()
    assert run.ended == {"not booked": 2}
    assert run.left_off == {"no locker was to be had: nobody answers": 2}


def test_the_page_holds_figures_plots_and_what_is_wrong() -> None:
    drawn_plot = plot("Doors", [(0.0, 1.0), (24.0, 3.0)], "doors", mark=2)
    told = page("A city", {"rings": 3}, [drawn_plot], [{"at": "now"}], ["<b> is nowhere"])
    assert "<polyline" in told
    assert "&lt;b&gt; is nowhere" in told
    assert "http" not in told
