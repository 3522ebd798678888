"""Every question of the conversation there is to read, each in a town as the case needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from functools import cache
from typing import Any

from tests.support.openers import BOTH_BY_LINK
from tests.support.project import (
    LANGUAGES,
    NOTICE,
    WRITTEN,
    WRITTEN_ABOUT,
    Alert,
    Business,
    Closure,
    CodeKind,
    Delivery,
    DeliveryId,
    Doors,
    Draft,
    Health,
    Hours,
    Locker,
    LockerId,
    LockerStatus,
    Low,
    Opener,
    Openers,
    Person,
    PersonId,
    Policy,
    RequestKind,
    Size,
    Stage,
    State,
    Tower,
    TowerId,
    Town,
    Trouble,
    harbor_away,
    in_language,
    open_town,
    orphan,
    place_of,
    problem_reported,
)
from tests.support.scenes import (
    ANNA,
    BEN,
    BY_LINK,
    CARA,
    ID,
    NOW,
    OTHER,
    STORY,
    TOWER,
    a_code,
    a_delivery,
    a_history,
    a_turn,
    a_wait,
)
from tests.support.telling import Case
from tests.support.twists import DEEDS, HOSTILE, OLGA, PICTURED

EN_BEN = in_language(BEN, "en")
DORA = {"id": 4, "name": "Dora"}
AGAIN = replace(ANNA, last_tower=TOWER.id, last_size=Size.MEDIUM)


# -- the town


def _tower(number: int, name: str, **changes: Any) -> Tower:
    basics: dict[str, Any] = {
        "id": TowerId(f"{number:016x}"),
        "name": name,
        "address": f"{name} Street {number}",
        "latitude": 40.4 + number / 100,
    }
    return replace(TOWER, **(basics | changes))


def _all_week(*spans: Hours) -> dict[int, tuple[Hours, ...]]:
    return dict.fromkeys(range(7), spans)


AIRPORT = _tower(3, "Airport", hours=_all_week(Hours(time(0), time(0))))
QUAY = _tower(4, "Night Quay", hours=_all_week(Hours(time(20), time(2))))
OLD_TOWN = _tower(5, "Old Town", latitude=None, longitude=None, hours=None)
CHURCH = _tower(6, "Church", hours={6: (Hours(time(9), time(12)),)})
SIGNS = _tower(7, "<Tom> & Co", address="", city="")
LIBRARY = _tower(8, "Library", hours=_all_week(Hours(time(8), time(12)), Hours(time(14), time(18))))
FEW = (TOWER, OTHER)
ALL = (TOWER, OTHER, AIRPORT, QUAY, OLD_TOWN, CHURCH, SIGNS, LIBRARY)
NOWHERE = TowerId("ffffffffffff1234")


def _lockers(tower: Tower, **free: int) -> list[Locker]:
    """So many free of each size, and one more of each that is taken."""
    found = []
    for size in (size for size in Size if size.name.lower() in free):
        for place in range(free[size.name.lower()] + 1):
            status = LockerStatus.AVAILABLE if place else LockerStatus.OCCUPIED
            number = LockerId(len(found) + 1)
            found.append(Locker(number, str(number), tower.id, status, size))
    return found


LOCKERS = (*_lockers(TOWER, small=4, medium=1, large=0), *_lockers(OTHER, medium=0, x_large=2))
PEOPLE = (ANNA, BEN, CARA, OLGA)


def _town(**changes: Any) -> Town:
    basics: dict[str, Any] = {
        "now": NOW,
        "towers": FEW,
        "lockers": LOCKERS,
        "people": PEOPLE,
        "operators": (OLGA.id,),
    }
    return Town(**(basics | changes))


CALM = _town()
ACME = _town(
    policy=Policy(
        business=Business(
            "Acme <Parcels>", "@acme_help", "privacy@acme.example", "https://acme.example/terms"
        )
    )
)
LARGE = _town(towers=ALL)
AWAY = _town(away=True)
NEVER_REACHED = _town(away=True, known=(), towers=())
LATELY_AWAY = _town(away_for=timedelta(minutes=3))


def _parcel(number: int, state: State, **changes: Any) -> Delivery:
    """The latest change first, by number."""
    basics = {"id": DeliveryId(f"{number:010d}"), "changed_at": NOW - timedelta(minutes=number)}
    return replace(a_delivery(state), **(basics | changes))


def _with(*deliveries: Delivery, **changes: Any) -> Town:
    return _town(deliveries=deliveries, **changes)


TWIN = replace(TOWER, id=TowerId("00000000000000cc"), address="Side Road 9")
"""Of the same name, in the same city."""


def _in_both(**changes: Any) -> Town:
    """A parcel in either of two towers of one name."""
    parcels = [_parcel(1, State.STORED), _parcel(2, State.STORED, tower=TWIN.id)]
    return _with(*(replace(each, **changes) for each in parcels), towers=[TOWER, TWIN])


@cache
def _this(state: State, **changes: Any) -> Town:
    """One parcel from Anna to Ben, whose story is known; the same town for all who ask for it."""
    return _with(replace(a_delivery(state), **changes), history=a_history())


# -- the cases


@dataclass(frozen=True)
class Asked:
    """A question: where, about what, of whom, in which town."""

    section: str
    name: str
    place: str
    answers: dict[str, Any] = field(default_factory=dict)
    town: Town = CALM
    person: Person = ANNA


def all_asked() -> dict[str, list[Asked]]:
    """Every question, by its book."""
    return {
        "beginning": list(_beginning()),
        "booking": list(_booking()),
        "collecting": list(_collecting()),
        "questions": list(_questions()),
        "own_affairs": list(_own_affairs()),
        "operations": list(_operations()),
        "practice": list(_practising()),
    }


async def screen_books() -> dict[str, list[Case]]:
    """The books about the conversation."""
    books = all_asked()
    views = await _shown([asked for cases in books.values() for asked in cases])
    return {
        name: [Case(asked.section, asked.name, views[id(asked)], _covers(asked)) for asked in cases]
        for name, cases in books.items()
    }


async def _shown(cases: Sequence[Asked]) -> dict[int, dict[str, Any]]:
    """Each case in every language; cases of the same town share it."""
    some_at_once = asyncio.Semaphore(8)

    async def visit(town: Town) -> dict[int, dict[str, Any]]:
        async with some_at_once, open_town(town) as screens:
            return {
                id(asked): {
                    language: await screens(draft_of(asked), in_language(asked.person, language))
                    for language in LANGUAGES
                }
                for asked in cases
                if asked.town is town
            }

    visits = await asyncio.gather(*map(visit, dict.fromkeys(asked.town for asked in cases)))
    return {asked: views for visited in visits for asked, views in visited.items()}


def draft_of(asked: Asked) -> Draft:
    """Where in the conversation it is asked."""
    errand, _, step = asked.place.partition("/")
    return Draft(asked.person.id, errand, step, asked.answers)


def _covers(asked: Asked) -> frozenset[str]:
    """The place itself; not, where somebody who is no operator is shown the menu instead."""
    operates = asked.person.id in asked.town.operators
    elsewhere = asked.place.startswith("ops/") and not operates
    return frozenset() if elsewhere else frozenset({place_of(draft_of(asked))})


# -- the beginning

HELPS_AT = ("menu", "send", "collect", "parcels", "settings", "privacy", "ops", "ask")


def _beginning() -> Iterator[Asked]:
    menu = ("Menu", "menu/menu")

    def at(name: str, town: Town = CALM, person: Person = ANNA) -> Asked:
        return Asked(menu[0], name, menu[1], {}, town, person)

    yield at("first time")
    yield Asked("Menu", "an operator has written", menu[1], {WRITTEN: "The <door> is mended"})
    answered = {WRITTEN: "The <door> is mended", WRITTEN_ABOUT: ID}
    yield Asked("Menu", "an operator has written, to be answered", menu[1], answered)
    yield at("has sent before", person=AGAIN)
    yield at(
        "has sent before, from a tower no longer known", person=replace(AGAIN, last_tower=NOWHERE)
    )
    yield at("has sent before, Harbor away", AWAY, AGAIN)
    yield at("has sent before, no tower known", NEVER_REACHED, AGAIN)
    one, another = _parcel(1, State.STORED), _parcel(2, State.STORED)
    yield at("one parcel waits", _with(one), EN_BEN)
    yield at("two parcels wait", _with(one, another), EN_BEN)
    yield at("a parcel is on its way", _with(_parcel(1, State.RENTED)), EN_BEN)
    yield at("a parcel sent waits for somebody else", _with(one))
    yield at("an operator", person=OLGA)
    told = {NOTICE: "Back to the menu. Your parcels are unchanged."}
    yield Asked("Menu", "something has been said", "menu/menu", told)
    written = {NOTICE: "📣 An operator writes: the <door> is being mended" + "!" * 400}
    yield Asked("Menu", "something long has been said, with signs in it", "menu/menu", written)
    yield Asked("Menu", "a place of an older version", "send/gone", {"tower": "x"})
    yield Asked("Menu", "operations, of somebody who is no operator", "ops/ops")
    yield at("a business says who it is", ACME)
    yield Asked("No question stands", "nothing", "none/none")
    help_ = ("Help", "help/help")
    yield Asked(help_[0], "from nowhere", help_[1])
    for name, policy in (
        ("by link", Policy(openers=BOTH_BY_LINK)),
        ("by link, with a keypad somewhere", _keypad_somewhere(BOTH_BY_LINK)),
        ("dropped off by token, collected by link", Policy(openers=Openers(pick_up=Opener.LINK))),
        ("a business says who it is", ACME.policy),
        ("the app has a name", Policy(app_name="Acme & Co")),
    ):
        yield Asked(help_[0], name, help_[1], {}, _town(policy=policy))
    for errand in (*HELPS_AT, "practice"):
        place = {"errand": errand, "step": "any", "answers": {}}
        yield Asked(help_[0], f"from {errand}", help_[1], {"from": place})


def _keypad_somewhere(openers: Openers) -> Policy:
    return Policy(openers=openers, tower_openers={OTHER.id: replace(openers, keypad=True)})


# -- booking


def _booking() -> Iterator[Asked]:
    yield from _towers_to_choose()
    yield Asked("Where are you?", "as usual", "send/near")
    yield from _sizes_to_choose()
    chosen: dict[str, Any] = {"tower": TOWER.id, "size": "medium"}
    yield Asked("Who collects?", "as usual", "send/who", chosen)
    for tower, name in ((OLD_TOWN, "hours unknown"), (SIGNS, "no address, signs in the name")):
        there = {"tower": tower.id, "size": "x-large"}
        yield Asked("Who collects?", name, "send/who", there, LARGE)
    gone = {"tower": NOWHERE, "size": "small"}
    yield Asked("Who collects?", "a tower no longer known", "send/who", gone)
    yield Asked("Who collects?", "Harbor away", "send/who", chosen, AWAY)
    yield Asked("Pick a person", "as usual", "send/person", chosen)
    said = {
        NOTICE: "A typed name does not tell me who it is. Pick somebody with the button below, "
        "or go back for a link."
    }
    yield Asked("Pick a person", "something has been said", "send/person", chosen | said)
    recipients: tuple[tuple[str, Any], ...] = (
        ("by link or code", None),
        ("oneself", {"id": ANNA.id, "name": ANNA.name}),
        ("somebody the bot knows", {"id": BEN.id, "name": BEN.name}),
        ("somebody who never opened the bot", DORA),
        ("somebody picked by an earlier version of the bot", {"name": "Dora"}),
        ("somebody the bot knows, signs in the name", {"id": BEN.id, "name": "<Ben> & Co"}),
        ("somebody who never opened the bot, signs in the name", {**DORA, "name": "<Dora>"}),
    )
    refuses = _town(refusals=[(BEN.id, ANNA.id)])
    unasked = _town(people=(ANNA, replace(BEN, pickable=False, low_locker=Low.ONLY)))
    for name, town in (("the sender", refuses), ("everybody", unasked)):
        answers = chosen | {"to": {"id": BEN.id, "name": BEN.name}}
        yield Asked("Review", f"somebody who has refused {name}", "send/review", answers, town)
    nameless = chosen | {"to": {"id": BEN.id, "name": ""}}
    yield Asked("Review", "somebody who has refused, no name", "send/review", nameless, refuses)
    for name, to in recipients:
        yield Asked("Review", name, "send/review", chosen | ({"to": to} if to else {}))
    by_link = _town(
        towers=[replace(tower, location=7, location_name="Old Quarter") for tower in FEW],
        policy=Policy(openers=BOTH_BY_LINK),
    )
    yield Asked("Which tower?", "by link, two at one location", "send/tower", {}, by_link)
    yield Asked("Which tower?", "one is closed for booking", "send/tower", {}, CLOSED)
    answers = chosen | {"note": "Mind the cat"}
    yield Asked("Review", "the tower is closed for booking", "send/review", answers, CLOSED)
    for name, to in (recipients[0], recipients[2]):
        answers = chosen | ({"to": to} if to else {})
        yield Asked("Review", f"by link, {name}", "send/review", answers, by_link)
    yield Asked("Which size?", "by link", "send/size", {"tower": TOWER.id}, by_link)
    only = replace(ANNA, low_locker=Low.ONLY)
    yield Asked("Which size?", "only low lockers", "send/size", {"tower": TOWER.id}, person=only)
    note = {"note": HOSTILE["note"]}
    yield Asked("Review", "with a note", "send/review", chosen | note)
    long = {"note": "eggs " * 40}
    yield Asked("Review", "with a long note", "send/review", chosen | long)
    yield Asked("Review", "somebody, with a note", "send/review", {**chosen, **note, "to": DORA})
    yield Asked("A note", "as usual", "send/note", chosen)
    yield Asked("A note", "there is one", "send/note", chosen | note)
    yield Asked("A name", "as usual", "send/name", chosen)


def _towers_to_choose() -> Iterator[Asked]:
    def at(name: str, town: Town = LARGE, **answers: Any) -> Asked:
        return Asked("Which tower?", name, "send/tower", answers, town)

    sent = _with(
        _parcel(1, State.COLLECTED, tower=QUAY.id, created_at=NOW - timedelta(days=2)),
        _parcel(2, State.COLLECTED, tower=OTHER.id, created_at=NOW - timedelta(days=1)),
        towers=ALL,
    )
    here = [40.4167, -3.7033]
    yield at("first time, two towers", CALM)
    yield at("first time, many towers")
    yield at("first time, many towers, second page", page=1)
    yield at("first time, many towers, a page beyond the last", page=9)
    yield at("has sent before", sent)
    yield at("Harbor away", AWAY)
    yield at("Harbor away, no tower known", NEVER_REACHED)
    yield at("no tower named by Harbor", _town(known=(), towers=()))
    yield at("Harbor away for an hour", _town(away_for=timedelta(hours=1)))
    yield at("searched by name", query="old")
    yield at("searched by street", query="street 4")
    yield at("searched, several found", sent, query="station")
    yield at("searched, nothing found", query="Paris <1>")
    yield at("searched, Harbor away", AWAY, query="market")
    yield at("by location", here=here)
    yield at("by location, second page", here=here, page=1)
    yield at("by location, far away", here=[48.85, 2.35])
    yield at("by location, Harbor away", AWAY, here=here)
    yield at("by location, searched", here=here, query="library")


def _sizes_to_choose() -> Iterator[Asked]:
    def at(name: str, town: Town = CALM, tower: TowerId = TOWER.id, **more: Any) -> Asked:
        return Asked("Which size?", name, "send/size", {"tower": tower}, town, **more)

    yield at("some free, one size full")
    yield at("other sizes", tower=OTHER.id)
    yield at("low lockers first", person=replace(ANNA, low_locker=Low.RATHER))
    yield at("none larger wanted", person=replace(ANNA, larger_allowed=False))
    yield at("Harbor away", AWAY)
    yield at("Harbor away, no tower known", NEVER_REACHED)
    yield at("Harbor away for three minutes", LATELY_AWAY)
    yield at("Harbor away for 30 seconds", _town(away_for=timedelta(seconds=30)))
    yield at("Harbor away for a day", _town(away_for=timedelta(hours=26)))
    yield at("no lockers there", LARGE, AIRPORT.id)
    mine = a_wait(1, ANNA.id, Size.LARGE)
    yield at("one size is waited for", _town(waits=[mine]))
    yield at("the last one is promised to somebody else", _town(waits=[a_turn(2, BEN.id)]))
    yield at("the last one is promised to the reader", _town(waits=[a_turn(2, ANNA.id)]))
    wanted = {"tower": TOWER.id, "wanted": "large"}
    yield Asked("A size that is full", "as usual", "send/wait", wanted)
    low = replace(ANNA, low_locker=Low.ONLY)
    yield Asked("A size that is full", "only a low door", "send/wait", wanted, person=low)
    waits = _town(waits=[mine])
    yield Asked("A size that is full", "is waited for", "send/wait", wanted, waits)
    yield at("closed now", LARGE, QUAY.id)
    yield at("closed today", LARGE, CHURCH.id)
    yield at("hours unknown", LARGE, OLD_TOWN.id)
    yield at("open twice a day", LARGE, LIBRARY.id)
    yield at("signs in the name", LARGE, SIGNS.id)
    yield at("a tower no longer known", LARGE, NOWHERE)
    yield Asked(
        "Which size?",
        "something has been said",
        "send/size",
        {"tower": TOWER.id, NOTICE: "No locker of that size is free there just now."},
    )


# -- collecting, and the list of parcels


def _collecting() -> Iterator[Asked]:
    def waiting(name: str, *deliveries: Delivery, **answers: Any) -> Asked:
        town = _with(*deliveries, towers=ALL)
        return Asked("What waits", name, "collect/list", answers, town, EN_BEN)

    ready = _parcel(1, State.STORED)
    beside = _parcel(2, State.STORED, locker_name="3")
    there = _parcel(3, State.STORED, tower=OTHER.id, locker_name="<5>")
    coming = [_parcel(number, State.RENTED) for number in (4, 5)]
    yield waiting("nothing")
    yield waiting("one is ready", ready)
    yield waiting("two in one tower", ready, beside)
    yield waiting("two behind doors of one name", ready, replace(beside, locker_name="14"))
    yield waiting("three in two towers", ready, beside, there)
    yield waiting("one is on its way", coming[0])
    yield waiting("two are on their way", *coming)
    yield waiting("one is ready, one on its way", ready, coming[0])
    yield waiting("one is ready, two on their way", ready, *coming)
    yield waiting("in a tower no longer known", replace(ready, tower=NOWHERE))
    yield waiting("one is being taken back", replace(ready, taken_back=True))
    many = [_parcel(number, State.STORED, locker_name=str(number)) for number in range(1, 9)]
    both = ("in two towers of one name", "collect/list", {}, _in_both(), EN_BEN)
    yield Asked("What waits", *both)
    yield waiting("many", *many)
    yield waiting("many, second page", *many, page=1)
    said = {NOTICE: "That code or link is not valid (any more). Please check it."}
    yield Asked("What waits", "something has been said", "collect/list", said, _with(ready), EN_BEN)
    yield Asked("The claim code", "as usual", "collect/code")
    yield Asked("The claim code", "something has been said", "collect/code", said)
    yield from _parcels()


def _parcels() -> Iterator[Asked]:
    def at(name: str, *deliveries: Delivery, person: Person = ANNA, **answers: Any) -> Asked:
        return Asked("My parcels", name, "parcels/list", answers, _with(*deliveries), person)

    yield at("none")
    for state in State:
        said = state.value.replace("_", " ")
        yield at(f"{said}, the sender", _parcel(1, state))
        yield at(f"{said}, the recipient", _parcel(1, state), person=EN_BEN)
    one = _parcel(1, State.STORED)
    unclaimed = {"recipient": None, "recipient_name": None}
    yield at("to oneself", replace(one, recipient=ANNA.id))
    yield at("nobody has claimed it", replace(one, **unclaimed))
    yield at("recipient known by name only", replace(one, recipient=None, recipient_name="Dora"))
    yield at("recipient unknown to the bot", replace(one, recipient=PersonId(77)))
    yield at("sender unknown to the bot", replace(one, sender=PersonId(77)), person=EN_BEN)
    yield at("in a tower no longer known", replace(one, tower=NOWHERE))
    many = [
        *(_parcel(number, State.RENTED, locker_name=str(number)) for number in range(1, 5)),
        *(_parcel(number, State.COLLECTED) for number in range(5, 15)),
    ]
    yield at("many", *many)
    yield at("many, second page", *many, page=1)
    yield at("many, third page", *many, page=2)
    yield at("only ended ones", *many[4:6])
    yield Asked("My parcels", "in two towers of one name", "parcels/list", {}, _in_both())
    waits = _town(waits=[a_wait(1, ANNA.id, Size.LARGE), a_turn(2, ANNA.id)])
    yield Asked("My parcels", "two lockers are waited for", "parcels/list", {}, waits)


# -- questions about one parcel

_OF_THIS = {"delivery": ID}
_OUT = {"code_until": NOW + timedelta(minutes=12)}
_RAN_OUT = {"code_until": NOW - timedelta(minutes=12)}


def _questions() -> Iterator[Asked]:
    sections = (
        ("Cancel?", "ask/drop", ANNA),
        ("Take it back?", "ask/back", ANNA),
        ("Hand it over? (the sender)", "ask/hand", ANNA),
        ("Hand it over? (the recipient)", "ask/hand", EN_BEN),
        ("Another size?", "ask/size", ANNA),
        ("Whom? (the sender)", "ask/hand_pick", ANNA),
    )
    for section, place, person in sections:
        for state in State:
            name = state.value.replace("_", " ")
            yield Asked(section, name, place, _OF_THIS, _this(state), person)
        other = replace(CARA, language="en")
        yield Asked(section, "somebody else's", place, _OF_THIS, _this(State.STORED), other)
        yield Asked(section, "no such parcel", place, {"delivery": "0000000404"}, CALM, person)
        yield Asked(section, "about nothing", place, {}, CALM, person)
    yield from _hands()
    section, place = "Another door?", "ask/other"
    suspect = {"door_suspect": True}
    for name, more in (("by token", {}), ("by link", {**BY_LINK, **_OUT})):
        town = _this(State.RENTED, **suspect, **more)
        yield Asked(section, name, place, _OF_THIS, town)
    yield Asked(
        section,
        "no other is free",
        place,
        _OF_THIS,
        _this(State.RENTED, **suspect, size=Size.LARGE),
    )
    yield Asked(section, "the door opens by now", place, _OF_THIS, _this(State.RENTED))
    yield from _more_questions()
    yield from _questions_by_link()
    yield from _own_links()
    yield from _problems()
    yield from _doors()
    yield from _names()
    yield from _photos()
    yield from _histories()


def _hands() -> Iterator[Asked]:
    """Somebody else shall collect, or somebody will not."""
    section, place = "Let them collect?", "ask/hand_to"
    stored = _this(State.STORED)
    refusals = [(CARA.id, BEN.id)]
    refuses = _with(a_delivery(State.STORED), history=a_history(), refusals=refusals)
    cara = {"id": CARA.id, "name": CARA.name}
    for name, to, town in (
        ("somebody the bot knows", cara, stored),
        ("somebody who never opened the bot", DORA, stored),
        ("somebody who has refused them", cara, refuses),
        ("somebody without a name", {**DORA, "name": ""}, stored),
        ("a code is out", cara, _this(State.STORED, **_OUT)),
        ("it is prepared", cara, _this(State.PREPARED)),
        ("taken back by now", cara, _this(State.STORED, taken_back=True)),
        ("nobody was picked", {}, stored),
    ):
        yield Asked(section, name, place, {**_OF_THIS, "to": to}, town, EN_BEN)
    oneself = {**_OF_THIS, "to": {"id": ANNA.id, "name": ANNA.name}}
    yield Asked(section, "the sender, oneself", place, oneself, stored)
    section, place = "Not for me?", "ask/nope"
    for state in (State.PREPARED, State.RENTED, State.STORED):
        town = _this(state, picked_by=ANNA.id)
        yield Asked(section, state.value, place, _OF_THIS, town, EN_BEN)
    out = _this(State.STORED, picked_by=ANNA.id, **_OUT)
    yield Asked(section, "a code is out", place, _OF_THIS, out, EN_BEN)
    yield Asked(section, "has claimed it by a link", place, _OF_THIS, stored, EN_BEN)


def _more_questions() -> Iterator[Asked]:
    stored, rented = State.STORED, State.RENTED
    for section, place, person in (
        ("Take it back?", "ask/back", ANNA),
        ("Hand it over? (the sender)", "ask/hand", ANNA),
        ("Hand it over? (the recipient)", "ask/hand", EN_BEN),
    ):
        for name, changes in (
            ("a code is out", _OUT),
            ("a code is out until tomorrow", {"code_until": NOW + timedelta(days=1)}),
            ("a code has run out", _RAN_OUT),
            ("taken back already", {"taken_back": True}),
            ("door unknown", {"locker_name": None}),
        ):
            yield Asked(section, name, place, _OF_THIS, _this(stored, **changes), person)
    yield Asked("Cancel?", "door with signs in it", "ask/drop", _OF_THIS, _this(rented, **HOSTILE))
    nowhere = _this(rented, tower=NOWHERE)
    yield Asked("Cancel?", "a tower no longer known", "ask/drop", _OF_THIS, nowhere)
    away = _with(a_delivery(rented), away=True)
    yield Asked("Another size?", "Harbor away", "ask/size", _OF_THIS, away)
    there = _this(State.RESERVED, tower=OTHER.id)
    yield Asked("Another size?", "other sizes free", "ask/size", _OF_THIS, there)


def _questions_by_link() -> Iterator[Asked]:
    stored, rented = State.STORED, State.RENTED
    out = {**BY_LINK, **_OUT}
    for section, place, state in (
        ("Cancel?", "ask/drop", rented),
        ("Take it back?", "ask/back", stored),
        ("Hand it over? (the sender)", "ask/hand", stored),
        ("Hand it over? (the sender)", "ask/hand", State.PREPARED),
        ("Another size?", "ask/size", rented),
        ("Another size?", "ask/size", stored),
    ):
        name = f"by link, {state.value}"
        yield Asked(section, name, place, _OF_THIS, _this(state, **out))
    for name, low in (("a low door rather", Low.RATHER), ("only a low door", Low.ONLY)):
        town = _this(State.RESERVED, low=low)
        yield Asked("Another size?", name, "ask/size", _OF_THIS, town)
    older = {**BY_LINK, "old_code_until": NOW + timedelta(hours=20)}
    yield Asked(
        "Take it back?", "by link, an older one", "ask/back", _OF_THIS, _this(stored, **older)
    )


def _own_links() -> Iterator[Asked]:
    section, place = "Collect it yourself?", "ask/own"
    for name, state in (("no locker yet", State.REQUESTED), ("in its locker", State.STORED)):
        yield Asked(section, name, place, _OF_THIS, _this(state, recipient=None))
    yield Asked(section, "it has ended", place, _OF_THIS, _this(State.COLLECTED))


def _problems() -> Iterator[Asked]:
    section, place = "What is wrong?", "ask/help"
    for name, state in (("no locker yet", State.REQUESTED), ("in its locker", State.STORED)):
        town = _this(state)
        yield Asked(section, f"{name}, the sender", place, _OF_THIS, town)
        yield Asked(section, f"{name}, the recipient", place, _OF_THIS, town, EN_BEN)
    yield Asked(section, "somebody else's", place, _OF_THIS, _this(State.STORED), CARA)


def _doors() -> Iterator[Asked]:
    section, place = "It did not open", "ask/door"
    people = (
        ("the sender, with the parcel", State.RENTED, ANNA),
        ("the recipient, who collects", State.STORED, EN_BEN),
        ("the sender, while it waits", State.STORED, ANNA),
        ("the sender, once it is collected", State.COLLECTED, ANNA),
    )
    for name, state, person in people:
        town = _this(state)
        for tried in range(4):
            answers = {**_OF_THIS, "tried": tried}
            yield Asked(section, f"{name}, advice {tried + 1}", place, answers, town, person)
    for name, state, person in people[:3]:
        for reports in (0, 1):
            town = _this(state, **BY_LINK, **_OUT, door_reports=reports)
            said = ", which has been reported" if reports else ""
            for tried in range(4):
                answers = {**_OF_THIS, "tried": tried}
                title = f"by link, {name}{said}, advice {tried + 1}"
                yield Asked(section, title, place, answers, town, person)
    link = replace(a_code(CodeKind.DROP_OFF, ANNA.id, Opener.LINK), digits="4711")
    digits = _with(a_delivery(State.RENTED, **BY_LINK, **_OUT), codes=[link])
    yield Asked(section, "by link, with digits beside it", place, _OF_THIS, digits)
    beyond = {**_OF_THIS, "tried": 9}
    yield Asked(section, "tried more often than that", place, beyond, _this(State.RENTED))
    yield Asked(section, "somebody else's", place, _OF_THIS, _this(State.STORED), CARA)


def _names() -> Iterator[Asked]:
    section, place = "What do you call this parcel?", "ask/name"
    yield Asked(section, "it has none", place, _OF_THIS, _this(State.RESERVED))
    named = _with(a_delivery(State.STORED, parcel_name=HOSTILE["parcel_name"]))
    yield Asked(section, "it has one", place, _OF_THIS, named)
    yield Asked(section, "somebody else's", place, _OF_THIS, _this(State.STORED), CARA)


def _photos() -> Iterator[Asked]:
    section, place = "A photo", "ask/photo"
    yield Asked(section, "there is none", place, _OF_THIS, _this(State.STORED))
    pictured = _this(State.STORED, **PICTURED)
    yield Asked(section, "there is one", place, _OF_THIS, pictured)
    yield Asked(section, "it is no longer in", place, _OF_THIS, _this(State.COLLECTED))
    yield Asked(section, "somebody else's", place, _OF_THIS, pictured, CARA)
    section, place = "Which parcel is it of?", "ask/photo_of"
    yield Asked(section, "one", place, {"photo": PICTURED["photo"]}, _this(State.STORED))
    named = a_delivery(State.STORED, parcel_name=HOSTILE["parcel_name"])
    yield Asked(section, "with a name", place, {"photo": PICTURED["photo"]}, _with(named))
    twins = (section, "in two towers of one name", place, {"photo": PICTURED["photo"]})
    yield Asked(*twins, _in_both())
    yield Asked(section, "none is in any more", place, {"photo": PICTURED["photo"]}, CALM)
    yield Asked(section, "no photo is known", place, {}, _this(State.STORED))


def _histories() -> Iterator[Asked]:
    section, place = "What happened", "ask/log"
    town = _this(State.STORED)
    yield Asked(section, "the sender", place, _OF_THIS, town)
    yield Asked(section, "the recipient", place, _OF_THIS, town, EN_BEN)
    yield Asked(section, "an operator", place, _OF_THIS, town, OLGA)
    yield Asked(section, "somebody else's", place, _OF_THIS, town, CARA)
    nothing = _with(a_delivery(State.REQUESTED))
    yield Asked(section, "nothing is known", place, _OF_THIS, nothing)
    stored = a_delivery(State.STORED)
    full = _with(stored, history=a_history(*DEEDS))
    yield Asked(section, "all that can happen, the sender", place, _OF_THIS, full)
    yield Asked(section, "all that can happen, an operator", place, _OF_THIS, full, OLGA)
    long = a_history(*STORY, *(("extended", None, str(number)) for number in range(30)))
    yield Asked(section, "a very long story", place, _OF_THIS, _with(stored, history=long))
    nowhere = _with(replace(stored, tower=NOWHERE), history=a_history())
    yield Asked(section, "in a tower no longer known", place, _OF_THIS, nowhere)


# -- one's own affairs


def _own_affairs() -> Iterator[Asked]:
    resting = replace(ANNA, quiet_from=time(22, 30), quiet_until=time(7))
    settings = "settings/settings"
    yield Asked("Settings", "as they are at first", settings)
    other = replace(resting, reminders=False, low_locker=Low.RATHER, pickable=False)
    yield Asked("Settings", "all different", settings, {}, CALM, other)
    refused = "settings/refused"
    yield Asked("Refused senders", "none", refused)
    gone = PersonId(77)
    some = _town(refusals=[(ANNA.id, BEN.id), (ANNA.id, gone)])
    yield Asked("Refused senders", "some, one forgotten", refused, {}, some)
    many = [Person(PersonId(number), f"Person {number}") for number in range(101, 109)]
    crowd = _town(people=(ANNA, *many), refusals=[(ANNA.id, each.id) for each in many])
    yield Asked("Refused senders", "many", refused, {}, crowd)
    yield Asked("Refused senders", "many, second page", refused, {"page": 1}, crowd)
    yield Asked("Which language?", "as usual", "settings/language")
    yield Asked("What rings when", "no quiet hours", "settings/rings")
    yield Asked("What rings when", "quiet hours, reminders off", "settings/rings", {}, CALM, other)
    yield Asked("Quiet hours", "none", "settings/quiet")
    yield Asked("Quiet hours", "some", "settings/quiet", {}, CALM, resting)
    unread = {NOTICE: "I could not read that. Please write it like 22:30-7:00."}
    yield Asked("Quiet hours", "something has been said", "settings/quiet", unread)
    yield Asked("Privacy", "as usual", "privacy/privacy")
    yield Asked("Privacy", "a business says who it is", "privacy/privacy", {}, ACME)
    forget = ("Forget me?", "privacy/forget")
    yield Asked(forget[0], "as usual", forget[1], {}, _with(_parcel(1, State.COLLECTED)))
    yield Asked(forget[0], "one parcel under way", forget[1], {}, _with(_parcel(1, State.RENTED)))
    yield Asked(forget[0], "in two towers of one name", forget[1], {}, _in_both())
    many = [_parcel(number, State.RENTED) for number in range(1, 8)]
    many[1] = replace(many[1], tower=NOWHERE)
    yield Asked(forget[0], "many parcels under way", forget[1], {}, _with(*many))


# -- operations


def _operations() -> Iterator[Asked]:
    yield from _overviews()
    yield from _lists()
    yield from _looks()
    yield from _closing()
    yield from _figures()


def _ops(section: str, name: str, step: str, town: Town, **answers: Any) -> Asked:
    return Asked(section, name, f"ops/{step}", answers, town, OLGA)


CLOSURES = (
    Closure(1, TOWER.id, NOW, by=OLGA.id, words="Being <mended>"),
    Closure(2, OTHER.id, NOW, LockerId(1), "1"),
    Closure(3, OTHER.id, NOW, LockerId(2), "2"),
)
CLOSED = _town(closures=CLOSURES)


def _figures() -> Iterator[Asked]:
    section, here, step = "The week in figures", {"tower": TOWER.id}, "figures"
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    seen = [(hour - timedelta(hours=1), tower.id, Doors(2, 8)) for tower in FEW]
    late = _parcel(1, State.COLLECTED, created_at=NOW - timedelta(days=3), collected_at=NOW)
    made = [_parcel(n, State.STORED, created_at=NOW - timedelta(hours=n)) for n in (2, 30)]
    known = _with(late, *made, seen=seen)
    yield _ops(section, "of all towers", step, known)
    yield _ops(section, "of a tower", step, known, **here)
    yield _ops(section, "nothing yet", step, CALM)
    yield _ops(section, "doors alone", step, _town(seen=seen), **here)
    two = {TOWER.id: frozenset({OLGA.id}), OTHER.id: frozenset({OLGA.id})}
    theirs = {"operators": (), "seen": seen, "towers": (*FEW, AIRPORT)}
    yield _ops(
        section, "by one of two towers", step, _town(policy=Policy(tower_operators=two), **theirs)
    )
    alone = _with(late, policy=OF_OTHER, **theirs)
    yield _ops(section, "by one of one tower", step, alone)
    yield _ops(section, "of somebody else's tower", step, alone, **here)
    nowhere = [replace(TOWER, zone=None)]
    yield _ops(section, "its zone is not known", step, _town(towers=nowhere, seen=seen), **here)


def _closing() -> Iterator[Asked]:
    here = {"tower": TOWER.id}
    yield _ops("Towers", "one closed, doors left out", "towers", CLOSED)
    yield _ops("A tower", "closed for booking", "tower", CLOSED, **here)
    yield _ops("A tower", "doors left out", "tower", CLOSED, tower=OTHER.id)
    once = (replace(CLOSURES[0], ended_at=NOW + timedelta(hours=1), ended_by=PersonId(77)),)
    yield _ops("A tower", "opened again", "tower", _town(closures=once), **here)
    alone = _town(closures=CLOSURES, operators=(), policy=OF_OTHER)
    at_one = _town(
        towers=[replace(tower, location=7, location_name="Old Quarter") for tower in FEW],
        policy=Policy(openers=BOTH_BY_LINK),
    )
    section, step = "Close it for booking?", "close"
    yield _ops(section, "no words yet", step, CALM, **here)
    yield _ops(section, "words typed", step, CALM, **here, reason="Being <mended>")
    yield _ops(section, "by link, two at one location", step, at_one, **here)
    yield _ops(section, "one of two of one name", step, _in_both(), tower=TWIN.id)
    yield _ops(section, "closed by now", step, CLOSED, **here)
    yield _ops(section, "of somebody else", step, alone, **here)
    section, step = "Open it again?", "reopen"
    yield _ops(section, "as asked", step, CLOSED, **here, closure="1")
    yield _ops(section, "another closure by now", step, CLOSED, **here, closure="9")
    yield _ops(section, "of somebody else", step, alone, **here, closure="1")
    section, step, there = "Is the door back in use?", "use", {"tower": OTHER.id}
    yield _ops(section, "as asked", step, CLOSED, **there, door="1")
    yield _ops(section, "back by now", step, CALM, **there, door="1")
    yield _ops(section, "nonsense", step, CLOSED, **there, door="x")


OF_OTHER = Policy(tower_operators={OTHER.id: frozenset({OLGA.id})})
STUCK = (
    _parcel(1, State.RENTED, door_reports=2),
    _parcel(2, State.STORED, overdue_at=NOW),
    _parcel(3, State.REQUESTED, trouble=Trouble.HARBOR_AWAY),
    _parcel(14, State.RELEASING),
    _parcel(5, State.RESERVED, held_until=NOW - timedelta(minutes=11), tower=NOWHERE),
)


def _orphan(tower: TowerId, number: int, **changes: Any) -> Alert:
    locker = Locker(LockerId(number + 100), str(number), tower, LockerStatus.RENTED, Size.SMALL)
    return replace(orphan(NOW, locker), **changes)


ORPHANS = (
    _orphan(TOWER.id, 14),
    _orphan(OTHER.id, 3, release=True),
    _orphan(OTHER.id, 4, status=LockerStatus.OCCUPIED),
    _orphan(NOWHERE, 8),
    harbor_away(NOW, "TryLater"),
)


def _overviews() -> Iterator[Asked]:
    section = "Overview"
    yield _ops(section, "just started", "ops", CALM)
    for name, ago in (("a few seconds", 5), ("a few minutes", 200), ("hours", 8000)):
        health = Health(True, True, NOW - timedelta(seconds=ago), 0)
        yield _ops(section, f"checked {name} ago", "ops", _town(health=health))
    ill = Health(False, False, None, 12)
    busy = _with(*STUCK, _parcel(20, State.STORED), alerts=ORPHANS, health=ill)
    yield _ops(section, "nothing works, much is stuck", "ops", busy)


def _lists() -> Iterator[Asked]:
    yield _ops("Find a delivery", "what can be typed", "find", CALM)
    yield _ops("Export", "the last seven days", "take", CALM)
    days = {"since": "2026-01-01T00:00:00+00:00", "until": "2026-02-01T00:00:00+00:00"}
    yield _ops("Export", "other days", "take", CALM, **days)
    past = [_parcel(number, State.COLLECTED) for number in range(30, 37)]
    some = _with(*STUCK[:2], *past, _parcel(40, State.CANCELLED, recipient=None))
    for name, query in (("one", "7k2m9xq4tz <b>"), ("many", "ben"), ("all of Anna", "@anna")):
        yield _ops("What is found", name, "found", some, query=query)
    yield _ops("What is found", "many, second page", "found", some, query="ben", page=1)
    yield _ops("What is found", "by one of some towers only", "found", some, query="ben market")
    crowd = [Person(PersonId(number), "Ben") for number in range(101, 152)]
    crowded = _with(*STUCK[:1], *past, people=(*PEOPLE, *crowd))
    yield _ops("What is found", "a name that many have", "found", crowded, query="ben")
    theirs = _with(*STUCK, alerts=ORPHANS, operators=(), policy=OF_OTHER)
    yield _ops("Overview", "of one tower only", "ops", theirs)
    yield _ops("Towers", "of one tower only", "towers", theirs)
    yield _ops("Stuck deliveries", "of one tower only", "stuck", theirs)
    yield _ops("Orphan lockers", "of one tower only", "orphans", theirs)
    refused = _orphan(TOWER.id, 14, refused=True, status=LockerStatus.RESERVED)
    yield _ops("Orphan lockers", "Harbor refused", "orphans", _town(alerts=(refused,)))
    yield from _problems_and_stale()
    yield _ops("Towers", "two", "towers", _with(*STUCK))
    yield _ops("Towers", "many", "towers", LARGE)
    yield _ops("A tower", "with deliveries", "tower", _with(*STUCK), tower=TOWER.id)
    yield _ops("A tower", "without any", "tower", CALM, tower=TOWER.id)
    yield _ops("A tower", "Harbor away", "tower", AWAY, tower=TOWER.id)
    yield _ops("A tower", "not known", "tower", CALM, tower=NOWHERE)
    yield _ops("A tower", "of somebody else", "tower", theirs, tower=TOWER.id)
    yield _ops("Towers", "many, second page", "towers", LARGE, page=1)
    yield _ops("Towers", "Harbor away", "towers", AWAY)
    yield _ops("Towers", "none known", "towers", NEVER_REACHED)
    yield _ops("Stuck deliveries", "none", "stuck", _with(_parcel(20, State.STORED)))
    yield _ops("Stuck deliveries", "some", "stuck", _with(*STUCK))
    many = [_parcel(number, State.STORED, overdue_at=NOW) for number in range(1, 9)]
    yield _ops("Stuck deliveries", "many", "stuck", _with(*many))
    yield _ops("Stuck deliveries", "many, second page", "stuck", _with(*many), page=1)
    twins = _in_both(overdue_at=NOW)
    yield _ops("Stuck deliveries", "in two towers of one name", "stuck", twins)
    yield _ops("Towers", "two of one name", "towers", twins)
    yield _ops("Orphan lockers", "none", "orphans", CALM)
    yield _ops("Orphan lockers", "some", "orphans", _town(alerts=ORPHANS))
    away = _town(alerts=ORPHANS, away=True, known=(), towers=())
    yield _ops("Orphan lockers", "no tower known", "orphans", away)
    orphans = [_orphan(TOWER.id, number) for number in range(1, 9)]
    yield _ops("Orphan lockers", "many", "orphans", _town(alerts=orphans))
    yield _ops("Orphan lockers", "many, second page", "orphans", _town(alerts=orphans), page=1)
    yield _ops("Doors reported", "none", "doors", CALM)
    reported = [
        _parcel(number, State.RENTED, door_reports=number, locker_name=str(number))
        for number in range(1, 4)
    ]
    yield _ops("Doors reported", "some", "doors", _with(*reported))


def _problems_and_stale() -> Iterator[Asked]:
    section, step = "Problems reported", "problems"
    yield _ops(section, "none", step, CALM)
    parcels = [_parcel(number, State.STORED) for number in (20, 21, 22)]
    told = [problem_reported(NOW, each, BEN.id, f"<Door> {each.id}") for each in parcels]
    told[1] = replace(told[1], seen_at=NOW, seen_by=OLGA.id)
    told[2] = replace(told[2], seen_at=NOW, cleared_at=NOW)
    town = _with(*parcels, alerts=told)
    for stage in ("open", "seen", "done", "nonsense"):
        yield _ops(section, stage, step, town, which=stage)
    section, step, days = "Lockers taken up long", "stale", timedelta(days=5)
    yield _ops(section, "none", step, CALM)
    late = {"overdue_at": NOW, "reported_at": NOW - days}
    long = _with(
        *(_parcel(number, State.STORED, **late) for number in (20, 21)),
        _parcel(22, State.STORED, recipient=None, reported_at=NOW - timedelta(days=1)),
        _parcel(23, State.RESERVED, changed_at=NOW - timedelta(hours=3)),
        *STUCK[:1],
    )
    for why in ("overdue", "unclaimed", "held"):
        yield _ops(section, why, step, long, why=why)
    section, step = "All of them?", "all"
    one, both = [["0000000020", 7]], [["0000000020", 7], ["0000000021", 7]]
    for do in ("hold", "release", "write"):
        yield _ops(section, f"{do}, one", step, long, do=do, about=one)
        yield _ops(section, f"{do}, two", step, long, do=do, about=both, reason="<Moved>")
    yield _ops(section, "there are more", step, long, do="hold", about=both, more=True)
    yield _ops(section, "nothing any more", step, CALM)


def _looks() -> Iterator[Asked]:
    about = {"delivery": ID}
    for state in State:
        name = state.value.replace("_", " ")
        yield _ops("A delivery", name, "delivery", _this(state), **about)
    twists: tuple[tuple[str, State, dict[str, Any]], ...] = (
        ("nobody has claimed it", State.STORED, {"recipient": None, "recipient_name": None}),
        ("recipient known by name only", State.STORED, {"recipient": None}),
        (
            "people unknown to the bot",
            State.STORED,
            {"sender": PersonId(77), "recipient": None, "recipient_name": None},
        ),
        ("signs in it", State.STORED, {**HOSTILE, "recipient": None}),
        ("a door reported", State.RENTED, {"door_reports": 2}),
        ("a photo of a problem", State.STORED, {**PICTURED, "problem_reported": True}),
        ("Harbor said no", State.RENTED, {"trouble": Trouble.REFUSED}),
        ("in a tower no longer known", State.RENTED, {"tower": NOWHERE}),
    )
    for name, state, changes in twists:
        yield _ops("A delivery", name, "delivery", _this(state, **changes), **about)
    for state in (State.RELEASING, State.STORED, State.RENTED, State.CANCELLED):
        refused = _this(state, trouble=Trouble.REFUSED)
        name = f"Harbor said no, {state.value}"
        yield _ops("A delivery", name, "delivery", refused, **about)
    waits = _with(
        a_delivery(State.RELEASING, trouble=Trouble.HARBOR_AWAY, want=RequestKind.RELEASE)
    )
    yield _ops("A delivery", "Harbor can't be reached", "delivery", waits, **about)
    for name, by in (("its recipient", BEN.id), ("somebody forgotten", PersonId(77))):
        said = problem_reported(NOW, a_delivery(State.STORED), by, "It <smells>")
        town = _with(a_delivery(State.STORED), history=a_history(), alerts=(said,))
        yield _ops("A delivery", f"a problem reported by {name}", "delivery", town, **about)
        yield _ops("Is it dealt with?", f"reported by {name}", "settle", town, **about)
    for to in ("sender", "recipient"):
        yield _ops("A message to one", to, "answer", _this(State.STORED), **about, to=to)
    everything = _with(a_delivery(State.STORED), history=a_history(*DEEDS))
    yield _ops("A delivery", "all that can happen", "delivery", everything, **about)
    yield _ops("A delivery", "no such delivery", "delivery", CALM, delivery="0000000404")
    yield _ops(
        "A delivery",
        "something has been said",
        "delivery",
        _this(State.RELEASING),
        **about,
        **{NOTICE: "Harbor is asked to take the locker back."},
    )
    for state in (State.RENTED, State.STORED):
        name = state.value
        yield _ops("Release the locker?", name, "release", _this(state), **about)
        yield _ops("End the delivery?", name, "end", _this(state), **about)
        yield _ops("A message to both", name, "message", _this(state), **about)
    for question, step in (
        ("Fetch it out?", "fetch"),
        ("Wait longer?", "hold"),
        ("Give it?", "give"),
    ):
        yield _ops(question, "stored", step, _this(State.STORED), **about)
        yield _ops(question, "a reason typed", step, _this(State.STORED), **about, reason="<Moved>")
        yield _ops(question, "collected by now", step, _this(State.COLLECTED), **about)
    for question, step, state in (
        ("Release the locker?", "release", State.RENTED),
        ("End the delivery?", "end", State.RENTED),
        ("Fetch it out?", "fetch", State.STORED),
        ("Give it?", "give", State.STORED),
    ):
        by_link = _this(state, **BY_LINK, **_OUT)
        yield _ops(question, f"by link, {state.value}", step, by_link, **about)
    code_out = _this(State.STORED, code_until=NOW + timedelta(minutes=9))
    yield _ops("Fetch it out?", "a code is out", "fetch", code_out, **about)
    for state in (State.STORED, State.COLLECTED):
        fetched = _this(state, fetcher=OLGA.id)
        yield _ops(
            "A delivery", f"{state.value}, fetched out by the reader", "delivery", fetched, **about
        )
    yield _ops("End the delivery?", "no such delivery", "end", CALM, delivery="0000000404")
    here, nowhere = f"{TOWER.id}.114", f"{NOWHERE}.108"
    known = _town(alerts=ORPHANS)
    for question, step in (("Release an orphan?", "orphan"), ("Fetch out of an orphan?", "empty")):
        yield _ops(question, "a door and a tower that are known", step, known, orphan=here)
        yield _ops(question, "no such alert", step, CALM, orphan=here)
        yield _ops(question, "a tower no longer known", step, known, orphan=nowhere)


# -- practice


def _practising() -> Iterator[Asked]:
    """Stage by stage, a minute each, by either opener; at a tower whose zone is known, and not."""
    for opener, zone in ((Opener.TOKEN, TOWER.zone), (Opener.LINK, None)):
        times: dict[str, str] = {}
        stages = [stage for stage in Stage if opener is Opener.TOKEN or stage != Stage.RESERVED]
        for minute, stage in enumerate(stages):
            times = {**times, stage.value: (NOW + timedelta(minutes=minute)).isoformat()}
            answers = {
                "openers": [opener.value, opener.value],
                "zone": zone,
                "times": times,
                "size": "medium",
            }
            name = stage.value.replace("_", " ")
            yield Asked(f"By {opener.value}", name, f"practice/{stage.value}", answers)
    kept = {"from": {"errand": "send", "step": "size", "answers": {}}}
    for stage in (Stage.TOWER, Stage.OVER):
        name = f"{stage.value}, a booking is kept"
        yield Asked("By link", name, f"practice/{stage.value}", {**answers, **kept})
