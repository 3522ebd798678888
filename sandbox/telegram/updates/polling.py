"""getUpdates: the bot asks, and waits a while if there is nothing.

Guarantees: one poller at a time, the latest; the one before gets 409. An update is shown again
until a later call confirms it by its offset. Source: Bot API, getUpdates.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive

from sandbox.telegram.protocol.calls import Call
from sandbox.telegram.protocol.errors import OTHER_POLLER, WEBHOOK_ACTIVE, WEBHOOK_SET, ApiError
from sandbox.telegram.updates.queue import Updates
from sandbox.telegram.updates.webhook import Webhook

MOST = 100
LONGEST_WAIT = 50


class Poller:
    """Whoever polls `updates` at the moment. Nobody may while `webhook` is set."""

    def __init__(self, updates: Updates, webhook: Webhook) -> None:
        self._updates, self._webhook = updates, webhook
        self._ended: asyncio.Future[ApiError] | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody waits for an update."""
        return self._ended is None or self._ended.done()

    def end(self, description: str = WEBHOOK_SET) -> None:
        """End the poll that waits, if one does, with 409."""
        if self._ended is not None and not self.idle:
            self._ended.set_result(ApiError(409, description))

    async def get_updates(self, call: Call, receive: Receive) -> Any:
        """The pending updates. Raises ApiError (409)."""
        if self._webhook.url:
            raise ApiError(409, WEBHOOK_ACTIVE)
        read_allowed(self._updates, call)
        self._updates.confirm_before(call.number("offset"))
        limit = min(max(call.number("limit", MOST), 1), MOST)
        timeout = min(max(call.number("timeout"), 0), LONGEST_WAIT)
        self.end(OTHER_POLLER)
        if not self._updates.pending and timeout:
            await self._wait(receive, timeout)
        return self._updates.first(limit)

    async def _wait(self, receive: Receive, timeout: float) -> None:
        ended = self._ended = asyncio.get_running_loop().create_future()
        arrival = asyncio.ensure_future(self._updates.arrived().wait())
        hang_up = asyncio.ensure_future(_hung_up(receive))
        try:
            await asyncio.wait(
                (ended, arrival, hang_up), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            arrival.cancel()
            hang_up.cancel()
        if ended.done():
            raise ended.result()
        ended.cancel()


def read_allowed(updates: Updates, call: Call) -> None:
    """Take allowed_updates over, if the call has any."""
    allowed = call.structure("allowed_updates", "can't parse allowed_updates JSON object")
    if isinstance(allowed, list):
        updates.allowed = frozenset(map(str, allowed))


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
