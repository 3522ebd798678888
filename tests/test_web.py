"""The web edge over real HTTP: what is let in, what is answered, what is kept quiet."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.ports.errors import TryLater
from bot.ports.upkeep import Counts
from bot.workers.outbox import Tally
from tests.support.plain_http import plain_http
from web.app import Metrics, create_app
from web.deliveries import LARGEST_BODY, Refusal, TelegramHook
from web.metrics import exposition
from web.reading import Reading
from web.serving import is_loopback, serving

PATH, SECRET = "/telegram/some-random-part", "the-secret"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
UPDATE = {"update_id": 1}


class Behind:
    """Whatever stands behind the web edge, and what it was given."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.pushed: list[bytes] = []
        self.failing: Exception | None = None
        self.answer: dict[str, Any] | None = None
        self.told: dict[str, Any] = {"ok": True, "reasons": []}

    async def take(self, update: dict[str, Any]) -> dict[str, Any] | None:
        if self.failing:
            raise self.failing
        self.taken.append(update)
        return self.answer

    async def push(self, headers, body: bytes) -> None:
        if self.failing:
            raise self.failing
        self.pushed.append(body)

    async def health(self) -> dict[str, Any]:
        return self.told

    def metrics(self, *, open: bool = True, token: str | None = None) -> Metrics:
        return Metrics(lambda: exposition(self.reading), open, token)

    async def reading(self) -> Reading:
        return Reading(Counts({"stored": 3}, 2, 1), Tally(sent=5), 4.5, harbor_ok=True)


@asynccontextmanager
async def outside(behind: Behind, *, hooks: bool) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        health=behind.health,
        metrics=behind.metrics(),
        telegram=TelegramHook(PATH, SECRET, behind.take) if hooks else None,
        harbor=behind.push if hooks else None,
    )
    async with (
        serving(app) as url,
        plain_http(base_url=url) as client,
    ):
        yield client


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
async def client(behind: Behind) -> AsyncIterator[httpx.AsyncClient]:
    async with outside(behind, hooks=True) as client:
        yield client


async def test_an_update_is_answered_only_after_it_was_taken(client, behind):
    assert (await client.post(PATH, json=UPDATE, headers=HEADERS)).status_code == 200
    assert behind.taken == [UPDATE]


async def test_what_telegram_is_to_do_in_return_stands_in_the_answer(client, behind):
    assert (await client.post(PATH, json=UPDATE, headers=HEADERS)).content == b""
    behind.answer = {"method": "answerCallbackQuery", "callback_query_id": "7", "text": "Öffnet"}
    answer = await client.post(PATH, json=UPDATE, headers=HEADERS)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == behind.answer
    behind.failing = TryLater("storage is away")
    assert "answerCallbackQuery" not in (await client.post(PATH, json=UPDATE, headers=HEADERS)).text


async def test_whoever_only_asks_finds_no_webhook(client, behind):
    asked = await client.get(PATH, headers=HEADERS)
    assert (asked.status_code, asked.text) == (404, "Not Found")


async def test_an_update_that_could_not_be_kept_is_refused_so_that_it_comes_again(client, behind):
    behind.failing = TryLater("storage is away")
    assert (await client.post(PATH, json=UPDATE, headers=HEADERS)).status_code == 503


async def test_whatever_an_update_stumbles_over_it_comes_again(client, behind):
    behind.failing = RuntimeError("a bug")
    assert (await client.post(PATH, json=UPDATE, headers=HEADERS)).status_code == 503
    behind.failing = None
    assert (await client.post(PATH, json=UPDATE, headers=HEADERS)).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "guess"}])
async def test_without_the_secret_the_path_seems_not_to_exist(client, behind, headers):
    refused = await client.post(PATH, json=UPDATE, headers=headers)
    nowhere = await client.post("/telegram/elsewhere", json=UPDATE, headers=HEADERS)
    assert refused.status_code == nowhere.status_code == 404
    assert refused.text == nowhere.text
    assert behind.taken == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 200_000])
