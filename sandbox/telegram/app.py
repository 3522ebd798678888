"""The sandbox Telegram as an app: the Bot API, files, and the control side.

Guarantees: works at the root of its own port and mounted below any path; what goes on in the
background lives within the app's lifespan, or within `app.state.telegram.running()` when mounted.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from sandbox.clock import Clock
from sandbox.control import Control
from sandbox.telegram.bot_api.endpoints import BotApi, FileApi
from sandbox.telegram.people.control_side import ControlSide
from sandbox.telegram.people.groups import Groups
from sandbox.telegram.people.phones import Phones
from sandbox.telegram.protocol.schema import prepare
from sandbox.telegram.state.core import Telegram

DEFAULT_BOT = "42:sandbox"
_SECRETS = frozenset({"secret_token"})
_CODES = (
    re.compile(r"(?<=HARBOR://OPEN/)[\w/]+", re.IGNORECASE),
    re.compile(r"(?<![a-z0-9])c_[\w-]{22,}"),
    re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b"),
)
"""What opens a door, and what claims a parcel: by a link, by hand; wherever it stands in a text."""


def create_app(
    *,
    clock: Clock | None = None,
    token: str = DEFAULT_BOT,
    username: str = "harbor_lockers_bot",
    limits: bool = True,
    schema: bool = True,
    wire: bool = True,
    people: Sequence[Mapping[str, Any]] = (),
) -> Starlette:
    """A Telegram with one bot, called `username`, known by `token`.

    `limits`: enforce flood limits; `schema`: hold every call against the Bot API's schema;
    `wire`: keep a log of what goes to and fro. Both of the latter cost time; benchmarks go without.
    `people` are there from the beginning and after each reset (arguments of Phones.make).
    `app.state.telegram` is the Telegram, `app.state.phones` what people do with it,
    `app.state.groups` their groups, `app.state.control` the control side's own state.
    """
    if schema:
        prepare()
    telegram = Telegram(clock or Clock(), token=token, username=username, limits=limits)
    phones, groups = Phones(telegram), Groups(telegram)
    control = _control(telegram, phones, people)
    if wire:
        telegram.exchanged = control.wire.record

    api = BotApi(telegram, check=schema)
    telegram.webhook.obey = api.obey

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with telegram.running():
            yield

    app = Starlette(
        routes=[
            Route("/bot{token}/{method}", api),
            Route("/file/bot{token}/{path:path}", FileApi(telegram)),
            Mount("/sandbox", routes=ControlSide(telegram, phones, groups, control).routes()),
        ],
        lifespan=lifespan,
    )
    app.state.telegram, app.state.phones = telegram, phones
    app.state.groups, app.state.control = groups, control
    return app


def _control(telegram: Telegram, phones: Phones, people: Sequence[Mapping[str, Any]]) -> Control:
    """The control side, told of every change; `people` come into being here and at each reset."""

    def reset() -> None:
        telegram.clear()
        for person in people:
            phones.make(**person)

    reset()
    control = Control(
        telegram.clock,
        telegram.faults,
        state=lambda: _state(telegram),
        reset=reset,
        wire_fields=_SECRETS,
        wire_patterns=[re.compile(re.escape(telegram.token)), *_CODES],
    )
    telegram.changed = control.revision.bump
    return control


def _state(telegram: Telegram) -> dict[str, Any]:
    bot = telegram.bot
    return {
        "bot": {"id": bot["id"], "username": bot["username"], "first_name": bot["first_name"]},
        "limits": telegram.limits.enforced,
        "people": [person.shown() for person in telegram.people.values()],
    }
