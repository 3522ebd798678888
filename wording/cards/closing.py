"""What people read of a tower that is closed for booking, and operators of doors left out.

Guarantees: what operators wrote is told as theirs, in quotation marks; the sentence for a button
that was pressed fits what Telegram shows of it.
"""

from __future__ import annotations

from bot.domain.delivery import MAX_NOTE
from wording.language import Words
from wording.sanitize import cut, esc_linked, plain
from wording.tower_names import LONGEST, esc_tower

_SHOWN = 200
"""Signs that Telegram shows in answer to a button."""
_LEAST = 20
"""Signs of the operators' words without which they say nothing."""


def closed_said(words: Words, name: str, said: str | None) -> str:
    """In answer to whoever wants a locker there, plain text: that nothing of theirs is lost comes
    before the operators' words, which are cut where there is no room."""
    _ = words._
    closed = _(
        "{tower} is closed for booking just now. Nothing is lost: choose another tower, or try "
        "again later.",
        tower=plain(name, LONGEST),
    )
    room = _SHOWN - len(f"{closed} {_('“{text}”', text='')}")
    if not said or room < _LEAST:
        return closed
    return f"{closed} {_('“{text}”', text=cut(plain(said, MAX_NOTE), room))}"


def closed_line(words: Words, name: str, said: str | None) -> str:
    """In a list or a question: which tower, by a name that tells it apart, and why; a line of its
    own."""
    line = words._("🚫 <b>{tower}</b> is closed for booking just now.", tower=esc_tower(name))
    return f"{line} {quoted(words, said)}" if said else line


def quoted(words: Words, said: str | None) -> str:
    """The operators' own words."""
    return words._("“{text}”", text=esc_linked(said, MAX_NOTE))


def back_said(words: Words) -> str:
    """What the button says that takes a door in again."""
    return words._("✅ Back in use")
