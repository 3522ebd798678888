"""What a booking writes: each field of the delivery, its history, its claim and its cards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.card import SCREEN, delivery_subject
from bot.domain.codes import CodeKind
from bot.domain.deadlines import next_deadline
from bot.domain.delivery import MAX_NOTE, MAX_PARCEL_NAME, Delivery, NoPhoto, RequestKind
from bot.domain.history import HistoryEvent
from bot.domain.ids import TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.tower import Low, Size
from bot.ports.database import Database
from bot.usecases.actor import NotPermitted
from bot.usecases.book import (
    Booking,
    another_door,
    another_size,
    at_tower,
    cancel,
    new_drop_off_code,
    next_parcel,
    one_more,
    prepare,
    request,
    try_again,
    try_elsewhere,
)
from bot.usecases.closing import ClosedForBooking, close_tower
from tests.support.desk import ANNA, BEN, CARA, NOW, OLGA, POLICY, TOWER, Desk, one
from tests.support.openers import BOTH_BY_LINK, MIXED
from tests.support.scenes import OTHER, a_code

FOR_BEN = {"recipient": BEN.id, "recipient_name": "Ben"}


@pytest.fixture
async def desk(sqlite_database: Database) -> Desk:
    made = Desk(sqlite_database)
    await made.keep(one(State.COLLECTED, "z"))  # with which everybody is known
    return made


def wish(**facts: object) -> Booking:
    return Booking(TOWER.id, Size.LARGE, **facts)


def asked(delivery: Delivery) -> tuple[object, ...]:
    """What is asked of Harbor, for whom, since when."""
    found = delivery.request
    return () if found is None else (found.kind, found.by, found.run_at, found.failures)


async def has_claim(desk: Desk, delivery: Delivery) -> bool:
    return await desk.look(lambda tx: tx.claim(delivery.id)) is not None


async def test_a_booking_keeps_what_was_chosen(desk: Desk) -> None:
    chosen = wish(openers=MIXED, low=Low.ONLY, larger_allowed=False, note="n" * (MAX_NOTE + 1))
    made = await desk.act(ANNA, request, ANNA, chosen)
    assert made == Delivery(
        made.id,
        ANNA.id,
        TOWER.id,
        Size.LARGE,
        state=State.REQUESTED,
        version=made.version,
        low=Low.ONLY,
        larger_allowed=False,
        note="n" * MAX_NOTE,
        created_at=NOW,
        changed_at=NOW,
        drop_off_opener=Opener.TOKEN,
        pick_up_opener=Opener.LINK,
        request=made.request,
    )
    assert asked(made) == (RequestKind.LOCKER, None, NOW, 0)
    [entry] = await desk.history(made)
    assert (entry.at, entry.event, entry.by, entry.detail) == (NOW, "requested", ANNA.id, "large")
    assert await has_claim(desk, made)
    kept = await desk.look(lambda tx: tx.person(ANNA.id))
    assert kept == replace(ANNA, last_tower=TOWER.id, last_size=Size.LARGE)


async def test_a_parcels_name_is_as_long_as_names_may_be_and_finds_it_once_it_is_over(
    desk: Desk,
) -> None:
    name = "boots " * MAX_PARCEL_NAME
    made = await desk.act(ANNA, prepare, ANNA, wish(parcel_name=name, recipient_name="Bob"))
    assert made.parcel_name == name[:MAX_PARCEL_NAME]
    assert (made.recipient, made.recipient_name) == (None, "Bob")
    await desk.act(ANNA, cancel, made)
    found = await desk.look(lambda tx: tx.ended_called(["boots"], None, 9))
    assert made.id in str(found)


async def test_nothing_is_booked_or_prepared_where_the_tower_or_its_location_is_closed(
    desk: Desk,
) -> None:
    towers = [replace(each, location=7) for each in (TOWER, OTHER)]
    await desk.database.run(lambda tx: tx.save_towers(towers))
    await desk.act(OLGA, close_tower, TOWER.id)
    beside = replace(wish(), tower=OTHER.id)
    for act in (request, prepare):
        for closed in (wish(), replace(beside, openers=BOTH_BY_LINK)):
            with pytest.raises(ClosedForBooking):
                await desk.act(ANNA, act, ANNA, closed)
        assert (await desk.act(ANNA, act, ANNA, beside)).tower == OTHER.id


async def test_what_was_booked_at_a_closed_tower_wants_no_locker_there(desk: Desk) -> None:
    towers = [replace(each, location=7) for each in (TOWER, OTHER)]
    await desk.database.run(lambda tx: tx.save_towers(towers))
    await desk.act(OLGA, close_tower, OTHER.id)
    by_link = {"drop_off_opener": Opener.LINK, "pick_up_opener": Opener.TOKEN}
    by_token = {"drop_off_opener": Opener.TOKEN, "pick_up_opener": Opener.LINK}
    there = await desk.keep(one(State.PREPARED, "a", tower=OTHER.id, **by_token))
    linked = await desk.keep(one(State.PREPARED, "b", **by_link))
    nowhere = await desk.keep(one(State.NO_LOCKER, "c", elsewhere=OTHER.id))
    for act, delivery in ((at_tower, there), (at_tower, linked), (try_elsewhere, nowhere)):
        with pytest.raises(ClosedForBooking):
            await desk.act(ANNA, act, delivery)
    beside = await desk.keep(one(State.PREPARED, "d", **by_token))
    assert (await desk.act(ANNA, at_tower, beside)).state is State.REQUESTED
    desk.policy = replace(POLICY, tower_openers={TOWER.id: BOTH_BY_LINK})
    back = await desk.keep(one(State.NO_LOCKER, "e", tower=OTHER.id, elsewhere=TOWER.id))
    with pytest.raises(ClosedForBooking):
        await desk.act(ANNA, try_elsewhere, back)


async def test_the_screen_becomes_the_card_of_what_was_booked(desk: Desk) -> None:
    screen = await desk.look(lambda tx: tx.card(ANNA.id, SCREEN))
    made = await desk.act(ANNA, request, ANNA, wish())
    card = await desk.look(lambda tx: tx.card(ANNA.id, delivery_subject(made.id)))
    assert (card.message, card.owed) == (screen.message, True)


async def test_a_link_is_shown_at_once_and_a_token_when_it_is_asked_for(desk: Desk) -> None:
    by_link = await desk.act(ANNA, request, ANNA, wish(openers=BOTH_BY_LINK))
    assert asked(by_link) == (RequestKind.LOCKER, ANNA.id, NOW, 0)
    by_token = await desk.act(ANNA, request, ANNA, wish(openers=MIXED))
    assert asked(by_token) == (RequestKind.LOCKER, None, NOW, 0)


async def test_what_is_prepared_asks_for_nothing_and_its_recipient_sees_it_is_coming(
    desk: Desk,
) -> None:
    made = await desk.act(ANNA, prepare, ANNA, wish(**FOR_BEN))
    assert (made.state, made.request) == (State.PREPARED, None)
    assert made.held_until == NOW + POLICY.prepared
    assert made.deadline_at == next_deadline(made, POLICY) is not None
    [entry] = await desk.history(made)
    assert (entry.event, entry.detail) == (HistoryEvent.PREPARED, "large")
    assert {f"Anna delivery:{made.id}", f"Ben delivery:{made.id}"} <= await desk.owed()
    assert not await has_claim(desk, made)
    assert (await desk.act(ANNA, request, ANNA, wish(**FOR_BEN))).held_until is None


async def test_the_first_that_is_prepared_for_a_place_changes_its_senders_other_cards(
    desk: Desk,
) -> None:
    await desk.keep(one(State.RENTED, "r"))
    await desk.act(ANNA, prepare, ANNA, wish())
    beside = {"Anna delivery:r", "Ben delivery:r", "Anna code:r", "Ben code:r"}
    assert beside <= await desk.owed()
    await desk.shown()
    await desk.act(ANNA, prepare, ANNA, wish())
    assert not beside & await desk.owed(), "they offer the next one already"


async def test_whoever_is_not_here_is_awaited_and_one_may_send_to_oneself(
    desk: Desk,
) -> None:
    stranger = wish(recipient=ANNA.id, recipient_name="Anna")
    own = await desk.act(ANNA, request, ANNA, stranger)
    assert (own.recipient, await has_claim(desk, own)) == (ANNA.id, False)
    await desk.database.run(lambda tx: tx.save_person(replace(BEN, reachable=False)))
    left = await desk.act(ANNA, request, ANNA, wish(**FOR_BEN))
    assert (left.recipient, left.awaited, await has_claim(desk, left)) == (BEN.id, True, True)
    unknown = await desk.act(ANNA, request, ANNA, wish(recipient=77, recipient_name="Eve"))
    assert (unknown.recipient, unknown.awaited, await has_claim(desk, unknown)) == (77, True, True)


@pytest.mark.parametrize(
    ("hers", "his", "low"),
    [(Low.ANY, Low.RATHER, Low.RATHER), (Low.ONLY, Low.RATHER, Low.ONLY)],
)
async def test_the_door_is_as_low_as_either_of_them_needs(
    desk: Desk, hers: Low, his: Low, low: Low
) -> None:
    await desk.database.run(lambda tx: tx.save_person(replace(BEN, low_locker=his)))
    made = await desk.act(ANNA, request, ANNA, wish(low=hers, **FOR_BEN))
    assert made.low is low


async def test_at_the_tower_a_prepared_parcel_asks_for_its_locker_and_shows_its_code(
    desk: Desk,
) -> None:
    prepared = await desk.keep(one(State.PREPARED, reminders_sent=1))
    after = await desk.act(ANNA, at_tower, prepared)
    assert (after.state, after.held_until, after.reminders_sent) == (State.REQUESTED, None, 0)
    assert asked(after) == (RequestKind.LOCKER, ANNA.id, NOW, 0)
    assert [entry.detail for entry in await desk.history(after)] == ["medium"]


async def test_the_next_parcel_is_the_oldest_of_those_prepared_for_the_tower(desk: Desk) -> None:
    stored = await desk.keep(
        one(State.STORED),
        one(State.PREPARED, "younger", created_at=NOW + timedelta(hours=1)),
        one(State.PREPARED, "older", created_at=NOW),
        one(State.PREPARED, "far", created_at=NOW, tower=TowerId("00000000000000bb")),
    )
    assert (await desk.act(ANNA, next_parcel, stored)).id == "older"
    assert (await desk.act(ANNA, next_parcel, stored)).id == "younger"
    with pytest.raises(NotPermitted):
        await desk.act(ANNA, next_parcel, stored)


async def test_one_more_like_it_rings_below_everything_else(desk: Desk) -> None:
    facts = {"drop_off_opener": Opener.LINK, "low": Low.ONLY, "larger_allowed": False}
    prepared = await desk.keep(one(State.PREPARED, **facts), note="eggs")
    more = await desk.act(ANNA, one_more, prepared)
    assert (more.state, more.low, more.larger_allowed) == (State.PREPARED, Low.ONLY, False)
    assert (more.note, more.recipient, more.recipient_name) == ("eggs", BEN.id, "Ben")
    assert (more.drop_off_opener, more.pick_up_opener) == (Opener.LINK, Opener.TOKEN)
    assert f"Anna delivery:{more.id} rings" in await desk.owed()
    assert f"Ben delivery:{more.id}" in await desk.owed()
    assert not await has_claim(desk, more)
    await desk.database.run(lambda tx: tx.save_person(replace(BEN, reachable=False)))
    assert await has_claim(desk, await desk.act(ANNA, one_more, prepared))


# -- once more


async def test_a_successor_takes_over_recipient_card_and_what_the_sender_has_set_since(
    desk: Desk,
) -> None:
    facts = {"drop_off_opener": Opener.TOKEN, "pick_up_opener": Opener.LINK}
    made = one(State.NO_LOCKER, parcel_name="Boots", **facts)
    over = await desk.keep(made, handed_over_by=CARA.id)
    await desk.database.run(lambda tx: tx.save_person(replace(ANNA, low_locker=Low.RATHER)))
    new = await desk.act(ANNA, try_again, over)
    assert (new.recipient, new.recipient_name, new.handed_over_by) == (BEN.id, "Ben", CARA.id)
    assert (new.parcel_name, new.note) == ("Boots", over.note)
    assert (new.drop_off_opener, new.pick_up_opener) == (Opener.TOKEN, Opener.LINK)
    assert (new.state, new.low, asked(new)) == (
        State.REQUESTED,
        Low.RATHER,
        (RequestKind.LOCKER, None, NOW, 0),
    )
    assert (await desk.now_of(over)).successor == new.id
    for who in (ANNA, BEN):
        assert await desk.look(lambda tx, of=who: tx.card(of.id, delivery_subject(new.id)))
        assert not await desk.look(lambda tx, of=who: tx.card(of.id, delivery_subject(over.id)))


async def test_a_claim_goes_on_to_the_successor_and_is_made_where_there_was_none(
    desk: Desk,
) -> None:
    over = await desk.act(ANNA, prepare, ANNA, wish())
    claim = await desk.look(lambda tx: tx.claim(over.id))
    over = await desk.act(ANNA, cancel, over)
    new = await desk.act(ANNA, try_again, over)
    moved = await desk.look(lambda tx: tx.claim(new.id))
    assert (moved.code, moved.link) == (claim.code, claim.link)
    assert not await has_claim(desk, over)
    bare = await desk.keep(one(State.NO_LOCKER, recipient=None))
    assert await has_claim(desk, await desk.act(ANNA, try_again, bare))


async def test_what_never_had_a_locker_is_prepared_again_and_asks_for_none(desk: Desk) -> None:
    lapsed = await desk.keep(one(State.LAPSED, locker=None))
    new = await desk.act(ANNA, try_again, lapsed)
    assert (new.state, new.request) == (State.PREPARED, None)


async def test_elsewhere_is_the_other_tower_with_what_opens_its_doors(
    sqlite_database: Database,
) -> None:
    there = TowerId("00000000000000bb")
    policy = Policy(operators=POLICY.operators, tower_openers={there: BOTH_BY_LINK})
    desk = Desk(sqlite_database, policy)
    nowhere = await desk.keep(one(State.NO_LOCKER))
    new = await desk.act(ANNA, try_elsewhere, nowhere)
    assert (new.tower, new.drop_off_opener, new.pick_up_opener) == (there, "link", "link")
    assert asked(new) == (RequestKind.LOCKER, ANNA.id, NOW, 0)


async def test_a_new_link_waits_for_the_first_locker_to_be_given_back(desk: Desk) -> None:
    facts = {"drop_off_opener": Opener.LINK, "pick_up_opener": Opener.LINK}
    rented = await desk.keep(one(State.RENTED, **facts))
    new = await desk.act(ANNA, new_drop_off_code, rented)
    old = await desk.now_of(rented)
    assert (new.state, new.request) == (State.REQUESTED, None)
    assert (old.state, old.successor, old.code_until) == (State.RELEASING, new.id, None)
    assert asked(old) == (RequestKind.RELEASE, None, NOW, 0)


async def test_a_new_token_is_for_the_same_door_although_the_old_one_is_good(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED))
    shown = replace(a_code(CodeKind.DROP_OFF, ANNA.id), delivery=rented.id)
    await desk.database.run(lambda tx: tx.save_code(shown))
    after = await desk.act(ANNA, new_drop_off_code, rented)
    assert (after.id, after.state) == (rented.id, State.RENTED)
    assert asked(after) == (RequestKind.DROP_OFF_TOKEN, ANNA.id, NOW, 0)


async def test_a_new_code_is_a_token_or_a_link_as_the_drop_off_is_and_not_the_pick_up(
    desk: Desk,
) -> None:
    mixed = {"drop_off_opener": Opener.TOKEN, "pick_up_opener": Opener.LINK}
    by_token = await desk.keep(one(State.RENTED, **mixed))
    assert (await desk.act(ANNA, new_drop_off_code, by_token)).id == by_token.id
    mixed = {"drop_off_opener": Opener.LINK, "pick_up_opener": Opener.TOKEN}
    by_link = await desk.keep(one(State.RENTED, "b", **mixed))
    assert (await desk.act(ANNA, new_drop_off_code, by_link)).id != by_link.id


async def test_another_door_gives_the_locker_back_and_says_why(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED, door_suspect=True))
    new = await desk.act(ANNA, another_door, rented)
    assert (new.size, new.door_suspect) == (rented.size, False)
    old = await desk.now_of(rented)
    assert (old.state, old.successor) == (State.RELEASING, new.id)
    told = [(entry.event, entry.by) for entry in await desk.history(rented)]
    assert (HistoryEvent.ANOTHER_DOOR, ANNA.id) in told


async def test_another_size_gives_the_locker_back_and_says_that_it_did_not_fit(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED))
    new = await desk.act(ANNA, another_size, rented, Size.X_LARGE)
    assert (new.size, asked(new)) == (Size.X_LARGE, (RequestKind.LOCKER, None, NOW, 0))
    assert (await desk.now_of(rented)).state is State.RELEASING
    told = [(entry.event, entry.detail) for entry in await desk.history(rented)]
    assert (HistoryEvent.FITS_NOT, "x-large") in told


async def test_what_is_over_changes_its_size_without_a_word_that_it_did_not_fit(
    desk: Desk,
) -> None:
    over = await desk.keep(one(State.NO_LOCKER))
    new = await desk.act(ANNA, another_size, over, Size.SMALL)
    assert (new.size, new.state) == (Size.SMALL, State.REQUESTED)
    assert await desk.history(over) == []
    with pytest.raises(NotPermitted):
        await desk.act(ANNA, another_size, new, None)


async def test_what_is_prepared_changes_its_size_in_its_place(desk: Desk) -> None:
    prepared = await desk.keep(one(State.PREPARED))
    after = await desk.act(ANNA, another_size, prepared, Size.SMALL)
    assert (after.id, after.size, after.state) == (prepared.id, Size.SMALL, State.PREPARED)
    [entry] = await desk.history(after)
    assert (entry.event, entry.detail) == (HistoryEvent.PREPARED, "small")


async def test_a_parcel_that_is_in_goes_back_to_its_sender_and_its_recipient_on(
    desk: Desk,
) -> None:
    stored = await desk.keep(one(State.STORED), one(State.STORED, "b"))
    new = await desk.act(ANNA, another_size, stored, Size.LARGE)
    old = await desk.now_of(stored)
    assert (old.recipient, old.recipient_name, old.taken_back) == (None, None, True)
    assert asked(old) == (RequestKind.PICK_UP_TOKEN, ANNA.id, NOW, 0)
    assert (new.recipient, new.recipient_name, new.size) == (BEN.id, "Ben", Size.LARGE)
    assert "Ben delivery:b" in await desk.owed(), "it no longer waits beside the other"


@pytest.mark.parametrize("facts", [{"photo": "AgACAgIAAxkBAAIBQ2"}, {"no_photo": NoPhoto.DECLINED}])
async def test_a_photo_goes_on_with_the_parcel_that_moves(
    desk: Desk, facts: dict[str, Any]
) -> None:
    plain = await desk.keep(one(State.STORED, "plain"))
    unseen = await desk.act(ANNA, another_size, plain, Size.LARGE)
    stored = await desk.keep(one(State.STORED, handed_over_by=CARA.id, **facts))
    new = await desk.act(ANNA, another_size, stored, Size.LARGE)
    old = await desk.now_of(stored)
    assert (new.photo, new.no_photo) == (stored.photo, stored.no_photo)
    assert (new.changed_at, new.deadline_at) == (NOW, next_deadline(new, POLICY))
    assert new.revision == unseen.revision
    assert (old.photo, old.no_photo) == (None, stored.no_photo)
    assert (old.handed_over_by, new.handed_over_by) == (None, CARA.id)


async def test_cancelling_what_is_prepared_is_all_that_happens(desk: Desk) -> None:
    prepared = await desk.keep(one(State.PREPARED, "p"))
    after = await desk.act(ANNA, cancel, prepared)
    assert (after.state, after.held_until, after.request) == (State.CANCELLED, None, None)


async def test_cancelling_takes_the_code_away_and_has_the_locker_given_back(desk: Desk) -> None:
    rented = await desk.keep(one(State.RENTED, code_until=NOW))
    shown = replace(a_code(CodeKind.DROP_OFF, ANNA.id), delivery=rented.id)
    await desk.database.run(lambda tx: tx.save_code(shown))
    after = await desk.act(ANNA, cancel, rented)
    assert (after.state, after.code_until) == (State.RELEASING, None)
    assert asked(after) == (RequestKind.RELEASE, None, NOW, 0)
    assert "Anna code:a" in await desk.owed()
    assert await desk.look(lambda tx: tx.code(rented.id)) is None


def test_what_a_delivery_was_booked_with_counts_before_what_is_configured() -> None:
    policy = Policy(openers=BOTH_BY_LINK)
    kept = one(State.STORED, drop_off_opener=Opener.TOKEN)
    assert kept.opener(CodeKind.DROP_OFF, policy) is Opener.TOKEN
    assert kept.opener(CodeKind.PICK_UP, policy) is Opener.LINK
    assert one(State.STORED, pick_up_opener=Opener.TOKEN).opener(CodeKind.PICK_UP, policy) is (
        Opener.TOKEN
    )
