"""Webhooks as Harbor documents them, flaws included, and what can go wrong with them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.sandbox_server import serving_sandbox
from tests.support.sandbox_harbor import SOMEBODY_ELSE, World, world

SECRET = "between us"


@dataclass
class Post:
    """A webhook as it came in."""

    body: bytes
    headers: dict[str, str]

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.body)
        return message

    def signed_with(self, secret: str, algorithm: str = "sha256") -> bool:
        digest = hmac.new(secret.encode(), self.body, getattr(hashlib, algorithm)).hexdigest()
        return self.headers.get("x-harbor-signature") == digest


@dataclass
class Inbox:
    """Where webhooks arrive."""

    url: str = ""
    posts: asyncio.Queue[Post] = field(default_factory=asyncio.Queue)

    async def receive(self, request: Request) -> Response:
        self.posts.put_nowait(Post(await request.body(), dict(request.headers)))
        return Response()

    async def next(self, count: int = 1) -> list[Post]:
        """The next ones; they are waited for."""
        async with asyncio.timeout(10):
            return [await self.posts.get() for _ in range(count)]


@pytest.fixture
async def at() -> AsyncIterator[World]:
    async with world() as it:
        yield it


@pytest.fixture
async def inbox(at: World) -> AsyncIterator[Inbox]:
    it = Inbox()
    app = Starlette(routes=[Route("/harbor", it.receive, methods=["POST"])])
    async with serving_sandbox(app) as base:
        it.url = f"{base}/harbor"
        await at.control("/webhook", {"url": it.url, "secret": SECRET}, "PUT")
        yield it


def story(posts: list[Post]) -> list[tuple[str, str, str]]:
    """What each one tells: event, source, status."""
    return [
        (m["event"], m["data"]["source"], m["data"]["locker_status"])
        for m in (post.message for post in posts)
    ]


CREATED = ("LOCKER_OPERATION", "LOCKER_TOKEN_CREATED")
USED = ("LOCKER_OPERATION", "LOCKER_TOKEN_USED")


async def test_a_drop_off_is_told_as_in_harbors_samples(at: World, inbox: Inbox) -> None:
    reservation = (await at.ask("reservations", {"duration": 300})).json()
    token = await at.token()
    await at.turn(30.25)
    await at.hold(token)
    created, used = await inbox.next(2)
    assert story([created, used]) == [(*CREATED, "rented"), (*USED, "occupied")]
    assert used.message["timestamp"] == "2026-03-02T09:00:30"
    assert used.message["data"] == {
        "timestamp": "2026-03-02T12:00:30+00:00",
        "locker_id": at.locker,
        "locker_status": "occupied",
        "tower_id": at.tower,
        "source": "LOCKER_TOKEN_USED",
        "reservation_id": reservation["id"],
        "open_locker_token_id": token["id"],
        "keypad_code": None,
        "client_info": "Luis",
        "locker_open_request_id": None,
        "locker_open_request_payload": None,
    }


async def test_a_link_is_told_as_in_harbors_samples(at: World, inbox: Inbox) -> None:
    path = "/locker-open-requests/dropoff-locker-request"
    wanted = {"locationId": 11, "lockerTypeId": 1, "clientInfo": "Luis", "payload": {"order": 7}}
    made = (await at.api("POST", path, json=wanted)).json()
    await at.control("/links/open", {"link": made["linkToken"]})
    posts = await inbox.next(3)
    assigned = ("LOCKER_ASSIGNED", "LOCKER_OPEN_LINK_CREATED", "rented")
    assert story(posts) == [assigned, (*CREATED, "rented"), (*USED, "occupied")]
    requests = [post.message["data"]["locker_open_request_id"] for post in posts]
    assert requests == [made["id"], None, made["id"]]
    assert posts[2].message["data"]["locker_open_request_payload"] == {"order": 7}


async def test_a_drop_off_that_is_taken_back_is_told_as_a_use_that_leaves_it_available(
    at: World, inbox: Inbox
) -> None:
    made = await at.drop_off_link()
    await at.at_link("open", made)
    await at.at_link("doesnt-fit", made)
    *_, used, reverted = await inbox.next(4)
    assert story([used, reverted]) == [(*USED, "occupied"), (*USED, "available")]
    assert reverted.message["data"]["locker_open_request_id"] == made["id"]


@pytest.mark.parametrize("digits", ["answer", "webhook", "both", "nowhere"])
async def test_a_keypad_code_is_told_with_its_request_where_webhooks_tell_it(
    at: World, inbox: Inbox, digits: str
) -> None:
    await at.control("/links", {"digits": digits}, "PUT")
    intent = {"keypadIntent": "pickup"}

    async def asked(made: dict[str, Any]) -> tuple[int, str]:
        code = at.harbor.server.requests[made["id"]].keypad_code
        await at.control(f"/towers/{at.tower}/keypad", {"digits": code})
        return made["id"], str(code)

    put_in = await asked(await at.drop_off_link(location=12, **intent))
    taken_out = await asked(await at.pick_up_link(**intent))
    posts = await inbox.next(4)
    assigned = ("LOCKER_ASSIGNED", "LOCKER_OPEN_LINK_CREATED")
    assert story(posts) == [
        (*assigned, "rented"),
        (*USED, "occupied"),
        (*assigned, "occupied"),
        (*USED, "available"),
    ]
    data = [post.message["data"] for post in posts]
    told = digits in ("webhook", "both")
    assert [(each["locker_open_request_id"], each["keypad_code"]) for each in data] == [
        (number, code if told else None) for number, code in (put_in, put_in, taken_out, taken_out)
    ]


async def test_an_opening_is_told_when_it_is_synced_with_the_time_it_happened(
    at: World, inbox: Inbox
) -> None:
    await at.late_sync()
    await at.hold(await at.token())
    await at.turn(3600)
    await at.sync()
    _, used = await inbox.next(2)
    assert used.message["data"]["timestamp"] == "2026-03-02T12:00:00+00:00"
    assert used.message["timestamp"] == "2026-03-02T10:00:00"


async def test_webhooks_are_signed_when_there_is_a_secret(at: World, inbox: Inbox) -> None:
    await at.token()
    (post,) = await inbox.next()
    assert post.signed_with(SECRET)
    await at.control("/webhook", {"url": inbox.url}, "PUT")
    await at.token()
    (post,) = await inbox.next()
    assert "x-harbor-signature" not in post.headers
    named = {"url": inbox.url, "secret": "s", "header": "X-Signed", "algorithm": "sha1"}
    await at.control("/webhook", named, "PUT")
    await at.token()
    (post,) = await inbox.next()
    assert post.headers["x-signed"] == hmac.new(b"s", post.body, hashlib.sha1).hexdigest()


async def test_what_somebody_else_does_is_not_told_to_us(at: World, inbox: Inbox) -> None:
    await at.token(who=SOMEBODY_ELSE)
    other = next(k for k, v in (await at.lockers()).items() if v["status"]["name"] == "available")
    await at.token(locker=other)
    (post,) = await inbox.next()
    assert post.message["data"]["locker_id"] == other


async def test_a_webhook_is_duplicated(at: World, inbox: Inbox) -> None:
    await at.faults({"name": "webhook_duplicated", "times": 1})
    await at.token()
    await at.token()
    one, two, three = await inbox.next(3)
    assert one.body == two.body != three.body


async def test_a_webhook_is_delayed_by_the_clock(at: World, inbox: Inbox) -> None:
    await at.faults({"name": "webhook_delayed", "times": 1, "seconds": 60})
    await at.hold(await at.token())
    assert story(await inbox.next()) == [(*USED, "occupied")]
    assert inbox.posts.empty()
    await at.turn(60)
    assert story(await inbox.next()) == [(*CREATED, "rented")]


async def test_a_reset_forgets_what_has_not_been_sent(at: World, inbox: Inbox) -> None:
    await at.faults(
        {"name": "webhook_delayed", "times": 1, "seconds": 60},
        {"name": "webhook_reordered", "times": 1},
    )
    await at.token()
    await at.token()
    await at.control("/reset")
    await at.turn(60)
    made = await at.ask("dropoff-locker-tokens", {"duration": 60, "client_info": "afterwards"})
    assert made.status_code == 200
    (post,) = await inbox.next()
    assert post.message["data"]["client_info"] == "afterwards"


async def test_two_webhooks_change_places(at: World, inbox: Inbox) -> None:
    await at.faults({"name": "webhook_reordered", "times": 1})
    await at.hold(await at.token())
    posts = await inbox.next(2)
    assert story(posts) == [(*USED, "occupied"), (*CREATED, "rented")]


async def test_a_forged_webhook_has_no_good_signature(at: World, inbox: Inbox) -> None:
    await at.faults({"name": "webhook_forged", "times": 1})
    await at.token()
    forged, true = await inbox.next(2)
    assert story([forged, true]) == [(*CREATED, "available"), (*CREATED, "rented")]
    assert not forged.signed_with(SECRET)
    assert true.signed_with(SECRET)


async def test_a_wrong_clock_shows_in_webhooks(at: World, inbox: Inbox) -> None:
    await at.faults({"name": "wrong_clock", "call": "webhook", "times": 1, "seconds": -60})
    await at.token()
    (post,) = await inbox.next()
    assert post.message["data"]["timestamp"] == "2026-03-02T11:59:00+00:00"


async def test_an_unreachable_address_stops_nothing(at: World, inbox: Inbox) -> None:
    await at.control("/webhook", {"url": "http://127.0.0.1:1/"}, "PUT")
    await at.token()
    async with asyncio.timeout(10):
        while (entry := (await at.http.get("/sandbox/wire")).json()[-1])["direction"] != "out":
            pass
    assert (entry["status"], entry["response"]) == (None, "ConnectError")
    await at.control("/webhook", {"url": inbox.url}, "PUT")
    await at.token()
    await inbox.next()


async def test_a_webhook_that_cannot_be_sent_is_not_accepted(at: World) -> None:
    for bad in ({"algorithm": "md4"}, {"header": "X\n"}, {"url": 5}, {"url": "ftp://x"}):
        answer = await at.control("/webhook", {"url": "http://x", **bad}, "PUT")
        assert answer.json()["error"]["code"] == "bad_webhook"
