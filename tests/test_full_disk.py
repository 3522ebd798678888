"""When nothing can be saved: people are told, nothing is lost, and it is said once it is over."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from bot.domain.alerts import Unheard
from bot.domain.ids import PersonId
from bot.domain.policy import Policy
from bot.ports.database import Database
from bot.workers.hearing import CALM
from bot.workers.saving import Saving
from sandbox.clock import Clock
from storage import StorageUnavailable, open_database
from tests.support.chat_edge import START, chat_edge, until
from tests.support.chats import OPERATOR, Chats, Phone
from tests.support.databases import KEYS
from tests.support.hooked import hooked


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow, a log neither: to SQLite that is a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with capture_logs():
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[Chats]:
    async with hooked(sqlite_url) as world:
        yield world


async def health(world: Chats) -> tuple[int, list[str]]:
    answer = await world.http.get(f"{world.web}/healthz")
    return answer.status_code, answer.json()["reasons"]


async def shows(world: Chats, phone: Phone, words: str) -> None:
    """Let time pass, as what failed is tried again later, until the phone shows the words."""
    async with asyncio.timeout(30):
        while not any(words in text for text in await phone.cards()):
            world.clock.turn(5)


async def presses(phone: Phone, label: str) -> None:
    """Without waiting for what becomes of it."""
    message = await phone.sees("What would you like to do?")
    [data] = [
        button["callback_data"]
        for row in message["reply_markup"]["inline_keyboard"]
        for button in row
        if label in button["text"]
    ]
    body = {"message_id": message["message_id"], "data": data}
    path = f"/telegram/sandbox/people/{phone.id}/press"
    (await phone.world.http.post(path, json=body)).raise_for_status()


async def test_a_tap_that_can_not_be_saved_is_answered_and_takes_effect_once_it_can(
    world: Chats,
) -> None:
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    anna = await world.phone("Anna")
    await anna.open()
    chat = world.telegram.chats[anna.id]
    with no_room():
        await presses(anna, "Send a parcel")
        await until(lambda: chat.toasts)
        assert "not saved" in str(chat.toasts[-1].text)
        status, reasons = await health(world)
        assert status == 503
        assert any("nothing can be saved" in reason for reason in reasons)
        world.clock.turn(30)
    await until(lambda: _turned(world.clock) and not world.telegram.updates.pending)
    await shows(world, anna, "Which tower")
    assert await health(world) == (200, [])
    await olga.sees("Everything can be saved again")


async def test_a_bot_that_hears_nobody_is_not_well_and_says_why(world: Chats) -> None:
    with capture_logs():
        told = "another process receives this bot's updates"
        world.receiver.hearing.failed(told, Unheard.TAKEN)
    assert await health(world) == (200, [])
    world.clock.turn(61)
    assert await health(world) == (503, [f"nobody is heard: {told}"])
    world.clock.turn(CALM.total_seconds())
    with capture_logs():
        world.receiver.hearing.heard()
    assert await health(world) == (200, [])


def _turned(clock: Clock) -> bool:
    clock.turn(5)
    return True


async def test_words_that_can_not_be_saved_are_answered_once_and_the_answer_goes_when_they_are(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        with no_room():
            edge.phones.text(ada, "red")
            edge.phones.text(ada, "green")
            await until(lambda: any("not saved" in text for text in edge.texts(ada)))
            for _ in range(50):
                edge.telegram.clock.turn(5)
                await edge.wiring.answers.settle(1)
            assert sum("not saved" in text for text in edge.texts(ada)) == 1
        await until(lambda: _turned(edge.telegram.clock) and not edge.telegram.updates.pending)
        await edge.quiet()
        assert await edge.words(ada) == ["red", "green"]
        assert edge.texts(ada) == ["asking: red green"]


async def test_a_step_that_finds_no_room_says_so_by_its_cause(sqlite_url: str) -> None:
    saving = Saving(Clock(START, stopped=True))
    async with open_database(sqlite_url, keys=KEYS, saving=saving) as database:
        await database.run(lambda tx: tx.note_wrong_try(PersonId(1), START, asked=True))
        assert saving.why is None
        with no_room():
            with pytest.raises(StorageUnavailable):
                await database.run(lambda tx: tx.note_wrong_try(PersonId(1), START, asked=True))
            assert saving.why is not None
            assert "can't be used now" in saving.why
        await database.run(lambda tx: tx.note_wrong_try(PersonId(1), START, asked=True))
        assert saving.why is None


async def test_operators_are_not_told_of_a_moment_without_room(sqlite_database: Database) -> None:
    clock = Clock(START, stopped=True)
    saving, policy = Saving(clock), Policy(operators=frozenset({OPERATOR}))
    with capture_logs() as logs:
        for _ in range(3):
            saving.unsaved("locked")
        saving.saved()
        saving.saved()
    assert [entry["event"] for entry in logs] == ["nothing_saved", "saving_again"]
    await saving.tell(sqlite_database, policy)
    assert await sqlite_database.look(lambda tx: tx.cards_of(OPERATOR)) == []
    saving.unsaved("full")
    clock.turn(60)
    saving.saved()
    await saving.tell(sqlite_database, policy)
    assert len(await sqlite_database.look(lambda tx: tx.cards_of(OPERATOR))) == 1
