"""Groups the bot was added to.

Guarantees: in privacy mode (Telegram's default) the bot is told only of commands, replies to it
and mentions of it; a group that migrates leaves an address behind. Source: Bot API, "Privacy
mode", `migrate_to_chat_id`.
"""

from __future__ import annotations

import itertools
from typing import Any

from sandbox.control import ControlError
from sandbox.telegram.people.phones import say
from sandbox.telegram.state.chats import Chat, Person
from sandbox.telegram.state.core import Telegram
from sandbox.telegram.text.entities import formatted

FIRST_GROUP = -5001
FIRST_SUPERGROUP = -1_002_000_000_001


class Groups:
    """The groups of everybody."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._ids = itertools.count(FIRST_GROUP, -1)
        self._supergroup_ids = itertools.count(FIRST_SUPERGROUP, -1)
        self._open: set[int] = set()

    def make(self, title: str, *, privacy: bool = True) -> Chat:
        """A new group with the bot in it."""
        chat = Chat(next(self._ids), "group", title=title)
        self._telegram.chats[chat.id] = chat
        if not privacy:
            self._open.add(chat.id)
        self._telegram.changed()
        return chat

    def chat(self, chat_id: int) -> Chat:
        """A group. Raises ControlError (404)."""
        chat = self._telegram.chats.get(chat_id)
        if chat is None or chat.private:
            raise ControlError(404, "unknown_group", f"no group has the id {chat_id}")
        return chat

    def text(
        self, chat_id: int, person: Person, text: str, *, reply_to: int | None = None
    ) -> dict[str, Any]:
        """Somebody writes in the group."""
        chat = self.chat(chat_id)
        if chat.migrated_to is not None:
            raise ControlError(409, "migrated", f"the group is now {chat.migrated_to}")
        text, entities = formatted(text, "", None)
        content: dict[str, Any] = {"text": text, **({"entities": entities} if entities else {})}
        answered = chat.messages.get(reply_to or 0)
        if answered is not None:
            content["reply_to_message"] = dict(answered.body)
        meant = text.startswith("/") or f"@{self._telegram.bot['username']}" in text
        to_bot = answered is not None and not answered.outgoing
        if meant or to_bot or chat_id in self._open:
            return say(self._telegram, chat, person, content).body
        return self._telegram.post(chat, person.user(), content).body

    def migrate(self, chat_id: int) -> Chat:
        """The group becomes a supergroup, with a new id, of which the bot is told."""
        old = self.chat(chat_id)
        if old.kind == "supergroup" or old.migrated_to is not None:
            raise ControlError(409, "migrated", "the group has migrated already")
        new = Chat(next(self._supergroup_ids), "supergroup", title=old.title)
        old.migrated_to = new.id
        self._telegram.chats[new.id] = new
        if chat_id in self._open:
            self._open.add(new.id)
        for chat, fact in (
            (old, {"migrate_to_chat_id": new.id}),
            (new, {"migrate_from_chat_id": old.id}),
        ):
            told = self._telegram.post(chat, self._telegram.bot, fact)
            self._telegram.tell("message", told.body, chat.id)
        return new
