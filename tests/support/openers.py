"""What opens doors, where a test is about that."""

from __future__ import annotations

from bot.domain.openers import Opener, Openers

BOTH_BY_LINK = Openers(Opener.LINK, Opener.LINK)
"""Dropped off and collected by link."""
MIXED = Openers(Opener.TOKEN, Opener.LINK)
"""Dropped off by token, collected by link."""
