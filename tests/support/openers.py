"""What opens doors, where a test is about that."""

from __future__ import annotations

from bot.domain.openers import BY_LINK, Opener, Openers

BOTH_BY_LINK = BY_LINK
"""Dropped off and collected by link, where `BY_LINK` is what is said of a delivery."""
MIXED = Openers(Opener.TOKEN, Opener.LINK)
"""Dropped off by token, collected by link."""
