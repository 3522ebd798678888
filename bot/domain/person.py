"""People the bot knows, and where each one's conversation stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from bot.domain.ids import PersonId, TowerId
from bot.domain.tower import Low, Size


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the bot has heard of, with their settings."""

    id: PersonId
    name: str
    language: str = "en"
    language_chosen: bool = False
    username: str | None = None
    reachable: bool = True  # has opened the bot and has not blocked it
    quiet_from: time | None = None
    quiet_until: time | None = None
    low_locker: Low = Low.ANY
    larger_allowed: bool = True
    reminders: bool = True
    last_tower: TowerId | None = None
    last_size: Size | None = None
    pickable: bool = True  # whether a parcel may be theirs because somebody has picked them


NO_QUESTION = "none"
"""The errand of a chat in which no question stands: it ended in a delivery's card."""

WRITTEN = "written"
"""The answer that holds what an operator has written: shown above the present question, it goes
with the next update."""

WRITTEN_ABOUT = "written_about"
"""The answer that holds the delivery about which that was written, where it can be answered."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Where a chat's conversation stands; the present question is a function of it alone.

    `answers` holds JSON values only. `version` 0 has never been saved.
    """

    chat: PersonId
    errand: str = "menu"
    step: str = "menu"
    answers: Mapping[str, Any] = field(default_factory=dict, repr=False)
    version: int = 0
