"""What is to be shown in a chat, in terms that no messenger owns.

Guarantees: a message is a pure value, and so is what its buttons say when they are pressed; how
that is written down for a messenger is its edge's affair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId


@dataclass(frozen=True, slots=True)
class Press:
    """What a button says when it is pressed: `revision` is there exactly when `delivery` is."""

    verb: str
    arg: str | None = None
    delivery: DeliveryId | None = None
    revision: int | None = None


def press(verb: str, arg: object = None) -> Press:
    """What a button says that concerns no delivery."""
    return Press(str(verb), None if arg is None else str(arg))


def press_on(verb: str, delivery: Delivery, arg: object = None) -> Press:
    """What a button says that concerns `delivery` as it is now."""
    said = None if arg is None else str(arg)
    return Press(str(verb), said, delivery.id, delivery.revision)


class Meaning(StrEnum):
    """What a button does to a door or a parcel, where that matters."""

    OPEN = "open"
    CANCEL = "cancel"
    END = "end"


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message: exactly one of `press`, `url` and `copy` is set, and the latter two
    may be secrets. `meaning` is said where there is no word that tells it: see
    `bot.domain.meanings`. A label is one line, and its spaces are those that people type."""

    text: str
    press: Press | None = None
    url: str | None = field(default=None, repr=False)
    copy: str | None = field(default=None, repr=False)
    meaning: Meaning | None = None

    def __post_init__(self) -> None:
        carried = [part for part in (self.press, self.url, self.copy) if part is not None]
        if len(carried) != 1:
            raise ValueError(f"a button carries one thing, not {len(carried)}")
        object.__setattr__(self, "text", self.text.replace("\u00a0", " "))


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
class File:
    """A file that goes with a message."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn as a picture to be forwarded or printed: plain text around a QR symbol.

    From the top: `title`, the sender's `words`, `facts` (a label each), the symbol with `beside`
    to its right, what the symbol says as text (`link`), and what stands `below`. What is empty
    takes no room.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    link: str = field(repr=False)
    words: str = field(default="", repr=False)
    beside: tuple[str, ...] = field(default=(), repr=False)
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn of a tower: its `doors`, name and status each, and in the `legend` what each
    status that there is among them is called."""

    doors: tuple[tuple[str, str], ...]
    legend: tuple[tuple[str, str], ...]


class Bars(NamedTuple):
    """A bar a day, as high as its value. What is said stands at it, or alone where there is no
    value; where there is neither, nothing is known of that day."""

    title: str
    bars: tuple[tuple[float | None, str], ...]


class Curve(NamedTuple):
    """The part of a whole (0 to 1) by the hour, counted from the first day's beginning; None:
    nothing is known of that hour, and of one that is not there nothing is said. `scale` is what
    some parts are called."""

    title: str
    hours: tuple[tuple[int, float | None], ...]
    scale: tuple[tuple[float, str], ...]


class Look(StrEnum):
    """What a plot's legend explains."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    """The last day, which is not over."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn of some days, from left to right, each called by two lines; the last is not
    over. The `bars` stand below one another, the `curve` below them all."""

    title: str
    subtitle: str
    days: tuple[tuple[str, str], ...]
    bars: tuple[Bars, ...]
    curve: Curve
    legend: tuple[tuple[Look, str], ...]


@dataclass(frozen=True, slots=True)
class Venue:
    """A place on a map, with what it is called and where it is."""

    latitude: float
    longitude: float
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Message:
    """One card or screen: HTML text (Telegram's subset), buttons, perhaps a QR symbol.

    With `qr`, `sheet`, `plan`, `plot` or `photo` it is a picture with a caption, with `file` a file
    with one, with `venue` a pin on a map, without text. `photo` names a picture that the messenger
    has already, in the messenger's own words. `protected` forbids forwarding and saving. `keys`
    makes it a message with a reply keyboard, which can't have `buttons` too.
    """

    html: str = field(repr=False)
    buttons: tuple[tuple[Button, ...], ...] = ()
    keys: tuple[tuple[Key, ...], ...] = ()
    qr: str | None = field(default=None, repr=False)
    protected: bool = False
    file: File | None = None
    sheet: Sheet | None = field(default=None, repr=False)
    plan: Plan | None = None
    plot: Plot | None = None
    photo: str | None = field(default=None, repr=False)
    venue: Venue | None = None

    @property
    def form(self) -> str:
        """`text`, `photo`, `file`, `venue` or `keyboard`: a message can be edited only into its own
        form."""
        if self.file is not None:
            return "file"
        if self.venue is not None:
            return "venue"
        if self.qr or self.sheet or self.plan or self.plot or self.photo:
            return "photo"
        return "keyboard" if self.keys else "text"


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
    PRACTICE = "practice"
    """A whole parcel, and nothing of it real."""
    HELP = "guide"
    """How it all works."""
    OPERATE = "ops"
    """Operators: health, towers, what is stuck."""
