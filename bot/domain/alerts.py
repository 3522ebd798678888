"""Alerts: what operators are told without asking, and how long each kind of it stands.

Guarantees: every alert has a kind, and every kind an end: what it is about is put right or is over,
an operator has seen it, or its time has run out. A key is made here and never taken apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import LIVE
from bot.domain.limits import Limit
from bot.domain.tower import Locker, LockerStatus


class AlertKind(StrEnum):
    """What is the matter; the value begins the alert's key and is never renamed."""

    HARBOR = "harbor"
    """Harbor does not answer, or not so that it can be used; over when it does."""
    UNSAVED = "unsaved"
    """Nothing could be saved; told once that is over."""
    UNHEARD = "unheard"
    """What people do does not reach the bot; over when it does."""
    LINKS = "links"
    """Harbor has no open requests, so doors are opened by locker tokens; over when it has."""
    ORPHAN = "orphan"
    """A locker is ours at Harbor and unknown here; over when it is accounted for."""
    UNHELD = "unheld"
    """A delivery's locker is not ours at Harbor, and nothing explains why; over when it is, or with
    the delivery."""
    ODD = "odd"
    """A locker has a status that its delivery does not explain."""
    DOOR = "door"
    """A door was reported three times as not opening."""
    DOOR_OUT = "out"
    """A door is left out of booking, as several people have reported it; over when an operator says
    that it can be used again."""
    PROBLEM = "problem"
    """Somebody has written what is wrong; over when an operator says that it is dealt with."""
    OVERDUE = "overdue"
    """A parcel has not been collected in time."""
    GONE = "gone"
    """A parcel has left its locker, and nobody had been given a code for it."""
    GUESSING = "guessing"
    """Somebody types one wrong claim code after another."""
    UNREADABLE = "unreadable"
    """Harbor lists something that can't be read; over when all of it can."""
    LIMIT = "limit"
    """Somebody has reached a limit of `bot.domain.limits`."""
    GUESSED_BY_MANY = "many"
    """Unusually many wrong claim codes from everybody together; over when it has been quiet."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What ends a kind of alert, beside that it is put right.

    `with_delivery`: it is over the moment its delivery is. `until_seen`: it is over when an
    operator has seen it. `at_most`: how long it stands, once what it is about is over.
    """

    with_delivery: bool = False
    until_seen: bool = False
    at_most: timedelta | None = None


LIFETIMES: Mapping[AlertKind, Lifetime] = MappingProxyType(
    {
        AlertKind.HARBOR: Lifetime(),
        AlertKind.UNSAVED: Lifetime(),
        AlertKind.UNHEARD: Lifetime(),
        AlertKind.LINKS: Lifetime(),
        AlertKind.ORPHAN: Lifetime(),
        AlertKind.UNREADABLE: Lifetime(),
        AlertKind.ODD: Lifetime(with_delivery=True),
        AlertKind.UNHELD: Lifetime(with_delivery=True),
        AlertKind.DOOR: Lifetime(with_delivery=True),
        AlertKind.DOOR_OUT: Lifetime(),
        AlertKind.OVERDUE: Lifetime(with_delivery=True),
        AlertKind.PROBLEM: Lifetime(at_most=timedelta(days=30)),
        AlertKind.GONE: Lifetime(until_seen=True, at_most=timedelta(days=30)),
        AlertKind.GUESSING: Lifetime(until_seen=True, at_most=timedelta(days=1)),
        AlertKind.LIMIT: Lifetime(until_seen=True, at_most=timedelta(days=1)),
        AlertKind.GUESSED_BY_MANY: Lifetime(at_most=timedelta(days=1)),
    }
)


ABOUT_SOMEBODY = (AlertKind.GUESSING, AlertKind.LIMIT)
"""Kinds that name a person; of one who is forgotten the alert stays, and no longer names them."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the operators are told once, and told again when it is over.

    `delivery`, `person`, `tower` and `locker` are what it is about, as far as that applies, and
    `status` is the locker's at Harbor. `owner` is the operator at whose word it is being put right:
    an orphan is to be released (`release`) until Harbor has it back or has `refused`. `detail`
    holds words and counts: `text` (the latest) and `reports` of a problem, `why` (Harbor is away or
    can't be read, nothing can be saved, nobody is heard), `said` (why Telegram can't deliver),
    `size` of an orphan, whose `delivery` is the last one known of there, and whether it was `asked`
    for by us, `call` and `entries` (how many of what Harbor lists can't be read),
    `unlisted` (our lockers' list at Harbor lacks the odd one),
    `limit` and `most` of a limit, how many `people` have reported a door that is left out. Unseen,
    it ends at `ends_at`, if that is set.
    """

    key: str
    kind: AlertKind
    raised_at: datetime
    cleared_at: datetime | None = None
    ends_at: datetime | None = None
    seen_at: datetime | None = None
    seen_by: PersonId | None = None
    owner: PersonId | None = None
    delivery: DeliveryId | None = None
    person: PersonId | None = None
    tower: TowerId | None = None
    locker: LockerId | None = None
    locker_name: str | None = None
    status: LockerStatus | None = None
    release: bool = False
    refused: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stands(self) -> bool:
        """Whether it is not over yet."""
        return self.cleared_at is None

    @property
    def lifetime(self) -> Lifetime:
        """What ends it."""
        return LIFETIMES[self.kind]

    @property
    def asked(self) -> bool:
        """Of an orphan: whether our own records show that we asked for it."""
        return bool(self.detail.get("asked"))

    @property
    def text(self) -> str:
        """The latest words of a problem, as they were written."""
        return str(self.detail.get("text", ""))

    @property
    def reports(self) -> int:
        """How often the problem has been reported."""
        return int(self.detail.get("reports", 1))


