"""A parcel that is only practised: where it stands, what leads on, and what is made up for it.

Guarantees: a practised delivery is a value that nobody stores, and no button carries its id; the
table STEPS knows every way on; a code of practice opens nothing, and is no claim code: nothing of
its length is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.domain.claims import code_signs, read_claim
from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import Delivery, NoPhoto
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import BY_TOKEN, Opener, Openers
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.tower import Size, Tower

PRACTICE = "practice"
"""The errand, and its command."""


class Stage(StrEnum):
    """Where a practised parcel stands; the steps of the errand."""

    TOWER = "tower"
    SIZE = "size"
    REVIEW = "review"
    RESERVED = "reserved"
    """By token only: a link is made together with its locker."""
    DROP_OFF = "drop_off"
    """What opens the door for the drop-off is shown."""
    IN = "in"
    """The parcel is in, as its sender reads it."""
    TOLD = "told"
    """The same, as its recipient reads it."""
    PICK_UP = "pick_up"
    """What opens the door for the pick-up is shown."""
    OVER = "over"


class Step(StrEnum):
    """What the buttons of practice say; they count at their own stage only."""

    TOWER = "p_tower"
    SIZE = "p_size"
    RESERVE = "p_hold"
    AT_TOWER = "p_here"
    GET_DROP_OFF = "p_din"
    OPEN = "p_open"
    """The door opens: said, and nothing else."""
    PUT_IN = "p_in"
    RECIPIENT = "p_other"
    GET_PICK_UP = "p_pin"
    TAKE_OUT = "p_out"
    AGAIN = "p_again"
    LEAVE = "p_leave"


STEPS: Mapping[Stage, Mapping[Step, Stage]] = MappingProxyType(
    {
        Stage.TOWER: {Step.TOWER: Stage.SIZE},
        Stage.SIZE: {Step.SIZE: Stage.REVIEW},
        Stage.REVIEW: {Step.RESERVE: Stage.RESERVED, Step.AT_TOWER: Stage.DROP_OFF},
        Stage.RESERVED: {Step.GET_DROP_OFF: Stage.DROP_OFF},
        Stage.DROP_OFF: {Step.PUT_IN: Stage.IN},
        Stage.IN: {Step.RECIPIENT: Stage.TOLD},
        Stage.TOLD: {Step.GET_PICK_UP: Stage.PICK_UP},
        Stage.PICK_UP: {Step.TAKE_OUT: Stage.OVER},
        Stage.OVER: {Step.AGAIN: Stage.TOWER},
    }
)
"""What leads on from each stage, and where to; leaving is possible at every one."""

DOORS: Mapping[Stage, CodeKind] = MappingProxyType(
    {Stage.DROP_OFF: CodeKind.DROP_OFF, Stage.PICK_UP: CodeKind.PICK_UP}
)
"""The stages at which a door is to be opened, and what for."""

FREE: Mapping[Size, int] = MappingProxyType(
    {Size.SMALL: 6, Size.MEDIUM: 4, Size.LARGE: 3, Size.X_LARGE: 1}
)
"""How many lockers of each size the tower of practice has free."""
DOOR = "14"
RECIPIENT = PersonId(0)
"""Nobody's id in Telegram."""

TOWER = Tower(TowerId("practice"), "", "", "", None, None, None, location=0)
"""Like any tower at a location, so that its doors open as those of real ones do; on no map."""

_DELIVERY = DeliveryId("practice")
_CODES: Mapping[CodeKind, str] = MappingProxyType(
    {CodeKind.DROP_OFF: "PRACTICE-1", CodeKind.PICK_UP: "PRACTICE-2"}
)
_LINK = "https://practice.invalid/"
"""Leads nowhere (RFC 2606), and is shown to nobody."""
_ALONE = re.compile(r"PRACTICE(?:[ -]*[12])?")
_WITHIN = re.compile(r"(?<![A-Z0-9])PRACTICE[ -]*[12](?![A-Z0-9])")

