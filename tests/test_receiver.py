"""Updates come in, and Telegram is told so only once they are safe."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs
from telegram import Update
from telegram.ext import CommandHandler

from bot.domain.ids import PersonId
from bot.ports.database import Database, Step, T
from bot.ports.errors import Misconfigured, TryLater
from handlers.app import build_application
from handlers.conversation.context import Context
from handlers.telegram.receiver import NoUpdate, next_offset
from sandbox.telegram.app import DEFAULT_BOT
from tests.support.chat_edge import (
    SandboxTelegram,
    chat_edge,
    sandbox_telegram,
    until,
    words_dialogue,
)
from tests.support.databases import stands_for


class Away(TryLater):
    """What storage raises when it is not there."""


class Switched:
    """A database that can be taken away, and that says when it has committed an update."""

    def __init__(self, database: Database) -> None:
        self._database, self.shared = database, database.shared
        self.replicas = database.replicas
        stands_for(self, database)
        self.away = False
        self.asked = 0
        self.committed = asyncio.Event()

    async def run(self, step: Step[T], **asked: bool) -> T:
        self.asked += 1
        if self.away:
            raise Away("the database is away")
        done = await self._database.run(step, **asked)
        if not asked.get("one_statement"):  # the outbox makes such
            self.committed.set()
        return done

    async def look(self, step: Step[T], *, one_statement: bool = False) -> T:
        return await self._database.look(step, one_statement=one_statement)

    async def glance(self, step: Step[T]) -> T:
        return await self._database.glance(step)


class Waiting(Switched):
    """A database that commits nothing before it may."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.may_commit = asyncio.Event()

    async def run(self, step: Step[T], **asked: bool) -> T:
        await self.may_commit.wait()
        return await super().run(step, **asked)


def pending(there: SandboxTelegram) -> list[int]:
    return [update.id for update in there.telegram.updates.pending]


def polls(there: SandboxTelegram, log: list[Any]) -> None:
    """Write the offset of every getUpdates into `log`."""
    confirm = there.telegram.updates.confirm_before

    def listened(offset: int) -> None:
        log.append(offset)
        confirm(offset)

    there.telegram.updates.confirm_before = listened  # type: ignore[method-assign]  # an ear, no more


async def test_killed_between_commit_and_confirmation_an_update_is_not_taken_twice(
    sqlite_database: Database,
) -> None:
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        database = Switched(sqlite_database)
        async with chat_edge(database, at=there, poll=False) as killed:
            there.phones.open(ada)
            there.phones.text(ada, "red")
            for body in there.telegram.updates.first(100):
                await killed.receiver.take(body)
        assert len(pending(there)) == 2, "nothing was confirmed"

        async with chat_edge(sqlite_database, at=there) as edge:
            there.phones.text(ada, "green")
            await edge.quiet()
            assert await edge.words(ada) == ["red", "green"]


async def test_an_update_is_confirmed_only_after_its_commit(sqlite_database: Database) -> None:
    waiting = Waiting(sqlite_database)
    async with sandbox_telegram() as there:
        offsets: list[int] = []
        polls(there, offsets)
        ada = there.phones.make("Ada").id
        async with chat_edge(waiting, at=there) as edge:
            there.phones.open(ada)
            await until(lambda: edge.wiring.turns)
            assert max(offsets) == 0
            assert len(pending(there)) == 1
            waiting.may_commit.set()
            await edge.quiet()
            assert max(offsets) > 0


async def test_it_has_begun_once_what_people_did_before_the_start_is_taken(
    sqlite_database: Database,
) -> None:
    waiting = Waiting(sqlite_database)
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        async with chat_edge(waiting, at=there) as edge:
            await until(lambda: edge.wiring.turns)
            assert not edge.receiver.begun.is_set()
            waiting.may_commit.set()
            await edge.receiver.begun.wait()
            assert await sqlite_database.look(lambda tx: tx.person(PersonId(ada)))


async def test_it_has_begun_though_nobody_did_anything_before(sqlite_database: Database) -> None:
    async with chat_edge(sqlite_database) as edge:
        await edge.receiver.begun.wait()


async def test_it_has_begun_though_telegram_does_not_answer(sqlite_database: Database) -> None:
    async with sandbox_telegram() as there:
        there.telegram.faults.add("bad_gateway", "getMe")
        async with chat_edge(sqlite_database, at=there) as edge:
            await edge.receiver.begun.wait()
            assert edge.receiver.deaf


