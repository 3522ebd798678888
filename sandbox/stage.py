"""The stage: Harbor, Telegram and the page on one port, with one clock between them.

Guarantees: turning either side's clock turns both; starting again puts both back as seeded before
any listener of `on_reset` is called; both background parts live as long as the app's lifespan.
The page learns here how each tower is opened, which only the bot's settings say.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from sandbox.clock import Clock
from sandbox.harbor.app import create_app as create_harbor
from sandbox.page import create_page
from sandbox.telegram.app import create_app as create_telegram

__all__ = ["Opener", "Stage", "create_stage"]

ResetListener = Callable[[], Awaitable[None]]
Opener = Literal["link", "keypad", "token"]
"""How the bot has a tower opened: by a link, by a link or the keypad, by a token."""


@dataclass
class Stage:
    """What stands on the stage; `on_reset` listeners are awaited in order after both sides.

    `openers` maps tower ids to the mark that the page puts on the tower.
    """

    clock: Clock
    harbor: Any
    telegram: Any
    openers: Mapping[str, Opener] = field(default_factory=dict)
    on_reset: list[ResetListener] = field(default_factory=list)

    async def reset(self) -> None:
        """Start both sides again, then everybody who listens."""
        for side in (self.harbor, self.telegram):
            await _start_again(side)
        for listener in self.on_reset:
            await listener()

    async def health(self, request: Request) -> Response:
        """`GET /sandbox/health`: 200 with the sandbox's time."""
        return JSONResponse({"status": "ok", "now": self.clock.now().isoformat()})

    async def get_openers(self, request: Request) -> Response:
        """`GET /sandbox/openers`: each tower's opener, as far as it was said."""
        return JSONResponse(dict(self.openers))

    async def post_reset(self, request: Request) -> Response:
        """`POST /sandbox/reset`."""
        await self.reset()
        return JSONResponse({"status": "ok"})

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Run what both sides do in the background."""
        async with self.harbor.state.harbor.running(), self.telegram.state.telegram.running():
            yield


def create_stage(
    *,
    clock: Clock | None = None,
    seed: int = 1,
    token: str = "42:sandbox",  # noqa: S107 - everybody may know it
    limits: bool = True,
    schema: bool = True,
    openers: Mapping[str, Opener] | None = None,
    twin: bool = False,
) -> Starlette:
    """The page at `/`, Harbor at `/harbor`, Telegram at `/telegram`.

    `seed` draws Harbor's towers, `token` is the bot's, `limits` enforces Telegram's flood limits,
    `schema` holds each call against the Bot API's schema (which takes seconds to load). `openers`
    says how the bot has each tower opened; a tower it does not name is shown without a mark. With
    `twin` the first location has a second tower.
    `state.stage` is the Stage, `state.clock` its clock, `state.on_reset` its listeners.
    Raises ValueError for an opener that is none.
    """
    if unknown := set((openers or {}).values()) - set(get_args(Opener)):
        raise ValueError(f"no opener: {', '.join(sorted(unknown))}")
    clock = clock or Clock()
    harbor = create_harbor(clock=clock, seed=seed, twin=twin)
    telegram = create_telegram(clock=clock, token=token, limits=limits, schema=schema)
    stage = Stage(clock, harbor, telegram, dict(openers or {}))
    app = Starlette(
        routes=[
            Mount("/harbor", app=harbor),
            Mount("/telegram", app=telegram),
            Route("/sandbox/health", stage.health, methods=["GET"]),
            Route("/sandbox/openers", stage.get_openers, methods=["GET"]),
            Route("/sandbox/reset", stage.post_reset, methods=["POST"]),
            Mount("/", app=create_page()),
        ],
        lifespan=stage.lifespan,
    )
    app.state.stage, app.state.clock, app.state.on_reset = stage, clock, stage.on_reset
    return app


async def _start_again(side: ASGIApp) -> None:
    """Through the control side, which is all that is agreed on. Raises httpx.HTTPStatusError."""
    transport = httpx.ASGITransport(app=side)
    async with httpx.AsyncClient(transport=transport, base_url="http://stage") as client:
        (await client.post("/sandbox/reset")).raise_for_status()
