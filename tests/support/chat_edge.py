"""A bot with the smallest of conversations, between a real database and a sandbox Telegram.

It collects words: /start asks for them, a text adds one, the button `done` ends it. Everything
around that is the bot's own: dialogue, receiver, outbox, messenger, all over real HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from telegram import Update
from telegram.ext import CommandHandler, MessageHandler, filters

from bot.domain.card import SCREEN, Card
from bot.domain.ids import PersonId
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.ports.database import Database
from bot.workers.loop import Loop
from bot.workers.open_requests import OpenRequests
from bot.workers.outbox import Outbox
from bot.workers.signals import Signals
from cli.sandbox_server import serving_sandbox
from handlers.app import build_application
from handlers.conversation.context import Context, Phrases, Wiring
from handlers.conversation.dialogue import NOTICE, Dialogue, Handler
from handlers.conversation.groups import GROUP
from handlers.conversation.pressed import Pressed
from handlers.conversation.transactional import App
from handlers.telegram.messenger import TelegramMessenger
from handlers.telegram.rate_limit import RateLimit
from handlers.telegram.receiver import Receiver
from sandbox.clock import Clock
from sandbox.telegram.app import DEFAULT_BOT, create_app
from sandbox.telegram.people.groups import Groups
from sandbox.telegram.people.phones import Phones
from sandbox.telegram.state.core import Telegram
from tests.support.databases import listen, no_longer_listen

START = datetime(2030, 1, 7, 12, 0, tzinfo=UTC)
PHRASES = Phrases(
    failed=lambda language: f"sorry ({language})",
    stale=lambda language: f"stale ({language})",
    unsaved=lambda language: f"not saved ({language})",
    over_limit=lambda language, reached: f"{reached} ({language})",
    closed=lambda language, closed: f"{closed} ({language})",
)


async def start(update: Update, context: Context) -> Draft:
    return replace(context.draft, errand="words", step="asking", answers={"words": []})


async def word(update: Update, context: Context) -> Draft:
    assert update.effective_message is not None
    words = [*context.draft.answers["words"], update.effective_message.text]
    return replace(context.draft, answers={**context.draft.answers, "words": words})


async def done(update: Update, context: Context) -> Draft:
    context.say("well done")
    return replace(context.draft, step="done")


async def hint(update: Update, context: Context) -> None:
    context.say("write a word")


WORD = MessageHandler(filters.TEXT & ~filters.COMMAND, word)


def words_dialogue(*entry_points: Handler, asking: Sequence[Handler] = (WORD,)) -> Dialogue:
    return Dialogue(
        entry_points=[CommandHandler("start", start), *entry_points],
        states={"words/asking": [*asking, Pressed(done, "done")]},
        fallbacks=[CommandHandler("hint", hint)],
    )


@dataclass
class WordsPresenter:
    """The screen: where the draft stands, and the notice above it."""

    database: Database

    async def present(self, card: Card) -> tuple[Message | None, bool]:
        draft = await self.database.look(lambda tx: tx.draft(card.chat))
        if card.subject == GROUP:
            return Message(f"private chats only ({draft.answers['language']})"), True
        if card.subject != SCREEN:
            return Message(card.subject), True
        said = " ".join(draft.answers.get("words", ()))
        above = f"{draft.answers[NOTICE]}: " if NOTICE in draft.answers else ""
        buttons = ((Button("Done", press("done")),),) if draft.step == "asking" else ()
        return Message(f"{above}{draft.step}: {said}", buttons), False

    async def instead(self, card: Card) -> Message:
        return Message("can't be shown")


@dataclass
class SandboxTelegram:
    """Where a sandbox Telegram is served, and what goes on in it."""

    url: str
    telegram: Telegram
    phones: Phones
    groups: Groups


@dataclass
class ChatEdge:
    """One bot process, and the Telegram it talks to."""

    there: SandboxTelegram
    database: Database
    wiring: Wiring
    application: App
    receiver: Receiver
    outbox: Outbox
    signals: Signals
    polling: asyncio.Task[None] | None = None

    @property
    def telegram(self) -> Telegram:
        return self.there.telegram

    @property
    def phones(self) -> Phones:
        return self.there.phones

    async def draft(self, person: int) -> Draft:
        return await self.database.look(lambda tx: tx.draft(PersonId(person)))

    async def words(self, person: int) -> list[str]:
        return list((await self.draft(person)).answers.get("words", ()))

    async def person(self, person: int) -> Person:
        known = await self.database.look(lambda tx: tx.person(PersonId(person)))
        assert known is not None
        return known

    def texts(self, chat: int) -> list[str]:
        """What the bot's messages in a chat say, oldest first."""
        found = self.telegram.chats[chat].messages.values()
        return [m.body.get("text") or m.body.get("caption", "") for m in found if not m.outgoing]

    def screen(self, chat: int) -> int:
        """The id of the bot's latest message."""
        return max(m.id for m in self.telegram.chats[chat].messages.values() if not m.outgoing)

    def toasts(self, chat: int) -> list[str | None]:
        return [toast.text for toast in self.telegram.chats[chat].toasts]

    async def quiet(self) -> None:
        """Until every update is confirmed, every query answered, and nothing is owed."""
        await until(lambda: not self.telegram.updates.pending)
        await self.wiring.answers.settle(5)
        async with asyncio.timeout(10):
            while (await self.database.look(lambda tx: tx.counts())).cards_owed:
                await self.outbox.settle()
                await asyncio.sleep(0.002)

    async def stop(self) -> None:
        self.receiver.stop()
        if self.polling is not None:
            await self.polling


