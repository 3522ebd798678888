"""Operators look at the last days' figures: as a picture in the chat over real HTTP, and by a
command."""

from __future__ import annotations

import asyncio
import io
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.domain.figures import Doors
from bot.domain.lifecycle import State
from bot.domain.tower import Tower
from bot.ports.database import Database
from bot.workers.sampler import AFTER, Sampler
from pictures.figures import WIDTH
from storage import open_database
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.commands import KEY, on_file
from tests.support.databases import a_delivery
from tests.support.operators import ELSEWHERE, OTTO, with_otto
from tests.support.phones import TOWER, Phone
from tests.support.ways import run, url_for


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database, policy=with_otto()) as world:
        yield world


async def sampled(world: Chats) -> None:
    """Every tower's doors are noted for the present hour: by the bot's own loop, or before it."""
    it = Sampler(world.database, world.lockers, world.clock)
    now = world.clock.now()
    world.clock.turn((now.replace(minute=0, second=0) + AFTER * 2 - now).total_seconds())
    await it.turn()


async def booked(world: Chats) -> Phone:
    """Anna has a locker at the market."""
    anna = await world.phone("Anna")
    await anna.open()
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Send a link", "Reserve", "Get drop-off code")
    return anna


async def pictures(world: Chats, phone: Phone) -> list[Image.Image]:
    """Those that are in the chat now."""
    sent = [each["photo"][-1]["file_id"] for each in await phone.messages() if "photo" in each]
    files = [world.telegram.files.by_id(file) for file in sent]
    return [Image.open(io.BytesIO(file.content)) for file in files]


@pytest.mark.parametrize(
    "way", ["polling, SQLite", pytest.param("webhooks, PostgreSQL", marks=pytest.mark.long)]
)
async def test_the_figures_of_all_towers_and_of_one_are_a_picture(
    way: str, request: pytest.FixtureRequest
) -> None:
    async with run(way, url_for(way, request)) as world:
        olga = await world.phone("Olga", id=OPERATOR)
        await olga.open()
        await booked(world)
        await sampled(world)
        await olga.text("/ops")
        await olga.press("Figures")
        shown = await olga.sees("All towers", "Booked: 1", "Collected by their recipients: 0")
        assert "Fewest free: " in str(shown)
        [picture] = await pictures(world, olga)
        assert picture.width == WIDTH
        await olga.press("Back")
        await olga.sees("Operations")
        await olga.press("Towers", MARKET, "Figures")
        await olga.sees(MARKET, "Booked: 1", "What is not known is left out")
        [picture] = await pictures(world, olga)
        assert picture.width == WIDTH
        await olga.press("Back")
        await olga.sees(MARKET, "Doors open by")


async def test_the_bot_notes_free_doors_by_itself(world: Chats) -> None:
    await world.towers.all()
    world.clock.turn(2 * AFTER.total_seconds())
    hour = world.clock.now().replace(minute=0)
    async with asyncio.timeout(10):
        while not await world.database.look(lambda tx: tx.towers_noted(hour)):  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.01)


async def test_before_anything_is_known_there_is_a_sentence_and_no_picture(olga: Phone) -> None:
    await olga.text("/ops")
    await olga.press("Figures")
    shown = await olga.sees("No figures yet.")
    assert "photo" not in shown


async def test_a_tower_without_deliveries_has_noughts_and_its_own_doors(
    world: Chats, olga: Phone
) -> None:
    await booked(world)
    await sampled(world)
    tower = await world.towers.one(ELSEWHERE)
    assert tower is not None
    await olga.text("/ops")
    await olga.press("Towers", tower.name, "Figures")
    await olga.sees(tower.name, "Booked: 0", "Collected by their recipients: 0", "Fewest free")


async def test_an_operator_of_one_tower_sees_its_figures_and_no_others(world: Chats) -> None:
    await booked(world)
    otto = await world.phone("Otto", id=OTTO)
    await otto.open()
    tower = await world.towers.one(ELSEWHERE)
    assert tower is not None
    await otto.text("/ops")
    await otto.press("Figures")
    await otto.sees(tower.name, "Booked: 0")
    await otto.press("Back", "Towers")
    await otto.forge(f"tower:{TOWER}")
    await otto.forge("figures")
    shown = await otto.sees("No such tower.")
    assert "photo" not in shown
    assert "Booked: 1" not in str(await otto.messages())


async def test_whoever_is_no_operator_gets_none(world: Chats) -> None:
    anna = await booked(world)
    for answers in ({}, {"tower": TOWER}):
        draft = replace(await world.draft(anna), errand="ops", step="figures", answers=answers)
        await world.database.run(lambda tx, draft=draft: tx.save_draft(draft))
        await anna.forge("figures")
        await anna.sticker()
        assert "📊" not in str(await anna.messages())


# -- the command


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a tower, a booking an hour ago, and its doors as they were then."""
    path = tmp_path / "bot.db"
    now = datetime.now(UTC)

    async def fill() -> None:
        async with open_database(f"sqlite:///{path}", keys=[KEY]) as database:

            async def step(tx: Any) -> None:
                await tx.save_towers(
                    [Tower(TOWER, "Market", "", "", None, None, "America/Chicago")]
                )
                at = now - timedelta(hours=1)
                await tx.add_delivery(
                    a_delivery(
                        "abc",
                        tower=TOWER,
                        created_at=at - timedelta(days=2),
                        state=State.COLLECTED,
                        reported_at=at - timedelta(hours=3),
                        collected_at=at,
                    )
                )
                hour = at.replace(minute=0, second=0, microsecond=0)
                await tx.note_doors(hour, {TOWER: Doors(3, 8)})

            await database.run(step)

    asyncio.run(fill())
    return path


invoked = partial(on_file, "figures")


def test_the_command_prints_a_line_a_day_and_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    for words in ((), ("--tower", TOWER)):
        code, said = invoked(path, *words)
        assert code == 0, said
        head, *days, note = said.splitlines()
        assert head.split()[:3] == ["day", "booked", "collected"]
        assert len(days) == 7
        assert "not known" in days[0]
        assert "3 of 8 at" in said
        assert "  3.0 " in said
        assert "UTC" in note
    assert path.read_bytes() == before


def test_the_command_draws_to_a_file_of_its_owners_alone_and_overwrites_none(path: Path) -> None:
    target = path.with_name("week.png")
    assert invoked(path, str(target))[0] == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert Image.open(target).width == WIDTH
    written = target.read_bytes()
    code, said = invoked(path, str(target))
    assert (code, "is there already" in said) == (1, True)
    assert target.read_bytes() == written


def test_the_command_says_what_is_not_there_and_leaves_nothing_behind(path: Path) -> None:
    target = path.with_name("week.png")
    code, said = invoked(path, "--tower", "00", str(target))
    assert (code, "no tower 00 is known here" in said) == (1, True)
    assert invoked(path.with_name("none.db"), str(target))[0] == 1
    assert invoked(path, str(path.parent / "no" / "week.png"))[0] == 1
    assert {each.name for each in path.parent.iterdir()} == {"bot.db"}
