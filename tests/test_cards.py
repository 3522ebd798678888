"""Cards: every state for every reader, whatever people are called, and nothing secret on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.actions import Action, permitted
from bot.domain.alert_buttons import AlertAction, arg_to_key
from bot.domain.alerts import (
    Alert,
    AlertKind,
    Unheard,
    door_left_out,
    door_reported,
    gone_unasked,
    guessed_by_many,
    guessing,
    harbor_away,
    limit_reached,
    no_links,
    nobody_heard,
    not_collected,
    not_saved,
    odd_status,
    orphan,
    problem_reported,
    unheld,
    unreadable,
)
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, RequestKind, Trouble
from bot.domain.ids import DeliveryId, LockerId, PersonId
from bot.domain.lifecycle import Event, State
from bot.domain.limits import Limit
from bot.domain.message import Button, Message, Place, press, press_on
from bot.domain.openers import Opener
from bot.domain.situation import AlertSituation
from bot.domain.tower import Locker, LockerStatus, Low, Size
from handlers.telegram.links import links_to
from sandbox.telegram.protocol.errors import ApiError
from tests.support.scenes import (
    ANNA,
    BEN,
    BY_LINK,
    CARA,
    CLAIM,
    LINK,
    LINKS,
    NOW,
    OTHER,
    POLICY,
    STORY,
    TOWER,
    a_code,
    a_delivery,
    a_history,
    a_scene,
)
from tests.support.seen import accepted, buttons, labels, seen
from wording.cards.alert import alert_card
from wording.cards.claiming import claim_link
from wording.cards.concern import Concern
from wording.cards.delivery import delivery_card
from wording.cards.group import group_card
from wording.cards.recipient import RECIPIENT
from wording.cards.scene import Scene, map_url
from wording.cards.sender import SENDER
from wording.cards.timeline import MOST, timeline
from wording.language import LANGUAGES, speak
from wording.sanitize import read_out

HOSTILE = "<b>&\"'</a>\u202e{0}{name}%s" + "دانا😀Z\u0335\u0335\u0335\u0335" * 40


_WENT_IN = (State.STORED, State.COLLECTED, State.CLOSED)


def variants(state: State) -> list[Delivery]:
    """The same state in every other way that a card speaks of."""
    return [
        a_delivery(state, **changes)
        for changes in (
            {},
            {"recipient": None, "recipient_name": None},
            {"recipient": None},
            {"recipient": ANNA.id, "recipient_name": ANNA.name},
            {"taken_back": state in _WENT_IN},
            {"fetcher": PersonId(9) if state in _WENT_IN else None},
            {"overdue_at": NOW, "extensions": 3, "reminders_sent": 2, "collect_until": NOW},
            {"reminders_sent": 1, "held_until": NOW, "occupied_at": None},
            {"locker_size": Size.LARGE, "larger_allowed": False, "elsewhere": None},
            {"low": Low.ONLY},
            {"low": Low.RATHER},
            BY_LINK,
            {**BY_LINK, "code_until": NOW + timedelta(minutes=45)},
            {**BY_LINK, "code_until": NOW + timedelta(minutes=45), "door_reports": 1},
            {**BY_LINK, "reminders_sent": 2, "held_until": NOW},
            {**BY_LINK, "locker": None, "locker_name": None},
            {**BY_LINK, "want": RequestKind.LOCKER},
            {"pick_up_opener": Opener.LINK},
            {"drop_off_opener": Opener.LINK},
            {"old_code_until": NOW + timedelta(hours=1)},
            *(
                {"trouble": trouble, "want": want}
                for trouble in Trouble
                for want in (None, RequestKind.DROP_OFF_TOKEN, RequestKind.PICK_UP_TOKEN)
            ),
        )
    ]


def scenes(delivery: Delivery) -> list[Scene]:
    """As each of its people, and one who has nothing to do with it, sees it."""
    forwards = {"claim": CLAIM} if delivery.recipient is None else {}
    entitled = delivery.collector or ANNA.id
    drop_off = a_code(CodeKind.DROP_OFF, ANNA.id, delivery.opener(CodeKind.DROP_OFF, POLICY))
    pick_up = a_code(CodeKind.PICK_UP, entitled, delivery.opener(CodeKind.PICK_UP, POLICY))
    code = {State.RENTED: drop_off, State.STORED: pick_up}.get(delivery.state)
    return [
        a_scene(delivery, ANNA, **forwards, code=code),
        a_scene(delivery, ANNA, **forwards, code=code, more_prepared=True),
        a_scene(delivery, ANNA, recipient=None, code=None),
        a_scene(delivery, BEN, code=code if entitled == BEN.id else None),
        a_scene(delivery, CARA),
        a_scene(delivery, CARA, **forwards),
    ]


def test_the_tables_know_every_state() -> None:
    assert set(SENDER) == set(RECIPIENT) == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_card_for_every_reader(state: State) -> None:
    for delivery in variants(state):
        for scene in scenes(delivery):
            view = delivery_card(scene)
            assert view is not None
            accepted(view)
            assert view.qr is None
            assert not view.protected


@pytest.mark.parametrize("state", State)
def test_every_button_is_legal_now_and_carries_the_revision(state: State) -> None:
    for delivery in variants(state):
        for scene in scenes(delivery):
            for button in buttons(delivery_card(scene) or Message("")):
                pressed = button.press
                if pressed is None:
                    assert button.url or button.copy
                elif pressed.delivery is None:
                    assert pressed.verb in set(Place)
                else:
                    reader = scene.situation.reader.id
                    assert permitted(Action(pressed.verb), delivery, reader, POLICY), button.text
                    assert pressed.revision == delivery.revision


@pytest.mark.parametrize("state", State)
def test_every_card_has_a_way_back_and_a_way_to_help(state: State) -> None:
    for delivery in variants(state):
        for scene in scenes(delivery):
            said, offered = scene.words._, set(labels(delivery_card(scene)))
            assert said("Menu") in offered
            assert offered & {said(x) for x in ("Help", "Report a problem", "It did not open")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", State)
def test_every_card_stands_in_every_language(state: State, language: str) -> None:
    for delivery in variants(state):
        for scene in scenes(delivery):
            view = delivery_card(replace(scene, words=speak(language)))
            assert view is not None
            accepted(view)


@pytest.mark.parametrize("state", State)
def test_no_card_holds_a_code_and_a_claim_only_for_who_forwards_it(state: State) -> None:
    for delivery in variants(state):
        for scene in scenes(delivery):
            view = delivery_card(scene)
            said = repr((view, [(b.url, b.copy) for b in buttons(view)], view.html))  # type: ignore[arg-type,union-attr]  # never None here
            assert "HARBOR://" not in said
            assert "C0FFEE" not in said
            assert LINK not in said
            if scene.situation.claim is None:
                assert CLAIM.link not in said
                assert "K7QF" not in said


def test_whoever_is_no_longer_concerned_learns_nothing() -> None:
    for state in State:
        said = seen(delivery_card(a_scene(a_delivery(state), CARA)))
        for told in ("14", "Main Station", "Ben", "eggs", "12:3"):
            assert told not in said


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.sampled_from(State), st.sampled_from(LANGUAGES))
def test_whatever_people_are_called_the_card_holds(text: str, state: State, language: str) -> None:
    hold_with(text, state, language)


@pytest.mark.parametrize("state", State)
def test_the_worst_names_and_notes_break_nothing(state: State) -> None:
    for language in LANGUAGES:
        hold_with(HOSTILE, state, language)


def hold_with(text: str, state: State, language: str) -> None:
    note = (text * 3)[:200]
    named = {"note": note, "locker_name": text, "recipient_name": text}
    story = [(event.value, ANNA.id, text) for event in Event] * 8
    changes: dict[str, Any] = {
        "words": speak(language),
        "sender": replace(ANNA, name=text),
        "tower": replace(TOWER, name=text, address=text, city=text, latitude=None),
        "elsewhere": replace(OTHER, name=text),
        "history": a_history(*story),
        "companions": [a_delivery(State.STORED, locker_name=text)] * 90,
        "zones": True,
    }
    delivery = a_delivery(state, **named)
    for reader in (ANNA, BEN, CARA):
        for who in (None, replace(BEN, name=text)):
            view = delivery_card(a_scene(delivery, reader, **changes, recipient=who))
            assert view is not None
            accepted(view)


# -- the sender's story, in words


def test_a_reserved_locker_says_door_deadline_and_what_is_next() -> None:
    view = delivery_card(a_scene(a_delivery(State.RESERVED), ANNA, now=NOW))
    assert view is not None
    assert "Locker 14" in seen(view)
    assert "Reserved until 12:35 (1 Oct)" in seen(view)
    assert labels(view)[:3] == ["Get drop-off code", "More time", "Another size"]
    assert "Cancel" in labels(view)


def test_an_unclaimed_parcel_can_be_forwarded_by_link_code_and_buttons() -> None:
    delivery = a_delivery(State.RESERVED, recipient=None, recipient_name=None)
    scene = a_scene(delivery, ANNA, claim=CLAIM)
    view = delivery_card(scene)
    assert view is not None
    link = "https://t.me/parcels_bot?start=c_abcdefghijklmnopqrstuv"
    assert claim_link(scene) == link
    assert link in seen(view)
    assert "<code>K7QF-2M9X</code>" in view.html
    by_label = {button.text: button for button in buttons(view)}
    assert by_label["Pick-up slip"].press == press_on(Action.SLIP, delivery)
    share = by_label["Share the link"].url
    assert share is not None
    assert share.startswith("https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fparcels_bot%3Fstart")


def test_the_slip_is_said_to_be_for_somebody_without_telegram_where_there_are_pages() -> None:
    delivery = a_delivery(State.RESERVED, recipient=None, recipient_name=None)
    paged = {"claim": replace(CLAIM, page="p"), "links": links_to("b", "https://b.example/{page}")}
    for around, said in ((paged, True), ({"claim": CLAIM}, False)):
        told = seen(delivery_card(a_scene(delivery, ANNA, **around)))
        assert ("without Telegram: “Pick-up slip” has a link for any browser" in told) is said
        assert "https://b.example" not in told


def test_the_sender_is_told_why_a_picked_recipient_can_not_be_written_to() -> None:
    never_here = a_scene(a_delivery(State.STORED), ANNA, recipient=None)
    blocked = a_scene(a_delivery(State.STORED), ANNA, recipient=replace(BEN, reachable=False))
    for scene in (never_here, blocked):
        view = delivery_card(scene)
        assert "Telegram doesn't let me write to them" in seen(view)
        assert "https://t.me/parcels_bot" in seen(view)
        assert "Share the link" in labels(view)


def test_the_sender_reads_that_the_recipient_has_been_told_only_once_that_is_so() -> None:
    told = seen(delivery_card(a_scene(a_delivery(State.STORED), ANNA)))
    assert "Ben has been told and can collect it" in told
    yet = seen(delivery_card(a_scene(a_delivery(State.STORED), ANNA, recipient_told=False)))
    assert "Ben can collect it and is being told" in yet


@pytest.mark.parametrize("state", [state for state in State if state is not State.PREPARED])
def test_nobody_is_offered_what_the_table_of_actions_forbids_them(state: State) -> None:
    """Here of a parcel that another delivery has taken over: there is no second way on. No other
    takes over one that is prepared: that one is changed itself."""
    for delivery in variants(state):
        taken_over = replace(delivery, successor=DeliveryId("0000000000"))
        for scene in scenes(taken_over):
            pressed = [button.press for button in buttons(delivery_card(scene) or Message(""))]
            verbs = {one.verb for one in pressed if one is not None}
            assert not verbs & {Action.SIZE, Action.AGAIN, Action.ELSEWHERE}


def test_the_sender_reads_since_when_it_is_in_and_when_that_was_heard() -> None:
    told = seen(delivery_card(a_scene(a_delivery(State.STORED), ANNA)))
    assert "In locker 14 since 12:31 (reported 12:33)" in told
    assert "until Friday 18:00" in told
    unknown = seen(delivery_card(a_scene(a_delivery(State.STORED, occupied_at=None), ANNA)))
    assert "In locker 14 (reported 12:33)" in unknown


def test_a_parcel_that_was_heard_of_in_the_same_minute_is_told_of_once() -> None:
    at_once = a_delivery(State.STORED, reported_at=NOW + timedelta(seconds=20))
    senders, bens = (seen(delivery_card(a_scene(at_once, who))) for who in (ANNA, BEN))
    assert "In locker 14 since 12:31\n" in senders
    assert "Fach 14, seit 12:31\n" in bens
    dropped_off = a_history(("dropped_off", None))
    over = replace(at_once, state=State.COLLECTED, collected_at=NOW)
    lines = seen(delivery_card(a_scene(over, ANNA, history=dropped_off)))
    assert "12:31 · Reported: in the locker\n" in f"{lines}\n"
    late = (replace(dropped_off[0], at=NOW + timedelta(minutes=2)),)
    lines = seen(delivery_card(a_scene(over, ANNA, history=late)))
    assert "12:33 · Reported: in the locker since 12:31" in lines


def test_while_nobody_has_it_the_link_is_passed_on_before_the_parcel_is_taken_back() -> None:
    nobodys = a_delivery(State.STORED, recipient=None, recipient_name=None)
    offered = labels(delivery_card(a_scene(nobodys, ANNA, claim=CLAIM)))
    assert offered.index("Share the link") < offered.index("Take it back")


@pytest.mark.parametrize(
    ("before", "said"), [("cancelled", "You had cancelled"), ("lapsed", "had run out")]
)
def test_a_parcel_that_went_in_after_all_is_told_as_it_was(before: str, said: str) -> None:
    story = a_history(
        ("requested", ANNA.id, None), (before, None, None), ("dropped_off", None, None)
    )
    late = a_scene(a_delivery(State.STORED), ANNA, history=story)
    assert said in seen(delivery_card(late))
    assert said not in seen(delivery_card(a_scene(a_delivery(State.STORED), ANNA)))


def test_a_locker_given_up_for_another_size_shows_only_if_the_parcel_is_in_it() -> None:
    moved = {"successor": "0000000000"}
    assert delivery_card(a_scene(a_delivery(State.RELEASING, **moved), ANNA)) is None
    assert delivery_card(a_scene(a_delivery(State.CANCELLED, **moved), BEN)) is None
    story = a_history(
        ("requested", ANNA.id, None), ("cancelled", ANNA.id, None), ("dropped_off", None, None)
    )
    put_in = a_delivery(State.STORED, **moved, recipient=None)
    late = delivery_card(a_scene(put_in, ANNA, history=story))
    assert "given this locker up" not in seen(
        delivery_card(a_scene(a_delivery(State.STORED), ANNA))
    )
    assert "given this locker up" in seen(late)
    assert {"Take it back", "Hand the claim to somebody else"} <= set(labels(late))


def test_extending_is_offered_as_long_as_it_is_possible() -> None:
    assert "Extend" in labels(delivery_card(a_scene(a_delivery(State.STORED), ANNA)))
    assert "Extend" not in labels(
        delivery_card(a_scene(a_delivery(State.STORED, extensions=3), ANNA))
    )


def test_harbor_away_says_that_nothing_is_lost() -> None:
    away = a_delivery(State.REQUESTED, want=RequestKind.LOCKER, trouble=Trouble.HARBOR_AWAY)
    assert "Nothing is lost" in seen(delivery_card(a_scene(away, ANNA)))


def test_no_locker_offers_the_tower_that_has_one_first() -> None:
    view = delivery_card(a_scene(a_delivery(State.NO_LOCKER), ANNA))
    assert "Market, 1.0 km from this tower" in seen(view)
    assert labels(view)[0] == "Try there"
    nowhere = delivery_card(a_scene(a_delivery(State.NO_LOCKER, elsewhere=None), ANNA))
    assert "Try there" not in labels(nowhere)


@pytest.mark.parametrize("state", [State.REQUESTED, State.RESERVED, State.RENTED])
def test_before_the_drop_off_the_sender_reads_that_the_tower_is_closed(state: State) -> None:
    def read(**tower: Any) -> str:
        night = {"now": NOW + timedelta(hours=12), "tower": replace(TOWER, **tower)}
        return seen(delivery_card(a_scene(a_delivery(state), ANNA, **night)))

    assert "🕘 Closed until 07:00" in read()
    assert "🕘 Closed until 7:00 AM" in read(country="US")
    for unknown in ({"hours": None}, {"zone": None}):
        assert "Closed" not in read(**unknown)
    open_now = seen(delivery_card(a_scene(a_delivery(state), ANNA)))
    assert "Closed" not in open_now


def test_whoever_has_prepared_a_parcel_reads_the_hours_of_the_week() -> None:
    prepared = a_delivery(State.PREPARED)
    assert "🕘 Daily 07:00–21:00\n" in seen(delivery_card(a_scene(prepared, ANNA)))
    night = a_scene(prepared, ANNA, now=NOW + timedelta(hours=12))
    assert "🕘 Closed until 07:00 · Daily 07:00–21:00\n" in seen(delivery_card(night))


def test_the_collector_reads_the_hours_of_the_week_and_until_when_it_is_closed() -> None:
    stored = a_delivery(State.STORED)
    reader = replace(BEN, language="en")
    assert "🕘 Daily 07:00–21:00\n" in seen(delivery_card(a_scene(stored, reader)))
    night = a_scene(stored, reader, now=NOW + timedelta(hours=12))
    assert "🕘 Closed until 07:00 · Daily 07:00–21:00\n" in seen(delivery_card(night))
    unknown = a_scene(stored, reader, tower=replace(TOWER, hours=None))
    assert "🕘" not in seen(delivery_card(unknown))


def test_taking_back_makes_the_sender_the_collector() -> None:
    delivery = a_delivery(State.STORED, taken_back=True)
    assert labels(delivery_card(a_scene(delivery, ANNA)))[0] == "Get pick-up code"
    assert "Get pick-up code" not in labels(
        delivery_card(a_scene(delivery, replace(BEN, language="en")))
    )


# -- the recipient's


def english(state: State, **changes: Any) -> Message | None:
    return delivery_card(a_scene(a_delivery(state), replace(BEN, language="en"), **changes))


def test_the_recipient_finds_tower_door_deadline_and_the_code_first() -> None:
    view = english(State.STORED)
    for told in ("a parcel from Anna", "Locker 14", "Main Station", "until Friday 18:00"):
        assert told in seen(view)
    for offered in ("More time", "Let somebody else collect", "Report a problem"):
        assert offered in labels(view)
    assert labels(view)[0] == "Get pick-up code"


def test_with_a_code_out_it_can_be_shown_again_or_replaced() -> None:
    view = english(State.STORED, code=a_code(CodeKind.PICK_UP, BEN.id))
    assert labels(view)[:3] == ["Show again", "New code", "It did not open"]
    over = replace(a_code(CodeKind.PICK_UP, BEN.id), expires_at=NOW)
    assert labels(english(State.STORED, code=over))[0] == "Get pick-up code"


def test_several_parcels_in_one_tower_are_one_visit() -> None:
    others = [a_delivery(State.STORED, locker_name=door) for door in ("3", "8")]
    assert "2 more parcels wait for you in this tower (lockers 3, 8)" in seen(
        english(State.STORED, companions=others)
    )


def test_a_door_label_is_not_listed_twice() -> None:
    others = [a_delivery(State.STORED, locker_name="8")] * 2
    assert "2 more parcels wait for you in this tower (lockers 8)" in seen(
        english(State.STORED, companions=others)
    )


def test_whoever_has_no_name_is_somebody_and_a_line_begins_with_a_large_letter() -> None:
    ben = replace(BEN, language="en")
    nameless = replace(ANNA, name="")
    taken = a_delivery(State.STORED, taken_back=True)
    told = seen(delivery_card(a_scene(taken, ben, sender=nameless)))
    assert "Somebody is taking this parcel back" in told
    assert "ask" not in told
    assert "ask Anna" in seen(delivery_card(a_scene(taken, ben)))
    unknown = a_delivery(State.COLLECTED, recipient_name=None)
    assert "Somebody has collected it" in seen(
        delivery_card(a_scene(unknown, ANNA, recipient=None))
    )
    lower = replace(BEN, name="ben", language="en")
    assert "ben, a parcel from Anna" in seen(english(State.RESERVED, recipient=lower))
    assert "a parcel from somebody" in seen(english(State.STORED, sender=nameless))


def test_a_note_stands_apart_from_the_claim_code() -> None:
    unclaimed = a_delivery(State.STORED, recipient=None, recipient_name=None)
    told = seen(delivery_card(a_scene(unclaimed, ANNA, claim=CLAIM)))
    assert "\n\n📝 Mind the eggs\n\n" in told
    assert told.endswith("K7QF-2M9X")


SENDERS_WISHES = {
    State.RESERVED: {"Get drop-off code", "More time", "Another size", "Cancel"},
    State.RENTED: {"Show again", "It did not open", "It doesn't fit", "Cancel"},
    State.STORED: {"Take it back", "Extend", "Hand the claim to somebody else"},
}


@pytest.mark.parametrize("state", SENDERS_WISHES)
def test_what_a_sender_may_wish_for_is_offered_claimed_or_not(state: State) -> None:
    code = a_code(CodeKind.DROP_OFF, ANNA.id) if state is State.RENTED else None
    for changes in ({}, {"recipient": None, "recipient_name": None}):
        claim = CLAIM if changes else None
        scene = a_scene(a_delivery(state, **changes), ANNA, code=code, claim=claim)
        assert set(labels(delivery_card(scene))) >= SENDERS_WISHES[state]


def test_once_collected_the_last_two_lines_stand_there_and_history_leads_to_the_rest() -> None:
    for reader, you in ((BEN, "you"), (ANNA, "Ben")):
        card = delivery_card(a_scene(a_delivery(State.COLLECTED), replace(reader, language="en")))
        assert seen(card).split("\n\n")[-1].splitlines() == [
            "…",
            "12:35 · Reported: in the locker since 12:31",
            f"12:36 · Pick-up code issued ({you})",
        ]
        assert labels(card).count("History") == 1


def test_what_would_take_as_much_room_folded_stands_there_whole() -> None:
    story = STORY[-3:]
    short = delivery_card(a_scene(a_delivery(State.COLLECTED), ANNA, history=a_history(*story)))
    assert seen(short).split("\n\n")[-1].count(" · ") == 3
    assert "History" not in labels(short)
    longer = a_history(*STORY[-4:])
    card = delivery_card(a_scene(a_delivery(State.COLLECTED), ANNA, history=longer))
    assert "History" in labels(card)


def test_the_words_of_a_problem_report_are_not_for_the_other_side() -> None:
    story = a_history(("problem", ANNA.id, "Ben is always late"))
    assert "always late" not in seen(english(State.COLLECTED, history=story))


def test_whoever_handed_it_on_has_the_link_until_somebody_claims() -> None:
    open_claim = a_delivery(State.STORED, recipient=None, handed_over_by=CARA.id)
    view = delivery_card(a_scene(open_claim, CARA, claim=CLAIM))
    assert {"Share the link", "Pick-up slip"} <= {*labels(view)}
    assert "Locker" not in seen(view)
    assert "no longer yours" in seen(delivery_card(a_scene(a_delivery(State.STORED), CARA)))


def test_where_there_is_no_point_on_the_map_the_address_is_looked_for() -> None:
    assert map_url(TOWER).endswith("?mlat=40.406600&mlon=-3.689200#map=18/40.406600/-3.689200")
    assert map_url(replace(TOWER, longitude=None)).endswith("query=Station+Road+1%2C+Madrid")


# -- operators and groups

_PARCEL = a_delivery(State.STORED)
ORPHAN = orphan(NOW, Locker(LockerId(122), "22", TOWER.id, LockerStatus.RENTED, Size.SMALL))
ALERTS = {
    alert.kind: alert
    for alert in (
        harbor_away(NOW, "TryLater"),
        no_links(NOW),
        nobody_heard(NOW, Unheard.TAKEN),
        not_saved(NOW, "database or disk is full"),
        gone_unasked(NOW, _PARCEL),
        ORPHAN,
        odd_status(NOW, _PARCEL, LockerStatus.OUT_OF_SERVICE),
        unheld(NOW, _PARCEL, LockerStatus.RENTED),
        door_left_out(NOW, _PARCEL, 2),
        door_reported(NOW, _PARCEL),
        problem_reported(NOW, _PARCEL, BEN.id, "<b>wet & cold</b>"),
        not_collected(NOW, _PARCEL),
        guessing(NOW, PersonId(2**52), "1f2e"),
        unreadable(NOW, "assigned_lockers", 2, "id: int_type"),
        guessed_by_many(NOW),
        limit_reached(NOW, PersonId(2**52), "1f2e", Limit.HOLDS, 12),
    )
}


def concern(alert: Alert, **changes: Any) -> Concern:
    about = _PARCEL if alert.delivery else None
    basics = {"delivery": about, "tower": TOWER, "sender": ANNA}
    situation = AlertSituation(alert, NOW + timedelta(hours=1), **(basics | changes))
    return Concern(situation, speak("en"))


def test_an_alert_at_a_tower_without_an_address_tells_its_name_alone() -> None:
    somewhere = replace(TOWER, address="")
    text = alert_card(concern(ALERTS[AlertKind.ODD], tower=somewhere)).html
    assert f"📍 {TOWER.name} · " in text


@pytest.mark.parametrize("kind", list(AlertKind))
def test_every_alert_is_told_as_it_stands_and_once_it_is_over(kind: AlertKind) -> None:
    for cleared_at in (None, NOW + timedelta(minutes=5)):
        for tower in (TOWER, None):
            alert = replace(ALERTS[kind], cleared_at=cleared_at)
            view = alert_card(concern(alert, tower=tower))
            accepted(view)
            assert "12:31 CEST" in seen(view) or "10:31 UTC" in seen(view)
            assert "Overview" in labels(view)


@pytest.mark.parametrize("kind", list(AlertKind))
def test_every_alert_can_be_seen_once_and_says_by_whom(kind: AlertKind) -> None:
    alert = ALERTS[kind]
    button = next(x for x in buttons(alert_card(concern(alert))) if x.text == "Seen")
    assert button.press is not None
    assert (button.press.verb, arg_to_key(button.press.arg or "")) == ("seen", alert.key)
    alert = replace(alert, seen_at=NOW, seen_by=CARA.id)
    view = alert_card(concern(alert, seen_by=CARA))
    assert "Seen by Cara" in seen(view)
    assert "Seen" not in labels(view)


def test_the_longest_key_of_an_alert_fits_a_button() -> None:
    longest = odd_status(NOW, a_delivery(State.RELEASING), LockerStatus.OUT_OF_SERVICE)
    far = Locker(LockerId(2**63 - 1), "1", TOWER.id, LockerStatus.RENTED, None)
    for alert in (longest, orphan(NOW, far)):
        accepted(alert_card(concern(alert)))


def test_an_orphan_can_be_released_once() -> None:
    release = buttons(alert_card(concern(ORPHAN)))[0]
    pressed = release.press
    assert pressed is not None
    assert (pressed.verb, pressed.arg) == (AlertAction.RELEASE_ORPHAN, "00000000000000aa.122")
    under_way = alert_card(concern(replace(ORPHAN, release=True)))
    assert "Release the locker" not in labels(under_way)
    assert "being released" in seen(under_way)


def test_an_orphan_goes_by_the_name_on_its_door() -> None:
    told = seen(alert_card(concern(ORPHAN)))
    assert "22" in told
    assert "122" not in told


def test_an_orphan_with_a_parcel_inside_is_fetched_out_and_not_released() -> None:
    view = alert_card(concern(replace(ORPHAN, status=LockerStatus.OCCUPIED)))
    assert "Release the locker" not in labels(view)
    assert "Fetch the parcel out" in labels(view)


def test_what_an_operator_fetches_out_is_said_to_be_with_them() -> None:
    out = a_delivery(State.COLLECTED, fetcher=PersonId(9))
    for reader in (ANNA, replace(BEN, language="en")):
        view = delivery_card(a_scene(out, reader, words=speak("en")))
        assert "An operator has fetched it out" in seen(view)
        assert "Report a problem" in labels(view)


def test_a_problem_reaches_operators_in_the_persons_own_words() -> None:
    view = alert_card(concern(ALERTS[AlertKind.PROBLEM]))
    assert "“<b>wet & cold</\u2060b>”" in seen(view)
    assert "Look at the delivery" in labels(view)
    assert "Anna" in seen(view)


def test_a_door_that_does_not_open_says_with_what_it_was_tried() -> None:
    alert = ALERTS[AlertKind.DOOR]
    by_token = seen(alert_card(concern(alert)))
    assert "Tried by a locker token" in by_token
    by_link = seen(alert_card(concern(alert, delivery=a_delivery(State.RENTED, **BY_LINK))))
    assert "Tried by an opening link" in by_link
    assert "Locker Open app" in by_link


def test_a_group_is_shown_the_way_to_the_private_chat() -> None:
    view = group_card(speak("en"), LINKS.open_with("group"))
    accepted(view)
    assert buttons(view)[0].url == "https://t.me/parcels_bot?start=group"


def test_the_checks_here_would_notice_what_telegram_refuses() -> None:
    broken = Message("<b>open", ((Button("x", press("menu")),),))
    with pytest.raises(ApiError):
        accepted(broken)
    too_many = Message("x", tuple((Button("x", press("menu")),) for _ in range(9)))
    with pytest.raises(AssertionError):
        accepted(too_many)


def test_a_long_history_keeps_its_beginning_and_its_end() -> None:
    story = [("extended", None, str(number)) for number in range(100)]
    events = [("requested", ANNA.id, None), *story, ("collected", None, None)]
    lines = timeline(a_scene(a_delivery(State.COLLECTED), ANNA, history=a_history(*events))).split(
        "\n"
    )
    assert len(lines) == MOST
    assert "Locker requested" in lines[0]
    assert lines[4] == "…"
    assert "Taken out" in lines[-1]


def test_the_same_thing_over_and_over_is_one_line() -> None:
    story = a_history(*[("door_did_not_open", BEN.id, None)] * 3)
    told = timeline(a_scene(a_delivery(State.COLLECTED), ANNA, history=story))
    assert read_out(told) == "12:33 · The door did not open (3×) (Ben)"


def test_an_event_without_a_name_here_is_left_out_of_the_timeline() -> None:
    story = a_history(
        ("requested", ANNA.id, None), ("unknown", BEN.id, "?"), ("reserved", None, "7")
    )
    told = timeline(a_scene(a_delivery(State.RESERVED), ANNA, history=story)).split("\n")
    assert [line.partition(" · ")[2] for line in told] == [
        "Locker requested (you)",
        "Locker 7 reserved",
    ]