def _key(kind: AlertKind, *about: object) -> str:
    return ":".join(map(str, (kind, *about)))


def orphan_key(tower: TowerId, locker: LockerId) -> str:
    """The key of the alert about a locker that no delivery knows of."""
    return _key(AlertKind.ORPHAN, f"{tower}/{locker}")


def odd_key(delivery: Delivery, status: LockerStatus) -> str:
    """The key of the alert that the delivery's locker has a `status` that is not explained."""
    return _key(AlertKind.ODD, delivery.id, delivery.state, status)


def problem_key(delivery: Delivery) -> str:
    """The key of the alert that a problem of the delivery has been reported."""
    return _key(AlertKind.PROBLEM, delivery.id)


def guessing_key(known_as: str) -> str:
    """The key of the alert that somebody is guessing claim codes."""
    return _key(AlertKind.GUESSING, known_as)


HARBOR_KEY = _key(AlertKind.HARBOR)
"""The key of the alert that Harbor does not answer."""
UNSAVED_KEY = _key(AlertKind.UNSAVED)
"""The key of the alert that nothing could be saved."""
GUESSED_BY_MANY_KEY = _key(AlertKind.GUESSED_BY_MANY)
"""The key of the alert that many wrong claim codes are typed by everybody together."""
UNHEARD_KEY = _key(AlertKind.UNHEARD)
"""The key of the alert that nobody is heard."""
LINKS_KEY = _key(AlertKind.LINKS)
"""The key of the alert that Harbor has no open requests."""


class Away(StrEnum):
    """Why nothing can be learnt from Harbor; what is stored is never renamed."""

    SILENT = "TryLater"
    UNREADABLE = "Unreadable"
    REFUSED = "Refused"
    CREDENTIALS = "Misconfigured"


def harbor_away(now: datetime, why: Away | str) -> Alert:
    """Harbor does not answer so that it can be used, and `why`."""
    return Alert(HARBOR_KEY, AlertKind.HARBOR, now, detail={"why": str(why)})


def not_saved(since: datetime, why: str) -> Alert:
    """Nothing could be saved since then; `why` in the database's own words."""
    return Alert(UNSAVED_KEY, AlertKind.UNSAVED, since, detail={"why": why})


class Unheard(StrEnum):
    """Why the bot hears nobody; what is stored is never renamed."""

    SILENT = "silent"
    """Telegram does not answer so that it can be used."""
    TAKEN = "taken"
    """Another process asks for the updates that are meant for this one."""
    ELSEWHERE = "elsewhere"
    """Another process had Telegram deliver elsewhere, or nowhere."""
    UNDELIVERED = "undelivered"
    """Telegram can't deliver them."""


def nobody_heard(since: datetime, why: Unheard, said: str = "") -> Alert:
    """What people do has not reached the bot since then; `said`: in Telegram's own words."""
    detail = {"why": why.value, "said": said} if said else {"why": why.value}
    return Alert(UNHEARD_KEY, AlertKind.UNHEARD, since, detail=detail)


def no_links(now: datetime) -> Alert:
    """Harbor has no open requests: whatever is booked is opened by locker tokens."""
    return Alert(LINKS_KEY, AlertKind.LINKS, now)


def orphan(
    now: datetime, locker: Locker, *, last: DeliveryId | None = None, asked: bool = False
) -> Alert:
    """A locker is ours, and no delivery here uses it; `last` did, and `asked`: our own records show
    that we asked for it."""
    return Alert(
        orphan_key(locker.tower, locker.id),
        AlertKind.ORPHAN,
        now,
        tower=locker.tower,
        locker=locker.id,
        locker_name=locker.name,
        status=locker.status,
        delivery=last,
        detail=orphan_detail(locker, asked=asked),
    )


def orphan_detail(locker: Locker, *, asked: bool) -> Mapping[str, Any]:
    """What is known of an orphan beside what the alert has fields for."""
    size = {} if locker.size is None else {"size": locker.size.value}
    return {**size, "asked": True} if asked else size