async def test_while_storage_is_away_nothing_is_confirmed_and_nothing_lost(
    sqlite_database: Database,
) -> None:
    database = Switched(sqlite_database)
    async with chat_edge(database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        database.away = True
        asked = database.asked
        edge.phones.text(ada, "red")
        edge.phones.text(ada, "green")
        await until(lambda: database.asked > asked)
        assert len(pending(edge.there)) == 2

        database.away = False
        await until(lambda: _turned(edge.there, 60) and not pending(edge.there))
        await edge.quiet()
        assert await edge.words(ada) == ["red", "green"]


def _turned(there: SandboxTelegram, seconds: float) -> bool:
    there.telegram.clock.turn(seconds)
    return True


async def test_a_chat_that_could_not_be_served_keeps_its_order_and_holds_up_no_other(
    sqlite_database: Database,
) -> None:
    away: set[int] = set()

    async def fragile(update: Update, context: Context) -> None:
        if context.person.id in away:
            raise Away("only for this chat")

    dialogue = words_dialogue(CommandHandler("fragile", fragile))
    async with chat_edge(sqlite_database, dialogue=dialogue) as edge:
        ada, ben = (edge.phones.make(name).id for name in ("Ada", "Ben"))
        edge.phones.open(ada)
        edge.phones.open(ben)
        await edge.quiet()
        away.add(ada)
        first = edge.telegram.updates._next_id
        edge.phones.text(ada, "/fragile")
        edge.phones.text(ada, "after")
        edge.phones.text(ben, "meanwhile")
        await until(lambda: edge.texts(ben) == ["asking: meanwhile"])
        assert await edge.words(ada) == []
        assert pending(edge.there)[0] == first

        away.clear()
        await until(lambda: _turned(edge.there, 60) and not pending(edge.there))
        assert await edge.words(ada) == ["after"]
        assert await edge.words(ben) == ["meanwhile"]


async def test_an_update_that_always_fails_blocks_nobody(sqlite_database: Database) -> None:
    async def poison(update: Update, context: Context) -> None:
        raise RuntimeError("a bug")

    dialogue = words_dialogue(CommandHandler("poison", poison))
    async with chat_edge(sqlite_database, dialogue=dialogue) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        edge.phones.text(ada, "/poison")
        edge.phones.text(ada, "red")
        await edge.quiet()
        assert await edge.words(ada) == ["red"]


async def test_an_update_that_can_not_even_be_read_blocks_nobody(
    sqlite_database: Database,
) -> None:
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        queue = there.telegram.updates
        unread = queue.make("message", {"from": "another", "version": "of the API"}, ada)
        assert unread is not None
        queue.put([unread])
        there.phones.text(ada, "red")
        async with chat_edge(sqlite_database, at=there) as edge:
            await until(lambda: _turned(there, 60) and not pending(there))
            await edge.quiet()
            assert await edge.words(ada) == ["red"]


def an_update(number: int) -> Update:
    return Update(number)


@pytest.mark.parametrize(
    ("got", "untaken", "offset"),
    [
        ([1, 2, 3], [], 4),
        ([1, 2, 3], [2], 2),
        ([1, 2, 3], [3, 1], 1),
        ([9, 2], [], 10),
        ([9, 2], [2], 2),
        ([9, 2], [9], 9),
        ([], [], None),
    ],
)
def test_the_offset_confirms_what_was_taken_and_nothing_else(
    got: list[int], untaken: list[int], offset: int | None
) -> None:
    assert next_offset([*map(an_update, got)], [*map(an_update, untaken)]) == offset


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "repeated_updates"},
        {"name": "jumping_ids", "times": 2, "by": 1_000_000},
        {"name": "jumping_ids", "times": 1, "by": -50_000_000},
        {"name": "reordered_updates", "times": 1, "seconds": 0.0},
    ],
    ids=lambda fault: f"{fault['name']} {fault.get('by', '')}",
)
async def test_each_update_counts_once_whatever_its_id(
    fault: dict[str, Any], sqlite_database: Database
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        edge.telegram.faults.put([fault])
        for word in ("a", "b", "c"):
            edge.phones.text(ada, word)
        await edge.quiet()
        assert sorted(await edge.words(ada)) == ["a", "b", "c"]
        edge.telegram.faults.clear()


async def test_the_answer_to_one_chat_being_slow_delays_no_other(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada, ben = (edge.phones.make(name).id for name in ("Ada", "Ben"))
        edge.telegram.faults.add("slow", "sendMessage", seconds=5.0, chat=ada)
        edge.phones.open(ada)
        edge.phones.text(ada, "first")
        edge.phones.text(ada, "second")
        edge.phones.open(ben)
        edge.phones.text(ben, "hello")
        await until(lambda: edge.texts(ben) == ["asking: hello"])
        await until(lambda: not pending(edge.there))  # Ada's words may be taken after Ben's
        assert edge.texts(ada) == [], "Telegram has not answered for Ada yet"
        assert await edge.words(ada) == ["first", "second"]
        edge.telegram.faults.clear()
        await until(lambda: _turned(edge.there, 5) and edge.texts(ada) == ["asking: first second"])


async def test_a_second_poller_is_named_in_the_log_and_outlived(
    sqlite_database: Database,
) -> None:
    with capture_logs() as logs:
        async with chat_edge(sqlite_database) as edge:
            ada = edge.phones.make("Ada").id
            edge.phones.open(ada)
            await edge.quiet()
            other = build_application(
                edge.telegram.token, edge.there.url, edge.wiring, words_dialogue()
            )
            async with other:
                for _ in range(2):
                    await other.bot.get_updates(timeout=0)
                    await until(lambda: _complaints(logs))
                edge.phones.text(ada, "red")
                await until(lambda: _turned(edge.there, 60) and not pending(edge.there))
            await edge.quiet()
            assert await edge.words(ada) == ["red"]
    assert "another process" in _complaints(logs)[0]["why"]


def _complaints(logs: list[Any]) -> list[Any]:
    return [entry for entry in logs if entry["event"] == "telegram does not answer"]


@pytest.mark.parametrize("fault", ["bad_gateway", "reset", "reply_lost", "too_many_requests"])
async def test_polling_outlives_what_may_befall_it(fault: str, sqlite_database: Database) -> None:
    async with sandbox_telegram() as there:
        there.telegram.faults.add(fault, "getMe", 1)
        there.telegram.faults.add(fault, "getUpdates", 3)
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        with capture_logs() as logs:
            async with chat_edge(sqlite_database, at=there) as edge:
                await until(lambda: _turned(there, 60) and not pending(there))
                assert (await edge.draft(ada)).step == "asking"
    assert len(_complaints(logs)) == 2, "one for getMe, one for three failures of getUpdates"


async def test_a_webhook_left_over_is_taken_down_before_polling(sqlite_database: Database) -> None:
    async with sandbox_telegram() as there:
        async with chat_edge(sqlite_database, at=there, poll=False) as hooked:
            await hooked.receiver.listen("https://bot.example/telegram", "secret")
        ada = there.phones.make("Ada").id
        async with chat_edge(sqlite_database, at=there) as edge:
            await until(lambda: not there.telegram.webhook.url)
            there.phones.open(ada)
            await edge.quiet()
            assert (await edge.draft(ada)).step == "asking"


async def test_a_token_telegram_does_not_know_ends_polling_without_being_told(
    sqlite_database: Database,
) -> None:
    async with sandbox_telegram() as there:
        there.telegram.token = "42:another"
        async with chat_edge(sqlite_database, at=there) as edge:
            assert edge.polling is not None
            with pytest.raises(Misconfigured) as caught:
                await edge.polling
            edge.polling = None
        seen: BaseException | None = caught.value
        while seen is not None:
            assert DEFAULT_BOT not in repr(seen)
            seen = seen.__cause__ or seen.__context__


async def test_stopping_confirms_what_was_taken(sqlite_database: Database) -> None:
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        database = Switched(sqlite_database)
        async with chat_edge(database, at=there) as edge:
            there.phones.open(ada)
            while (await edge.draft(ada)).step != "asking":  # other loops commit as well
                await database.committed.wait()
                database.committed.clear()
            await edge.stop()
            assert pending(there) == []
            assert (await edge.draft(ada)).step == "asking"


async def test_a_webhook_update_is_taken_when_the_call_returns(database: Database) -> None:
    async with chat_edge(database, poll=False) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        edge.phones.text(ada, "red")
        for body in edge.telegram.updates.first(100):
            await edge.receiver.take(body)
            await edge.receiver.take(body)
        assert await edge.words(ada) == ["red"]


async def test_a_webhook_update_that_could_not_be_kept_is_refused(
    sqlite_database: Database,
) -> None:
    database = Switched(sqlite_database)
    async with chat_edge(database, poll=False) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        body = edge.telegram.updates.first(1)[0]
        database.away = True
        with pytest.raises(TryLater):
            await edge.receiver.take(body)
        database.away = False
        await edge.receiver.take(body)
        assert (await edge.draft(ada)).step == "asking"


@pytest.mark.parametrize(
    "body", [{}, *({"update_id": odd} for odd in ("1", None, True, -1, 1.0, 2**64))]
)
async def test_what_is_no_update_is_refused(
    body: dict[str, Any], sqlite_database: Database
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        with pytest.raises(NoUpdate):
            await edge.receiver.take(body)


async def test_an_update_of_a_kind_nobody_asked_for_is_let_pass(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        await edge.receiver.take({"update_id": 5})
        await edge.receiver.take({"update_id": 6, "poll_from_the_future": {"x": 1}})


async def test_a_webhook_is_set_with_its_secret(sqlite_database: Database) -> None:
    async with chat_edge(sqlite_database, poll=False) as edge:
        await edge.receiver.listen("https://bot.example/telegram/x", "secret")
        assert edge.telegram.webhook.url == "https://bot.example/telegram/x"
