"""The stage puts both sides, one clock and the page on one port."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from cli.sandbox_server import serving_sandbox
from sandbox.stage import Opener, Stage, create_stage
from tests.support.plain_http import plain_http


@pytest.fixture
async def stage() -> AsyncIterator[tuple[Stage, httpx.AsyncClient]]:
    app = create_stage()
    async with serving_sandbox(app) as base, plain_http(base_url=base) as client:
        yield app.state.stage, client


@pytest.mark.parametrize("side", ["harbor", "telegram"])
async def test_turning_one_side_turns_both(
    stage: tuple[Stage, httpx.AsyncClient], side: str
) -> None:
    _, client = stage
    (await client.post(f"/{side}/sandbox/clock", json={"turn": 3600})).raise_for_status()
    for other in ("harbor", "telegram"):
        assert (await client.get(f"/{other}/sandbox/clock")).json()["turned"] == 3600


async def test_listeners_find_both_sides_as_seeded(stage: tuple[Stage, httpx.AsyncClient]) -> None:
    behind, client = stage
    await client.post("/telegram/sandbox/people", json={"first_name": "Anna"})
    await client.put("/harbor/sandbox/sync", json={"automatic": False})
    found = []

    async def listen() -> None:
        people = behind.telegram.state.telegram.people
        found.append((len(people), behind.harbor.state.harbor.automatic_sync))

    behind.on_reset.append(listen)
    (await client.post("/sandbox/reset")).raise_for_status()
    assert found == [(0, True)]


async def test_the_stage_says_that_it_is_well_and_what_time_it_is(
    stage: tuple[Stage, httpx.AsyncClient],
) -> None:
    behind, client = stage
    answer = (await client.get("/sandbox/health")).json()
    assert answer["status"] == "ok"
    assert answer["now"] <= behind.clock.now().isoformat()


async def test_the_stage_passes_on_how_each_tower_is_opened() -> None:
    openers: dict[str, Opener] = {"0100000000000101": "link", "0100000000000103": "token"}
    async with (
        serving_sandbox(create_stage(openers=openers)) as base,
        plain_http(base_url=base) as client,
    ):
        assert (await client.get("/sandbox/openers")).json() == openers
        (await client.post("/sandbox/reset")).raise_for_status()
        assert (await client.get("/sandbox/openers")).json() == openers


async def test_a_stage_that_was_told_nothing_marks_no_tower(
    stage: tuple[Stage, httpx.AsyncClient],
) -> None:
    _, client = stage
    assert (await client.get("/sandbox/openers")).json() == {}


def test_an_opener_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="scanner"):
        create_stage(openers={"0100000000000101": "scanner"})  # type: ignore[dict-item]  # what is refused


@pytest.mark.parametrize("path", ["/", "/js/app.js", "/css/base.css", "/icons.svg"])
async def test_every_file_of_the_page_comes_with_the_policy(
    stage: tuple[Stage, httpx.AsyncClient], path: str
) -> None:
    _, client = stage
    answer = await client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/__init__.py", "/js/../__init__.py", "/js/%2e%2e/__init__.py"])
async def test_nothing_but_the_page_is_served(
    stage: tuple[Stage, httpx.AsyncClient], path: str
) -> None:
    _, client = stage
    assert (await client.get(path)).status_code == 404