def unreadable_key(call: str) -> str:
    """The key of the alert that the list which `call` reads holds what can't be read."""
    return _key(AlertKind.UNREADABLE, call)


def unreadable(now: datetime, call: str, entries: int, why: str) -> Alert:
    """So many `entries` of what `call` reads are left out, the first of them because of `why`."""
    told = {"call": call, "entries": entries, "why": why}
    return Alert(unreadable_key(call), AlertKind.UNREADABLE, now, detail=told)


def odd_status(
    now: datetime, delivery: Delivery, status: LockerStatus, *, unlisted: bool = False
) -> Alert:
    """The delivery does not explain its locker's status; `unlisted`: its tower alone tells it."""
    key, detail = odd_key(delivery, status), {"unlisted": True} if unlisted else {}
    return Alert(key, AlertKind.ODD, now, delivery=delivery.id, status=status, detail=detail)


def unheld_key(delivery: DeliveryId) -> str:
    """The key of the alert that a delivery's locker is not ours."""
    return _key(AlertKind.UNHELD, delivery)


def unheld(now: datetime, delivery: Delivery, status: LockerStatus | None) -> Alert:
    """Harbor does not list the delivery's locker as ours; `status`: as its tower lists it, None
    where it does not."""
    key = unheld_key(delivery.id)
    return Alert(key, AlertKind.UNHELD, now, delivery=delivery.id, status=status)


def door_reported(now: datetime, delivery: Delivery) -> Alert:
    """Its door has been reported too often."""
    return Alert(_key(AlertKind.DOOR, delivery.id), AlertKind.DOOR, now, delivery=delivery.id)


def door_out_key(tower: TowerId, locker: LockerId) -> str:
    """The key of the alert that a door is left out of booking."""
    return _key(AlertKind.DOOR_OUT, f"{tower}/{locker}")


def door_left_out(now: datetime, delivery: Delivery, people: int) -> Alert:
    """So many `people` have reported the door of the delivery: it is left out of booking."""
    assert delivery.locker is not None, "what has no door has none that is reported"
    return Alert(
        door_out_key(delivery.tower, delivery.locker),
        AlertKind.DOOR_OUT,
        now,
        tower=delivery.tower,
        locker=delivery.locker,
        locker_name=delivery.locker_name,
        detail={"people": people},
    )


def problem_reported(
    now: datetime, delivery: Delivery, by: PersonId, text: str, reports: int = 1
) -> Alert:
    """`by` has written what is wrong with the delivery, in these words; it is the report number
    `reports`, and all of them are one alert."""
    over = delivery.state not in LIVE
    return Alert(
        problem_key(delivery),
        AlertKind.PROBLEM,
        now,
        ends_at=last_day(AlertKind.PROBLEM, now) if over else None,
        delivery=delivery.id,
        person=by,
        detail={"text": text} if reports == 1 else {"text": text, "reports": reports},
    )


def not_collected(now: datetime, delivery: Delivery) -> Alert:
    """Its time to be collected has run out."""
    key = _key(AlertKind.OVERDUE, delivery.id, delivery.extensions)
    return Alert(key, AlertKind.OVERDUE, now, delivery=delivery.id)


def gone_unasked(now: datetime, delivery: Delivery) -> Alert:
    """The parcel has left, and nobody had been given a code for it."""
    return Alert(
        _key(AlertKind.GONE, delivery.id),
        AlertKind.GONE,
        now,
        ends_at=last_day(AlertKind.GONE, now),
        delivery=delivery.id,
    )


def guessing(now: datetime, person: PersonId, known_as: str) -> Alert:
    """`person` has typed too many wrong claim codes, the last one now; `known_as` is what may be
    kept of them where their id may not, as in a key."""
    return Alert(
        guessing_key(known_as),
        AlertKind.GUESSING,
        now,
        ends_at=last_day(AlertKind.GUESSING, now),
        person=person,
    )


def limit_reached(now: datetime, person: PersonId, known_as: str, limit: Limit, most: int) -> Alert:
    """`person` has `most` of what `limit` counts, and wanted one more; `known_as`: see
    `guessing`."""
    return Alert(
        _key(AlertKind.LIMIT, limit, known_as),
        AlertKind.LIMIT,
        now,
        ends_at=last_day(AlertKind.LIMIT, now),
        person=person,
        detail={"limit": limit.value, "most": most},
    )


def guessed_by_many(now: datetime) -> Alert:
    """Everybody together has typed too many wrong claim codes, the last one now."""
    kind = AlertKind.GUESSED_BY_MANY
    return Alert(GUESSED_BY_MANY_KEY, kind, now, ends_at=last_day(kind, now))


def last_day(kind: AlertKind, since: datetime) -> datetime | None:
    """When an alert of `kind` ends unseen, if what it is about was over at `since`."""
    at_most = LIFETIMES[kind].at_most
    return since + at_most if at_most is not None else None
