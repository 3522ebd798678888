"""What is to be shown in a chat, in terms that no messenger owns.

Guarantees: a view is a pure value; `digest` is equal exactly for views that look the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message: exactly one of `press`, `url` and `copy` is set.

    `press` is at most 64 bytes of callback data, checked where it is made.
    """

    text: str
    press: str | None = None
    url: str | None = None
    copy: str | None = field(default=None, repr=False)


class Ask(StrEnum):
    """What a button of a reply keyboard asks the phone for."""

    LOCATION = "location"
    PERSON = "person"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Key:
    """A button of a reply keyboard."""

    text: str
    ask: Ask = Ask.TEXT


@dataclass(frozen=True, slots=True)
class View:
    """One message: HTML text (Telegram's subset), buttons, perhaps a QR symbol.

    With `qr` the message is a picture with a caption. `protected` forbids forwarding and saving.
    `keys` makes it a message with a reply keyboard, which can't have `buttons` too.
    """

    html: str = field(repr=False)
    buttons: tuple[tuple[Button, ...], ...] = ()
    keys: tuple[tuple[Key, ...], ...] = ()
    qr: str | None = field(default=None, repr=False)
    protected: bool = False

    @property
    def form(self) -> str:
        """`text`, `photo` or `keyboard`: a message can be edited only into its own form."""
        return "photo" if self.qr else "keyboard" if self.keys else "text"

    @property
    def digest(self) -> str:
        """A short fingerprint of all that a person would see."""
        seen = repr(
            (
                self.html,
                [[(b.text, b.press, b.url, b.copy) for b in row] for row in self.buttons],
                self.keys,
                self.qr,
                self.protected,
            )
        )
        return hashlib.sha256(seen.encode()).hexdigest()[:16]


class Place(StrEnum):
    """On any card and screen: where to go from here; these carry no delivery."""

    MENU = "menu"
    """Back to the menu."""
    SEND = "send"
    """Book a drop-off."""
    COLLECT = "collect"
    """Fetch a parcel."""
    PARCELS = "parcels"
    """What is under way, and history."""
    SETTINGS = "settings"
    """Language, quiet hours, low lockers, reminders."""
    HELP = "guide"
    """How it all works."""
    OPERATE = "ops"
    """Operators: health, towers, what is stuck."""
