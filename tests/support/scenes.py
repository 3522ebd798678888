"""Scenes for cards: a delivery in any state, as any of its people sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bot.domain.claims import Claim
from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import Delivery, HarborRequest, RequestKind
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.situation import Situation
from bot.domain.tower import Hours, Size, Tower
from bot.domain.waiting import Wait, Waiting
from handlers.telegram.links import links_to
from wording.cards.scene import Scene
from wording.language import speak

NOW = datetime(2026, 10, 1, 10, 31, tzinfo=UTC)  # a Thursday, 12:31 in Madrid
ANNA = Person(PersonId(1), "Anna", username="anna")
BEN = Person(PersonId(2), "Ben", language="de")
CARA = Person(PersonId(3), "Cara")
TOWER = Tower(
    TowerId("00000000000000aa"),
    "Main Station",
    "Station Road 1",
    "Madrid",
    40.4066,
    -3.6892,
    "Europe/Madrid",
    hours={day: (Hours(time(7), time(21)),) for day in range(7)},
)
OTHER = replace(TOWER, id=TowerId("00000000000000bb"), name="Market", latitude=40.4158)
ID = DeliveryId("7k2m9xq4tz")
CLAIM = Claim(ID, "K7QF2M9X", "abcdefghijklmnopqrstuv")
PAGED = replace(CLAIM, page="ZYXWVUTSRQPONMLKJIHGFE")
PAGES = links_to("parcels_bot", "https://parcels.example/p/{page}")
"""The links of a bot that serves pages."""
SECRET = "HARBOR://OPEN/00000000000000AA/14/C0FFEE/FACADE"
LINKS = links_to("parcels_bot")
POLICY = Policy(operators=frozenset({PersonId(9)}))

HELD = {
    "locker": LockerId(14),
    "locker_name": "14",
    "locker_size": Size.MEDIUM,
    "held_until": NOW + timedelta(minutes=4, seconds=30),
}
STORED = {
    **HELD,
    "held_until": None,
    "occupied_at": NOW,
    "reported_at": NOW + timedelta(minutes=2),
    "collect_until": NOW + timedelta(days=1, hours=5, minutes=29),
}


def asking(kind: RequestKind | None, by: PersonId | None = None) -> HarborRequest | None:
    """What is asked of Harbor, if anything is; `by` waits for it."""
    return None if kind is None else HarborRequest(77, kind, NOW, by)


FIELDS: dict[State, dict[str, Any]] = {
    State.PREPARED: {"held_until": NOW + timedelta(days=7)},
    State.REQUESTED: {"request": asking(RequestKind.LOCKER)},
    State.RESERVED: HELD,
    State.RENTED: {**HELD, "held_until": NOW + timedelta(minutes=50)},
    State.RELEASING: HELD,
    State.STORED: STORED,
    State.COLLECTED: {**STORED, "collected_at": NOW + timedelta(hours=3)},
    State.CANCELLED: {**HELD, "held_until": None},
    State.LAPSED: {**HELD, "held_until": None},
    State.NO_LOCKER: {"elsewhere": OTHER.id},
    State.CLOSED: STORED,
}
STORY = (
    ("requested", ANNA.id, "medium"),
    ("reserved", None, "14"),
    ("drop_off_issued", ANNA.id, None),
    ("claimed", BEN.id, None),
    ("dropped_off", None, None),
    ("pick_up_issued", BEN.id, None),
)


def a_delivery(state: State, **changes: Any) -> Delivery:
    """For Ben, from Anna, unless told otherwise."""
    basics: dict[str, Any] = {
        "recipient": BEN.id,
        "recipient_name": BEN.name,
        "note": "Mind the eggs",
        "revision": 7,
        "created_at": NOW,
        **FIELDS[state],
    }
    if "want" in changes:
        changes["request"] = asking(changes.pop("want"))
    return Delivery(ID, ANNA.id, TOWER.id, Size.MEDIUM, state=state, **(basics | changes))


def a_history(*events: tuple[Any, ...]) -> tuple[HistoryEntry, ...]:
    """One thing a minute: event, by whom, detail, and perhaps to whom it was told."""
    return tuple(
        HistoryEntry(ID, NOW + timedelta(minutes=number), HistoryEvent(event), *more)
        for number, (event, *more) in enumerate(events or STORY)
    )


BY_LINK: dict[str, Any] = {"drop_off_opener": Opener.LINK, "pick_up_opener": Opener.LINK}
"""About a delivery both of whose doors are opened by link."""
LINK = "https://open.example/l/x9"


def a_code(kind: CodeKind, holder: PersonId, form: Opener = Opener.TOKEN) -> Code:
    """Revealed, and good for 45 minutes."""
    text = {Opener.TOKEN: SECRET, Opener.LINK: LINK}
    ends = NOW + timedelta(minutes=45)
    return Code(ID, kind, form, holder, text[form], ends, revealed=True)


def a_scene(delivery: Delivery, reader: Person, **changes: Any) -> Scene:
    """As `reader` sees it, in their language, at NOW."""
    sender = {ANNA.id: ANNA}.get(delivery.sender)
    recipient = {ANNA.id: ANNA, BEN.id: BEN}.get(delivery.recipient or PersonId(0))
    words = changes.pop("words", speak(reader.language))
    basics: dict[str, Any] = {
        "now": NOW + timedelta(minutes=3),
        "policy": POLICY,
        "tower": TOWER,
        "links": LINKS,
        "sender": sender,
        "recipient": recipient,
        "recipient_told": True,
        "history": a_history(),
        "elsewhere": OTHER if delivery.elsewhere else None,
    }
    return Scene(Situation(delivery, reader, **(basics | changes)), words)


def a_wait(number: int, person: PersonId, size: Size = Size.MEDIUM) -> Wait:
    """They wait for one at the tower since an hour ago."""
    since = NOW - timedelta(hours=1)
    return Wait(number, person, TOWER.id, size, False, since, since + timedelta(days=1))


def a_turn(number: int, person: PersonId, size: Size = Size.MEDIUM) -> Wait:
    """The same, and it is their turn for four minutes more."""
    until = NOW + timedelta(minutes=4)
    return replace(a_wait(number, person, size), state=Waiting.TURN, turn_until=until)