async def test_what_is_no_update_is_refused(client, behind, body):
    answer = await client.post(PATH, content=body, headers=HEADERS)
    assert answer.status_code == 400
    assert behind.taken == []


async def test_what_the_bot_takes_for_no_update_is_refused_as_it_says(client, behind):
    behind.failing = Refusal(400, "not an update")
    assert (await client.post(PATH, json=UPDATE, headers=HEADERS)).status_code == 400


async def test_a_body_over_a_megabyte_is_refused_even_without_a_length(client, behind):
    async def endless():
        for _ in range(LARGEST_BODY // 1024 + 2):
            yield b" " * 1024

    for path, headers in ((PATH, HEADERS), ("/harbor", {})):
        assert (await client.post(path, content=endless(), headers=headers)).status_code == 413


async def test_harbors_push_reaches_the_bot_and_a_refused_one_says_why(client, behind):
    assert (await client.post("/harbor", content=b"{}")).status_code == 200
    assert behind.pushed == [b"{}"]
    behind.failing = Refusal(401, "refused")
    assert (await client.post("/harbor", content=b"{}")).status_code == 401
    behind.failing = TryLater("storage is away")
    assert (await client.post("/harbor", content=b"{}")).status_code == 503


async def test_health_is_503_with_reasons_when_something_is_wrong(client, behind):
    assert (await client.get("/healthz")).json()["ok"] is True
    behind.told = {"ok": False, "reasons": ["Harbor does not answer"]}
    ill = await client.get("/healthz")
    assert ill.status_code == 503
    assert ill.json()["reasons"] == ["Harbor does not answer"]


async def test_metrics_can_be_read_by_prometheus(client):
    answer = await client.get("/metrics")
    families = {f.name: f for f in text_string_to_metric_families(answer.text)}
    sent = [s.value for s in families["lockerbot_messages"].samples if s.labels["how"] == "sent"]
    assert sent == [5.0]
    assert families["lockerbot_watcher_lag_seconds"].samples[0].value == 4.5
    stored = [
        s.value for s in families["lockerbot_deliveries"].samples if s.labels["state"] == "stored"
    ]
    assert stored == [3.0]
    assert "lockerbot_possible_double_messages" in families


async def scraped(metrics: Metrics, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with serving(create_app(metrics=metrics)) as url, plain_http() as client:
        return (await client.get(f"{url}/metrics", headers=named)).status_code


async def test_metrics_are_open_on_this_machine_but_not_through_a_proxy(behind):
    local = behind.metrics()
    assert await scraped(local) == 200
    assert await scraped(local, X_Forwarded_For="203.0.113.9") == 404
    assert await scraped(local, Forwarded="for=203.0.113.9") == 404
    assert await scraped(local, Via="1.1 proxy") == 404
    assert await scraped(local, X_Forwarded_Proto="https") == 404
    assert await scraped(local, X_Forwarded_Host="bot.example") == 404


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("Bearer the-token", 200),
        ("bearer the-token", 200),
        ("Bearer the-toke", 404),
        ("Bearer", 404),
        ("Basic the-token", 404),
        ("the-token", 404),
        ("Bearer t\u00e4ken", 404),
    ],
)
async def test_elsewhere_metrics_are_there_for_whoever_shows_the_token(behind, shown, status):
    public = behind.metrics(open=False, token="the-token")
    assert await scraped(public) == 404
    headers = {"Authorization": shown.encode("latin-1")}
    async with serving(create_app(metrics=public)) as url, plain_http() as client:
        assert (await client.get(f"{url}/metrics", headers=headers)).status_code == status


async def test_without_a_token_nobody_elsewhere_sees_metrics(behind):
    closed = behind.metrics(open=False)
    assert await scraped(closed) == 404
    assert await scraped(closed, Authorization="Bearer") == 404
    assert await scraped(closed, Authorization="Bearer None") == 404


@pytest.mark.parametrize(
    ("host", "so"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("bot.example", False),
    ],
)
def test_which_addresses_are_this_machines_alone(host, so):
    assert is_loopback(host) is so


