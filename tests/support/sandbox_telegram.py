"""A Telegram on a socket with a clock turned by hand, and somebody who has opened the bot."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from PIL import Image
from starlette.applications import Starlette

from cli.sandbox_server import serving_sandbox
from sandbox.clock import Clock
from sandbox.telegram.app import create_app
from sandbox.telegram.people.groups import Groups
from sandbox.telegram.people.phones import Phones
from sandbox.telegram.state.core import Telegram
from tests.support.plain_http import plain_http

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOKEN = "42:sandbox"
T = TypeVar("T")


@dataclass
class Stage:
    """The Telegram, a client of its HTTP, and `ann` (an id), who has started the bot."""

    base: str
    http: httpx.AsyncClient
    app: Starlette
    clock: Clock
    ann: int

    @property
    def telegram(self) -> Telegram:
        """The Telegram itself."""
        telegram: Telegram = self.app.state.telegram
        return telegram

    @property
    def phones(self) -> Phones:
        """What people do."""
        phones: Phones = self.app.state.phones
        return phones

    @property
    def groups(self) -> Groups:
        """Where people meet."""
        groups: Groups = self.app.state.groups
        return groups

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the Bot API with a JSON body; the whole answer."""
        answer = await self.http.post(f"/bot{TOKEN}/{method}", json=parameters)
        body: dict[str, Any] = answer.json()
        assert body["ok"] == (answer.status_code == 200)
        assert body["ok"] or body["error_code"] == answer.status_code
        return body

    async def ok(self, method: str, **parameters: Any) -> Any:
        """Call a method that is to succeed; its result."""
        body = await self.call(method, **parameters)
        assert body["ok"], body
        return body["result"]

    async def refused(self, method: str, **parameters: Any) -> tuple[int, str]:
        """Call a method that is to be refused; code and description."""
        body = await self.call(method, **parameters)
        assert not body["ok"], body
        return body["error_code"], body["description"]

    async def say(self, text: str = "hello", **more: Any) -> dict[str, Any]:
        """The bot writes to Ann."""
        message: dict[str, Any] = await self.ok("sendMessage", chat_id=self.ann, text=text, **more)
        return message

    async def act(self, name: str, person: int | None = None, **body: Any) -> httpx.Response:
        """Somebody (Ann) does something, by the control side."""
        return await self.http.post(f"/sandbox/people/{person or self.ann}/{name}", json=body)

    async def chat(self, person: int | None = None) -> dict[str, Any]:
        """The chat as somebody (Ann) sees it."""
        view: dict[str, Any] = (
            await self.http.get(f"/sandbox/people/{person or self.ann}/chat")
        ).json()
        return view

    async def until(self, seen: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Ann's chat, as soon as `seen(chat)` is true."""
        async with asyncio.timeout(20):
            revision = 0
            while True:
                chat: dict[str, Any] = (
                    await self.http.get(
                        f"/sandbox/people/{self.ann}/chat", params={"after": revision, "wait": 5}
                    )
                ).json()
                if seen(chat):
                    return chat
                revision = chat["revision"]


@contextlib.asynccontextmanager
async def stage(*, limits: bool = False, schema: bool = True) -> AsyncIterator[Stage]:
    """Ann has pressed START, and the bot has been told."""
    clock = Clock(START, stopped=True)
    app = create_app(clock=clock, limits=limits, schema=schema)
    async with serving_sandbox(app) as base, plain_http(base_url=base) as http:
        on = Stage(base, http, app, clock, app.state.phones.make("Ann").id)
        on.phones.open(on.ann)
        on.telegram.updates.clear()
        yield on


async def eventually(seen: Callable[[], Awaitable[T]]) -> T:
    """The first true thing `seen` finds, within a few seconds."""
    async with asyncio.timeout(20):
        while not (found := await seen()):  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(0.005)
    return found


def buttons(*data: str) -> dict[str, Any]:
    """An inline keyboard with a row for each callback data."""
    return {"inline_keyboard": [[{"text": item[:20], "callback_data": item}] for item in data]}


def png(width: int = 40, height: int = 30) -> bytes:
    """A picture."""
    return _drawn(width, height, "PNG")


def jpeg(width: int, height: int) -> bytes:
    """A picture in the other form."""
    return _drawn(width, height, "JPEG")


def _drawn(width: int, height: int, form: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (width, height), (9, 9, 9)).save(drawn, form)
    return drawn.getvalue()
