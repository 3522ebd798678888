"""Whose messages an act puts out of date, whose phone rings, and what is written down of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import door_reported, problem_reported
from bot.domain.card import Lane, alert_subject
from bot.domain.codes import CodeKind
from bot.domain.deadlines import next_deadline
from bot.domain.delivery import MAX_NOTE, RequestKind, Role, Turn
from bot.domain.history import HistoryEvent
from bot.domain.ids import PersonId, TowerId
from bot.domain.lifecycle import Event, State
from bot.domain.opening_hours import collectable_by
from bot.domain.person import NO_QUESTION, WRITTEN, WRITTEN_ABOUT, Draft
from bot.domain.policy import Policy
from bot.usecases.actor import ask_of_harbor
from bot.usecases.cards import keep_code, reach_changed, show_anew, take_code_away
from bot.usecases.collect import hand_over, open_again, take_back
from bot.usecases.extend import more_time
from bot.usecases.forget import forget
from bot.usecases.operate import hold, message_everybody, message_one, see
from bot.usecases.report import door_did_not_open, report_problem
from tests.support.desk import ANNA, BEN, CARA, NOW, OLGA, OTTO, POLICY, TOWER, Desk, one
from tests.support.scenes import CLAIM, OTHER, a_code, asking

HER_CODE, HIS_CODE = "Anna code:a", "Ben code:a"
HER_CARD, HIS_CARD = "Anna delivery:a", "Ben delivery:a"


def rings(*subjects: str) -> set[str]:
    return {f"{subject} rings" for subject in subjects}


async def test_words_for_one_ring_on_their_card_alone_and_stand_on_their_screen(
    desk: Desk,
) -> None:
    delivery = await desk.keep(one(State.STORED))
    assert await desk.act(OLGA, message_one, delivery, Role.RECIPIENT, "By the door") == BEN.id
    silent = {HER_CARD, HER_CODE, HIS_CODE}
    assert await desk.owed() == silent | rings(HIS_CARD, "Ben screen")
    his, hers = [await desk.look(lambda tx, who=who: tx.draft(who.id)) for who in (BEN, ANNA)]
    assert his.answers == {WRITTEN: "By the door", WRITTEN_ABOUT: delivery.id}
    assert WRITTEN not in hers.answers
    [entry] = await desk.history(delivery)
    written = (HistoryEvent.MESSAGE_TO_ONE, OLGA.id, "By the door", BEN.id)
    assert (entry.event, entry.by, entry.detail, entry.told) == written


async def test_words_for_a_role_that_nobody_has_are_told_to_nobody(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED, recipient=None, recipient_name=None))
    assert await desk.act(OLGA, message_one, delivery, Role.RECIPIENT, "Hello") is None
    assert await desk.owed() == set()
    assert await desk.history(delivery) == []


@pytest.mark.parametrize(("recipient", "told"), [(BEN.id, {"Ben screen"}), (None, {"Cara screen"})])
async def test_words_for_everybody_reach_who_forwards_a_claim_while_it_is_open_and_not_the_writer(
    desk: Desk, recipient: PersonId | None, told: set[str]
) -> None:
    facts = {"sender": OLGA.id, "recipient": recipient, "handed_over_by": CARA.id}
    delivery = await desk.keep(one(State.STORED, **facts))
    await desk.act(OLGA, message_everybody, delivery, "By the door")
    screens = {each for each in await desk.owed() if " screen" in each}
    assert screens == rings(*told)


# -- events


@pytest.mark.parametrize(
    ("state", "event", "ring"),
    [
        (State.REQUESTED, Event.RESERVED, ()),
        (State.REQUESTED, Event.NO_LOCKER, ()),
        (State.RESERVED, Event.DROP_OFF_ISSUED, ()),
        (State.RESERVED, Event.LAPSED, (HER_CARD,)),
        (State.PREPARED, Event.FORGOTTEN, (HER_CARD,)),
        (State.RENTED, Event.DROPPED_OFF, (HER_CARD, HIS_CARD)),
        (State.STORED, Event.PICK_UP_ISSUED, ()),
        (State.STORED, Event.OVERDUE, (HER_CARD, HIS_CARD)),
        (State.STORED, Event.COLLECTED, (HER_CARD, HIS_CARD)),
        (State.RENTED, Event.CANCELLED, ()),
        (State.RELEASING, Event.RELEASED, ()),
        (State.RENTED, Event.CLOSED, (HER_CARD, HIS_CARD)),
    ],
)
async def test_an_event_shows_on_every_card_and_rings_for_whom_it_is_news(
    desk: Desk, state: State, event: Event, ring: tuple[str, ...]
) -> None:
    delivery = await desk.keep(one(state))
    after = await desk.befall(delivery, event, by=BEN.id, detail="why")
    silent = {HER_CARD, HIS_CARD, HER_CODE, HIS_CODE} - set(ring)
    assert await desk.owed() == silent | rings(*ring)
    [entry] = await desk.history(delivery)
    assert (entry.at, entry.event, entry.by, entry.detail) == (NOW, event.value, BEN.id, "why")
    assert (after.changed_at, after.revision) == (NOW, delivery.revision + 1)
    assert after.deadline_at == next_deadline(after, POLICY)
    assert after == await desk.now_of(delivery)


@pytest.mark.parametrize(
    ("facts", "ring"), [({"taken_back": True}, {HER_CARD}), ({"fetcher": OLGA.id}, set())]
)
async def test_overdue_rings_only_for_who_is_still_to_fetch_it(
    desk: Desk, facts: dict[str, object], ring: set[str]
) -> None:
    stored = await desk.keep(one(State.STORED), **facts)
    await desk.befall(stored, Event.OVERDUE)
    assert {each for each in await desk.owed() if each.endswith("rings")} == rings(*ring)


async def test_the_operator_who_fetches_it_sees_it_on_their_screen(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED), fetcher=OLGA.id)
    await desk.befall(stored, Event.OVERDUE)
    owed = await desk.owed()
    assert "Olga screen" in owed
    assert "Otto screen" not in owed


async def test_an_operator_without_a_screen_is_shown_none_for_what_they_fetch(desk: Desk) -> None:
    stranger = PersonId(77)
    stored = await desk.keep(one(State.STORED), fetcher=stranger)
    await desk.befall(stored, Event.OVERDUE)
    assert await desk.look(lambda tx: tx.cards_of(stranger)) == []


async def test_what_is_put_in_or_fetched_changes_the_visit_of_who_collects_alone(
    desk: Desk,
) -> None:
    rented = one(State.RENTED)
    beside = one(State.STORED, "b")
    elsewhere = one(State.STORED, "c", tower=TowerId("00000000000000bb"))
    back = one(State.STORED, "d", taken_back=True)
    await desk.keep(rented, beside, elsewhere, back)
    put_in = await desk.befall(await desk.now_of(rented), Event.DROPPED_OFF)
    assert await desk.owed() >= {"Ben delivery:b"}
    assert not await desk.owed() & {"Anna delivery:b", "Anna delivery:d", "Ben delivery:c"}
    await desk.shown()
    await desk.befall(put_in, Event.COLLECTED)
    assert "Ben delivery:b" in await desk.owed()
    assert "Anna delivery:d" not in await desk.owed()


async def test_what_is_shown_beside_a_parcels_cards_is_out_of_date_with_them(desk: Desk) -> None:
    subjects = ("slip:a", "photo:a", "map:a")
    stored = await desk.keep(one(State.STORED))

    async def shown(tx):
        for subject in subjects:
            await tx.mark(ANNA.id, subject, now=NOW)

    await desk.database.run(shown)
    await desk.shown()
    await desk.befall(stored, Event.OVERDUE)
    assert {f"Anna {subject}" for subject in subjects} <= await desk.owed()


async def test_whoever_is_awaited_has_no_visit_that_a_parcel_could_change(desk: Desk) -> None:
    awaited = await desk.keep(one(State.STORED, awaited=True))
    await desk.keep(one(State.STORED, "b"), one(State.STORED, "d", taken_back=True))
    await desk.befall(awaited, Event.OVERDUE)
    owed = await desk.owed()
    assert "Ben delivery:b" not in owed
    assert "Anna delivery:d" in owed, "the sender's has"
    await desk.shown()
    rented = await desk.keep(one(State.RENTED, "r", awaited=True))
    await desk.befall(rented, Event.DROPPED_OFF)
    assert "Ben delivery:b" not in await desk.owed()


async def test_a_code_in_whose_turn_others_wait_tells_that_there_is_one_more(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED))
    await desk.keep(one(State.STORED, "b", turn=Turn.NOW), one(State.STORED, "c"))
    await desk.befall(rented, Event.DROPPED_OFF)
    owed = await desk.owed()
    assert {"Ben delivery:b", "Ben code:b", "Ben delivery:c"} <= owed
    assert "Ben code:c" not in owed


async def test_the_first_and_the_last_prepared_parcel_of_a_place_change_the_senders_other_cards(
    desk: Desk,
) -> None:
    first, second = one(State.PREPARED), one(State.PREPARED, "b")
    rented = one(State.RENTED, "c")
    theirs = one(State.RENTED, "d", sender=BEN.id, recipient=ANNA.id)
    await desk.keep(first, second, rented, theirs)
    await desk.befall(await desk.now_of(first), Event.CANCELLED)
    assert not {each for each in await desk.owed() if ":c" in each or ":d" in each}
    await desk.shown()
    await desk.befall(await desk.now_of(second), Event.REQUESTED)
    assert {each for each in await desk.owed() if ":b" not in each} == {
        "Anna delivery:c",
        "Ben delivery:c",
        "Anna code:c",
        "Ben code:c",
    }


async def test_alerts_end_or_get_a_last_day_with_their_delivery_and_a_revived_one_has_none(
    desk: Desk,
) -> None:
    rented = await desk.keep(one(State.RENTED))
    about = [door_reported(NOW, rented), problem_reported(NOW, rented, BEN.id, "stuck")]

    async def step(tx):
        for alert in about:
            await tx.raise_alert(alert)

    await desk.database.run(step)
    lapsed = await desk.befall(rented, Event.LAPSED)
    assert await desk.alerts() == ["problem:a"]
    problem = await desk.look(lambda tx: tx.alert("problem:a"))
    assert problem.ends_at == NOW + timedelta(days=30)
    assert {f"{who} {alert_subject('door:a')} rings" for who in ("Olga", "Otto")} <= (
        await desk.owed()
    )
    await desk.befall(lapsed, Event.DROPPED_OFF)
    problem = await desk.look(lambda tx: tx.alert("problem:a"))
    assert (problem.ends_at, problem.stands) == (None, True)


async def test_an_event_of_what_goes_on_ends_no_alert(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED))
    await desk.database.run(lambda tx: tx.raise_alert(door_reported(NOW, stored)))
    await desk.befall(stored, Event.OVERDUE)
    assert await desk.alerts() == ["door:a"]


async def test_the_end_of_a_delivery_by_an_operator_rings_for_its_sender_and_recipient_alone(
    desk: Desk,
) -> None:
    rented = await desk.keep(one(State.RENTED, handed_over_by=CARA.id))
    await desk.befall(rented, Event.CLOSED)
    assert rings(HER_CARD, HIS_CARD) <= await desk.owed()
    assert "Cara delivery:a" in await desk.owed()


async def test_what_is_observed_clears_what_the_state_before_had_open(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED), code_until=NOW, reminders_sent=1, overdue_at=NOW)
    pushed = NOW - timedelta(minutes=3)
    stored = await desk.observe(rented, Event.DROPPED_OFF, occupied_at=pushed)
    assert (stored.code_until, stored.held_until, stored.reminders_sent) == (None, None, 0)
    assert (stored.trouble, stored.request, stored.overdue_at) == (None, None, None)
    assert (stored.occupied_at, stored.reported_at) == (pushed, NOW)
    assert stored.collect_until == collectable_by(None, NOW + POLICY.storage)
    assert stored.collected_at is None
    stored = await desk.act(BEN, ask_of_harbor, stored, RequestKind.PICK_UP_TOKEN, by=BEN.id)
    stored = await desk.act(OLGA, hold, replace(stored, code_until=NOW, reminders_sent=1))
    gone = await desk.observe(stored, Event.COLLECTED)
    assert gone.collected_at == NOW
    assert (gone.code_until, gone.request, gone.reminders_sent) == (None, None, 0)
    assert await desk.alerts() == ["gone:a"], "nobody had been given a code"


async def test_a_parcel_put_in_after_the_end_can_be_claimed_only_where_nobody_had(
    desk: Desk,
) -> None:
    for name, facts, claimable in (
        ("a", {"recipient": None}, True),
        ("b", {}, False),
    ):
        closed = await desk.keep(one(State.CLOSED, name), **facts)
        await desk.observe(closed, Event.DROPPED_OFF)
        claim = await desk.look(lambda tx, of=closed: tx.claim(of.id))
        assert (claim is not None) is claimable


# -- words


async def test_an_operators_words_stand_above_everybodys_present_question(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED), handed_over_by=OTTO.id)

    async def drafts(tx):
        await tx.save_draft(Draft(ANNA.id, "send", "size", {"tower": "x"}))
        await tx.save_draft(Draft(BEN.id, NO_QUESTION, "menu", {"left": "over"}))

    await desk.database.run(drafts)
    await desk.act(OTTO, message_everybody, stored, "w" * (MAX_NOTE + 1))
    said = {WRITTEN: "w" * MAX_NOTE, WRITTEN_ABOUT: stored.id}
    anna = await desk.look(lambda tx: tx.draft(ANNA.id))
    ben = await desk.look(lambda tx: tx.draft(BEN.id))
    otto = await desk.look(lambda tx: tx.draft(OTTO.id))
    assert (anna.errand, anna.step, anna.answers) == ("send", "size", {"tower": "x", **said})
    assert (ben.errand, ben.step, ben.answers) == ("menu", "menu", said)
    assert WRITTEN not in otto.answers, "they know what they have written"
    told = rings("Anna screen", "Ben screen", HER_CARD, HIS_CARD)
    assert await desk.owed() == told | {HER_CODE, HIS_CODE, "Otto delivery:a", "Otto code:a"}
    [entry] = await desk.history(stored)
    assert (entry.event, entry.by, entry.detail) == (
        HistoryEvent.MESSAGE,
        OTTO.id,
        said[WRITTEN],
    )


async def test_a_problem_rings_for_the_operators_once_and_counts_its_reports(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED))
    alert = "alert:problem:a"
    stored = await desk.act(BEN, report_problem, stored, "p" * (MAX_NOTE + 1))
    assert stored.problem_reported
    first = await desk.look(lambda tx: tx.alert("problem:a"))
    assert (first.text, first.person, first.reports) == ("p" * MAX_NOTE, BEN.id, 1)
    assert rings(f"Olga {alert}", f"Otto {alert}") <= await desk.owed()
    [entry] = await desk.history(stored)
    assert (entry.event, entry.by, entry.detail) == (HistoryEvent.PROBLEM, BEN.id, "p" * MAX_NOTE)
    await desk.shown()
    desk.now += timedelta(minutes=1)
    stored = await desk.act(ANNA, report_problem, stored, "again")
    assert {f"Olga {alert}", f"Otto {alert}"} <= await desk.owed()
    kept = await desk.look(lambda tx: tx.alert("problem:a"))
    assert (kept.text, kept.reports, kept.person, kept.ends_at) == ("again", 2, ANNA.id, None)
    assert kept.raised_at == NOW
    over = await desk.befall(await desk.befall(stored, Event.OVERDUE), Event.COLLECTED)
    desk.now += timedelta(minutes=1)
    await desk.act(ANNA, report_problem, over, "and again")
    kept = await desk.look(lambda tx: tx.alert("problem:a"))
    assert (kept.reports, kept.ends_at) == (3, desk.now + timedelta(days=30))


async def test_the_alert_of_a_parcel_is_out_of_date_with_it_in_silence(desk: Desk) -> None:
    stored = await desk.act(BEN, report_problem, await desk.keep(one(State.STORED)), "stuck")
    await desk.shown()
    await desk.befall(stored, Event.OVERDUE)
    assert {"Olga alert:problem:a", "Otto alert:problem:a"} <= await desk.owed()


async def test_a_problem_that_was_seen_rings_again_and_is_unseen_when_it_is_reported_again(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED))
    stored = await desk.act(BEN, report_problem, stored, "stuck")
    await desk.act(OLGA, see, "problem:a")
    await desk.shown()
    await desk.act(BEN, report_problem, stored, "stuck again")
    assert rings("Olga alert:problem:a", "Otto alert:problem:a") <= await desk.owed()
    alert = await desk.look(lambda tx: tx.alert("problem:a"))
    assert (alert.seen_at, alert.seen_by, alert.text) == (None, None, "stuck again")


async def test_an_alert_is_told_to_who_looks_after_its_tower_and_in_the_operators_group(
    desk: Desk,
) -> None:
    group = PersonId(-100)
    looks = {TOWER.id: frozenset({OTTO.id}), OTHER.id: frozenset({CARA.id})}
    desk.policy = Policy(frozenset({OLGA.id}), tower_operators=looks, operator_group=group)
    stored = await desk.keep(one(State.STORED))
    await desk.act(BEN, report_problem, stored, "stuck")
    told = {each for each in await desk.owed() if "alert" in each}
    assert told == rings("Otto alert:problem:a")
    assert await desk.look(lambda tx: tx.card(group, "alert:problem:a")) is not None


async def test_the_third_report_of_a_door_is_an_alert_and_the_fourth_is_no_other(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED))
    standing = []
    for _ in range(4):
        stored = await desk.act(BEN, door_did_not_open, stored)
        standing.append(await desk.alerts())
    assert standing == [[], [], ["door:a"], ["door:a"]]
    assert stored.door_reports == 4
    assert {entry.event for entry in await desk.history(stored)} == {HistoryEvent.DOOR_DID_NOT_OPEN}


# -- who collects


async def test_handing_over_tells_whoever_could_collect_and_what_waits_beside_it(
    desk: Desk,
) -> None:
    await desk.keep(one(State.STORED, handed_over_by=CARA.id), one(State.STORED, "b"))
    stored = await desk.now_of(one(State.STORED))
    after = await desk.act(BEN, hand_over, stored)
    assert (after.recipient, after.recipient_name, after.handed_over_by) == (None, None, BEN.id)
    assert {HER_CARD, HIS_CARD, "Cara delivery:a", "Ben delivery:b"} <= await desk.owed()
    assert not any(each.endswith("rings") for each in await desk.owed())
    assert [entry.event for entry in await desk.history(after)] == [HistoryEvent.HANDED_OVER]


async def test_what_was_written_down_of_last_is_the_latest_of_somebodys_parcels(desk: Desk) -> None:
    ago = [NOW - timedelta(hours=hours) for hours in (1, 2)]
    stored, later = one(State.STORED, changed_at=ago[1]), one(State.STORED, "b", changed_at=ago[0])
    await desk.keep(later, stored)
    await desk.act(BEN, hand_over, await desk.now_of(stored))
    theirs = await desk.look(lambda tx: tx.deliveries_of(ANNA.id, live=True))
    assert [each.id for each in theirs] == ["a", "b"]


async def test_the_sender_who_hands_over_forwards_the_claim_as_its_sender(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED))
    after = await desk.act(ANNA, hand_over, rented)
    assert (after.recipient, after.handed_over_by) == (None, None)
    assert await desk.look(lambda tx: tx.claim(rented.id)) is not None


async def test_a_claim_that_is_opened_again_ends_who_fetched_it_only_once_it_is_in(
    desk: Desk,
) -> None:
    for state, name, left in ((State.STORED, "a", False), (State.RENTED, "b", True)):
        kept = await desk.keep(one(state, name), taken_back=True)
        event = HistoryEvent.GIVEN_BY_OPERATOR
        after = await desk.act(OLGA, open_again, kept, event, "lost", rouse=frozenset({"sender"}))
        assert after.taken_back is left
        assert after.handed_over_by == OLGA.id
        assert f"Anna delivery:{name} rings" in await desk.owed()
        [entry] = await desk.history(after)
        assert (entry.event, entry.by, entry.detail) == (event, OLGA.id, "lost")


async def test_what_an_operator_fetched_is_nobodys_to_fetch_once_it_is_given_to_somebody(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED), fetcher=OLGA.id)
    stored = await desk.act(OLGA, ask_of_harbor, stored, RequestKind.PICK_UP_TOKEN, by=OLGA.id)
    after = await desk.act(OLGA, open_again, stored, HistoryEvent.GIVEN_BY_OPERATOR)
    assert (after.fetcher, after.request) == (None, None)


async def test_taking_back_ends_the_claim_and_what_was_asked_for(desk: Desk) -> None:
    asked = asking(RequestKind.PICK_UP_TOKEN, BEN.id)
    stored = await desk.keep(one(State.STORED, request=asked))
    await desk.database.run(lambda tx: tx.save_claim(replace(CLAIM, delivery=stored.id)))
    after = await desk.act(ANNA, take_back, stored)
    assert (after.taken_back, after.request) == (True, None)
    assert [entry.event for entry in await desk.history(after)] == [HistoryEvent.TAKEN_BACK]
    assert await desk.look(lambda tx: tx.claim(stored.id)) is None


# -- time


async def test_more_time_counts_from_now_once_it_has_passed_and_rings_the_last_bell_anew(
    desk: Desk,
) -> None:
    late = NOW - timedelta(hours=5)
    stored = await desk.keep(one(State.STORED, collect_until=late), overdue_at=late)
    stored = replace(stored, reminders_sent=2)
    after = await desk.act(BEN, more_time, stored)
    assert after.collect_until == collectable_by(None, NOW + POLICY.extension)
    assert (after.extensions, after.overdue_at, after.reminders_sent) == (1, None, 1)
    again = await desk.act(BEN, more_time, replace(after, reminders_sent=0))
    assert again.collect_until == collectable_by(None, NOW + 2 * POLICY.extension)
    assert (again.extensions, again.reminders_sent) == (2, 0)


async def test_what_is_prepared_stays_so_as_long_as_a_new_one(desk: Desk) -> None:
    prepared = await desk.keep(one(State.PREPARED, reminders_sent=1))
    desk.now += timedelta(days=6)
    after = await desk.act(ANNA, more_time, prepared)
    assert (after.held_until, after.reminders_sent) == (desk.now + POLICY.prepared, 0)


# -- people


async def test_whoever_has_left_or_is_back_is_seen_by_those_who_share_a_parcel(
    desk: Desk,
) -> None:
    await desk.keep(
        one(State.STORED),
        one(State.RENTED, "b", sender=BEN.id, recipient=None),
        one(State.COLLECTED, "c"),
        one(State.RENTED, "d", recipient=CARA.id),
    )
    await desk.database.run(lambda tx: reach_changed(tx, BEN.id, now=NOW))
    assert await desk.owed() == {HER_CARD}
    await desk.shown()
    await desk.database.run(lambda tx: reach_changed(tx, ANNA.id, now=NOW))
    assert await desk.owed() == {HIS_CARD, "Cara delivery:d"}


async def test_an_operator_who_is_back_is_shown_the_alerts_that_are_owed_still(desk: Desk) -> None:
    await desk.keep(one(State.STORED))
    loud, quiet, seen = alert_subject("loud"), alert_subject("quiet"), alert_subject("seen")

    async def step(tx):
        await tx.mark(OLGA.id, seen, now=NOW)

    await desk.database.run(step)
    await desk.shown()

    async def back(tx):
        await tx.mark(OLGA.id, loud, now=NOW, ring=True)
        await tx.mark(OLGA.id, quiet, now=NOW)
        before = [await tx.card(OLGA.id, subject) for subject in (loud, quiet)]
        await reach_changed(tx, OLGA.id, now=NOW)
        after = [await tx.card(OLGA.id, subject) for subject in (loud, quiet)]
        return [new.wanted - old.wanted for old, new in zip(before, after, strict=True)]

    assert await desk.database.run(back) == [1, 1]
    assert await desk.owed() == {f"Olga {loud} rings", f"Olga {quiet}"}


async def test_another_language_shows_on_all_that_somebody_is_shown_of_live_deliveries(
    desk: Desk,
) -> None:
    await desk.keep(one(State.STORED), one(State.COLLECTED, "b"))
    await desk.database.run(lambda tx: show_anew(tx, BEN.id, now=NOW))
    assert await desk.owed() == {HIS_CARD, HIS_CODE}
    await desk.shown()
    await desk.database.run(lambda tx: show_anew(tx, OLGA.id, now=NOW))
    assert await desk.owed() == set()


async def test_whoever_is_forgotten_loses_what_was_shown_and_operators_their_words(
    desk: Desk,
) -> None:
    over = await desk.keep(one(State.COLLECTED, tower=TOWER.id))

    async def step(tx):
        await tx.raise_alert(problem_reported(NOW, over, BEN.id, "stuck"))
        await tx.mark(OLGA.id, alert_subject("problem:a"), now=NOW)

    await desk.database.run(step)
    await desk.shown()
    before = await desk.look(lambda tx: tx.cards_of(BEN.id))
    assert await desk.act(BEN, forget)
    owed = await desk.owed()
    assert "Olga alert:problem:a" in owed
    assert {each for each in owed if each.startswith("Ben")} == {
        "Ben screen",
        *(f"Ben old:{card.message}" for card in before),
    }


async def test_a_photo_that_was_shown_goes_with_whoever_is_forgotten(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED, photo="AgACAgIAAxkBAAIBQ2"), one(State.COLLECTED, "b"))

    async def shown(tx):
        for name in "ab":
            await tx.mark(OLGA.id, f"photo:{name}", now=NOW)

    await desk.database.run(shown)
    await desk.shown()
    assert await desk.act(ANNA, forget)
    assert {each for each in await desk.owed() if "photo" in each} == {"Olga photo:a"}


async def test_nobody_is_forgotten_while_a_parcel_of_theirs_is_under_way(desk: Desk) -> None:
    await desk.keep(one(State.STORED))
    assert not await desk.act(BEN, forget)
    assert await desk.owed() == set()
    assert await desk.look(lambda tx: tx.person(BEN.id)) == BEN


# -- what opens a door


@pytest.mark.parametrize("revealed", [True, False])
async def test_a_code_rings_before_any_news_where_its_holder_has_asked_to_see_it(
    desk: Desk, revealed: bool
) -> None:
    stored = await desk.keep(one(State.STORED))
    code = replace(a_code(CodeKind.PICK_UP, BEN.id), delivery=stored.id, revealed=revealed)
    await desk.database.run(lambda tx: keep_code(tx, stored, code, now=NOW))
    assert await desk.look(lambda tx: tx.code(stored.id)) == code
    assert await desk.owed() == (rings(HIS_CODE) if revealed else set())
    due = await desk.database.run(lambda tx: tx.lease_cards(NOW, NOW, 9))
    assert [card.lane for card in due] == ([Lane.ANSWER] if revealed else [])


async def test_a_code_that_is_taken_away_is_kept_no_more_and_its_message_is_out_of_date(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED))
    code = replace(a_code(CodeKind.PICK_UP, BEN.id), delivery=stored.id)
    await desk.database.run(lambda tx: tx.save_code(code))
    await desk.database.run(lambda tx: take_code_away(tx, stored, now=NOW))
    assert await desk.look(lambda tx: tx.code(stored.id)) is None
    assert await desk.owed() == {HER_CODE, HIS_CODE}
    assert len(await desk.database.run(lambda tx: tx.lease_cards(NOW, NOW, 9))) == 2
