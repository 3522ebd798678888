"""Every card there is to read: deliveries, codes, alerts, and the one that a group sees."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from typing import Any

from tests.support.project import (
    LANGUAGES,
    LIVE,
    Alert,
    AlertKind,
    AlertSituation,
    CodeForm,
    CodeKind,
    Concern,
    Delivery,
    Event,
    Hours,
    Locker,
    LockerId,
    LockerStatus,
    Person,
    PersonId,
    RequestKind,
    Scene,
    Size,
    State,
    Trouble,
    alert_card,
    code_card,
    delivery_card,
    door_reported,
    gone_unasked,
    group_card,
    guessing,
    harbor_away,
    in_language,
    not_collected,
    odd_status,
    orphan,
    problem_reported,
    speak,
)
from tests.support.scenes import (
    ANNA,
    BEN,
    CARA,
    CLAIM,
    NOW,
    OTHER,
    STORY,
    TOWER,
    a_code,
    a_delivery,
    a_history,
    a_scene,
    asking,
)
from tests.support.telling import Case

OLGA = Person(PersonId(9), "Olga")
Moments = tuple[tuple[str, PersonId | None, str | None], ...]


def card_books() -> dict[str, list[Case]]:
    """The books about cards."""
    return {
        "sender": list(_of_deliveries(ANNA)),
        "recipient": list(_of_deliveries(in_language(BEN, "en"))),
        "to_oneself": list(_of_deliveries(ANNA, _MINE, _MINE_AROUND)),
        "onlooker": [*_of_onlookers(), _of_the_group()],
        "code": list(_of_codes()),
        "alerts": list(_of_alerts()),
    }


# -- deliveries: state by state, and whatever else changes what is said


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


_MINE = {"recipient": ANNA.id, "recipient_name": ANNA.name}
_MINE_AROUND = {"recipient": ANNA}
_OPEN = {"recipient": None, "recipient_name": None}
_BEFORE = (State.REQUESTED, State.RESERVED, State.RENTED, State.RELEASING)
_HELD = (State.RESERVED, State.RENTED)
_IN = (State.STORED,)
_TIMED = (State.RESERVED, State.RENTED, State.STORED, State.COLLECTED)
_OVER = {"expires_at": NOW}
_SATURDAYS = replace(TOWER, hours={5: (Hours(time(9), time(14)),)})
_PLACELESS = replace(TOWER, latitude=None, longitude=None)
DEEDS: Moments = tuple(
    (event, by, None)
    for event, by in (
        *((event.value, None) for event in Event),
        ("claimed", BEN.id),
        ("handed_over", BEN.id),
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
    )
)
HOSTILE = {"note": 'a < b & "c"\n</i>', "locker_name": "A<4>", "recipient_name": "<Ben> & Co"}
_HOSTILE_AROUND = {
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

TWISTS = (
    Twist("as usual"),
    # who
    Twist("nobody has claimed it", _OPEN, {"claim": CLAIM}),
    Twist("nobody has claimed it, nor can", _OPEN),
    Twist("recipient known by name only", {"recipient": None}, {"claim": CLAIM}),
    Twist("recipient has blocked the bot", around={"recipient": replace(BEN, reachable=False)}),
    Twist("recipient never opened the bot", around={"recipient": None}),
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
    Twist("names and notes with signs in them", HOSTILE, _HOSTILE_AROUND),
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
    Twist(
        "the tower is closed",
        around={"tower": _SATURDAYS},
        states=(*_BEFORE, *_IN),
        alike=True,
    ),
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
    Twist("a low locker wished", {"low": True}, alike=True),
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
        code_is=_OVER,
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
    Twist("pick-up code has run out", code=CodeKind.PICK_UP, code_is=_OVER, states=_IN),
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
_STORIES: dict[State, Moments] = {
    State.COLLECTED: (*STORY, ("collected", None, None)),
    State.CLOSED: (*STORY, ("closed", OLGA.id, None)),
}


def _of_deliveries(
    reader: Person,
    about: dict[str, Any] | None = None,
    around: dict[str, Any] | None = None,
) -> Iterator[Case]:
    """The cards of one who has to do with the delivery, which is `about` and `around` like this."""
    about, around = about or {}, around or {}
    for state in State:
        for twist in TWISTS:
            if state not in twist.states or about.keys() & twist.about.keys():
                continue
            if about and twist.alike:
                continue
            if (
                around.keys() & twist.around.keys() - {"tower"}
                and twist.around is not _HOSTILE_AROUND
            ):
                continue
            delivery = replace(a_delivery(state), **about, **twist.about)
            if not delivery.roles_of(reader.id):
                continue
            scene = _scene(delivery, reader, twist, {**twist.around, **around})
            yield Case(
                _said(state),
                twist.name,
                {
                    language: delivery_card(replace(scene, words=speak(language)))
                    for language in LANGUAGES
                },
                frozenset((role, state) for role in delivery.roles_of(reader.id)),
            )


def _scene(delivery: Delivery, reader: Person, twist: Twist, around: dict[str, Any]) -> Scene:
    story = a_history(*_STORIES.get(delivery.state, STORY))
    changes: dict[str, Any] = {"history": story, **around}
    entitled = delivery.sender if twist.code is CodeKind.DROP_OFF else delivery.collector
    if twist.code is not None and entitled == reader.id:
        changes["code"] = replace(a_code(twist.code, reader.id), **twist.code_is)
    return a_scene(delivery, reader, **changes)


def _said(state: State) -> str:
    return state.value.replace("_", " ").capitalize()


# -- onlookers


def _of_onlookers() -> Iterator[Case]:
    handed_on = {"recipient": None, "recipient_name": None, "handed_over_by": CARA.id}
    claimed = {"handed_over_by": CARA.id}
    nameless = {"sender": replace(ANNA, name="")}
    kinds: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        ("Has handed it on, nobody has claimed it", handed_on, {"claim": CLAIM}),
        ("Has handed it on, somebody has claimed it", claimed, {}),
        ("Has handed it on, sender without a name", handed_on, {"claim": CLAIM, **nameless}),
        ("A stranger", {}, {}),
        ("A stranger, sender without a name", {}, nameless),
        ("A stranger, another delivery has taken its place", {"successor": "0000000002"}, {}),
    )
    for name, about, around in kinds:
        for state in State:
            scene = a_scene(a_delivery(state, **about), CARA, **around)
            views = {
                language: delivery_card(replace(scene, words=speak(language)))
                for language in LANGUAGES
            }
            yield Case(name, _said(state), views)


def _of_the_group() -> Case:
    views = {language: group_card(speak(language), "parcels_bot") for language in LANGUAGES}
    return Case("A group", "is told once", views)


# -- codes

_FORMS: tuple[tuple[str, CodeForm, str | None], ...] = (
    ("a token", CodeForm.TOKEN, None),
    ("a link", CodeForm.LINK, None),
    ("a link with Harbor's own scheme", CodeForm.LINK, "locker-open://pickup?t=x"),
    ("digits for the keypad", CodeForm.KEYPAD, None),
    ("all digits for the keypad", CodeForm.KEYPAD, "0123456789"),
    ("a token with signs in it", CodeForm.TOKEN, "HARBOR://<&>"),
    ("a token too long for all the words", CodeForm.TOKEN, "F" * 800),
    ("a token too long for a caption", CodeForm.TOKEN, "F" * 1100),
)


def _of_codes() -> Iterator[Case]:
    for kind in CodeKind:
        state, holder = (State.RENTED, ANNA) if kind is CodeKind.DROP_OFF else (State.STORED, BEN)
        for name, form, text in _FORMS:
            yield _code_case(kind, name, a_delivery(state), holder, form=form, text=text)
        mine = a_delivery(state, recipient=ANNA.id)
        yield _code_case(kind, "a parcel to oneself", mine, ANNA)
        yield _code_case(kind, "towers in several zones", a_delivery(state), holder, zones=True)
        yield _code_case(kind, "the tower is closed", a_delivery(state), holder, tower=_SATURDAYS)
        hostile = a_delivery(state, **HOSTILE)
        yield _code_case(kind, "a door with signs in it", hostile, holder, **_HOSTILE_AROUND)
        taken_back = a_delivery(state, taken_back=True)
        yield _code_case(kind, "taken back, the sender", taken_back, ANNA)
        yield _code_case(kind, "taken back, the recipient", taken_back, BEN)
        yield _code_case(kind, "not asked for", a_delivery(state), holder, is_={"revealed": False})
        yield _code_case(kind, "run out", a_delivery(state), holder, is_=_OVER)
        yield _code_case(
            kind, "somebody else's", a_delivery(state), holder, is_={"holder": CARA.id}
        )
        yield _code_case(kind, "the other one of them", a_delivery(state), _other(holder))
        for other in State:
            yield _code_case(kind, f"while {_said(other).lower()}", a_delivery(other), holder)


def _other(person: Person) -> Person:
    return BEN if person is ANNA else ANNA


def _code_case(
    kind: CodeKind,
    name: str,
    delivery: Delivery,
    reader: Person,
    *,
    form: CodeForm = CodeForm.TOKEN,
    text: str | None = None,
    is_: dict[str, Any] | None = None,
    **around: Any,
) -> Case:
    code = replace(a_code(kind, reader.id, form), **(is_ or {}))
    code = replace(code, text=text or code.text)
    scene = a_scene(delivery, reader, code=code, **around)
    views = {language: code_card(replace(scene, words=speak(language))) for language in LANGUAGES}
    covers = frozenset({(kind, form)}) if views["en"] is not None else frozenset()
    return Case(_CODES[kind], name, views, covers, secret=code.text)


_CODES = {CodeKind.DROP_OFF: "Drop-off code", CodeKind.PICK_UP: "Pick-up code"}


# -- alerts

_ORPHAN = orphan(NOW, Locker(LockerId(122), "22", TOWER.id, LockerStatus.RENTED, Size.MEDIUM))
_PARCEL = a_delivery(State.STORED)
_ODD = odd_status(NOW, _PARCEL, LockerStatus.DECLINED)
ALERTS: tuple[tuple[str, Alert], ...] = (
    ("Harbor away", harbor_away(NOW, "TryLater")),
    ("a parcel is gone", gone_unasked(NOW, _PARCEL)),
    ("an orphan locker", _ORPHAN),
    ("an orphan locker whose name is not known", replace(_ORPHAN, locker_name=None)),
    ("an orphan locker with a parcel inside", replace(_ORPHAN, status=LockerStatus.OCCUPIED)),
    ("an orphan locker being released", replace(_ORPHAN, owner=OLGA.id, release=True)),
    *(
        (
            f"an orphan locker that Harbor keeps, {status.value}",
            replace(_ORPHAN, status=status, owner=OLGA.id, refused=True),
        )
        for status in (LockerStatus.RESERVED, LockerStatus.OUT_OF_SERVICE, LockerStatus.RENTED)
    ),
    ("an odd status", _ODD),
    ("an odd status that is not told", replace(_ODD, status=None)),
    ("a door that does not open", door_reported(NOW, _PARCEL)),
    ("a problem", problem_reported(NOW, _PARCEL, BEN.id, "<b>wet & cold</b>")),
    ("a problem without words", problem_reported(NOW, _PARCEL, BEN.id, "")),
    ("overdue", not_collected(NOW, _PARCEL)),
    ("guessing of claim codes", guessing(NOW, PersonId(5))),
)


def _of_alerts() -> Iterator[Case]:
    for section, told in ALERTS:
        about = _PARCEL if told.delivery else None
        tower = TOWER if about or told.tower else None
        usual: dict[str, Any] = {
            "delivery": about,
            "tower": tower,
            "sender": ANNA if about else None,
        }
        kinds: list[tuple[str, dict[str, Any], dict[str, Any]]] = [("stands", {}, {})]
        kinds.append(("is over", {"cleared_at": NOW + timedelta(minutes=5)}, {}))
        seen = {"seen_at": NOW + timedelta(minutes=2), "seen_by": OLGA.id}
        kinds.append(("stands, seen", seen, {"seen_by": OLGA}))
        if told.kind is AlertKind.PROBLEM:
            kinds.append(
                ("is over, seen", seen | {"cleared_at": seen["seen_at"]}, {"seen_by": OLGA})
            )
            kinds.append(("stands, seen by somebody forgotten", seen, {}))
        if about and told.kind is AlertKind.GONE:
            kinds.append(("stands, sender forgotten", {}, {"sender": None}))
            doorless = replace(about, locker_name=None)
            kinds.append(("stands, door unknown", {}, {"delivery": doorless}))
        if told.kind in (AlertKind.HARBOR, AlertKind.OVERDUE):
            kinds.append(("stands since yesterday", {"raised_at": NOW - timedelta(days=1)}, {}))
        for name, of_alert, changes in kinds:
            alert = replace(told, **of_alert)
            concern = Concern(
                AlertSituation(alert, NOW + timedelta(hours=1), **(usual | changes)), speak("en")
            )
            views = {
                language: alert_card(replace(concern, words=speak(language)))
                for language in LANGUAGES
            }
            standing = alert.cleared_at is None
            yield Case(
                section.capitalize() if section[0].islower() else section,
                name,
                views,
                frozenset({(told.kind.value, standing)}),
            )
