"""Codes: what opens a door, and who holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import DeliveryId, PersonId


class CodeKind(StrEnum):
    """Which door movement a code allows."""

    DROP_OFF = "drop_off"
    PICK_UP = "pick_up"


class CodeForm(StrEnum):
    """How a code is carried to the tower."""

    TOKEN = "token"
    LINK = "link"
    KEYPAD = "keypad"


@dataclass(frozen=True, slots=True)
class Code:
    """What opens the door, shown to `holder` alone; `text` is the secret itself."""

    delivery: DeliveryId
    kind: CodeKind
    form: CodeForm
    holder: PersonId
    text: str = field(repr=False)
    expires_at: datetime
    revealed: bool = False
