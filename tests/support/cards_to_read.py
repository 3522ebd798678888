"""Every card there is to read: deliveries, codes, alerts, and the one that a group sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.support.project import (
    LANGUAGES,
    PROMISED,
    Alert,
    AlertKind,
    AlertSituation,
    CodeKind,
    Concern,
    Delivery,
    Limit,
    Locker,
    LockerId,
    LockerStatus,
    NoPhoto,
    Opener,
    Openers,
    Person,
    PersonId,
    Policy,
    Scene,
    Size,
    State,
    Turn,
    Unheard,
    Waiting,
    alert_card,
    capital,
    code_card,
    delivery_card,
    door_left_out,
    door_reported,
    gone_unasked,
    group_alert,
    group_card,
    guessed_by_many,
    guessing,
    harbor_away,
    in_language,
    limit_reached,
    no_links,
    nobody_heard,
    not_collected,
    not_saved,
    odd_status,
    orphan,
    photo_card,
    problem_reported,
    slip_card,
    speak,
    unheld,
    unreadable,
    wait_card,
)
from tests.support.scenes import (
    ANNA,
    BEN,
    BY_LINK,
    CARA,
    CLAIM,
    LINK,
    NOW,
    PAGED,
    PAGES,
    STORY,
    TOWER,
    a_code,
    a_delivery,
    a_history,
    a_scene,
    a_turn,
    a_wait,
)
from tests.support.telling import Case
from tests.support.twists import (
    ACME,
    AWAITED,
    AWAITED_AROUND,
    DECLINED,
    HOSTILE,
    HOSTILE_AROUND,
    MINE,
    MINE_AROUND,
    OLGA,
    OVER,
    PICTURED,
    SATURDAYS,
    TWISTS,
    Moments,
    Twist,
)


def card_books() -> dict[str, list[Case]]:
    """The books about cards."""
    return {
        "sender": list(_of_deliveries(ANNA)),
        "recipient": list(_of_deliveries(in_language(BEN, "en"))),
        "to_oneself": list(_of_deliveries(ANNA, MINE, MINE_AROUND)),
        "onlooker": [*_of_onlookers(), _of_the_group()],
        "code": list(_of_codes()),
        "slip": list(_of_slips()),
        "photo": list(_of_photos()),
        "alerts": list(_of_alerts()),
        "waiting": list(_of_waits()),
    }


# -- deliveries: state by state, and whatever else changes what is said

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
                and twist.around is not HOSTILE_AROUND
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
    claimed = by_cara = {"handed_over_by": CARA.id}
    at_work, nobody = frozenset({CARA.id}), replace(BEN, name="")
    nameless = {"sender": replace(ANNA, name="")}
    kinds: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        ("Has handed it on, nobody has claimed it", handed_on, {"claim": CLAIM}),
        ("Has handed it on, somebody has claimed it", claimed, {}),
        ("Has handed it on, somebody without a name has", claimed, {"recipient": nobody}),
        ("Has handed it on, an operator", claimed, {"policy": Policy(operators=at_work)}),
        ("Has handed it on to somebody awaited", {**AWAITED, **by_cara}, AWAITED_AROUND),
        ("Has handed it on, and was refused", {**DECLINED, **by_cara}, {"claim": CLAIM}),
        ("Has handed it on, the sender takes it back", {**claimed, "taken_back": True}, {}),
        ("Has handed it on, an operator fetches it", {**claimed, "fetcher": OLGA.id}, {}),
        ("Has handed it on, an old code may still open", {**claimed, "old_code_until": NOW}, {}),
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

_FORMS: tuple[tuple[str, Opener, str | None], ...] = (
    ("a token", Opener.TOKEN, None),
    ("a link", Opener.LINK, None),
    ("a link with Harbor's own scheme", Opener.LINK, "locker-open://pickup?t=x"),
    ("a link too long for a button to copy", Opener.LINK, f"{LINK}?t={'x' * 300}"),
    ("a token with signs in it", Opener.TOKEN, "HARBOR://<&>"),
    ("a token too long for all the words", Opener.TOKEN, "F" * 800),
    ("a token too long for a caption", Opener.TOKEN, "F" * 1100),
)


def _of_codes() -> Iterator[Case]:
    for kind in CodeKind:
        state, holder = (State.RENTED, ANNA) if kind is CodeKind.DROP_OFF else (State.STORED, BEN)
        for name, form, text in _FORMS:
            yield _code_case(kind, name, a_delivery(state), holder, form=form, text=text)
        reported = a_delivery(state, door_reports=1)
        for name, of_code, around in (
            ("digits beside it", {"digits": "4711"}, {}),
            ("others prepared there", {}, {"more_prepared": True}),
            (
                "all that there can be",
                {"digits": "471108"},
                {"more_prepared": True, "policy": ACME},
            ),
        ):
            for form in Opener:
                told = f"a {form.value}, {name}"
                yield _code_case(kind, told, reported, holder, form=form, is_=of_code, **around)
        if kind is CodeKind.PICK_UP:
            turn = a_delivery(state, turn=Turn.NOW, visit_at=NOW)
            beside = [a_delivery(state, locker_name=door) for door in ("4", "7")]
            for form in Opener:
                told, more = f"a {form.value}, its turn", {"digits": "4711"}
                yield _code_case(kind, told, turn, BEN, form=form, companions=beside)
                told = f"{told}, digits beside it"
                yield _code_case(kind, told, turn, BEN, form=form, is_=more, companions=beside)
            yield _code_case(kind, "its turn, the last", turn, BEN)
        suspect = a_delivery(state, door_suspect=True)
        yield _code_case(kind, "several people have reported the door", suspect, holder)
        yield _code_case(kind, "a link, door reported", reported, holder, form=Opener.LINK)
        yield _code_case(kind, "the app has a name and a link", reported, holder, policy=ACME)
        named = replace(ACME, app_link=None)
        yield _code_case(kind, "the app has a name", reported, holder, policy=named)
        mine = a_delivery(state, recipient=ANNA.id)
        yield _code_case(kind, "a parcel to oneself", mine, ANNA)
        yield _code_case(kind, "towers in several zones", a_delivery(state), holder, zones=True)
        yield _code_case(kind, "the tower is closed", a_delivery(state), holder, tower=SATURDAYS)
        hostile = a_delivery(state, **HOSTILE)
        yield _code_case(kind, "a door with signs in it", hostile, holder, **HOSTILE_AROUND)
        taken_back = a_delivery(state, taken_back=True)
        yield _code_case(kind, "taken back, the sender", taken_back, ANNA)
        yield _code_case(kind, "taken back, the recipient", taken_back, BEN)
        yield _code_case(kind, "not asked for", a_delivery(state), holder, is_={"revealed": False})
        yield _code_case(kind, "run out", a_delivery(state), holder, is_=OVER)
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
    form: Opener = Opener.TOKEN,
    text: str | None = None,
    is_: dict[str, Any] | None = None,
    **around: Any,
) -> Case:
    code = replace(a_code(kind, reader.id, form), **(is_ or {}))
    code = replace(code, text=text or code.text)
    opened_by = {"drop_off_opener": form, "pick_up_opener": form, "code_until": code.expires_at}
    delivery = replace(delivery, **opened_by)
    scene = a_scene(delivery, reader, code=code, **around)
    views = {language: code_card(replace(scene, words=speak(language))) for language in LANGUAGES}
    covers = frozenset({(kind, form)}) if views["en"] is not None else frozenset()
    return Case(_CODES[kind], name, views, covers, secret=code.text)


_CODES = {CodeKind.DROP_OFF: "Drop-off code", CodeKind.PICK_UP: "Pick-up code"}


# -- slips


def _of_slips() -> Iterator[Case]:
    keypad = Policy(openers=Openers(keypad=True))
    kinds: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        ("to a page", BY_LINK, {"links": PAGES}),
        ("into Telegram", BY_LINK, {}),
        ("the door opens to an app", {}, {"policy": ACME}),
        ("a keypad beside the link", BY_LINK, {"policy": keypad, "links": PAGES}),
        ("without a note, sender without a name", {"note": None}, {"sender": None}),
        ("towers in several zones, some days closed", {}, {"zones": True, "tower": SATURDAYS}),
        ("signs in it", HOSTILE, HOSTILE_AROUND),
        ("somebody has claimed it", {"recipient": BEN.id}, {}),
    )
    for name, about, around in kinds:
        for state in (State.PREPARED, State.STORED):
            delivery = a_delivery(state, **{"recipient": None, "recipient_name": None, **about})
            scene = a_scene(delivery, ANNA, **({"claim": PAGED} | around))
            views = {
                language: slip_card(replace(scene, words=speak(language))) for language in LANGUAGES
            }
            yield Case(f"Slip, {_said(state).lower()}", name, views)


# -- photos


def _of_photos() -> Iterator[Case]:
    reported, lost = {**PICTURED, "problem_reported": True}, {"no_photo": NoPhoto.LOST}
    back = {**PICTURED, "taken_back": True}
    kinds: tuple[tuple[str, State, Person, dict[str, Any], dict[str, Any]], ...] = (
        ("the recipient", State.STORED, BEN, PICTURED, {}),
        ("the sender", State.STORED, ANNA, PICTURED, {}),
        ("signs in it", State.STORED, BEN, {**HOSTILE, **PICTURED}, HOSTILE_AROUND),
        ("an operator, no problem reported", State.STORED, OLGA, PICTURED, {}),
        ("an operator, a problem reported", State.STORED, OLGA, reported, {}),
        ("an operator, a problem reported", State.COLLECTED, OLGA, reported, {}),
        ("the recipient", State.COLLECTED, BEN, PICTURED, {}),
        ("the recipient, its sender takes it back", State.STORED, BEN, back, {}),
        ("somebody else", State.STORED, CARA, PICTURED, {}),
        ("Telegram no longer has it, the recipient", State.STORED, BEN, lost, {}),
        ("Telegram no longer has it, somebody else", State.STORED, CARA, lost, {}),
    )
    operated = {"policy": Policy(operators=frozenset({OLGA.id}))}
    for name, state, reader, about, around in kinds:
        scene = a_scene(a_delivery(state, **about), reader, **(operated | around))
        views = {
            language: photo_card(replace(scene, words=speak(language))) for language in LANGUAGES
        }
        yield Case(f"Photo, {_said(state).lower()}", name, views)


# -- alerts

_ORPHAN = orphan(NOW, Locker(LockerId(122), "22", TOWER.id, LockerStatus.RENTED, Size.MEDIUM))
_PARCEL = a_delivery(State.STORED)
_ODD = odd_status(NOW, _PARCEL, LockerStatus.DECLINED)
THE_CHAT = "https://t.me/parcels_bot?start=ops"
ALERTS: tuple[tuple[str, Alert], ...] = (
    ("Harbor away", harbor_away(NOW, "TryLater")),
    ("a parcel is gone", gone_unasked(NOW, _PARCEL)),
    ("an orphan locker", _ORPHAN),
    ("an orphan locker whose name is not known", replace(_ORPHAN, locker_name=None)),
    ("an orphan locker that we asked for", replace(_ORPHAN, detail={"asked": True})),
    ("an orphan locker that a delivery had", replace(_ORPHAN, delivery=_PARCEL.id)),
    ("an orphan locker with a parcel inside", replace(_ORPHAN, status=LockerStatus.OCCUPIED)),
    ("an orphan locker being released", replace(_ORPHAN, owner=OLGA.id, release=True)),
    *(
        (
            f"an orphan locker that Harbor keeps, {status.value}",
            replace(_ORPHAN, status=status, owner=OLGA.id, refused=True),
        )
        for status in (LockerStatus.RESERVED, LockerStatus.OUT_OF_SERVICE, LockerStatus.RENTED)
    ),
    ("a locker that is not ours", unheld(NOW, _PARCEL, LockerStatus.RENTED)),
    ("a locker that is not there", unheld(NOW, _PARCEL, None)),
    ("an odd status", _ODD),
    ("an odd status that is not told", replace(_ODD, status=None)),
    ("a door that does not open", door_reported(NOW, _PARCEL)),
    ("a door left out of booking", door_left_out(NOW, _PARCEL, 2)),
    ("no links", no_links(NOW)),
    ("a problem", problem_reported(NOW, _PARCEL, BEN.id, "<b>wet & cold</b>")),
    ("a problem without words", problem_reported(NOW, _PARCEL, BEN.id, "")),
    ("overdue", not_collected(NOW, _PARCEL)),
    ("guessing of claim codes", guessing(NOW, PersonId(5), "1f2e")),
    ("a list that can't all be read", unreadable(NOW, "assigned_lockers", 2, "id: missing")),
    ("nothing can be saved", not_saved(NOW, "database or disk is full")),
    *(
        (f"nobody is heard: {why.value}", nobody_heard(NOW, why, said))
        for why, said in [
            *((why, "") for why in Unheard if why is not Unheard.UNDELIVERED),
            (Unheard.UNDELIVERED, "Telegram can't deliver: <Connection refused>"),
        ]
    ),
    ("guessing by many", guessed_by_many(NOW)),
    ("guessing by somebody forgotten", replace(guessing(NOW, PersonId(5), "1f2e"), person=None)),
    ("a limit", limit_reached(NOW, PersonId(5), "1f2e", Limit.HOLDS, 12)),
    ("a problem reported again", problem_reported(NOW, _PARCEL, BEN.id, "still wet", 3)),
)


def _of_waits() -> Iterator[Case]:
    """Every state in which a wait may be, for its person."""
    for state in Waiting:
        promised = state in PROMISED
        wait = replace((a_turn if promised else a_wait)(1, ANNA.id), state=state)
        views = {
            language: wait_card(speak(language), wait, TOWER, Policy(), NOW, ())
            for language in LANGUAGES
        }
        yield Case("Waiting for a locker", state.value, views, frozenset({state}))


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
        if about and told.kind is AlertKind.DOOR:
            for name, state in (("drop-off", State.RENTED), ("pick-up", State.STORED)):
                by_link = a_delivery(state, **BY_LINK)
                kinds.append((f"stands, {name} by link", {}, {"delivery": by_link}))
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
            standing, title = alert.cleared_at is None, capital(section)
            yield Case(title, name, views, frozenset({(told.kind.value, standing)}))
            if name in ("stands", "is over", "stands, seen"):
                views = {
                    language: group_alert(replace(concern, words=speak(language)), THE_CHAT)
                    for language in LANGUAGES
                }
                yield Case(title, f"{name}, in the operators' group", views)
