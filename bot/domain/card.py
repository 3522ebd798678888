"""Cards: messages that show the present truth about one subject in one chat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from bot.domain.ids import DeliveryId, MessageId, PersonId
from bot.domain.languages import LANGUAGES


class Lane(IntEnum):
    """Which of the waiting messages goes first."""

    ANSWER = 0
    """Answers a person's own tap."""
    NEWS = 1
    """Tells somebody of what has happened."""
    TIDYING = 2
    """Takes an old message away."""


@dataclass(frozen=True, slots=True)
class Card:
    """A message that shows the present truth about one subject in one chat.

    `id` is the card's own: a late answer about one card is never taken for an answer about another
    that has come to stand in its place. Owed whenever `wanted` is ahead of `shown`, from `run_at`
    on; `ring` asks for a new message instead of an edit. `lease` names whose turn it is to show the
    card, until `leased_until`; only its holder may record what was shown. `owed_since`, while it is
    owed: since when, whatever was tried meanwhile; `shown_at` and `rung_at`: when last, None where
    that was before this was kept.
    """

    id: int
    chat: PersonId
    subject: str
    message: MessageId | None = None
    form: str = "text"
    wanted: int = 0
    shown: int = 0
    ring: bool = False
    digest: str = ""
    lane: Lane = Lane.NEWS
    run_at: datetime | None = None
    leased_until: datetime | None = None
    lease: int | None = None
    failures: int = 0
    owed_since: datetime | None = None
    shown_at: datetime | None = None
    rung_at: datetime | None = None

    @property
    def owed(self) -> bool:
        """Whether it is out of date."""
        return self.wanted > self.shown

    @property
    def sends(self) -> bool:
        """Whether showing it is a new message, which can't be repeated without risk of a double."""
        return self.message is None or self.ring

    @property
    def told(self) -> bool:
        """Whether its reader has been told of how things stand: there is a message, and no ring is
        owed any more."""
        return self.message is not None and not self.ring


SCREEN = "screen"
"""The subject of the present question of a conversation."""
OLD = "old"
"""The kind of subject of a message that another has replaced: there is nothing to show, so it is
taken away."""

SLIP = "slip"
"""The kind of subject of a message that shows whoever forwards a claim what to pass on."""
PHOTO = "photo"
"""The kind of subject of a message that shows the sender's photo of a parcel."""
MAP = "map"
"""The kind of subject of a message that shows a delivery's tower on a map."""
ALERT = "alert"
"""The kind of subject of a message that tells an operator of an alert."""


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


def slip_subject(delivery: DeliveryId, language: str | None = None) -> str:
    """The subject of the message with a delivery's slip in `language`; None: in its reader's."""
    return ":".join(filter(None, (SLIP, delivery, language)))


def slip_subjects(delivery: DeliveryId) -> tuple[str, ...]:
    """The subjects of a delivery's slip in whatever language."""
    return tuple(slip_subject(delivery, language) for language in (None, *LANGUAGES))


def slip_of(subject: str) -> tuple[DeliveryId, str | None]:
    """The delivery and the language that the subject of a slip names."""
    _, delivery, *language = subject.split(":")
    return DeliveryId(delivery), language[0] if language else None


def photo_subject(delivery: DeliveryId) -> str:
    """The subject of the message that shows a delivery's photo."""
    return f"{PHOTO}:{delivery}"


def photo_of(subject: str) -> DeliveryId | None:
    """The delivery whose photo a card with this subject shows; None for any other kind of card."""
    kind, _, delivery = subject.partition(":")
    return DeliveryId(delivery) if kind == PHOTO else None


def map_subject(delivery: DeliveryId) -> str:
    """The subject of the message that shows a delivery's tower on a map."""
    return f"{MAP}:{delivery}"


def alert_subject(key: str) -> str:
    """The subject of the message that tells operators of an alert."""
    return f"{ALERT}:{key}"


def old_subject(message: MessageId) -> str:
    """The subject of a message that is to be taken away."""
    return f"{OLD}:{message}"
