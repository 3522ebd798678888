"""Codes: what opens a door, and who holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import DeliveryId, PersonId
from bot.domain.openers import Opener


class CodeKind(StrEnum):
    """Which door movement a code allows."""

    DROP_OFF = "drop_off"
    PICK_UP = "pick_up"


@dataclass(frozen=True, slots=True)
class Code:
    """What opens the door, shown to `holder` alone; `text` is the secret itself.

    `form` says whether that is a locker token or a Locker Open link. `request` is Harbor's id of
    the link; `digits` open the same door at the tower's keypad, and are as secret.
    """

    delivery: DeliveryId
    kind: CodeKind
    form: Opener
    holder: PersonId
    text: str = field(repr=False)
    expires_at: datetime
    revealed: bool = False
    digits: str | None = field(default=None, repr=False)
    request: int | None = None
