"""A delivery: one parcel on its way from a sender through a locker to a recipient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.codes import CodeKind
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId, in_browser, new_row_id
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.tower import Low, Size

MAX_NOTE = 200
MAX_PARCEL_NAME = 40


class RequestKind(StrEnum):
    """What can be asked of Harbor for a delivery."""

    LOCKER = "locker"
    DROP_OFF_TOKEN = "drop_off_token"
    PICK_UP_TOKEN = "pick_up_token"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class HarborRequest:
    """What is asked of Harbor for a delivery, until the worker has carried it out.

    `id` is its own, so that a late answer to an earlier request is never taken for an answer to
    this one. `by` asked for it and is shown the code at once; None: nobody waits for it. It is due
    from `run_at` on, after `failures` attempts in vain, and was made at `asked_at`.
    """

    id: int
    kind: RequestKind
    run_at: datetime
    by: PersonId | None = None
    failures: int = 0
    asked_at: datetime | None = None

    @classmethod
    def made(cls, kind: RequestKind, now: datetime, by: PersonId | None = None) -> HarborRequest:
        """A new request, due at once."""
        return cls(new_row_id(), kind, now, by, asked_at=now)


class Trouble(StrEnum):
    """Why what was wanted has not been had (yet); shown on the card."""

    HARBOR_AWAY = "harbor_away"
    REFUSED = "refused"


class NoPhoto(StrEnum):
    """Why a parcel has no photo, and its sender is not asked for one."""

    DECLINED = "declined"
    """Its sender wants none, or has taken it away."""
    LOST = "lost"
    """The messenger no longer gives it out."""


class Turn(StrEnum):
    """Where a parcel stands among those that are fetched in one visit; see `bot.domain.visit`."""

    NOW = "now"
    """What opens its door is asked for, or out; once the parcel is, the next one's turn begins."""
    LEFT = "left"
    """Left out: the door did not open, or Harbor refused. It can be tried again at any time."""


