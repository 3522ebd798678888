"""People, chats and messages: what Telegram's servers remember.

Guarantees: a message is kept as the Bot API's Message object and nothing else is needed to show
it; ids are never reused, and are counted per bot in private chats as Telegram counts them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

DELETABLE_SECONDS = 48 * 3600
TYPING_SECONDS = 5


@dataclass(slots=True)
class Person:
    """Somebody with an account; `started`: has ever spoken to the bot."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str = "en"
    blocked: bool = False
    vanished: bool = False
    started: bool = False

    def user(self) -> dict[str, Any]:
        """The Bot API's User object."""
        return {
            "id": self.id,
            "is_bot": False,
            **self._names(),
            "language_code": self.language_code,
        }

    def chat(self) -> dict[str, Any]:
        """The Bot API's Chat object of the private chat."""
        return {"id": self.id, **self._names(), "type": "private"}

    def shown(self) -> dict[str, Any]:
        """As the control side shows a person."""
        return {
            "id": self.id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "username": self.username,
            "language_code": self.language_code,
            "blocked": self.blocked,
        }

    def _names(self) -> dict[str, Any]:
        names = {"first_name": self.first_name}
        if self.last_name:
            names["last_name"] = self.last_name
        if self.username:
            names["username"] = self.username
        return names


@dataclass(slots=True)
class Message:
    """One message: `body` is the Bot API's Message object, the rest is what a client needs."""

    body: dict[str, Any]
    at: datetime
    outgoing: bool
    silent: bool = False
    frozen: bool = False
    """Sent with a markup other than an inline keyboard: Telegram lets no bot edit it."""

    @property
    def id(self) -> int:
        return int(self.body["message_id"])

    @property
    def markup(self) -> dict[str, Any] | None:
        markup: dict[str, Any] | None = self.body.get("reply_markup")
        return markup

    def callbacks(self) -> list[str]:
        """The data of every callback button shown."""
        rows = (self.markup or {}).get("inline_keyboard", ())
        return [b["callback_data"] for row in rows for b in row if "callback_data" in b]


@dataclass(slots=True)
class Toast:
    """What a callback query was answered with."""

    n: int
    text: str
    alert: bool
    callback_query_id: str


@dataclass(slots=True)
class Chat:
    """A chat with the bot: `kind` is private, group or supergroup."""

    id: int
    kind: str
    person: Person | None = None
    title: str = ""
    messages: dict[int, Message] = field(default_factory=dict)
    keyboard: dict[str, Any] | None = None
    keyboard_owner: int = 0
    force_reply: int | None = None
    typing_until: datetime | None = None
    pinned: list[int] = field(default_factory=list)
    toasts: list[Toast] = field(default_factory=list)
    rings: int = 0
    menu_button: dict[str, Any] | None = None
    migrated_to: int | None = None

    def shown(self) -> dict[str, Any]:
        """The Bot API's Chat object."""
        if self.person is not None:
            return self.person.chat()
        return {"id": self.id, "title": self.title, "type": self.kind}

    @property
    def private(self) -> bool:
        return self.kind == "private"
