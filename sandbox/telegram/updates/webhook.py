"""Updates carried to the bot: one POST each, as often as it takes.

Guarantees: an update is confirmed only by a 2xx answer; the updates of one chat go in order and
one after another, different chats side by side, at most `max_connections` at once. A call in that
answer is tried once, whatever becomes of it; in an answer that confirms nothing there is none.
Source: Bot API, setWebhook and "Making requests when getting updates"; the pace of retries, and the
methods that an answer can't call, are those of the Bot API server.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import aiohttp

from sandbox.clock import Clock
from sandbox.telegram.protocol.calls import Call, read_answer
from sandbox.telegram.protocol.errors import ApiError
from sandbox.telegram.updates.queue import Update, Updates

Exchanged = Callable[[str, str, str, int | None, Any, Any, float], object]
"""Called as WireLog.record after each exchange with the bot."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LONGEST_DELAY = 60.0
PATIENCE = aiohttp.ClientTimeout(total=60)
LOOKED_AT = 1000
"""How many pending updates are looked through for one whose chat is idle."""
_NOT_BY_RETURN = ("setwebhook", "deletewebhook", "close", "logout")


class Webhook:
    """Where `updates` go, and the carrying. `url` is "" while there is none.

    `exchanged` hears of each POST, `obey(call)` of each call that came as an answer to one.
    """

    def __init__(self, clock: Clock, updates: Updates, *, exchanged: Exchanged) -> None:
        self._clock, self._updates, self._exchanged = clock, updates, exchanged
        self.obey: Callable[[Call], object] = lambda call: None
        self._wake = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None
        self.delete()

    def set(self, url: str, *, secret: str = "", max_connections: int = 40) -> None:
        """Carry updates to `url` from now on."""
        self._stop()
        self.url = url
        self.max_connections = max_connections
        self._secret = secret
        self._slots = asyncio.Semaphore(max_connections)
        self.last_error: tuple[datetime, str] | None = None
        self.wake()

    def delete(self) -> None:
        """Carry nothing any more; what is pending stays pending."""
        self.set("")

    def wake(self) -> None:
        """There may be something to carry."""
        self._wake.set()

    def same(self, url: str, secret: str, max_connections: int) -> bool:
        """Whether this is how it is set already."""
        return (url, secret, max_connections) == (self.url, self._secret, self.max_connections)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Updates are carried within."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as self._session:
            task = asyncio.create_task(self._carry(), name="webhook")
            try:
                yield
            finally:
                task.cancel()
                self._stop()
                await asyncio.gather(task, return_exceptions=True)
                self._session = None

    def _stop(self) -> None:
        for task in self._busy.values():
            task.cancel()
        self._busy.clear()

    async def _carry(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self.url:
                continue
            for update in list(itertools.islice(self._updates.pending, LOOKED_AT)):
                if update.chat not in self._busy:
                    self._busy[update.chat] = asyncio.create_task(self._bring(update))

    async def _bring(self, update: Update) -> None:
        """Post one update until it is taken, then look for the chat's next."""
        delay = 0.0
        while (wait := await self._post(update)) is not None:
            await self._clock.sleep(wait or delay)
            delay = min(max(delay * 2, 2.0), LONGEST_DELAY)
        self._updates.confirm(update)
        self._busy.pop(update.chat, None)
        self.wake()

    async def _post(self, update: Update) -> float | None:
        """None when the update was taken; else the seconds its receiver asked to wait, or 0."""
        headers = {SECRET_HEADER: self._secret} if self._secret else {}
        began, status, answer = time.monotonic(), None, None
        async with self._slots:
            assert self._session is not None, "updates are brought within running() only"
            try:
                async with self._session.post(
                    self.url, json=update.body, headers=headers, allow_redirects=False
                ) as response:
                    status, answer = response.status, await response.read()
                    kind = response.headers.get("Content-Type", "")
                    reason = f"Wrong response from the webhook: {status} {response.reason}"
                    asked = response.headers.get("Retry-After", "")
            except TimeoutError:
                reason, asked = "Read timeout expired", ""
            except aiohttp.ClientConnectorError:
                reason, asked = "Connection refused", ""
            except (aiohttp.ClientError, OSError):
                reason, asked = "Webhook connection closed", ""
        spent = (time.monotonic() - began) * 1000
        said = None if answer is None else answer.decode("utf-8", "replace")
        self._exchanged("out", "POST", self.url, status, update.body, said, spent)
        if status is not None and 200 <= status < 300:
            await self._obey_answer(answer or b"", kind)
            return None
        self.last_error = (self._clock.now(), reason)
        return float(min(int(asked), 3600)) if asked.isdecimal() else 0.0

    async def _obey_answer(self, answer: bytes, kind: str) -> None:
        """A webhook may answer with a call of a method; nobody hears how it ended."""
        with contextlib.suppress(ApiError):
            call = await read_answer(answer, kind)
            name = call.method.lower()
            if name and not name.startswith("get") and name not in _NOT_BY_RETURN:
                self.obey(call)
