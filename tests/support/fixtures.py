"""Fixtures that many files of tests begin with; what they need is imported when they are asked for.

`world` is the whole bot with people who have phones, `core` the core between a database and a
Harbor, `desk` the use cases alone: all three on SQLite. A file that needs another has its own of
that name. `owed` is an outbox alone, on either database. In a browser, `scene` is the sandbox's
page with a small bot, `demo` the demo's page. With `nepal` the machine's own clock shows the time
of that country.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.ports.database import Database

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.support.chats import Chats
    from tests.support.core import Core
    from tests.support.demo_page import Demo
    from tests.support.desk import Desk
    from tests.support.owed import Owed
    from tests.support.page_scene import Opened, Scene
    from tests.support.phones import Phone
    from tests.support.town import Town


@pytest.fixture
def nepal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own clock shows five hours and three quarters more than UTC."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "NPT-5:45")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    from tests.support.chats import chats

    async with chats(sqlite_database) as world:
        yield world


@pytest.fixture
async def anna(world: Chats) -> Phone:
    """She has opened the bot."""
    anna = await world.phone("Anna")
    await anna.open()
    return anna


@pytest.fixture
async def ben(world: Chats) -> Phone:
    """He has not."""
    return await world.phone("Ben")


@pytest.fixture
async def olga(world: Chats) -> Phone:
    """She looks after all towers, and has opened the bot."""
    from tests.support.chats import OPERATOR

    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    return olga


@pytest.fixture
def polling(world: Chats) -> Town:
    """For tales to which it is nothing how the bot is run."""
    from tests.support.town import Town

    return Town(world)


@pytest.fixture
async def core(sqlite_database: Database) -> AsyncIterator[Core]:
    from tests.support.core import core_on

    async with core_on(sqlite_database) as core:
        yield core


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    from tests.support.desk import Desk

    return Desk(sqlite_database)


@pytest.fixture
async def owed(database: Database) -> Owed:
    from tests.support.owed import owed_on

    return owed_on(database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[Opened]:
    """One tab for all tests of a module."""
    from tests.support.page_scene import opened_page

    async with opened_page() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def scene(opened: Opened) -> AsyncIterator[Scene]:
    from tests.support.page_scene import begun

    async with begun(opened) as scene:
        yield scene


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_demo() -> AsyncIterator[Page]:
    """One tab and one process for all tests of a module."""
    from tests.support.demo_page import opened_demo

    async with opened_demo() as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def demo(opened_demo: Page) -> AsyncIterator[Demo]:
    from tests.support.demo_page import begun_demo

    async with begun_demo(opened_demo) as demo:
        yield demo
