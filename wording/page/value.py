"""A page as a value: what it says and offers, in one language, drawn nowhere yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from wording.sanitize import read_out

_BEFORE_WORDS = re.compile(r"^[^\w“«„(¿¡\n]+", re.MULTILINE)


class Mark(StrEnum):
    """How a page looks at the first glance."""

    COMING = "coming"
    READY = "ready"
    DONE = "done"
    OVER = "over"
    TROUBLE = "trouble"


class Aside(StrEnum):
    """A page beside the one that shows how things stand; its value is the query of its address."""

    HELP = "help"
    PROBLEM = "problem"
    TOLD = "told"


class Do(StrEnum):
    """What a button on the page does; its value is what the form posts."""

    CLAIM = "claim"
    OPEN = "open"
    FRESH = "fresh"
    DOOR = "door"
    MORE_TIME = "more"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Button:
    """Posts `do`, leads to `url`, or to the page `aside`; `main` is what the page is for at this
    moment."""

    text: str
    do: Do | None = None
    aside: Aside | None = None
    url: str | None = field(default=None, repr=False)
    main: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A line with its label; `url` leads to a map, say."""

    label: str
    text: str
    url: str | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """What happened, under `heading`: the `latest` lines stand there; the `earlier` ones, where
    there are any, unfold from `unfolds`."""

    heading: str
    latest: tuple[str, ...]
    earlier: tuple[str, ...] = ()
    unfolds: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """See the module. `code` is text to copy, `qr` what a symbol on the page says, `digits` are for
    a keypad and `spelled` says them in words; all of them are secret. `lives`: it shows how things
    stand, so it is fetched again and again. `at_once`: its main button comes before the facts.
    `asks`: for a few words, at most so many characters, that go with the button which `writes`.
    `back`: a way back to how things stand, by these words.
    """

    language: str
    mark: Mark
    title: str
    heading: str
    lead: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    buttons: tuple[Button, ...] = ()
    below: tuple[str, ...] = ()
    story: Story | None = None
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    code: str | None = field(default=None, repr=False)
    qr: str | None = field(default=None, repr=False)
    qr_said: str = ""
    keypad: str = ""
    digits: str | None = field(default=None, repr=False)
    spelled: str = field(default="", repr=False)
    lives: bool = False
    at_once: bool = False
    asks: str | None = None
    most: int = 0
    writes: str = ""
    back: str | None = None


def bare(text: str | None) -> str:
    """A chat's lines as plain text: their markup resolved, without the signs they begin with."""
    return _BEFORE_WORDS.sub("", read_out(text or ""))


def some(*texts: str | None) -> tuple[str, ...]:
    """Those texts that say something."""
    return tuple(text for text in texts if text)
