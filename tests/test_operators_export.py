"""Operators take records away: as a document in the chat over real HTTP, and by a command."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.ports.database import Database
from handlers.conversation import records
from storage import open_database
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.commands import KEY, on_file
from tests.support.databases import a_delivery
from tests.support.operators import OTTO, with_otto
from tests.support.phones import Phone


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database, policy=with_otto()) as world:
        yield world


async def booked(world: Chats) -> tuple[Phone, tuple[str, str]]:
    """Anna has a locker at the market, and a claim to forward."""
    anna = await world.phone("Anna", last_name="=1+1")
    await anna.open()
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Send a link", "Add a note")
    await anna.text("behind the sofa")
    await anna.press("Reserve")
    await anna.press("Get drop-off code")
    return anna, await anna.claim()


async def documents(world: Chats, phone: Phone) -> dict[str, str]:
    """The files in the chat, by their names."""
    sent = [each["document"] for each in await phone.messages() if "document" in each]
    found = {each["file_name"]: world.telegram.files.by_id(each["file_id"]) for each in sent}
    return {name: file.content.decode() for name, file in found.items()}


async def test_an_operator_gets_each_file_as_a_document_without_secrets(world: Chats) -> None:
    anna, (link, code) = await booked(world)
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    await olga.text("/ops")
    await olga.press("Export", "Deliveries · CSV", "Deliveries · JSON", "What happened · JSON")
    await olga.press("What happened · CSV")
    await olga.sees("Type other days")
    files = await documents(world, olga)
    days = "2026-02-24-2026-03-02"
    assert set(files) == {
        f"{kind}-{days}.{form}" for kind in ("deliveries", "events") for form in ("csv", "json")
    }
    [delivery] = await world.deliveries(anna)
    [row] = csv.DictReader(io.StringIO(files[f"deliveries-{days}.csv"], newline=""))
    assert (row["id"], row["tower_name"], row["state"]) == (delivery.id, MARKET, "rented")
    assert row["sender_name"] == "Anna =1+1"
    [held] = json.loads(files[f"deliveries-{days}.json"])
    assert held["locker_name"] == delivery.locker_name
    happened = json.loads(files[f"events-{days}.json"])
    assert [each["event"] for each in happened] == ["requested", "reserved", "drop_off_issued"]
    assert {each["delivery"] for each in happened} == {delivery.id}
    shown = await world.database.look(lambda tx: tx.code(delivery.id))
    secrets = (code, code.replace("-", ""), link.rpartition("=")[2], shown.text, "behind the sofa")
    assert not [name for name, text in files.items() for secret in secrets if secret in text]


async def test_other_days_are_typed_and_what_is_none_is_said(world: Chats) -> None:
    await booked(world)
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    await olga.text("/ops")
    await olga.press("Export")
    await olga.text("last week, please")
    await olga.sees("Type one day, or the first and the last", "2026-02-24 – 2026-03-02")
    await olga.text("2026-01-01 2026-01-31")
    await olga.sees("2026-01-01 – 2026-01-31 (UTC)")
    await olga.press("Deliveries · JSON")
    await olga.press("30 days")
    await olga.sees("2026-02-01 – 2026-03-02 (UTC)")
    await olga.forge("span:99999")
    await olga.forge("file:people.csv")
    await olga.sees("2026-02-01 – 2026-03-02 (UTC)")
    assert {name: json.loads(text) for name, text in (await documents(world, olga)).items()} == {
        "deliveries-2026-01-01-2026-01-31.json": []
    }


async def test_an_operator_of_one_tower_gets_that_tower_and_anybody_else_nothing(
    world: Chats,
) -> None:
    anna, _ = await booked(world)
    otto = await world.phone("Otto", id=OTTO)
    await otto.open()
    await otto.text("/ops")
    await otto.press("Export", "Deliveries · JSON", "What happened · JSON")
    assert set((await documents(world, otto)).values()) == {"[\n]\n"}
    subject = "records:deliveries:json:0:9999999999"
    await world.database.run(lambda tx: tx.mark(anna.id, subject, now=world.clock.now()))
    await world.quiet()
    draft = await world.draft(anna)
    forged = replace(draft, errand="ops", step="take", answers={})

    async def save(tx: Any) -> None:
        await tx.save_draft(forged)

    await world.database.run(save)
    await anna.forge("file:deliveries.csv")
    assert await documents(world, anna) == {}


async def test_what_is_too_much_for_a_message_is_said_and_not_sent(
    world: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    await booked(world)
    monkeypatch.setattr(records, "LONGEST", 300)
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    await olga.text("/ops")
    await olga.press("Export", "Deliveries · CSV")
    assert any("too much for one message" in card for card in await olga.cards())
    assert await documents(world, olga) == {}


# -- the command


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one delivery and what happened to it."""
    path = tmp_path / "bot.db"

    async def fill() -> None:
        async with open_database(f"sqlite:///{path}", keys=[KEY]) as database:

            async def step(tx: Any) -> None:
                at = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
                await tx.add_delivery(replace(a_delivery("abc"), created_at=at, note="my words"))
                closed = HistoryEntry(
                    DeliveryId("abc"), at, HistoryEvent.CLOSED, PersonId(-5), "@SUM(A1)"
                )
                await tx.record(closed)

            await database.run(step)

    asyncio.run(fill())
    return path


invoked = partial(on_file, "export")


def test_the_command_writes_a_file_of_its_owners_alone_and_overwrites_none(path: Path) -> None:
    before, target = path.read_bytes(), path.with_name("events.csv")
    asked = ("--from", "2026-03-01", "--to", "2026-03-01", "--of", "events", str(target))
    assert invoked(path, *asked)[0] == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    [row] = csv.DictReader(io.StringIO(target.read_text(), newline=""))
    assert (row["event"], row["by"], row["detail"]) == ("closed", "'-5", "'@SUM(A1)")
    written = target.read_bytes()
    code, said = invoked(path, *asked)
    assert (code, "is there already" in said) == (1, True)
    assert target.read_bytes() == written
    assert path.read_bytes() == before
    assert {each.name for each in path.parent.iterdir()} == {"bot.db", "events.csv"}


def test_the_command_writes_deliveries_as_json_from_a_day_until_now(path: Path) -> None:
    target = path.with_name("deliveries.json")
    assert invoked(path, "--from", "2026-02-01", "--format", "json", str(target))[0] == 0
    [delivery] = json.loads(target.read_text())
    assert (delivery["id"], delivery["sender"]) == ("abc", 1)
    assert "my words" not in target.read_text()


def test_the_command_says_what_is_no_span_and_leaves_nothing_behind(path: Path) -> None:
    target = path.with_name("x.csv")
    for words in (("--from", "lately"), ("--from", "2026-03-02", "--to", "2026-03-01")):
        code, said = invoked(path, *words, str(target))
        assert code != 0, said
        assert "is no day" in said or "is not before" in said
    assert invoked(path.with_name("none.db"), "--from", "2026-03-01", str(target))[0] == 1
    assert invoked(path, "--from", "2026-03-01", str(path.parent / "no" / "x.csv"))[0] == 1
    assert {each.name for each in path.parent.iterdir()} == {"bot.db"}
