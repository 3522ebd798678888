"""The file with everything that is held about a person.

Guarantees: it is read at the moment it is sent; see `bot.usecases.export` for what is in it.
"""

from __future__ import annotations

import json
from datetime import datetime

from bot.domain.message import File, Message
from bot.domain.person import Person
from bot.ports.database import Transaction
from bot.usecases.export import held_about
from wording.language import speak

EXPORT = "export"
"""The subject of the message that carries the file."""

FILE_NAME = "lockerbot-export.json"


async def export(tx: Transaction, person: Person, locale: str, now: datetime) -> Message:
    """A message with one sentence and the file: a JSON object in UTF-8, moments in ISO 8601."""
    held = await held_about(tx, person, now)
    content = json.dumps(held, ensure_ascii=False, indent=1, default=_plain)
    words = speak(person.language, locale)
    return Message(
        words._("Everything I hold about you, except codes that open a door."),
        file=File(FILE_NAME, content.encode("utf-8", "replace")),
    )


def _plain(value: object) -> str:
    """Moments, dates and times of day; anything else as it prints."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
