"""What somebody is given of all that is held about them: what is theirs, and nothing of others."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import problem_reported
from bot.domain.card import delivery_subject
from bot.domain.claims import claim_payload, show_claim_code
from bot.domain.closures import Closure
from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import Delivery, NoPhoto, RequestKind, Turn
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import LockerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.person import Draft, Person
from bot.domain.tower import Size
from bot.domain.waiting import Wait
from bot.usecases.export import LEFT_OUT, held_about
from tests.support.desk import ANNA, BEN, CARA, NOW, OLGA, OTTO, TOWER, Desk, one
from tests.support.scenes import CLAIM, PAGED, asking

LATER = NOW + timedelta(minutes=5)


async def held(desk: Desk, who: Person) -> Any:
    return await desk.look(lambda tx: held_about(tx, who, LATER))


async def parcel(desk: Desk, who: Person, name: str = "a") -> Any:
    """What one is given of one parcel."""
    [found] = [each for each in (await held(desk, who))["deliveries"] if each["id"] == name]
    return found


async def claims(desk: Desk, delivery: Delivery, claim: Any = CLAIM) -> Delivery:
    await desk.database.run(lambda tx: tx.save_claim(replace(claim, delivery=delivery.id)))
    return delivery


async def writes(desk: Desk, *entries: HistoryEntry) -> None:
    async def step(tx: Any) -> None:
        for entry in entries:
            await tx.record(entry)

    await desk.database.run(step)


async def test_whoever_is_held_nothing_else_about_gets_themselves_and_what_is_left_out(
    desk: Desk,
) -> None:
    draft = Draft(CARA.id, "send", "size", {"tower": "x"})
    await desk.keep(one(State.STORED))
    await desk.database.run(lambda tx: tx.save_draft(draft))
    found = await held(desk, CARA)
    [screen] = await desk.look(lambda tx: tx.cards_of(CARA.id))
    kept = await desk.look(lambda tx: tx.draft(CARA.id))
    assert found == {
        "made_at": LATER,
        "left_out": LEFT_OUT,
        "person": asdict(CARA),
        "conversation": asdict(kept),
        "messages": [{"about": "screen", "message": screen.message, "form": "text"}],
        "deliveries": [],
        "done_in_deliveries_of_others": [],
        "waits_for_lockers": [],
        "closed_or_opened_for_booking": [],
        "refused_senders_since": [],
        "alerts": [],
        "wrong_claim_codes_of_a_day": {"asked": 0, "unasked": 0, "last": None},
    }
    assert found["conversation"]["answers"] == {"tower": "x"}


async def test_of_a_parcel_both_get_all_but_each_other_and_what_is_the_others_alone(
    desk: Desk,
) -> None:
    stored = one(
        State.STORED,
        parcel_name="Boots",
        photo="AgACAgIAAxkBAAIBQ2",
        no_photo=NoPhoto.DECLINED,
        turn=Turn.NOW,
        visit_at=NOW,
        picked_by=ANNA.id,
        request=asking(RequestKind.PICK_UP_TOKEN, BEN.id),
    )
    await desk.keep(stored, one(State.COLLECTED, "over"))
    hers, his = await parcel(desk, ANNA), await parcel(desk, BEN)
    both = set(hers) & set(his)
    assert set(hers) - both == {"sender", "picked_by", "photo", "no_photo"}
    assert set(his) - both == {"recipient", "turn", "visit_at"}
    assert both >= {"id", "tower", "size", "state", "note", "locker_name", "collect_until"}
    assert "request" not in both
    assert (hers["parcel_name"], hers["note"], hers["photo"]) == (
        "Boots",
        stored.note,
        stored.photo,
    )
    assert (his["recipient"], his["turn"], his["visit_at"]) == (BEN.id, Turn.NOW, NOW)
    assert (hers["you_are"], his["you_are"]) == (["sender"], ["recipient"])
    assert hers["asked_of_harbor"] is RequestKind.PICK_UP_TOKEN
    for each in (hers, his):
        assert (each["history"], each["code"], each["claim"]) == ([], None, None)
        assert None not in [value for name, value in each.items() if name not in ("code", "claim")]
    over = await parcel(desk, BEN, "over")
    assert (over["state"], over["asked_of_harbor"]) == (State.COLLECTED, None)
    assert [each["id"] for each in (await held(desk, ANNA))["deliveries"]] == ["a", "over"]


async def test_of_a_code_its_holder_gets_that_there_is_one(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED))
    code = Code(
        stored.id,
        CodeKind.PICK_UP,
        Opener.LINK,
        BEN.id,
        "secret",
        LATER,
        revealed=True,
        digits="12",
    )
    await desk.database.run(lambda tx: tx.save_code(code))
    assert (await parcel(desk, BEN))["code"] == {
        "kind": CodeKind.PICK_UP,
        "opener": Opener.LINK,
        "expires_at": LATER,
        "was_shown": True,
    }
    assert (await parcel(desk, ANNA))["code"] is None


@pytest.mark.parametrize("claim", [CLAIM, PAGED])
async def test_a_claim_is_for_who_may_forward_it_while_it_is_open(desk: Desk, claim: Any) -> None:
    nobody = {"recipient": None, "recipient_name": None}
    await claims(desk, await desk.keep(one(State.STORED, **nobody)), claim)
    written = {"code": show_claim_code(claim.code), "link": claim_payload(claim)}
    if claim.page:
        written["page"] = claim.page
    assert (await parcel(desk, ANNA))["claim"] == written
    kept = await desk.keep(one(State.STORED, "d", awaited=True))
    other = replace(claim, code="K7QF2M9D", link="d" * 22, page=None)
    await claims(desk, kept, other)
    assert (await parcel(desk, ANNA, "d"))["claim"] is not None
    assert (await parcel(desk, BEN, "d"))["claim"] is None, "whoever picked them forwards it"
    for name, state, facts in (("b", State.COLLECTED, nobody), ("c", State.STORED, {})):
        other = replace(claim, code=f"K7QF2M9{name.upper()}", link=name * 22, page=None)
        await claims(desk, await desk.keep(one(state, name, **facts)), other)
    assert [(await parcel(desk, ANNA, name))["claim"] for name in "bc"] == [None, None]


async def test_of_a_story_one_gets_ones_own_words_and_those_that_one_was_told(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED))
    words = [
        (HistoryEvent.REQUESTED, ANNA.id, "medium", None),
        (HistoryEvent.PROBLEM, ANNA.id, "hers", None),
        (HistoryEvent.PROBLEM, BEN.id, "his", None),
        (HistoryEvent.MESSAGE, OLGA.id, "to both", None),
        (HistoryEvent.MESSAGE_TO_ONE, OLGA.id, "to him", BEN.id),
        (HistoryEvent.DROPPED_OFF, None, None, None),
    ]
    at = [NOW + timedelta(minutes=number) for number in range(len(words))]
    await writes(
        desk,
        *(HistoryEntry(stored.id, when, *each) for when, each in zip(at, words, strict=True)),
    )
    his = (await parcel(desk, BEN))["history"]
    assert his[0] == {"at": NOW, "event": "requested", "by_you": False, "detail": "medium"}
    assert [line.get("detail") for line in his] == [
        "medium",
        None,
        "his",
        "to both",
        "to him",
        None,
    ]
    assert [line["by_you"] for line in his] == [False, False, True, False, False, False]
    assert [line["at"] for line in his] == at
    assert "detail" not in his[1]
    assert "detail" not in his[5]


async def test_what_one_did_in_parcels_of_others_is_told_with_the_claim_given_to_forward(
    desk: Desk,
) -> None:
    nobody = {"recipient": None, "recipient_name": None}
    first = await desk.keep(one(State.STORED, handed_over_by=OTTO.id, **nobody))
    await claims(desk, first)
    second = await desk.keep(one(State.STORED, "b"))
    entry = HistoryEntry(second.id, NOW, HistoryEvent.CLOSED, OLGA.id, "lost keys")
    await writes(
        desk,
        entry,
        replace(entry, by=OTTO.id, detail="found keys"),
        replace(entry, at=LATER, event=HistoryEvent.EXTENDED, detail=None),
        replace(entry, delivery=first.id, event=HistoryEvent.HANDED_OVER, by=OTTO.id, detail=None),
        replace(entry, delivery=first.id, event=HistoryEvent.CLAIMED, by=ANNA.id, detail=None),
    )
    found = {each["id"]: each for each in (await held(desk, OLGA))["done_in_deliveries_of_others"]}
    told = {"event": "closed", "at": NOW, "by_you": True}
    assert found == {
        "b": {
            "id": "b",
            "history": [
                told | {"detail": "lost keys"},
                {"event": "extended", "at": LATER, "by_you": True},
            ],
            "claim": None,
        },
    }
    assert (await held(desk, ANNA))["done_in_deliveries_of_others"] == [], "it is hers"
    theirs = (await held(desk, OTTO))["done_in_deliveries_of_others"]
    written = {"code": show_claim_code(CLAIM.code), "link": claim_payload(CLAIM)}
    assert {each["id"]: each["claim"] for each in theirs} == {"a": written, "b": None}
    assert [len(each["history"]) for each in theirs] == [1, 1]


async def test_waits_closures_refusals_and_tries_are_told_of_whose_they_are(desk: Desk) -> None:
    await desk.keep(one(State.STORED))
    over = Closure(1, TOWER.id, NOW, by=OLGA.id, words="New floor")
    theirs = Closure(2, TOWER.id, NOW, LockerId(14), "14", by=OTTO.id, words="Jammed")
    wait = Wait(1, OLGA.id, TOWER.id, Size.LARGE, True, NOW, LATER)

    async def step(tx: Any) -> None:
        await tx.close(over)
        await tx.reopen(over.id, LATER, OTTO.id)
        await tx.close(theirs)
        await tx.reopen(theirs.id, LATER, OLGA.id)
        await tx.add_wait(wait)
        await tx.refuse(OLGA.id, ANNA.id, NOW)
        await tx.note_wrong_try(OLGA.id, NOW - timedelta(hours=23), asked=True)
        await tx.note_wrong_try(OLGA.id, NOW - timedelta(hours=25), asked=True)

    await desk.database.run(step)
    found = await held(desk, OLGA)
    mine, others = found["closed_or_opened_for_booking"]
    assert mine == {
        "tower": TOWER.id,
        "locker": None,
        "at": NOW,
        "closed_by_you": True,
        "your_words": "New floor",
        "ended_at": LATER,
        "ended_by_you": False,
    }
    assert (others["locker"], others["closed_by_you"], others["ended_by_you"]) == (14, False, True)
    assert others["your_words"] is None
    assert found["waits_for_lockers"] == [asdict(wait)]
    assert found["refused_senders_since"] == [NOW]
    assert found["wrong_claim_codes_of_a_day"]["asked"] == 1


async def test_an_alert_is_told_without_the_words_of_others(desk: Desk) -> None:
    stored = await desk.keep(one(State.STORED))
    alert = replace(
        problem_reported(NOW, stored, BEN.id, "stuck"),
        seen_by=OLGA.id,
        seen_at=LATER,
        owner=OTTO.id,
        cleared_at=LATER,
    )
    await desk.database.run(lambda tx: tx.save_alert(alert))
    about = {
        "kind": alert.kind,
        "raised_at": NOW,
        "over_at": LATER,
        "delivery": "a",
        "about_you": False,
        "your_words": "",
        "seen_by_you_at": None,
        "yours_to_put_right": False,
    }
    for who, told in (
        (BEN, {"about_you": True, "your_words": "stuck"}),
        (OLGA, {"seen_by_you_at": LATER}),
        (OTTO, {"yours_to_put_right": True}),
    ):
        assert (await held(desk, who))["alerts"] == [about | told], who.name
    assert (await held(desk, ANNA))["alerts"] == [about], "it is about a parcel of hers"
    assert (await held(desk, CARA))["alerts"] == []
    card = await desk.look(lambda tx: tx.card(BEN.id, delivery_subject("a")))
    told = {"about": "delivery:a", "message": card.message, "form": "text"}
    assert told in (await held(desk, BEN))["messages"]
