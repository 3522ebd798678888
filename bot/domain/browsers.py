"""Browsers: where somebody without Telegram has claimed a parcel.

Guarantees: whoever claims in a browser is a person of their own, made anew for each claim, without
a name and without a chat; the cookie by which the browser is known again is random.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.ids import DeliveryId, PersonId, new_browser_id
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.tower import Tower

_PAGE = re.compile(r"[A-Za-z0-9_-]{22}")
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser in which `person` has claimed `delivery`. The cookie and the page's secret, by
    which it is found, are not kept in it."""

    person: PersonId
    delivery: DeliveryId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """What everybody may know of a parcel who has the address of its page: no name, door or code.

    `until` is how long it waits; `telegram` opens the bot and claims there, where there is a bot to
    open. `here`: whether it may be claimed in a browser, and not in Telegram alone.
    """

    state: State
    tower: Tower
    now: datetime
    until: datetime | None
    overdue: bool
    zones: bool
    telegram: str | None = field(repr=False)
    here: bool


def new_cookie() -> str:
    """256 random bits in 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def may_be_page(text: str) -> bool:
    """Whether `text` has the form of a page's secret; any other was never given out."""
    return _PAGE.fullmatch(text) is not None


def may_be_cookie(text: str) -> bool:
    """Whether `text` has the form of a cookie; any other was never given out."""
    return _COOKIE.fullmatch(text) is not None


def somebody_in_browser(language: str) -> Person:
    """Whoever is about to claim in a browser that asks for this language."""
    return Person(new_browser_id(), "", language=language, reachable=False)