@contextlib.asynccontextmanager
async def sandbox_telegram() -> AsyncIterator[SandboxTelegram]:
    """A Telegram whose clock stands still until it is turned."""
    app = create_app(clock=Clock(START, stopped=True), limits=False)
    async with serving_sandbox(app) as url:
        yield SandboxTelegram(url, app.state.telegram, app.state.phones, app.state.groups)


@contextlib.asynccontextmanager
async def chat_edge(
    database: Database,
    *,
    dialogue: Dialogue | None = None,
    at: SandboxTelegram | None = None,
    poll: bool = True,
) -> AsyncIterator[ChatEdge]:
    """A bot at work on `database`, on a Telegram of its own unless it is told which."""
    async with contextlib.AsyncExitStack() as stack:
        there = at or await stack.enter_async_context(sandbox_telegram())
        edge = _edge(there, database, dialogue or words_dialogue())
        outbox = Loop("outbox", there.telegram.clock, edge.outbox.turn, edge.signals.cards)
        loop = asyncio.create_task(_recovered(edge, outbox))
        if poll:
            edge.polling = asyncio.create_task(edge.receiver.poll())
        else:
            await edge.application.initialize()
        try:
            yield edge
        finally:
            await edge.stop()
            await edge.wiring.answers.settle(1)
            outbox.stop()
            await edge.outbox.give_back()
            await loop
            await edge.outbox.settle()
            no_longer_listen(database, edge.signals)
            await edge.application.shutdown()


async def _recovered(edge: ChatEdge, outbox: Loop) -> None:
    await edge.outbox.recover()
    await outbox.run()


def _edge(there: SandboxTelegram, database: Database, dialogue: Dialogue) -> ChatEdge:
    signals = Signals()
    listen(database, signals)
    clock = there.telegram.clock
    wiring = Wiring(
        database=database,
        clock=clock,
        policy=Policy(),
        open_requests=OpenRequests(database, clock, Policy()),
        phrases=PHRASES,
    )
    application = build_application(DEFAULT_BOT, there.url, wiring, dialogue)
    messenger = TelegramMessenger(application.bot, RateLimit(clock, overall=None, a_chat=None))
    outbox = Outbox(database, messenger, WordsPresenter(database), clock, signals)
    receiver = Receiver(application, clock)
    return ChatEdge(there, database, wiring, application, receiver, outbox, signals)


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Return as soon as `condition` holds; TimeoutError says that it never came to."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.002)
