"""This Telegram's heart: one bot, the people, the chats, and what the bot is to be told of them.

Guarantees: every change of what a person can see raises the revision; every update reaches the
queue in the order things happened, unless a fault says otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.telegram.protocol.calls import as_integer
from sandbox.telegram.protocol.errors import bad_request, forbidden
from sandbox.telegram.state.chats import Chat, Message, Person
from sandbox.telegram.state.faults import ChatFaults
from sandbox.telegram.state.files import Files
from sandbox.telegram.state.limits import Limits
from sandbox.telegram.state.profile import Profile
from sandbox.telegram.updates.polling import Poller
from sandbox.telegram.updates.queue import Update, Updates
from sandbox.telegram.updates.webhook import Exchanged, Webhook

ANSWERABLE = timedelta(seconds=15)
"""How long a callback query can be answered; Telegram names no number."""


@dataclass(slots=True)
class CallbackQuery:
    """A press that waits for its answer."""

    id: str
    chat: Chat
    at: datetime
    answered: bool = False


class Telegram:
    """The state of one bot's Telegram.

    `changed()` is called after each visible change, `posted(chat, message)` with each new message.
    """

    def __init__(self, clock: Clock, *, token: str, username: str, limits: bool) -> None:
        self.clock = clock
        self.token = token
        self.bot: dict[str, Any] = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Harbor Lockers",
            "username": username,
        }
        self.faults = ChatFaults()
        self.files = Files()
        self.limits = Limits(clock.now, enforced=limits)
        self.changed: Callable[[], object] = lambda: None
        self.posted: Callable[[Chat, Message], object] = lambda chat, message: None
        self.exchanged: Exchanged = lambda *exchange: None
        self.profile = Profile(self.bot["first_name"])
        # Queue and webhook need each other, and `exchanged` is set by whoever keeps a log:
        # the two lambdas look when they are called, when everything is there.
        self.updates = Updates(
            self.clock.now,
            jump=self._jump,
            repeat=self._repeat,
            on_put=lambda: self.webhook.wake(),
        )
        self.webhook = Webhook(
            self.clock, self.updates, exchanged=lambda *exchange: self.exchanged(*exchange)
        )
        self.poller = Poller(self.updates, self.webhook)
        self._message_ids = itertools.count(1)
        self._supergroup_ids: dict[int, itertools.count[int]] = {}
        self._toast_numbers = itertools.count(1)
        self._later: asyncio.Task[None] | None = None
        self.clear()

    def clear(self) -> None:
        """Nobody is there, nothing was said. What the bot set up of itself (webhook, commands,
        names) stays, as does the count of ids, so that nobody is taken for somebody else."""
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, CallbackQuery] = {}
        self.updates.clear()
        self._held: Update | None = None
        self.files.clear(keep=self.profile.pictures)
        self.limits.clear()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What goes on in the background (webhook deliveries) goes on within."""
        async with self.webhook.running():
            try:
                yield
            finally:
                if self._later is not None:
                    self._later.cancel()

    def tell(self, kind: str, payload: Any, chat: int) -> None:
        """Put an update before the bot, or hold it back if a fault asks for that."""
        update = self.updates.make(kind, payload, chat)
        if update is None:
            return
        held, self._held = self._held, None
        if held is not None:
            self.updates.put([update, held])
        elif fault := self.faults.take_in("reordered_updates", kind, chat):
            self._held = update
            release = self._release(update, float(fault["seconds"]))
            self._later = asyncio.create_task(release, name="held back")
        else:
            self.updates.put([update])

    async def _release(self, update: Update, seconds: float) -> None:
        await self.clock.sleep(seconds)
        if self._held is update:
            self._held = None
            self.updates.put([update])

    def _jump(self, kind: str, chat: int) -> int:
        fault = self.faults.take_in("jumping_ids", kind, chat) if self.faults.on else None
        return int(fault["by"]) if fault else 0

    def _repeat(self, update: Update) -> bool:
        on = self.faults.on
        return bool(on and self.faults.take_in("repeated_updates", update.kind, update.chat))

    def chat(self, chat_id: int) -> Chat | None:
        """A chat by id; the private chat of a known person is made when first needed."""
        chat = self.chats.get(chat_id)
        if chat is None and (person := self.people.get(chat_id)) is not None:
            chat = self.chats[chat_id] = Chat(chat_id, "private", person)
        return chat

    def readable(self, text: str) -> Chat:
        """The chat a call names, which the bot knows. Raises ApiError (400)."""
        if not text:
            raise bad_request("chat_id is empty")
        chat = self.chat(as_integer(text))
        if chat is None or (chat.person is not None and not chat.person.started):
            raise bad_request("chat not found")
        return chat

    def writable(self, text: str) -> Chat:
        """The chat a call names, in which the bot may speak. Raises ApiError (400, 403)."""
        chat = self.reachable(text)
        if chat.person is not None and chat.person.blocked:
            raise forbidden("bot was blocked by the user")
        return chat

    def reachable(self, text: str) -> Chat:
        """The chat a call names, which is still what it was. Raises ApiError (400, 403)."""
        person = self.people.get(as_integer(text))
        if person is not None and not person.started:
            raise forbidden("bot can't initiate conversation with a user")
        chat = self.readable(text)
        if chat.migrated_to is not None:
            raise bad_request(
                "group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        if chat.person is not None and chat.person.vanished:
            raise forbidden("user is deactivated")
        return chat

    def post(self, chat: Chat, sender: dict[str, Any], content: dict[str, Any]) -> Message:
        """Put a message into a chat. `content` are the Message fields beyond id, chat and date."""
        now = self.clock.now()
        body = {
            "message_id": self._next_message_id(chat),
            "from": sender,
            "chat": chat.shown(),
            "date": int(now.timestamp()),
            **content,
        }
        message = Message(body, now, outgoing=not sender["is_bot"])
        chat.messages[message.id] = message
        self.posted(chat, message)
        self.changed()
        return message

    def _next_message_id(self, chat: Chat) -> int:
        if chat.kind != "supergroup":
            return next(self._message_ids)
        return next(self._supergroup_ids.setdefault(chat.id, itertools.count(1)))

    def ask(self, chat: Chat, person: Person, message_id: int, data: str) -> str:
        """A button was pressed: tell the bot, and return the callback query's id.

        Of a message that is gone the bot is told only that it was there.
        """
        self._forget_old_queries()
        query = CallbackQuery(str(secrets.randbits(62)), chat, self.clock.now())
        self.queries[query.id] = query
        message = chat.messages.get(message_id)
        gone = {"chat": chat.shown(), "message_id": message_id, "date": 0}
        payload = {
            "id": query.id,
            "from": person.user(),
            "message": gone if message is None else message.body,
            "chat_instance": str(chat.id),
            "data": data,
        }
        self.tell("callback_query", payload, chat.id)
        self.changed()
        return query.id

    def answerable(self, query_id: str) -> CallbackQuery | None:
        """The callback query, if there is still time to answer it."""
        query = self.queries.get(query_id)
        if query is None or self.clock.now() - query.at > ANSWERABLE:
            self.queries.pop(query_id, None)
            return None
        return query

    def _forget_old_queries(self) -> None:
        oldest = self.clock.now() - ANSWERABLE
        for query in list(itertools.takewhile(lambda q: q.at < oldest, self.queries.values())):
            del self.queries[query.id]

    def next_toast(self) -> int:
        """A number for the next toast, growing over all chats."""
        return next(self._toast_numbers)