class Role(StrEnum):
    """What a person is to a delivery."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    HANDED_ON = "handed_on"
    """Was the recipient, and has let somebody else collect: may take that back while nobody has the
    parcel, and hears who has it and when it was collected; nothing of its door."""
    OPERATOR = "operator"
    """Looks after the deliveries at their towers; see `bot.domain.actions.roles_of`."""


_SUPERSEDED = frozenset({State.RELEASING, State.CANCELLED, State.LAPSED, State.NO_LOCKER})

_NEITHER: frozenset[Role] = frozenset()
_SENDS, _COLLECTS = frozenset({Role.SENDER}), frozenset({Role.RECIPIENT})
_BOTH = _SENDS | _COLLECTS
_HANDED_ON = frozenset({Role.HANDED_ON})
PARTIES = _BOTH
"""Roles of whom the parcel is, from its locker to its history."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One parcel on its way from a sender through a locker to a recipient.

    `version` counts every save (compare-and-set); `revision` counts what people can see, and is
    what a button carries. `candidate` is the locker written down before Harbor is asked for it.
    `occupied_at` is set only from a verified push; `reported_at` is when we were told.
    `held_until` is how long Harbor holds the locker, and while PREPARED how long it is kept so.
    `drop_off_opener` and `pick_up_opener` are what it was booked with; None, from before they were
    kept: whatever is configured, see `opener`. Until `old_code_until` a code may still open the
    door that was shown to somebody who is no longer to use it. `turn` is its part in the visit that
    its collector began at `visit_at`.

    `recipient` may be somebody whom the bot has never met: `awaited` until they open it.
    `picked_by` named them without asking. `declined`: whoever goes by `recipient_name` takes no
    parcel that way, and nobody is the recipient. `handed_over_by` has let somebody else collect,
    and is not the sender. `photo` is what the messenger knows its sender's photo of it by;
    `problem_reported`: words for the operators have come that they have not dealt with.
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
    picked_by: PersonId | None = None
    awaited: bool = False
    declined: bool = False
    handed_over_by: PersonId | None = None
    low: Low = Low.ANY
    larger_allowed: bool = True
    note: str | None = None
    parcel_name: str | None = None  # how its sender calls it
    photo: str | None = field(default=None, repr=False)
    no_photo: NoPhoto | None = None
    problem_reported: bool = False
    locker: LockerId | None = None
    locker_name: str | None = None
    locker_size: Size | None = None
    candidate: LockerId | None = None
    reservation: str | None = None
    created_at: datetime | None = None
    changed_at: datetime | None = None
    held_until: datetime | None = None
    occupied_at: datetime | None = None
    reported_at: datetime | None = None
    code_until: datetime | None = None
    collect_until: datetime | None = None
    collected_at: datetime | None = None
    overdue_at: datetime | None = None
    deadline_at: datetime | None = None
    reminders_sent: int = 0
    extensions: int = 0
    taken_back: bool = False
    fetcher: PersonId | None = None  # the operator who fetches the parcel out
    door_reports: int = 0
    door_suspect: bool = False  # its door is left out of booking: several people have reported it
    trouble: Trouble | None = None
    successor: DeliveryId | None = None
    elsewhere: TowerId | None = None  # NO_LOCKER: the nearest tower that has one
    drop_off_opener: Opener | None = None
    pick_up_opener: Opener | None = None
    old_code_until: datetime | None = None
    turn: Turn | None = None
    visit_at: datetime | None = None
    request: HarborRequest | None = None

    @property
    def collector(self) -> PersonId | None:
        """The one person entitled to a pick-up code."""
        if self.fetcher is not None:
            return self.fetcher
        return self.sender if self.taken_back else self.recipient

    @property
    def recalled(self) -> bool:
        """Whether its sender takes it back, or an operator fetches it: it is not the recipient's to
        collect, whoever that is."""
        return self.taken_back or self.fetcher is not None

    @property
    def unclaimed(self) -> bool:
        """Whether nobody has it yet, so that a claim is there to be passed on."""
        return self.recipient is None or self.awaited

    def forwarded_by(self, person: PersonId) -> bool:
        """Whether `person` may pass an open claim on."""
        return person in (self.sender, self.handed_over_by)

    @property
    def sizes(self) -> Iterator[Size]:
        """The sizes that will do: the one asked for, then the larger ones if that is allowed."""
        size: Size | None = self.size
        while size is not None:
            yield size
            size = size.larger() if self.larger_allowed else None

    @property
    def superseded(self) -> bool:
        """Whether a newer delivery of the same parcel has taken this one's place altogether."""
        return self.successor is not None and self.state in _SUPERSEDED

    @property
    def photo_asked(self) -> bool:
        """Whether its sender is asked for a photo: once, from the drop-off until they have answered
        or the parcel rings again, and where somebody can be shown one."""
        asked = self.photo is None and self.no_photo is None
        rung_once = self.reminders_sent == 0 and self.overdue_at is None
        return asked and rung_once and self.photo_shown

    @property
    def photo_shown(self) -> bool:
        """Whether there is, or may come to be, a recipient who can be shown a photo of it."""
        if self.state is not State.STORED or self.recalled or self.recipient == self.sender:
            return False
        return self.recipient is None or not in_browser(self.recipient)

    @property
    def to_prepare_again(self) -> bool:
        """Whether trying again means preparing it again: it is over and never had a locker."""
        return self.locker is None and self.state in (State.LAPSED, State.CANCELLED)

    @property
    def asks(self) -> RequestKind | None:
        """What is being asked of Harbor for it."""
        return self.request.kind if self.request is not None else None

    def opener(self, kind: CodeKind, policy: Policy) -> Opener:
        """What opens its door for this movement."""
        configured = policy.openers_at(self.tower)
        if kind is CodeKind.DROP_OFF:
            return self.drop_off_opener or configured.drop_off
        return self.pick_up_opener or configured.pick_up

    def still_asks(self, request: HarborRequest) -> bool:
        """Whether `request` still stands: it was neither carried out nor replaced by another."""
        return self.request is not None and self.request.id == request.id

    def roles_of(self, person: PersonId) -> frozenset[Role]:
        """What `person` is to this delivery; both, for a parcel to oneself."""
        if person == self.sender:
            return _BOTH if person == self.recipient else _SENDS
        if person == self.recipient:
            return _COLLECTS
        return _HANDED_ON if person == self.handed_over_by else _NEITHER
