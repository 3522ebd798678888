"""What people read of whose bot it is, in the chat and in its profile.

Guarantees: what is not told is not spoken of; the words of a profile are as short as Telegram
demands.
"""

from __future__ import annotations

from bot.domain.business import Business
from wording.language import Words
from wording.sanitize import esc_linked

LONGEST_DESCRIPTION, LONGEST_SHORT = 512, 120
_LONGEST = 200


def told(words: Words, business: Business) -> list[str]:
    """A line for each thing that is told, as HTML; addresses can be tapped."""
    return [line for line in _lines(words, business, html=True) if line]


def told_of_privacy(words: Words, business: Business) -> list[str]:
    """Of these, who is responsible and where questions about what is stored go."""
    name, _support, privacy, _terms = _lines(words, business, html=True)
    return [line for line in (name, privacy) if line]


def description(words: Words, business: Business) -> str:
    """What a new chat says before anybody has written."""
    _ = words._
    what = _(
        "Send and collect parcels through lockers: choose a tower, get a locker, and read here "
        "what becomes of the parcel."
    )
    return _fitting(what, [line for line in _lines(words, business) if line], LONGEST_DESCRIPTION)


def short_description(words: Words, business: Business) -> str:
    """What stands in the bot's profile, and where it is shared."""
    name, *_others = _lines(words, business)
    return _fitting(words._("Parcels through lockers."), [name] if name else [], LONGEST_SHORT)


def _lines(words: Words, business: Business, *, html: bool = False) -> tuple[str, str, str, str]:
    """Who, whom to ask, where privacy is the matter, the terms; what is not told is empty."""
    _ = words._

    def shown(value: str | None) -> str:
        return esc_linked(value, _LONGEST) if html else value or ""

    return (
        _("Run by {name}.", name=shown(business.name)) if business.name else "",
        _("Questions: {contact}", contact=shown(business.support)) if business.support else "",
        _("Privacy: {address}", address=shown(business.privacy)) if business.privacy else "",
        _("Terms: {address}", address=shown(business.terms)) if business.terms else "",
    )


def _fitting(first: str, lines: list[str], most: int) -> str:
    """As many of the lines as there is room for, the first ones first."""
    text = first
    for line in lines:
        longer = f"{text}\n{line}"
        text = longer if len(longer.encode("utf-16-le")) // 2 <= most else text
    return text
