"""Cards that can't be shown as they are: whose fault that is, and that it is logged once.

Guarantees: what the messenger can't do now, or not for this reader, is nobody's fault and passes as
it is; a card's complaint is logged at its first failure, and again only after it has been shown.
"""

from __future__ import annotations

import structlog

from bot.domain.card import Card
from bot.domain.message import Message
from bot.ports.errors import EdgeError, Misconfigured, Refused

log = structlog.get_logger()

_REMEMBERED = 10_000


class NotShown(Exception):
    """What is to be shown can't be made, or Telegram refuses it; the cause is `__cause__`. `photo`
    is the one that was to be shown, if any."""

    def __init__(self, photo: str | None = None) -> None:
        super().__init__()
        self.photo = photo


def blame(error: Exception, view: Message) -> None:
    """Raise NotShown for what is the fault of `view`, which was to be shown."""
    ours = isinstance(error, Refused) or not isinstance(error, EdgeError)
    if ours and not isinstance(error, Misconfigured):
        raise NotShown(view.photo) from error


class Complaints:
    """Those that have been logged, by card."""

    def __init__(self) -> None:
        self._of: set[int] = set()

    def make(self, card: Card, error: BaseException | None) -> None:
        """Log why a card can't be shown, unless that was done."""
        if card.id not in self._of and len(self._of) < _REMEMBERED:
            self._of.add(card.id)
            log.error("card_not_shown", subject=card.subject.partition(":")[0], exc_info=error)

    def over(self, card: Card) -> None:
        """It has been shown."""
        self._of.discard(card.id)