@pytest.mark.parametrize("path", ["/", "/telegram", "/docs", "/harbor/x", PATH + "/x"])
async def test_anything_else_is_not_there(client, path):
    assert (await client.get(path)).status_code == 404
    assert (await client.get(PATH)).status_code == 404, "another method learns nothing either"


@pytest.mark.parametrize("path", ["/metrics/", "/healthz/", "/harbor/", PATH + "/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_slash_behind_a_path_leads_nowhere(client, method, path):
    answer = await client.request(method, path, headers={**HEADERS, "Host": "evil.example"})
    assert (answer.status_code, answer.text) == (404, "Not Found")
    assert "location" not in answer.headers


async def gone_away(app: ASGIApp, path: str, parts: list[bytes]) -> list[Any]:
    """What is logged when whoever posts goes away after these parts of a body; an error that the
    app raises would be logged by the server, with its traceback."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    secret = (b"x-telegram-bot-api-secret-token", SECRET.encode())
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [kind, secret],
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        pass

    with structlog.testing.capture_logs() as logs:
        await app(scope, receive, send)
    return [entry for entry in logs if entry["log_level"] != "debug"]


@pytest.mark.parametrize("path", ["/harbor", PATH])
@pytest.mark.parametrize("parts", [[], [b'{"data":'], [b"{", b'"data":']])
async def test_whoever_goes_away_before_their_body_is_whole_fills_no_log(behind, path, parts):
    hook = TelegramHook(PATH, SECRET, behind.take)
    assert await gone_away(create_app(telegram=hook, harbor=behind.push), path, parts) == []
    assert (behind.taken, behind.pushed) == ([], [])


@pytest.mark.parametrize("path", ["/harbor", PATH])
async def test_the_server_says_nothing_either_of_whoever_goes_away(behind, caplog, path):
    begun, ended = asyncio.Event(), asyncio.Event()
    app = create_app(telegram=TelegramHook(PATH, SECRET, behind.take), harbor=behind.push)

    async def watched(scope, receive, send):
        if scope["type"] == "http":
            begun.set()
        try:
            await app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                ended.set()

    secret = f"{next(iter(HEADERS))}: {SECRET}"
    half = f'POST {path} HTTP/1.1\r\nHost: x\r\n{secret}\r\nContent-Length: 60\r\n\r\n{{"data":'
    with caplog.at_level(logging.INFO):
        async with serving(watched) as url:
            host, port = url.removeprefix("http://").split(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(half.encode())
            await begun.wait()
            writer.transport.abort()
            await ended.wait()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_in_polling_mode_there_are_no_hooks(behind):
    async with outside(behind, hooks=False) as client:
        assert (await client.post(PATH, json=UPDATE, headers=HEADERS)).status_code == 404
        assert (await client.post("/harbor", content=b"{}")).status_code == 404
        assert (await client.get("/healthz")).status_code == 200


async def test_an_address_that_is_taken_is_an_os_error(behind):
    app = create_app(health=behind.health, metrics=behind.metrics())
    async with serving(app) as url:
        with pytest.raises(OSError, match="in use"):
            async with serving(app, port=int(url.rpartition(":")[2])):
                pass


async def test_an_app_that_can_not_begin_is_an_os_error():
    async def failing(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(OSError, match="could not begin"):
        async with serving(failing):
            pass


async def test_the_server_is_gone_when_the_block_is_left(behind):
    app = create_app(health=behind.health, metrics=behind.metrics())
    async with serving(app) as url, plain_http() as client:
        assert (await client.get(f"{url}/healthz")).status_code == 200
    async with plain_http() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/healthz")


async def test_an_answer_is_not_held_back_by_nagles_delay(behind):
    undelayed = []

    class Watching(H11Protocol):
        def connection_made(self, transport):
            super().connection_made(transport)
            line = transport.get_extra_info("socket")
            undelayed.append(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    app = create_app(health=behind.health, metrics=behind.metrics())
    async with serving(app, protocol=Watching) as url, plain_http(base_url=url) as client:
        await client.get("/healthz")
    assert undelayed == [1]
