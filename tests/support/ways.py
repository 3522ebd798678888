"""The bot as it may be run: asking Telegram for news or told of it, on SQLite or on PostgreSQL.

A way is written as its test's name shows it: "polling, SQLite", "webhooks, PostgreSQL, link".
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.openers import BY_TOKEN, Openers
from bot.domain.policy import Policy
from tests.support.chats import OPERATOR, Chats, chats
from tests.support.databases import opened
from tests.support.hooked import hooked


def url_for(way: str, request: pytest.FixtureRequest) -> str:
    """The database of that way."""
    kind = "postgres_url" if "PostgreSQL" in way else "sqlite_url"
    url: str = request.getfixturevalue(kind)
    return url


@contextlib.asynccontextmanager
async def run(
    way: str, url: str, openers: Openers = BY_TOKEN, *, pages: bool = False
) -> AsyncIterator[Chats]:
    """Everything at work on the database at `url`; by webhooks there are parcel pages always, by
    polling only with `pages`."""
    if way.startswith("webhooks"):
        opener = f"drop_off={openers.drop_off} pick_up={openers.pick_up}"
        async with hooked(url, opener=opener) as world:
            yield world
    else:
        policy = Policy(openers=openers, operators=frozenset({OPERATOR}))
        async with opened(url) as database, chats(database, policy=policy, pages=pages) as world:
            yield world


def ways(*all_of: str) -> list[Any]:
    """Each of them for a fixture or a test; by polling on PostgreSQL and by webhooks on SQLite for
    `make test-more` alone, since the others show each database and each way of hearing."""
    crossed = ("polling, PostgreSQL", "webhooks, SQLite")
    return [
        pytest.param(way, marks=pytest.mark.long if way.startswith(crossed) else ())
        for way in all_of
    ]
