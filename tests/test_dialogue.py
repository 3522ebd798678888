"""The conversation as a row: every update once, in order, and never lost for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from telegram import Update
from telegram.ext import CommandHandler

from bot.domain.actions import Action
from bot.domain.card import delivery_subject
from bot.domain.delivery import RequestKind
from bot.domain.ids import PersonId
from bot.domain.lifecycle import Event, Illegal, State
from bot.domain.person import Draft
from bot.ports.database import Database
from bot.ports.errors import Conflict
from bot.usecases.actor import NotPermitted, NotYours, Stale
from handlers.conversation.context import Context
from tests.support.chat_edge import ChatEdge, chat_edge, sandbox_telegram, until, words_dialogue
from tests.support.databases import a_delivery


async def test_a_conversation_goes_on_from_the_row_it_left(database: Database) -> None:
    async with sandbox_telegram() as there:
        ada = there.phones.make("Ada").id
        async with chat_edge(database, at=there) as edge:
            there.phones.open(ada)
            there.phones.text(ada, "red")
            await edge.quiet()
        async with chat_edge(database, at=there) as edge:
            there.phones.text(ada, "green")
            await edge.quiet()
            assert await edge.words(ada) == ["red", "green"]


async def test_whoever_writes_is_known_by_name_and_language(database: Database) -> None:
    async with chat_edge(database) as edge:
        ada = edge.phones.make("Ada", last_name="L.", username="ada", language_code="pl")
        edge.phones.open(ada.id)
        await edge.quiet()
        known = await edge.person(ada.id)
        assert (known.name, known.username, known.language) == ("Ada L.", "ada", "pl")

        ada.first_name, ada.language_code = "Augusta", "de"
        edge.phones.text(ada.id, "hello")
        await edge.quiet()
        known = await edge.person(ada.id)
        assert (known.name, known.language) == ("Augusta L.", "de")


async def test_a_language_that_was_chosen_stays(sqlite_database: Database) -> None:
    async def french(update: Update, context: Context) -> None:
        await context.tx.save_person(replace(context.person, language="fr", language_chosen=True))

    async with chat_edge(
        sqlite_database, dialogue=words_dialogue(CommandHandler("french", french))
    ) as edge:
        ada = edge.phones.make("Ada", language_code="pl").id
        edge.phones.text(ada, "/french")
        edge.phones.text(ada, "hello")
        await edge.quiet()
        assert (await edge.person(ada)).language == "fr"


async def test_a_button_edits_the_screen_and_a_message_brings_it_below(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        first = edge.screen(ada)
        edge.phones.text(ada, "red")
        await edge.quiet()
        second = edge.screen(ada)
        assert second > first
        assert edge.texts(ada) == ["asking: red"]

        edge.phones.press(ada, second, "done")
        await edge.quiet()
        assert edge.screen(ada) == second
        assert edge.texts(ada) == ["done: red"]
        assert edge.toasts(ada) == ["well done"]


ODD_ACTS: dict[str, Callable[[ChatEdge, int], object]] = {
    "a sticker": lambda edge, ada: edge.phones.sticker(ada),
    "a photo": lambda edge, ada: edge.phones.photo(ada, "look"),
    "a place": lambda edge, ada: edge.phones.location(ada, 1, 2),
    "a contact": lambda edge, ada: edge.phones.contact(ada),
    "an unknown command": lambda edge, ada: edge.phones.text(ada, "/frobnicate"),
}


@pytest.mark.parametrize("odd", ODD_ACTS)
async def test_anything_unexpected_is_answered_with_the_present_question(
    odd: str, sqlite_database: Database
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        edge.phones.text(ada, "red")
        await edge.quiet()
        before, screen = await edge.draft(ada), edge.screen(ada)
        ODD_ACTS[odd](edge, ada)
        await edge.quiet()
        assert await edge.draft(ada) == before
        assert edge.screen(ada) > screen
        assert edge.texts(ada) == ["asking: red"]


async def test_an_edited_message_is_no_new_answer(sqlite_database: Database) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        said = edge.phones.text(ada, "red")
        edge.phones.edit(ada, said["message_id"], "green")
        await edge.quiet()
        assert await edge.words(ada) == ["red"]


async def test_a_double_tap_counts_once_and_is_told_so(database: Database) -> None:
    async with chat_edge(database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        screen = edge.screen(ada)
        edge.phones.press(ada, screen, "done")
        edge.phones.press(ada, screen, "done")
        await edge.quiet()
        assert sorted(map(str, edge.toasts(ada))) == ["stale (en)", "well done"]
        assert (await edge.draft(ada)).step == "done"
        assert edge.screen(ada) == screen


async def test_the_button_of_an_old_message_brings_the_screen_below_it(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        old = edge.screen(ada)
        edge.phones.press(ada, old, "done")
        edge.phones.text(ada, "hello")
        await edge.quiet()
        screen = edge.screen(ada)
        edge.phones.press(ada, old, "done", forged=True)
        await edge.quiet()
        assert edge.toasts(ada)[-1] == "stale (en)"
        assert edge.screen(ada) > screen


@pytest.mark.parametrize("data", ["", "nonsense:", "undone", "cancel:7k2m9xq4tz:3", "\x00", "🎈"])
async def test_a_forged_button_is_answered_and_changes_nothing(
    data: str, sqlite_database: Database
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        before = await edge.draft(ada)
        edge.phones.press(ada, edge.screen(ada), data, forged=True)
        await edge.quiet()
        assert edge.toasts(ada) == ["stale (en)"]
        assert await edge.draft(ada) == before


async def test_a_sentence_to_someone_who_wrote_stands_above_the_question_until_they_go_on(
    sqlite_database: Database,
) -> None:
    async with chat_edge(sqlite_database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        edge.phones.text(ada, "/hint")
        await edge.quiet()
        assert edge.texts(ada) == ["write a word: asking:"]
        edge.phones.text(ada, "red")
        await edge.quiet()
        assert edge.texts(ada) == ["asking: red"]


async def test_a_step_that_fails_leaves_nothing_but_an_apology(database: Database) -> None:
    async def fail(update: Update, context: Context) -> Draft:
        await context.tx.save_draft(replace(context.draft, step="half done"))
        await context.mark("delivery:half", ring=True)
        raise ZeroDivisionError("a bug")

    async with chat_edge(database, dialogue=words_dialogue(CommandHandler("fail", fail))) as edge:
        ada = edge.phones.make("Ada", language_code="pl").id
        edge.phones.open(ada)
        edge.phones.text(ada, "red")
        edge.phones.text(ada, "/fail")
        await edge.quiet()
        assert edge.texts(ada) == ["sorry (pl): asking: red"]
        edge.phones.text(ada, "green")
        await edge.quiet()
        assert await edge.words(ada) == ["red", "green"]


@pytest.mark.parametrize(
    "refusal",
    [
        NotYours(),
        Illegal(State.STORED, Event.CANCELLED),
        Stale(a_delivery("7k2m9xq4tz")),
        NotPermitted(Action.CANCEL, a_delivery("7k2m9xq4tz")),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
async def test_what_no_longer_fits_the_facts_is_rolled_back_and_said(
    refusal: Exception, sqlite_database: Database
) -> None:
    async def refuse(update: Update, context: Context) -> Draft:
        await context.tx.save_draft(replace(context.draft, step="half done"))
        raise refusal

    dialogue = words_dialogue(CommandHandler("refuse", refuse))
    async with chat_edge(sqlite_database, dialogue=dialogue) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        edge.phones.text(ada, "/refuse")
        await edge.quiet()
        assert edge.texts(ada) == ["stale (en): asking:"]


async def test_a_step_taken_again_after_a_conflict_starts_clean(sqlite_database: Database) -> None:
    attempts: list[Context] = []

    async def contended(update: Update, context: Context) -> Draft:
        attempts.append(context)
        if len(attempts) == 1:
            context.say("from the first attempt")
            context.keep_screen()
            raise Conflict("somebody else was first")
        return replace(context.draft, step=f"attempt {len(attempts)}")

    dialogue = words_dialogue(CommandHandler("contended", contended))
    async with chat_edge(sqlite_database, dialogue=dialogue) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.text(ada, "/contended")
        await edge.quiet()
        assert edge.texts(ada) == ["attempt 2:"]


async def test_two_processes_on_one_database_lose_no_word(database: Database) -> None:
    async with (
        sandbox_telegram() as there,
        chat_edge(database, at=there, poll=False) as one,
        chat_edge(database, at=there, poll=False) as two,
    ):
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        await one.receiver.take(there.telegram.updates.first(1)[0])
        texts = [f"w{n}" for n in range(8)]
        for text in texts:
            there.phones.text(ada, text)
        bodies = there.telegram.updates.first(100)[1:]
        await asyncio.gather(
            *((one, two)[n % 2].receiver.take(body) for n, body in enumerate(bodies))
        )
        assert sorted(await two.words(ada)) == texts


async def test_someone_who_blocked_the_bot_is_told_everything_when_they_return(
    database: Database,
) -> None:
    async with chat_edge(database) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.open(ada)
        await edge.quiet()
        edge.phones.block(ada)
        await edge.quiet()
        assert not (await edge.person(ada)).reachable

        parcel = a_delivery("7k2m9xq4tz", sender=PersonId(ada))
        await database.run(lambda tx: tx.add_delivery(parcel))
        edge.phones.unblock(ada)
        await edge.quiet()
        assert (await edge.person(ada)).reachable
        await until(lambda: delivery_subject(parcel.id) in edge.texts(ada))


async def test_the_loops_hear_of_what_a_step_left_for_them(sqlite_database: Database) -> None:
    async def book(update: Update, context: Context) -> None:
        parcel = a_delivery("7k2m9xq4tz", sender=context.person.id, want=RequestKind.LOCKER)
        await context.tx.add_delivery(parcel)
        context.keep_screen()

    dialogue = words_dialogue(CommandHandler("book", book))
    async with chat_edge(sqlite_database, dialogue=dialogue) as edge:
        ada = edge.phones.make("Ada").id
        edge.phones.text(ada, "/book")
        await edge.quiet()
        assert (edge.signals.requests.is_set, edge.signals.lockers.is_set) == (True, True)
        assert not edge.signals.deadlines.is_set
        assert edge.texts(ada) == []


async def test_a_group_is_told_once_that_the_bot_works_in_private_chats(
    database: Database,
) -> None:
    async with chat_edge(database) as edge:
        ada = edge.phones.make("Ada", language_code="uk")
        group = edge.there.groups.make("Neighbours").id
        edge.there.groups.text(group, ada, "/start")
        edge.there.groups.text(group, ada, "/send")
        await edge.quiet()
        await until(lambda: edge.texts(group))
        edge.there.groups.text(group, edge.phones.make("Ben", language_code="de"), "/start")
        await edge.quiet()
        assert edge.texts(group) == ["private chats only (uk)"]
