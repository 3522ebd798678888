"""Harbor's webhooks: composed as documented, signed, and sent over real HTTP in order.

Guarantees: one attempt each (Harbor's retries are UNKNOWN); the faults `webhook_…` are the only
reason for another order or number. Header and algorithm of the signature are UNKNOWN at Harbor,
hence settings here: hexadecimal HMAC of the body.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.wire import WireLog

FLAW = timedelta(hours=-3)
"""Harbor's samples give the outer timestamp three hours behind UTC, without any zone."""
CALL = "webhook"
ALGORITHMS = frozenset({"sha1", "sha256", "sha512"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go; without a `secret` they are not signed."""

    url: str
    secret: str | None = field(default=None, repr=False)
    header: str = "X-Harbor-Signature"
    algorithm: str = "sha256"

    def headers(self, body: bytes, secret: str | None) -> dict[str, str]:
        """The headers that go with `body`, signed with `secret`."""
        headers = {"Content-Type": "application/json"}
        if secret:
            digest = hmac.new(secret.encode(), body, getattr(hashlib, self.algorithm))
            headers[self.header] = digest.hexdigest()
        return headers


class Webhooks:
    """The queue of what is to be pushed; `deliver` works it off."""

    def __init__(self, clock: Clock, faults: Faults, wire: WireLog) -> None:
        self.endpoint: Endpoint | None = None
        self._clock, self._faults, self._wire = clock, faults, wire
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._overtaken: dict[str, Any] | None = None
        self._late: set[asyncio.Task[None]] = set()

    def push(self, event: str, data: dict[str, Any]) -> None:
        """Queue one, if there is anywhere to push it to."""
        if self.endpoint is None:
            return
        if wrong := self._faults.take("wrong_clock", CALL):
            data = {**data, "timestamp": _shifted(data["timestamp"], wrong["seconds"])}
        outer = self._clock.now().replace(microsecond=0, tzinfo=None) + FLAW
        self._queue.put_nowait({"timestamp": outer.isoformat(), "event": event, "data": data})

    def forget(self) -> None:
        """Whatever has not been sent yet never will be."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._overtaken = None
        for task in self._late:
            task.cancel()

    async def deliver(self) -> None:
        """Send whatever is queued, until cancelled."""
        message = await self._queue.get()
        async with httpx.AsyncClient(timeout=10) as http, asyncio.TaskGroup() as late:
            while True:
                if delay := self._faults.take("webhook_delayed", CALL):
                    task = late.create_task(self._send_later(http, message, delay["seconds"]))
                    self._late.add(task)
                    task.add_done_callback(self._late.discard)
                elif self._overtaken is None and self._faults.take("webhook_reordered", CALL):
                    self._overtaken = message
                else:
                    await self._send_and_follow(http, message)
                message = await self._queue.get()

    async def _send_later(
        self, http: httpx.AsyncClient, message: dict[str, Any], seconds: float
    ) -> None:
        await self._clock.sleep(seconds)
        await self._send(http, message)

    async def _send_and_follow(self, http: httpx.AsyncClient, message: dict[str, Any]) -> None:
        if self._faults.take("webhook_forged", CALL):
            data = {**message["data"], "locker_status": "available"}
            await self._send(http, {**message, "data": data}, forged=True)
        await self._send(http, message)
        if self._faults.take("webhook_duplicated", CALL):
            await self._send(http, message)
        overtaken, self._overtaken = self._overtaken, None
        if overtaken is not None:
            await self._send(http, overtaken)

    async def _send(
        self, http: httpx.AsyncClient, message: dict[str, Any], *, forged: bool = False
    ) -> None:
        endpoint = self.endpoint
        if endpoint is None:
            return
        body = json.dumps(message).encode()
        secret = secrets.token_hex(8) if forged else endpoint.secret
        began, status, answer = time.monotonic(), None, None
        try:
            response = await http.post(
                endpoint.url, content=body, headers=endpoint.headers(body, secret)
            )
            status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            answer = type(error).__name__
        milliseconds = (time.monotonic() - began) * 1000
        self._wire.record("out", "POST", endpoint.url, status, message, answer, milliseconds)


def _shifted(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat()
