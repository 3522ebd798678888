"""Whatever changes what a delivery's card says: about the delivery, and around it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from typing import Any

from tests.support.openers import BOTH_BY_LINK
from tests.support.project import (
    LIVE,
    Closure,
    CodeKind,
    Event,
    Hours,
    Low,
    NoPhoto,
    Opener,
    Person,
    PersonId,
    RequestKind,
    Size,
    State,
    Trouble,
    Turn,
)
from tests.support.scenes import (
    ANNA,
    BEN,
    BY_LINK,
    CLAIM,
    LINK,
    NOW,
    OTHER,
    POLICY,
    STORY,
    TOWER,
    a_delivery,
    a_history,
    asking,
)

DORA = Person(PersonId(-(2**62)), "", reachable=False)
"""Somebody in a browser."""
OLGA = Person(PersonId(9), "Olga")
Moments = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Twist:
    """What is different from the usual: about the delivery, and around it."""

    name: str
    about: dict[str, Any] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=dict)
    states: Collection[State] = tuple(State)
    code: CodeKind | None = None
    code_is: dict[str, Any] = field(default_factory=dict)
    alike: bool = False
    """It changes the same words for a parcel to oneself as for any other."""


MINE = {"recipient": ANNA.id, "recipient_name": ANNA.name}
MINE_AROUND = {"recipient": ANNA}
_OPEN = {"recipient": None, "recipient_name": None}
_SUSPECT = {"door_suspect": True}
_BEFORE = (State.REQUESTED, State.RESERVED, State.RENTED, State.RELEASING)
_HELD = (State.RESERVED, State.RENTED)
_IN = (State.STORED,)
_PREPARED = (State.PREPARED,)
_ASKED = (State.REQUESTED,)
_OUT_BY_LINK = (State.RENTED,)
_BY_LINK = tuple(state for state in State if state is not State.RESERVED)
_BOOKED = (State.PREPARED, State.RESERVED)
_ONWARD = (State.PREPARED, State.RENTED, State.RELEASING, State.STORED)
ACME = replace(
    POLICY, app_name="Acme & Co", app_link="https://acme.example/#{payload}/{payload_auth}"
)
_TIMED = (State.RESERVED, State.RENTED, State.STORED, State.COLLECTED)
OVER = {"expires_at": NOW}
SATURDAYS = replace(TOWER, hours={5: (Hours(time(9), time(14)),)})
_PLACELESS = replace(TOWER, latitude=None, longitude=None)
DEEDS: Moments = tuple(
    (event, by, None)
    for event, by in (
        *((event.value, None) for event in Event),
        ("prepared", ANNA.id),
        ("fell_back", None),
        ("claimed", BEN.id),
        ("handed_over", BEN.id),
        ("kept", BEN.id),
        ("declined", OLGA.id),
        ("taken_back", ANNA.id),
        ("door_did_not_open", BEN.id),
        ("problem", ANNA.id),
        ("released_by_operator", OLGA.id),
        ("message", OLGA.id),
        ("extended", OLGA.id),
        ("fits_not", ANNA.id),
        ("fetched_by_operator", OLGA.id),
        ("given_by_operator", OLGA.id),
        ("found_by_operator", OLGA.id),
        ("problem_settled", OLGA.id),
        ("photo_seen", OLGA.id),
    )
) + tuple(("message_to_one", OLGA.id, None, told) for told in (ANNA.id, BEN.id, None))
AWAITED: dict[str, Any] = {
    "recipient": PersonId(4),
    "recipient_name": "Dora",
    "awaited": True,
    "picked_by": ANNA.id,
}
"""About a delivery whose recipient has been picked, and has never opened the bot."""
AWAITED_AROUND: dict[str, Any] = {"claim": CLAIM, "recipient": None}
DECLINED: dict[str, Any] = {"recipient": None, "recipient_name": "Dora", "declined": True}
PICTURED = {"photo": "AgACAgIAAxkBAAIBQ2"}
HOSTILE = {
    "note": 'a < b & "c"\n</i>',
    "parcel_name": "<b>Order</b> 1042",
    "locker_name": "A<4>",
    "recipient_name": "<Ben> & Co",
}
HOSTILE_AROUND = {
    "sender": replace(ANNA, name="<b>Anna</b> دانا"),
    "recipient": replace(BEN, name="<Ben> & Co"),
    "tower": replace(TOWER, name="<Main> & Co", address="Road <1>"),
    "elsewhere": replace(OTHER, name="<Market>"),
}


def _late(*events: str) -> dict[str, Any]:
    story = [("requested", ANNA.id, "medium"), ("reserved", None, "14")]
    return {"history": a_history(*story, *((event, None, None) for event in events))}


def _beside(*doors: str) -> dict[str, Any]:
    return {"companions": [a_delivery(State.STORED, locker_name=door) for door in doors]}


_NOW = {"turn": Turn.NOW, "visit_at": NOW}
_LEFT = {"turn": Turn.LEFT, "visit_at": NOW}
TROUBLES = {
    None: "no trouble",
    Trouble.HARBOR_AWAY: "Harbor away",
    Trouble.REFUSED: "Harbor said no",
}
WANTS = {
    None: "nothing wanted of Harbor",
    RequestKind.LOCKER: "a locker wanted",
    RequestKind.DROP_OFF_TOKEN: "a drop-off code wanted",
    RequestKind.PICK_UP_TOKEN: "a pick-up code wanted",
    RequestKind.RELEASE: "release wanted",
}

_HOUR = {"code_until": NOW + timedelta(minutes=45)}
_LINK_TEXT = {"form": Opener.LINK, "text": LINK}
_LINK_TWISTS = (
    Twist(
        "by link, which is out",
        {**BY_LINK, **_HOUR},
        code=CodeKind.DROP_OFF,
        code_is=_LINK_TEXT,
        states=_OUT_BY_LINK,
    ),
    Twist(
        "by link, which is out, more prepared there, nobody has claimed it",
        {**BY_LINK, **_HOUR, **_OPEN},
        {"more_prepared": True, "claim": CLAIM},
        code=CodeKind.DROP_OFF,
        code_is=_LINK_TEXT,
        states=_OUT_BY_LINK,
    ),
    Twist(
        "by link, which did not open",
        {**BY_LINK, **_HOUR, "door_reports": 1},
        code=CodeKind.DROP_OFF,
        code_is=_LINK_TEXT,
        states=_OUT_BY_LINK,
        alike=True,
    ),
    Twist(
        "by link, not asked for",
        {**BY_LINK, **_HOUR},
        code=CodeKind.DROP_OFF,
        code_is={**_LINK_TEXT, "revealed": False},
        states=_OUT_BY_LINK,
        alike=True,
    ),
    Twist(
        "by link, whose time ends soon",
        {**BY_LINK, **_HOUR, "reminders_sent": 1},
        code=CodeKind.DROP_OFF,
        code_is=_LINK_TEXT,
        states=_OUT_BY_LINK,
        alike=True,
    ),
    Twist(
        "by link, whose time is over",
        {**BY_LINK, "held_until": NOW, "reminders_sent": 2},
        states=_OUT_BY_LINK,
        alike=True,
    ),
    Twist(
        "by link, which is out for the pick-up",
        {**BY_LINK, **_HOUR},
        code=CodeKind.PICK_UP,
        code_is=_LINK_TEXT,
        states=_IN,
    ),
    Twist(
        "by link, which did not open for the pick-up",
        {**BY_LINK, **_HOUR, "door_reports": 1},
        code=CodeKind.PICK_UP,
        code_is=_LINK_TEXT,
        states=_IN,
    ),
    Twist(
        "by link, on its way",
        {**BY_LINK, "request": asking(RequestKind.PICK_UP_TOKEN)},
        states=_IN,
        alike=True,
    ),
    Twist(
        "by link, somebody else may still have it",
        {**BY_LINK, "old_code_until": NOW + timedelta(hours=20)},
        states=_IN,
    ),
    Twist(
        "Harbor made no link",
        {"drop_off_opener": Opener.TOKEN, "pick_up_opener": Opener.TOKEN},
        {"policy": replace(POLICY, openers=BOTH_BY_LINK)},
        states=(*_HELD, *_IN),
    ),
    Twist("by link, reminded", {**BY_LINK, "reminders_sent": 1}, states=_PREPARED, alike=True),
    Twist(
        "its tower is closed for booking",
        around={"closure": Closure(1, TOWER.id, NOW, by=OLGA.id, words="Being <mended>")},
        states=_PREPARED,
        alike=True,
    ),
    Twist(
        "its tower is closed for booking, without words",
        around={"closure": Closure(1, TOWER.id, NOW, by=OLGA.id)},
        states=_PREPARED,
        alike=True,
    ),
    Twist(
        "by link, asked for at the tower",
        {**BY_LINK, "request": asking(RequestKind.LOCKER, ANNA.id)},
        states=_ASKED,
        alike=True,
    ),
    Twist(
        "asked for at the tower",
        {"request": asking(RequestKind.LOCKER, ANNA.id)},
        states=_ASKED,
        alike=True,
    ),
    Twist(
        "by link, another locker is given back first",
        {**BY_LINK, "request": None},
        states=_ASKED,
        alike=True,
    ),
    Twist(
        "by link, it never had a locker",
        {**BY_LINK, "locker": None, "locker_name": None},
        states=(State.LAPSED, State.CANCELLED),
    ),
    Twist(
        "it never had a locker",
        {"locker": None, "locker_name": None},
        states=(State.LAPSED, State.CANCELLED),
        alike=True,
    ),
    Twist(
        "by link, no tower with room known",
        {**BY_LINK, "elsewhere": None},
        states=(State.NO_LOCKER,),
        alike=True,
    ),
)

TWISTS = (
    Twist("as usual"),
    # who
    Twist("nobody has claimed it", _OPEN, {"claim": CLAIM}),
    Twist("nobody has claimed it, nor can", _OPEN),
    Twist("recipient known by name only", {"recipient": None}, {"claim": CLAIM}),
    Twist("picked, and has never opened the bot", AWAITED, AWAITED_AROUND),
    Twist(
        "picked, has not come, the sender is reminded",
        {**AWAITED, "reminders_sent": 1},
        AWAITED_AROUND,
        states=_IN,
        alike=True,
    ),
    Twist(
        "picked, and has never opened the bot, more prepared there",
        AWAITED,
        {**AWAITED_AROUND, "more_prepared": True},
        states=_ONWARD,
    ),
    Twist("picked, and takes nothing unasked", DECLINED, {"claim": CLAIM}),
    Twist("picked, and here", {"picked_by": ANNA.id}),
    Twist(
        "picked, and here, pick-up code out",
        {"picked_by": ANNA.id},
        code=CodeKind.PICK_UP,
        states=_IN,
    ),
    Twist("recipient has blocked the bot", around={"recipient": replace(BEN, reachable=False)}),
    Twist("recipient never opened the bot", around={"recipient": None}),
    Twist(
        "claimed on the web",
        {"recipient": DORA.id, "recipient_name": ""},
        {
            "recipient": DORA,
            "recipient_told": False,
            "history": a_history(
                ("requested", ANNA.id, "medium"),
                ("claimed", DORA.id, None),
                ("dropped_off", None, None),
                ("door_did_not_open", DORA.id, None),
                ("collected", None, None),
            ),
        },
    ),
    Twist(
        "recipient without a name, never opened the bot",
        {"recipient_name": None},
        {"recipient": None},
    ),
    Twist(
        "recipient without a name", {"recipient_name": None}, {"recipient": replace(BEN, name="")}
    ),
    Twist("recipient is being told", around={"recipient_told": False}, states=_IN, alike=True),
    Twist("sender without a name", around={"sender": replace(ANNA, name="")}),
    Twist("sender forgotten", around={"sender": None}),
    Twist("no note", {"note": None}),
    Twist("with a photo", PICTURED, states=_IN),
    Twist(
        "with a photo, nobody has claimed it", {**PICTURED, **_OPEN}, {"claim": CLAIM}, states=_IN
    ),
    Twist("no photo is wanted", {"no_photo": NoPhoto.DECLINED}, states=_IN),
    Twist("names and notes with signs in them", HOSTILE, HOSTILE_AROUND),
    Twist("taken back", {"taken_back": True}),
    Twist("taken back, nobody had claimed it", {**_OPEN, "taken_back": True}),
    Twist(
        "handed on by the recipient, nobody has claimed it",
        {**_OPEN, "handed_over_by": BEN.id},
        {"claim": CLAIM},
    ),
    # where
    Twist("hours unknown", around={"tower": replace(TOWER, hours=None)}, states=_IN, alike=True),
    Twist("tower closed today", around={"tower": replace(TOWER, hours={})}, states=_IN, alike=True),
    Twist("the tower is closed", around={"tower": SATURDAYS}, states=(*_BEFORE, *_IN), alike=True),
    Twist("zone unknown", around={"tower": replace(TOWER, zone=None)}, states=_TIMED, alike=True),
    Twist(
        "a tower in the United States",
        around={"tower": replace(TOWER, zone="America/Chicago", country="US")},
        states=(*_TIMED, State.NO_LOCKER),
        alike=True,
    ),
    Twist("tower not on the map", around={"tower": _PLACELESS}, states=_IN, alike=True),
    Twist(
        "tower without an address",
        around={"tower": replace(TOWER, address="", city="")},
        states=_IN,
        alike=True,
    ),
    Twist("towers in several zones", around={"zones": True}, states=_TIMED, alike=True),
    Twist("door unknown", {"locker_name": None}),
    Twist("a larger locker than wished", {"locker_size": Size.LARGE}, alike=True),
    Twist("none larger allowed", {"larger_allowed": False}, alike=True),
    Twist("a low locker wished", {"low": Low.RATHER}, alike=True),
    Twist("only a low locker will do", {"low": Low.ONLY}, alike=True),
    Twist(
        "only a low locker will do, none larger allowed",
        {"low": Low.ONLY, "larger_allowed": False},
        states=(State.NO_LOCKER,),
        alike=True,
    ),
    Twist(
        "the largest size",
        {"size": Size.X_LARGE, "locker_size": Size.X_LARGE},
        states=(State.REQUESTED, State.RESERVED, State.NO_LOCKER),
        alike=True,
    ),
    Twist("no tower with room known", {"elsewhere": None}, states=(State.NO_LOCKER,), alike=True),
    Twist(
        "the tower with room is not on the map",
        around={"elsewhere": replace(OTHER, latitude=None, longitude=None)},
        states=(State.NO_LOCKER,),
        alike=True,
    ),
    Twist(
        "this tower is not on the map",
        around={"tower": _PLACELESS},
        states=(State.NO_LOCKER,),
        alike=True,
    ),
    # when
    Twist("reminded once", {"reminders_sent": 1}),
    Twist("reminded twice", {"reminders_sent": 2}),
    Twist("the time to hold it is over", {"held_until": NOW}, states=_BEFORE),
    Twist(
        "held for more than a day",
        {"held_until": NOW + timedelta(days=2)},
        states=_HELD,
        alike=True,
    ),
    Twist("held until nobody knows", {"held_until": None}, states=_HELD, alike=True),
    Twist(
        "overdue",
        {"overdue_at": NOW, "collect_until": NOW, "reminders_sent": 2},
        states=(State.STORED, State.COLLECTED),
    ),
    Twist("the time to collect is over", {"collect_until": NOW}, states=_IN),
    Twist(
        "hours are left to collect",
        {"collect_until": NOW + timedelta(hours=5)},
        states=_IN,
        alike=True,
    ),
    Twist(
        "over a week to collect", {"collect_until": NOW + timedelta(days=9)}, states=_IN, alike=True
    ),
    Twist(
        "to collect until next year",
        {"collect_until": NOW + timedelta(days=120)},
        states=_IN,
        alike=True,
    ),
    Twist(
        "put in nobody knows when", {"occupied_at": None}, states=(State.STORED, State.COLLECTED)
    ),
    Twist("two extensions left", {"extensions": 1}, states=_IN),
    Twist("one extension left", {"extensions": 2}, states=_IN),
    Twist("no extension left", {"extensions": 3}, states=_IN),
    # what opens the doors
    Twist("by link", BY_LINK, states=_BY_LINK),
    Twist(
        "dropped off by link, collected by token",
        {"drop_off_opener": Opener.LINK},
        states=_BY_LINK,
        alike=True,
    ),
    Twist("dropped off by token, collected by link", {"pick_up_opener": Opener.LINK}, alike=True),
    Twist("the app has a name", around={"policy": ACME}, states=(*_BOOKED, State.STORED)),
    *_LINK_TWISTS,
    # several at one place
    Twist("more prepared there", {}, {"more_prepared": True}, states=_ONWARD),
    Twist("several there, its turn", _NOW, _beside("4", "7"), states=_IN),
    Twist(
        "several there, its turn, the code is out",
        _NOW,
        _beside("4", "7"),
        code=CodeKind.PICK_UP,
        states=_IN,
        alike=True,
    ),
    Twist("several there, its turn, the last", _NOW, states=_IN, alike=True),
    Twist("several there, left out", _LEFT, _beside("4"), states=_IN),
    Twist(
        "several there, left out, and tried again",
        _LEFT,
        _beside("4"),
        code=CodeKind.PICK_UP,
        states=_IN,
        alike=True,
    ),
    Twist(
        "several there, Harbor said no",
        {**_LEFT, "trouble": Trouble.REFUSED},
        _beside("4"),
        states=_IN,
    ),
    # a door that several people have reported
    Twist("several people have reported the door", _SUSPECT, states=(*_HELD, State.STORED)),
    Twist(
        "several people have reported the door, nobody has claimed it",
        {**_SUSPECT, **_OPEN},
        {"claim": CLAIM, "more_prepared": True},
        states=_HELD,
    ),
    Twist(
        "by link, several people have reported the door",
        {**BY_LINK, **_HOUR, **_SUSPECT},
        code=CodeKind.DROP_OFF,
        code_is=_LINK_TEXT,
        states=_OUT_BY_LINK,
    ),
    Twist(
        "more prepared there, nobody has claimed it",
        _OPEN,
        {"more_prepared": True, "claim": CLAIM},
        states=_ONWARD,
    ),
    # several who could open it
    Twist(
        "somebody else may still have what opens it",
        {"old_code_until": NOW + timedelta(minutes=20)},
        states=(State.STORED, State.COLLECTED),
    ),
    Twist(
        "somebody else may have had what opens it, long ago",
        {"old_code_until": NOW},
        states=(State.STORED, State.COLLECTED),
        alike=True,
    ),
    Twist(
        "taken back, somebody else may still have what opens it",
        {"old_code_until": NOW + timedelta(minutes=20), "taken_back": True},
        states=(State.STORED, State.COLLECTED),
        alike=True,
    ),
    Twist(
        "an operator fetches it out, somebody else may still have what opens it",
        {"old_code_until": NOW + timedelta(minutes=20), "fetcher": OLGA.id},
        states=(State.STORED, State.COLLECTED),
        alike=True,
    ),
    # codes
    Twist("drop-off code out", code=CodeKind.DROP_OFF, states=_HELD),
    Twist(
        "drop-off code not asked for",
        code=CodeKind.DROP_OFF,
        code_is={"revealed": False},
        states=_HELD,
    ),
    Twist(
        "drop-off code has run out",
        {"held_until": NOW},
        code=CodeKind.DROP_OFF,
        code_is=OVER,
        states=_HELD,
    ),
    Twist(
        "drop-off code out, a new one on its way",
        {"request": asking(RequestKind.DROP_OFF_TOKEN)},
        code=CodeKind.DROP_OFF,
        states=_HELD,
    ),
    Twist(
        "drop-off code out, nobody has claimed it",
        _OPEN,
        {"claim": CLAIM},
        code=CodeKind.DROP_OFF,
        states=_HELD,
    ),
    Twist("pick-up code out", code=CodeKind.PICK_UP, states=_IN),
    Twist(
        "pick-up code not asked for",
        code=CodeKind.PICK_UP,
        code_is={"revealed": False},
        states=_IN,
    ),
    Twist("pick-up code has run out", code=CodeKind.PICK_UP, code_is=OVER, states=_IN),
    Twist(
        "pick-up code out, a new one on its way",
        {"request": asking(RequestKind.PICK_UP_TOKEN)},
        code=CodeKind.PICK_UP,
        states=_IN,
    ),
    Twist(
        "pick-up code out, no extension left",
        {"extensions": 3},
        code=CodeKind.PICK_UP,
        states=_IN,
    ),
    Twist("taken back, code out", {"taken_back": True}, code=CodeKind.PICK_UP, states=_IN),
    Twist(
        "taken back, code on its way",
        {"taken_back": True, "request": asking(RequestKind.PICK_UP_TOKEN)},
        states=_IN,
    ),
    # other parcels in the same tower
    Twist("one more parcel there", around=_beside("3"), states=_IN),
    Twist("two more parcels there", around=_beside("3", "8"), states=_IN),
    Twist(
        "two more parcels behind doors of one name",
        around=_beside("8", "8"),
        states=_IN,
        alike=True,
    ),
    Twist("seven more parcels there", around=_beside(*"1234567"), states=_IN, alike=True),
    Twist("taken back, one more parcel there", {"taken_back": True}, _beside("3"), states=_IN),
    # late facts
    Twist(
        "cancelled, then put in",
        around=_late("cancelled", "dropped_off"),
        states=(State.STORED, State.COLLECTED),
    ),
    Twist("ran out, then put in", around=_late("lapsed", "dropped_off"), states=_IN),
    Twist(
        "cancelled, ran out, then put in",
        around=_late("cancelled", "lapsed", "dropped_off"),
        states=_IN,
    ),
    Twist(
        "given up for another size, then put in",
        {**_OPEN, "successor": "0000000002"},
        _late("cancelled", "released", "dropped_off"),
        states=_IN,
    ),
    Twist(
        "cancelled, then put in, taken back",
        {"taken_back": True},
        _late("cancelled", "dropped_off"),
        states=_IN,
    ),
    Twist("an operator ended it, then put in", around=_late("closed", "dropped_off"), states=_IN),
    # operators
    Twist(
        "an operator fetches it out",
        {"fetcher": OLGA.id},
        {"history": a_history(*STORY, ("fetched_by_operator", OLGA.id, "The tower <moves>"))},
        states=(State.STORED, State.COLLECTED),
        alike=True,
    ),
    Twist(
        "an operator fetches it out and does not say why",
        {"fetcher": OLGA.id},
        {"history": a_history(*STORY, ("fetched_by_operator", OLGA.id, None))},
        states=(State.STORED, State.COLLECTED),
        alike=True,
    ),
    Twist(
        "an operator lets it wait longer",
        around={"history": a_history(*STORY, ("extended", OLGA.id, "Ben is ill"))},
        states=_IN,
        alike=True,
    ),
    Twist(
        "an operator lets somebody else collect",
        _OPEN,
        {"history": a_history(*STORY, ("given_by_operator", OLGA.id, "Ben has moved"))},
        states=_IN,
        alike=True,
    ),
    Twist(
        "an operator has released the locker",
        around={"history": a_history(*STORY[:3], ("released_by_operator", OLGA.id, "It rattles"))},
        states=(State.RELEASING, State.CANCELLED),
        alike=True,
    ),
    Twist(
        "it did not fit, though it was in",
        {**_OPEN, "taken_back": True, "successor": "0000000002"},
        {"history": a_history(*STORY, ("fits_not", ANNA.id, "large"))},
        states=(State.STORED, State.COLLECTED),
        alike=True,
    ),
    Twist("another delivery has taken its place", {"successor": "0000000002"}),
    # what happened
    Twist(
        "nothing is known of what happened",
        around={"history": ()},
        states=(State.COLLECTED, State.CLOSED),
    ),
    Twist("all that can happen", around={"history": a_history(*DEEDS)}, states=(State.COLLECTED,)),
    Twist(
        "an operator said why",
        around={"history": a_history(*STORY, ("closed", OLGA.id, "The <tower> is being moved"))},
        states=(State.CLOSED,),
        alike=True,
    ),
    Twist(
        "the door did not open three times",
        around={"history": a_history(*STORY, *[("door_did_not_open", BEN.id, None)] * 3)},
        states=(State.COLLECTED,),
        alike=True,
    ),
    Twist(
        "a very long story",
        around={"history": a_history(*STORY, *(("extended", None, str(n)) for n in range(30)))},
        states=(State.COLLECTED,),
        alike=True,
    ),
    # Harbor
    *(
        Twist(
            f"{TROUBLES[trouble]}, {WANTS[want]}",
            {"trouble": trouble, "request": asking(want)},
            states=tuple(LIVE),
        )
        for trouble in TROUBLES
        for want in WANTS
        if trouble or want
    ),
    Twist(
        "Harbor away, a locker wanted",
        {"trouble": Trouble.HARBOR_AWAY, "request": asking(RequestKind.LOCKER)},
        states=tuple(state for state in State if state not in LIVE),
    ),
    Twist(
        "Harbor said no",
        {"trouble": Trouble.REFUSED},
        states=tuple(state for state in State if state not in LIVE),
    ),
)
