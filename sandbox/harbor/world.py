"""One Harbor: accounts, server, towers, links, webhooks, faults and control, put together.

Guarantees: whoever looks sees nothing that is over by the clock; while `running()`, webhooks are
delivered and what is over ends without anybody looking.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from sandbox.clock import Clock
from sandbox.control import Control
from sandbox.faults import Faults
from sandbox.harbor import syncing
from sandbox.harbor.accounts import Accounts
from sandbox.harbor.faults import KNOWN
from sandbox.harbor.link_settings import LinkSettings
from sandbox.harbor.links import Links
from sandbox.harbor.registry import ANOTHER, Registry, Site
from sandbox.harbor.server import Server
from sandbox.harbor.view import state
from sandbox.harbor.webhooks import Webhooks

SECRET_FIELDS = frozenset(
    {
        "access_token",
        "client_secret",
        "keypadCode",
        "keypad_code",
        "linkToken",
        "password",
        "payload",
        "payloadAuth",
        "payload_auth",
        "pinCode",
        "session_seed",
    }
)
_LONGEST_NAP = 3600.0


class Harbor:
    """The counterparty. `client_id` is ours; `single_use` False lets a used token open again.

    `link_settings` are those after each reset; `twin`: whether one location has two towers.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int,
        client_id: str,
        client_secret: str,
        *,
        single_use: bool = True,
        twin: bool = False,
        link_settings: LinkSettings | None = None,
    ) -> None:
        self.clock, self.client_id = clock, client_id
        self._seed, self._single_use, self._twin = seed, single_use, twin
        self._link_settings = link_settings or LinkSettings()
        self.faults = Faults(KNOWN)
        self.accounts = Accounts(clock, {ANOTHER: ANOTHER, client_id: client_secret})
        self.control = Control(
            clock,
            self.faults,
            state=lambda: state(self.registry, automatic_sync=self.automatic_sync),
            reset=self.reset,
            wire_fields=SECRET_FIELDS,
        )
        self.webhooks = Webhooks(clock, self.faults, self.control.wire)
        self.reset()
        clock.on_turn(lambda by: self.settle())

    def reset(self) -> None:
        """Begin again, as seeded; clients, their bearer tokens and the webhook's address stay."""
        self.automatic_sync = True
        self.webhooks.forget()
        self.registry = Registry(
            self.clock, self._seed, single_use=self._single_use, twin=self._twin
        )
        changed = self.control.revision.bump
        self.server = Server(self.clock, self.registry, self._link_settings, changed, self._push)
        self.links = Links(self.server)

    def owns(self, client: str, site: Site) -> bool:
        """Whether a tower belongs to the client."""
        return client == (self.client_id if site.seed.ours else ANOTHER)

    def settle(self) -> None:
        """End what is over."""
        syncing.settle(self.server)

    def sync(self, tower_id: str) -> int:
        """A phone syncs the tower: how many events reached the server. Raises Refusal."""
        return syncing.sync(self.server, tower_id)

    def touched(self, tower_id: str) -> None:
        """Something happened at the tower: sync it if that is done at once."""
        if self.automatic_sync:
            self.sync(tower_id)
        else:
            self.server.changed()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver webhooks and end what is over, for as long as the block lasts."""
        tasks = [
            asyncio.create_task(self.webhooks.deliver(), name="harbor webhooks"),
            asyncio.create_task(self._watch_ends(), name="harbor ends"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_ends(self) -> None:
        revision = self.control.revision
        while True:
            end = syncing.next_end(self.registry)
            left = (end - self.clock.now()).total_seconds() if end else _LONGEST_NAP
            nap = min(left, _LONGEST_NAP)
            await revision.wait(revision.value, max(nap, 0.01))
            self.settle()

    def _push(self, client: str, event: str, data: dict[str, Any]) -> None:
        if client == self.client_id:
            self.webhooks.push(event, data)
