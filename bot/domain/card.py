"""Cards: messages that show the present truth about one subject in one chat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import DeliveryId, MessageId, PersonId


@dataclass(frozen=True, slots=True)
class Card:
    """A message that shows the present truth about one subject in one chat.

    Owed whenever `wanted` is ahead of `shown`. `ring` asks for a new message instead of an edit.
    `sending_since` is set while a new message may be under way: found after a crash, it marks the
    one double that can't be avoided. `previous` is the message that a newer one has replaced and
    that is still to be taken away.
    """

    chat: PersonId
    subject: str
    message: MessageId | None = None
    previous: MessageId | None = None
    form: str = "text"
    wanted: int = 0
    shown: int = 0
    ring: bool = False
    digest: str = ""
    due_at: datetime | None = None
    failures: int = 0
    sending_since: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether its reader has been told of how things stand: there is a message, and no ring is
        owed any more."""
        return self.message is not None and not self.ring


SCREEN = "screen"


def delivery_subject(delivery: DeliveryId) -> str:
    """The subject of the card that shows a delivery."""
    return f"delivery:{delivery}"


def delivery_of(subject: str) -> DeliveryId | None:
    """The delivery that a card with this subject shows; None for any other kind of card."""
    kind, _, delivery = subject.partition(":")
    return DeliveryId(delivery) if kind == "delivery" else None


def code_subject(delivery: DeliveryId) -> str:
    """The subject of the protected message that shows a delivery's code."""
    return f"code:{delivery}"


def alert_subject(key: str) -> str:
    """The subject of the message that tells operators of an alert."""
    return f"alert:{key}"
