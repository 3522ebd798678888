"""No web page but the sandbox's own plays on it, and it goes by its own names only."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import PlainTextResponse

from cli.sandbox_server import Doorway, serving_sandbox
from sandbox.guard import Guard
from sandbox.stage import create_stage
from tests.support.plain_http import plain_http

CONTROLS = ["/sandbox/reset", "/harbor/sandbox/reset", "/telegram/sandbox/reset"]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving_sandbox(create_stage(schema=False)) as base,
        plain_http(base_url=base) as http,
    ):
        yield http


@pytest.mark.parametrize("path", CONTROLS)
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[", ""]
)
async def test_a_post_from_any_other_page_is_refused(
    http: httpx.AsyncClient, path: str, origin: str
) -> None:
    assert (await http.post(path, headers={"Origin": origin})).status_code == 403
    assert (await http.post(path)).status_code == 200, "a script is no page"
    own = str(http.base_url).rstrip("/")
    assert (await http.post(path, headers={"Origin": own})).status_code == 200


async def test_no_page_speaks_as_the_bot_either(http: httpx.AsyncClient) -> None:
    evil = {"Origin": "https://evil.example"}
    assert (await http.post("/telegram/bot42:sandbox/getMe", headers=evil)).status_code == 403


@pytest.mark.parametrize("path", ["/", "/js/app.js", "/sandbox/health", "/telegram/sandbox/state"])
@pytest.mark.parametrize(
    "name", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "x["]
)
async def test_by_a_name_that_merely_leads_here_nobody_is_let_in(
    http: httpx.AsyncClient, path: str, name: str
) -> None:
    assert (await http.get(path, headers={"Host": name})).status_code == 421
    for ours in ("localhost", "localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert (await http.get(path, headers={"Host": ours})).status_code == 200


async def test_a_page_at_a_name_of_its_own_is_refused_though_name_and_origin_agree(
    http: httpx.AsyncClient,
) -> None:
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert (await http.post("/sandbox/reset", headers=rebound)).status_code == 421


async def test_bots_reach_their_counterparties_by_any_name(http: httpx.AsyncClient) -> None:
    by_another = {"Host": "sandbox:8080"}
    told = await http.post("/telegram/bot42:sandbox/getMe", headers=by_another)
    assert told.status_code == 200
    assert (await http.get("/harbor/api/v1/locations/", headers=by_another)).status_code != 421


@pytest.mark.parametrize(
    ("host", "name", "status"),
    [
        ("192.168.1.2", "192.168.1.2:8080", 200),
        ("192.168.1.2", "192.168.1.3:8080", 421),
        ("play.example", "play.example", 200),
        ("0.0.0.0", "192.168.1.2:8080", 200),
        ("0.0.0.0", "evil.example", 421),
        ("::", "[fe80::1]:8080", 200),
        ("127.0.0.1", "192.168.1.2", 421),
    ],
)
async def test_it_goes_by_the_host_that_it_is_served_at(host: str, name: str, status: int) -> None:
    guarded = httpx.ASGITransport(app=Guard(PlainTextResponse("here"), host))
    async with httpx.AsyncClient(transport=guarded, base_url="http://x") as http:
        assert (await http.get("/", headers={"Host": name})).status_code == status


async def test_parcel_pages_say_themselves_whom_they_answer_and_nothing_else_is_let_in() -> None:
    doorway = Doorway(create_stage(schema=False), "127.0.0.1")
    async with (
        serving_sandbox(doorway) as base,
        plain_http(base_url=base) as http,
    ):
        assert (await http.get("/p/x")).status_code == 503, "no bot serves any"
        doorway.pages = PlainTextResponse("a page")
        answer = await http.post("/p/x", headers={"Origin": "null"})
        assert (answer.status_code, answer.text) == (200, "a page")
        for path in (*CONTROLS, "/pages"):
            assert (await http.post(path, headers={"Origin": "null"})).status_code == 403
