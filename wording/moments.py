"""Moments and what is left of them, as messages in chats tell them.

Guarantees: a phone that knows Telegram's date-time entities (Bot API 9.5) shows a moment in its own
format and zone, and lets what is left tick; any other shows the entity's own text, which is a date
or a time of day at the tower and nothing that is wrong a minute later. The one place where such an
entity is written. Pages, slips, buttons and toasts have no entities: there `Words.moment`, or
`bare`, which leaves the text.
"""

from __future__ import annotations

from datetime import datetime
from html import escape

from bot.domain.tower import Tower
from wording.language import Words

_TODAY, _NAMED, _DATED, _RELATIVE = "t", "wt", "dt", "r"
"""Telegram's formats: time; day of the week and time; date and time; how long until then."""


def moment(
    words: Words, at: datetime, tower: Tower | None, *, now: datetime, named: bool = False
) -> str:
    """When that is, as `Words.moment` says it."""
    said = words.moment(at, tower, now=now, named=named)
    if not words.day(at, tower, now=now):
        return _entity(at, said, _TODAY)
    return _entity(at, said, _NAMED if words.day_by_name(at, tower, now=now) else _DATED)


def ticking(
    words: Words, at: datetime, tower: Tower | None, *, now: datetime, named: bool = False
) -> str:
    """When that is, and how long until then or since; in place of that the date, where a phone
    knows no entities, and nothing where the moment has its date already."""
    when = moment(words, at, tower, now=now, named=named)
    date = words.day_and_month(at, tower, now=now)
    if words.day(at, tower, now=now) == date:
        return when
    return f"{when} ({_entity(at, date, _RELATIVE)})"


def relative(at: datetime, said: str) -> str:
    """`in 40 minutes`, as the phone says it; else `said`, which names the moment."""
    return _entity(at, said, _RELATIVE)


def _entity(at: datetime, said: str, form: str) -> str:
    unix = int(at.timestamp())
    return f'<tg-time unix="{unix}" format="{form}">{escape(said)}</tg-time>'