_STATES: Mapping[Stage, State] = MappingProxyType(
    {
        Stage.RESERVED: State.RESERVED,
        Stage.DROP_OFF: State.RENTED,
        Stage.IN: State.STORED,
        Stage.TOLD: State.STORED,
        Stage.PICK_UP: State.STORED,
        Stage.OVER: State.COLLECTED,
    }
)


@dataclass(frozen=True, slots=True)
class Practised:
    """A parcel of practice: `times` tells since when it stood at each stage that it has reached.

    Its clock stands still between two taps, so that no time runs out on whoever reads slowly.
    `zone` and `country` are those of most real towers; `named`: there are others.
    """

    stage: Stage
    times: Mapping[Stage, datetime]
    size: Size = Size.MEDIUM
    openers: Openers = BY_TOKEN
    zone: str | None = None
    country: str | None = None
    named: bool = False

    @property
    def now(self) -> datetime:
        """The moment at which its clock stands."""
        return self.times[self.stage]

    @property
    def by_link(self) -> bool:
        """Whether a link opens the door for the drop-off, so that no locker is reserved before."""
        return self.openers.drop_off is Opener.LINK

    @property
    def turned(self) -> bool:
        """Whether whoever practises has become the recipient."""
        return self.stage in (Stage.TOLD, Stage.PICK_UP, Stage.OVER)

    def tower(self, name: str) -> Tower:
        """The tower, under the name that it has in its reader's language."""
        return replace(TOWER, name=name, zone=self.zone, country=self.country)

    def policy(self, policy: Policy) -> Policy:
        """`policy` as it counts here: no operator looks after the tower, and no app is handed a
        code."""
        return replace(
            policy,
            openers=self.openers,
            tower_openers={},
            app_link=None,
            operators=frozenset(),
            tower_operators={},
            operator_group=None,
        )

    def delivery(self, sender: Person, policy: Policy) -> Delivery:
        """The delivery as a real one would be. Only from the stage on at which it has a locker."""
        put_in, out = self.times.get(Stage.IN), self.times.get(Stage.OVER)
        code = self._code_until(policy)
        return Delivery(
            _DELIVERY,
            sender.id,
            TOWER.id,
            self.size,
            _STATES[self.stage],
            recipient=RECIPIENT,
            no_photo=NoPhoto.DECLINED,  # no photo could be taken for it
            locker=LockerId(0),
            locker_name=DOOR,
            locker_size=self.size,
            held_until=self._held_until(policy),
            occupied_at=put_in,
            reported_at=put_in,
            code_until=code,
            collect_until=put_in + policy.storage if put_in is not None else None,
            collected_at=out,
            drop_off_opener=self.openers.drop_off,
            pick_up_opener=self.openers.pick_up,
        )

    def code(self, sender: Person, policy: Policy) -> Code | None:
        """What is shown to open the door; None at a stage where nothing is."""
        until, kind = self._code_until(policy), DOORS.get(self.stage)
        if until is None or kind is None:
            return None
        drop_off = kind is CodeKind.DROP_OFF
        form = self.openers.drop_off if drop_off else self.openers.pick_up
        return Code(
            _DELIVERY,
            kind,
            form,
            holder=sender.id if drop_off else RECIPIENT,
            text=_LINK if form is Opener.LINK else _CODES[kind],
            expires_at=until,
            revealed=True,
        )

    def _held_until(self, policy: Policy) -> datetime | None:
        if self.stage is Stage.RESERVED:
            return self.now + policy.reservation
        return self._code_until(policy) if self.stage is Stage.DROP_OFF else None

    def _code_until(self, policy: Policy) -> datetime | None:
        if self.stage is Stage.DROP_OFF:
            return self.now + (policy.link_hold if self.by_link else policy.drop_off)
        if self.stage is Stage.PICK_UP:
            by_link = self.openers.pick_up is Opener.LINK
            return self.now + (policy.link_lasts if by_link else policy.pick_up)
        return None


def holds_practice_code(text: str, *, within: bool = False) -> bool:
    """Whether `text` is a code of practice, however it was typed; `within`: or holds one, and no
    claim, which then counts."""
    signs = code_signs(text)
    if _ALONE.fullmatch(signs) is not None:
        return True
    return within and _WITHIN.search(signs) is not None and read_claim(text) is None
