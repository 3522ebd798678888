"""The things the bot speaks of, as immutable values.

Guarantees: values are frozen (a change is `dataclasses.replace`), moments are aware and in UTC,
and whatever is secret (codes, claims) stays out of every repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any, NewType

from bot.lifecycle import LockerStatus, State

PersonId = NewType("PersonId", int)
"""Telegram's id of a user, which is also the id of that user's private chat."""
DeliveryId = NewType("DeliveryId", str)
"""Ten characters of Crockford base32, lower case; random, short enough for a callback button."""
TowerId = NewType("TowerId", str)
"""Sixteen hexadecimal digits, lower case here; Harbor takes either case (harbor.md §2.1)."""
LockerId = NewType("LockerId", int)
"""The number for API paths; a door's label is its name."""
MessageId = NewType("MessageId", int)


class Size(StrEnum):
    """Harbor's locker types, smallest first."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    X_LARGE = "x-large"

    def larger(self) -> Size | None:
        """The next larger size, None for the largest."""
        following = list(Size)[list(Size).index(self) + 1 :]
        return following[0] if following else None


@dataclass(frozen=True, slots=True)
class Hours:
    """One span of opening hours, the tower's local time."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Tower:
    """A tower with the address of its location; `zone` is a tz database name."""

    id: TowerId
    name: str
    address: str
    city: str
    latitude: float | None
    longitude: float | None
    zone: str
    hours: Mapping[int, tuple[Hours, ...]] | None = None  # weekday (Monday 0) → spans; None unknown
    location: int | None = None


@dataclass(frozen=True, slots=True)
class Locker:
    """A locker as Harbor's server sees it; `size` None is a type we have no name for."""

    id: LockerId
    name: str
    tower: TowerId
    status: LockerStatus
    size: Size | None
    low: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the bot has heard of, with their settings."""

    id: PersonId
    name: str
    language: str = "en"
    language_chosen: bool = False
    username: str | None = None
    reachable: bool = True  # has opened the bot and has not blocked it
    quiet_from: time | None = None
    quiet_until: time | None = None
    low_locker: bool = False
    larger_allowed: bool = True
    reminders: bool = True
    last_tower: TowerId | None = None
    last_size: Size | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Where a chat's conversation stands; the present question is a function of it alone.

    `answers` holds JSON values only. `version` 0 has never been saved.
    """

    chat: PersonId
    errand: str = "menu"
    step: str = "menu"
    answers: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0


class Want(StrEnum):
    """What is wanted of Harbor for a delivery, until the worker has seen to it."""

    LOCKER = "locker"
    DROP_OFF_TOKEN = "drop_off_token"
    PICK_UP_TOKEN = "pick_up_token"
    RELEASE = "release"


class Trouble(StrEnum):
    """Why what was wanted has not been had (yet); shown on the card."""

    HARBOR_AWAY = "harbor_away"
    REFUSED = "refused"
    FITS_NOT = "fits_not"
    DOOR = "door"


class Role(StrEnum):
    """What a person is to a delivery."""

    SENDER = "sender"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One parcel on its way from a sender through a locker to a recipient.

    `version` counts every save (compare-and-set); `revision` counts what people can see, and is
    what a button carries. `trying` is the locker written down before Harbor is asked for it.
    `occupied_at` is set only from a verified push; `heard_at` is when we were told.
    """

    id: DeliveryId
    sender: PersonId
    tower: TowerId
    size: Size
    state: State = State.REQUESTED
    version: int = 0
    revision: int = 1
    recipient: PersonId | None = None
    recipient_name: str | None = None
    handed_over_by: PersonId | None = None  # who forwards the open claim, if not the sender
    low: bool = False
    larger_allowed: bool = True
    note: str | None = None
    locker: LockerId | None = None
    locker_name: str | None = None
    locker_size: Size | None = None
    trying: LockerId | None = None
    reservation: int | None = None
    want: Want | None = None
    want_due: datetime | None = None
    want_attempts: int = 0
    want_by: PersonId | None = None  # to whom the code is shown at once; None: when asked for
    created_at: datetime | None = None
    changed_at: datetime | None = None
    held_until: datetime | None = None
    occupied_at: datetime | None = None
    heard_at: datetime | None = None
    code_until: datetime | None = None
    collect_until: datetime | None = None
    collected_at: datetime | None = None
    ended_at: datetime | None = None
    overdue_at: datetime | None = None
    alarm_at: datetime | None = None
    reminders_sent: int = 0
    extensions: int = 0
    taken_back: bool = False
    door_reports: int = 0
    trouble: Trouble | None = None
    successor: DeliveryId | None = None
    elsewhere: TowerId | None = None  # NO_LOCKER: the nearest tower that has one

    @property
    def collector(self) -> PersonId | None:
        """The one person entitled to a pick-up code."""
        return self.sender if self.taken_back else self.recipient

    def roles_of(self, person: PersonId) -> frozenset[Role]:
        """What `person` is to this delivery; both, for a parcel to oneself."""
        return frozenset(
            role
            for role, who in ((Role.SENDER, self.sender), (Role.RECIPIENT, self.recipient))
            if who == person
        )


class CodeKind(StrEnum):
    """Which door movement a code allows."""

    DROP_OFF = "drop_off"
    PICK_UP = "pick_up"


class CodeForm(StrEnum):
    """How a code is carried to the tower."""

    TOKEN = "token"
    LINK = "link"
    KEYPAD = "keypad"


@dataclass(frozen=True, slots=True)
class Code:
    """What opens the door, shown to `holder` alone; `text` is the secret itself."""

    delivery: DeliveryId
    kind: CodeKind
    form: CodeForm
    holder: PersonId
    text: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    revealed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to become a recipient: a code to type and a link's payload, both secret."""

    delivery: DeliveryId
    code: str = field(repr=False)
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a delivery's history."""

    delivery: DeliveryId
    at: datetime
    event: str
    by: PersonId | None = None  # None: Harbor, or time itself
    detail: str | None = None


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


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the operators are told once, and told again when it is over."""

    key: str
    raised_at: datetime
    cleared_at: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


SCREEN = "screen"


def delivery_subject(delivery: DeliveryId) -> str:
    """The subject of the card that shows a delivery."""
    return f"delivery:{delivery}"


def code_subject(delivery: DeliveryId) -> str:
    """The subject of the protected message that shows a delivery's code."""
    return f"code:{delivery}"


def alert_subject(key: str) -> str:
    """The subject of the message that tells operators of an alert."""
    return f"alert:{key}"
