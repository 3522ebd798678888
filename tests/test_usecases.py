"""What people can do to a delivery, and what Harbor and time make of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.domain.actions import Action
from bot.domain.codes import CodeKind
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.tower import Size
from bot.ports.database import Database, Transaction
from bot.usecases import operate
from bot.usecases.actor import NotPermitted, NotYours, Stale, authorized
from bot.usecases.book import another_size, cancel, try_elsewhere
from bot.usecases.cards import reach_changed, show_anew
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from bot.usecases.collect import Wait, Wrong, claim_by_code, claim_by_link, hand_over, take_back
from bot.usecases.extend import more_time
from bot.usecases.report import door_did_not_open
from tests.support.core import ANNA, BEN, CLEO, OPERATOR, START, TOWER, Core, core_on
from tests.support.sixty import cards_owed, sixty_parcels


@pytest.fixture
async def core(database: Database) -> AsyncIterator[Core]:
    async with core_on(database) as core:
        yield core


async def test_a_parcel_goes_from_hand_to_hand(core: Core):
    delivery = await core.reserved()
    assert delivery.state is State.RESERVED
    assert await core.status(delivery) == "reserved"
    assert delivery.held_until == START + core.policy.reservation
    await core.claimed(delivery)
    await core.on(ANNA, delivery, ask_drop_off_code)
    await core.work()
    assert (await core.now(delivery)).state is State.RENTED
    await core.all_shown()
    await core.put_in(delivery)
    core.clock.turn(1)
    await core.look()
    assert (await core.now(delivery)).state is State.STORED
    assert await core.rings(ANNA, delivery)
    assert await core.rings(BEN, delivery)
    assert (await core.collected(delivery)).state is State.COLLECTED
    assert await core.rings(ANNA, delivery)
    assert await core.rings(BEN, delivery)
    assert await core.history(delivery) == [
        "requested",
        "reserved",
        "claimed",
        "drop_off_issued",
        "dropped_off",
        "pick_up_issued",
        "collected",
    ]
    assert await core.assigned() == set()


async def test_a_code_leaves_the_database_as_soon_as_it_has_been_used(core: Core):
    delivery = await core.stored()
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    card = await core.code_card(ANNA, delivery)
    assert card is not None
    assert card.wanted > card.shown, "the message with the code is to be taken away"


async def test_a_second_tap_for_the_code_shows_the_same_code(core: Core):
    delivery = await core.rented()
    first = await core.code(delivery)
    await core.all_shown()
    await core.on(ANNA, delivery, ask_drop_off_code)
    await core.work()
    assert await core.code(delivery) == first
    card = await core.code_card(ANNA, delivery)
    assert card is not None
    assert card.ring


async def test_a_new_code_replaces_the_old_one(core: Core):
    delivery = await core.rented()
    first = await core.code(delivery)
    await core.on(ANNA, delivery, ask_drop_off_code, fresh=True)
    await core.work()
    assert await core.code(delivery) != first


async def test_more_time_before_the_code_was_asked_for_holds_the_locker_and_shows_nothing(
    core: Core,
):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, more_time)
    await core.work()
    held = await core.now(delivery)
    assert held.state is State.RENTED
    assert held.held_until == START + core.policy.drop_off
    code = await core.database.look(lambda tx: tx.code(delivery.id))
    assert code is not None
    assert not code.revealed
    await core.on(ANNA, delivery, ask_drop_off_code)
    code = await core.database.look(lambda tx: tx.code(delivery.id))
    assert code is not None
    assert code.revealed


async def test_a_reservation_that_nobody_uses_lapses_and_the_sender_is_told(core: Core):
    delivery = await core.reserved()
    await core.all_shown()
    await core.pass_time(seconds=301)
    await core.look()
    assert (await core.now(delivery)).state is State.LAPSED
    assert await core.rings(ANNA, delivery)


async def test_the_sender_is_warned_before_a_hold_runs_out_once(core: Core):
    delivery = await core.reserved()
    await core.all_shown()
    await core.pass_time(seconds=220)
    assert await core.rings(ANNA, delivery)
    await core.all_shown()
    await core.pass_time(seconds=30)
    assert not await core.rings(ANNA, delivery)


async def test_cancelling_a_reservation_frees_the_locker(core: Core):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, cancel)
    await core.work()
    core.clock.turn(1)
    await core.look()
    await core.work()
    assert await core.status(delivery) == "available"
    assert (await core.now(delivery)).state is State.CANCELLED


async def test_cancelling_before_harbor_was_asked_ends_at_once(core: Core):
    delivery = await core.request()
    await core.on(ANNA, delivery, cancel)
    await core.work()
    assert (await core.now(delivery)).state is State.CANCELLED
    assert await core.assigned() == set()


async def test_cancelling_does_not_wait_for_what_another_call_was_told_to_wait(core: Core):
    delivery = await core.request()
    later = core.clock.now() + timedelta(minutes=30)

    async def told_to_wait(tx: Transaction) -> None:
        [leased] = await tx.lease_requests(core.clock.now(), later, 10)
        await tx.request_failed(leased, later)
        await tx.give_back(leased)

    await core.database.run(told_to_wait)
    await core.on(ANNA, delivery, cancel)
    await core.work()
    assert (await core.now(delivery)).state is State.CANCELLED


async def test_releasing_twice_asks_harbor_once(core: Core):
    delivery = await core.rented()
    asked = await core.on(OPERATOR, delivery, operate.release)
    again = await core.on(OPERATOR, delivery, operate.release)
    assert again == asked, "a request that is under way is left alone, and the worker's lease too"
    assert (await core.history(delivery)).count("released_by_operator") == 1


async def test_a_code_that_is_under_way_is_not_asked_for_again(core: Core):
    delivery = await core.reserved()
    asked = await core.on(ANNA, delivery, ask_drop_off_code)
    assert await core.on(ANNA, delivery, ask_drop_off_code) == asked
    assert await core.on(ANNA, delivery, more_time) == asked, "it holds the locker no less long"


async def test_nobody_but_an_operator_releases_ends_or_writes(core: Core):
    delivery = await core.rented()
    for use_case in (operate.release, operate.end):
        with pytest.raises(NotYours):
            await core.on(ANNA, delivery, use_case)
    with pytest.raises(NotYours):
        await core.on(ANNA, delivery, operate.message_everybody, text="hello")
    assert await core.now(delivery) == delivery


async def test_an_operator_ends_no_delivery_that_holds_a_parcel(core: Core):
    delivery = await core.stored()
    with pytest.raises(NotPermitted):
        await core.on(OPERATOR, delivery, operate.end)
    assert await core.now(delivery) == delivery


async def test_a_parcel_put_in_after_cancelling_is_stored_and_its_sender_is_told(core: Core):
    (await core.control.put("/sandbox/sync", json={"automatic": False})).raise_for_status()
    delivery = await core.rented()
    text = await core.code(delivery)
    await core.on(ANNA, delivery, cancel)
    await core.work()
    await core.all_shown()
    (await core.hold(text)).raise_for_status()
    await core.at_door(delivery, "put-in", parcel="hat")
    await core.at_door(delivery, "close")
    (await core.control.post(f"/sandbox/towers/{TOWER}/sync")).raise_for_status()
    core.clock.turn(1)
    await core.look()
    assert (await core.now(delivery)).state is State.STORED
    assert await core.rings(ANNA, delivery)


async def test_it_does_not_fit_moves_claim_and_card_to_another_locker(core: Core):
    delivery = await core.rented()
    claim = await core.database.look(lambda tx: tx.claim(delivery.id))
    await core.on(ANNA, delivery, another_size, size=Size.LARGE)
    await core.work()
    core.clock.turn(1)
    await core.look()
    old = await core.now(delivery)
    assert old.successor is not None
    assert old.state in (State.RELEASING, State.CANCELLED)
    assert old.trouble is None
    assert "fits_not" in await core.history(old)
    new = await core.now(old.successor)
    assert new.state is State.RESERVED
    assert new.locker_size is Size.LARGE
    assert await core.card(ANNA, delivery) is None
    assert await core.card(ANNA, new) is not None
    moved = await core.database.look(lambda tx: tx.claim(new.id))
    assert moved is not None
    assert claim is not None
    assert (moved.code, moved.link) == (claim.code, claim.link)


async def test_a_full_tower_names_the_nearest_one_with_room(core: Core):
    for locker in await core.lockers.lockers(TOWER):
        if locker.status.value == "available":
            path = f"/sandbox/towers/{TOWER}/lockers/{locker.id}/status"
            (await core.control.post(path, json={"status": "out of service"})).raise_for_status()
    delivery = await core.reserved()
    assert delivery.state is State.NO_LOCKER
    assert delivery.elsewhere not in (None, TOWER)
    again = await core.on(ANNA, delivery, try_elsewhere)
    await core.work()
    assert (await core.now(again)).state is State.RESERVED


async def test_a_larger_locker_is_taken_only_if_the_sender_allows_it(core: Core):
    for locker in await core.lockers.lockers(TOWER):
        if locker.size is Size.MEDIUM and locker.status.value == "available":
            path = f"/sandbox/towers/{TOWER}/lockers/{locker.id}/status"
            (await core.control.post(path, json={"status": "out of service"})).raise_for_status()
    strict = await core.reserved(larger_allowed=False)
    assert strict.state is State.NO_LOCKER
    easy = await core.reserved(larger_allowed=True)
    assert easy.locker_size is Size.LARGE


async def test_nobody_but_the_collector_gets_the_pick_up_code(core: Core):
    delivery = await core.stored()
    await core.claimed(delivery, BEN)
    for somebody, refusal in ((ANNA, NotPermitted), (CLEO, NotYours)):
        with pytest.raises(refusal):
            await core.on(somebody, delivery, ask_pick_up_code)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    code = await core.database.look(lambda tx: tx.code(delivery.id))
    assert code is not None
    assert (code.holder, code.kind) == (BEN, CodeKind.PICK_UP)


async def test_a_claim_binds_the_first_person_only(core: Core):
    delivery = await core.reserved()
    claim = await core.database.look(lambda tx: tx.claim(delivery.id))
    assert claim is not None
    taken = await core.act(BEN, claim_by_link, Person(BEN, "Ben"), f"c_{claim.link}")
    assert taken.recipient == BEN
    late = await core.act(CLEO, claim_by_link, Person(CLEO, "Cleo"), f"c_{claim.link}")
    assert late == Wrong()
    assert (await core.now(delivery)).recipient == BEN


async def test_guessing_codes_gets_slower_and_the_operators_hear_of_it(core: Core):
    cleo = Person(CLEO, "Cleo")
    for left in (4, 3, 2, 1):
        assert await core.act(CLEO, claim_by_code, cleo, "AAAA-AAAA") == Wrong(left)
    fifth = await core.act(CLEO, claim_by_code, cleo, "AAAA-AAAA")
    assert fifth == Wait(START + timedelta(seconds=30))
    delivery = await core.reserved()
    claim = await core.database.look(lambda tx: tx.claim(delivery.id))
    assert claim is not None
    early = await core.act(CLEO, claim_by_code, cleo, claim.code)
    assert isinstance(early, Wait), "the right code, too, is not read before the delay is over"
    alerts = await core.alerts()
    assert [key.partition(":")[0] for key in alerts] == ["guessing"]
    core.clock.turn(31)
    sixth = await core.act(CLEO, claim_by_code, cleo, "AAAA-AAAB")
    assert sixth == Wait(core.clock.now() + timedelta(seconds=60))
    core.clock.turn(61)
    taken = await core.act(CLEO, claim_by_code, cleo, claim.code)
    assert taken.recipient == CLEO
    assert await core.alerts() == alerts, "who guesses does not settle it"


async def test_handing_over_makes_the_old_claim_and_code_worthless(core: Core):
    delivery = await core.stored()
    old = await core.database.look(lambda tx: tx.claim(delivery.id))
    assert old is not None
    await core.claimed(delivery, BEN)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    await core.on(BEN, delivery, hand_over)
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    with pytest.raises(NotYours):
        await core.on(BEN, delivery, ask_pick_up_code)
    again = await core.act(BEN, claim_by_link, Person(BEN, "Ben"), f"c_{old.link}")
    assert again == Wrong()
    assert (await core.now(delivery)).handed_over_by == BEN, "it is Ben who forwards the new link"
    await core.all_shown()
    taken = await core.claimed(delivery, CLEO)
    assert taken.recipient == CLEO
    card = await core.card(BEN, delivery)
    assert card is not None
    assert card.wanted > card.shown, "the link on Ben's card is dead now"


async def test_a_sender_can_take_the_parcel_back_until_it_is_collected(core: Core):
    delivery = await core.stored()
    await core.claimed(delivery, BEN)
    await core.on(ANNA, delivery, take_back)
    with pytest.raises(NotPermitted):
        await core.on(BEN, delivery, ask_pick_up_code)
    assert (await core.collected(delivery, ANNA)).state is State.COLLECTED


async def test_somebody_else_learns_nothing_of_a_delivery(core: Core):
    delivery = await core.reserved()
    for action in Action:
        for named in (delivery.id, "nosuch"):
            with pytest.raises(NotYours):
                await core.act(CLEO, authorized, named, action, revision=1)
    assert await core.act(OPERATOR, authorized, delivery.id, Action.LOOK) == delivery


async def test_a_button_of_an_older_card_is_stale(core: Core):
    delivery = await core.request()
    await core.work()
    with pytest.raises(Stale) as stale:
        await core.act(ANNA, authorized, delivery.id, Action.CANCEL_OK, revision=delivery.revision)
    assert stale.value.delivery.state is State.RESERVED
    for harmless in (Action.PROBLEM, Action.CANCEL):  # the latter only asks "sure?"
        assert await core.act(ANNA, authorized, delivery.id, harmless, revision=delivery.revision)


async def test_storage_is_extended_three_times_and_no_more(core: Core):
    delivery = await core.stored()
    assert delivery.collect_until is not None
    for _ in range(3):
        await core.on(ANNA, delivery, more_time)
    later = await core.now(delivery)
    assert later.collect_until == delivery.collect_until + timedelta(hours=72)
    with pytest.raises(NotPermitted):
        await core.on(ANNA, delivery, more_time)


async def test_reminders_come_after_a_day_and_before_the_end_then_it_is_overdue(core: Core):
    delivery = await core.stored()
    await core.claimed(delivery, BEN)
    await core.all_shown()
    await core.pass_time(hours=23)
    assert not await core.rings(BEN, delivery)
    await core.pass_time(hours=1, minutes=1)
    assert await core.rings(BEN, delivery)
    await core.all_shown()
    await core.pass_time(hours=42)
    assert await core.rings(BEN, delivery)
    await core.all_shown()
    await core.pass_time(hours=7)
    assert await core.rings(BEN, delivery)
    assert await core.rings(ANNA, delivery)
    assert (await core.now(delivery)).overdue_at is not None
    assert [key.partition(":")[0] for key in await core.alerts()] == ["overdue"]


async def test_the_first_reminder_waits_for_the_end_of_quiet_hours(core: Core):
    delivery = await core.stored()
    await core.claimed(delivery, BEN)
    tower = next(
        t for t in await core.database.look(lambda tx: tx.towers()) if t.id == delivery.tower
    )
    from zoneinfo import ZoneInfo

    due = (core.clock.now() + timedelta(hours=24)).astimezone(ZoneInfo(tower.zone))
    quiet = Person(
        BEN,
        "Ben",
        quiet_from=(due - timedelta(hours=1)).time().replace(second=0, microsecond=0),
        quiet_until=(due + timedelta(hours=2)).time().replace(second=0, microsecond=0),
    )

    async def step(tx):
        await tx.save_person(quiet)

    await core.database.run(step)
    await core.all_shown()
    await core.pass_time(hours=24, minutes=1)
    assert not await core.rings(BEN, delivery)
    await core.pass_time(hours=2)
    assert await core.rings(BEN, delivery)


async def test_an_operator_can_end_what_is_stuck_and_nobody_else_can(core: Core):
    delivery = await core.rented()
    with pytest.raises(NotYours):
        await core.on(ANNA, delivery, operate.end, reason="because")
    await core.on(OPERATOR, delivery, operate.end, reason="the door is broken")
    await core.work()
    assert (await core.now(delivery)).state is State.CLOSED
    assert await core.status(delivery) in ("declined", "available")


async def test_the_third_report_of_a_door_alerts_the_operators_once(core: Core):
    delivery = await core.rented()
    for _ in range(4):
        await core.on(ANNA, delivery, door_did_not_open)
    assert await core.alerts() == [f"door:{delivery.id}"]


async def test_a_parcel_to_oneself_needs_no_claim(core: Core):
    delivery = await core.stored(recipient=ANNA, recipient_name="Anna")
    assert await core.database.look(lambda tx: tx.claim(delivery.id)) is None
    assert (await core.collected(delivery, ANNA)).state is State.COLLECTED


async def test_an_expired_code_is_taken_away_and_a_new_one_can_be_had(core: Core):
    delivery = await core.stored()
    await core.claimed(delivery, BEN)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    first = await core.code(delivery)
    await core.all_shown()
    await core.pass_time(seconds=901)
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    refused = await core.hold(first)
    assert refused.status_code == 409
    assert (await core.collected(delivery)).state is State.COLLECTED


async def test_a_hundred_people_want_the_last_locker_and_one_gets_it(core: Core):
    last = None
    for locker in await core.lockers.lockers(TOWER):
        if locker.status.value == "available":
            if last is None and locker.size is Size.MEDIUM:
                last = locker
                continue
            path = f"/sandbox/towers/{TOWER}/lockers/{locker.id}/status"
            (await core.control.post(path, json={"status": "out of service"})).raise_for_status()
    wanted = [await core.request(PersonId(100 + n)) for n in range(100)]
    while (await core.database.look(lambda tx: tx.counts())).requests_owed:
        await core.work()
    states = [(await core.now(delivery)).state for delivery in wanted]
    assert states.count(State.RESERVED) == 1
    assert states.count(State.NO_LOCKER) == 99
    assert last is not None
    assert await core.assigned() == {int(last.id)}


async def test_sixty_parcels_are_told_of_a_language_and_of_who_left_or_came_back(core: Core):
    made = await sixty_parcels(core, ANNA, BEN, State.RENTED)
    await core.database.run(lambda tx: reach_changed(tx, BEN, now=core.clock.now()))
    assert await cards_owed(core, ANNA, made) == 60
    await core.all_shown()
    await core.database.run(lambda tx: show_anew(tx, ANNA, now=core.clock.now()))
    assert await cards_owed(core, ANNA, made) == 60
