"""Whose a parcel is: picked, awaited, refused, handed on or kept; and who is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from bot.domain.actions import Action, permitted
from bot.domain.claims import Claim, claim_payload
from bot.domain.deadlines import Deadline, deadlines, reminders_of_newcomer
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.limits import FREE_TRIES
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.recipient import Reach, reach
from bot.domain.tower import Size
from bot.usecases.actor import NotPermitted, NotYours
from bot.usecases.book import another_size, cancel, one_more, try_again
from bot.usecases.codes import ask_pick_up_code
from bot.usecases.collect import (
    KeptForAnother,
    Own,
    claim_by_code,
    claim_by_link,
    decline,
    hand_over,
    keep,
    take_back,
)
from bot.usecases.export import held_about
from bot.usecases.operate import fetch, give, message_everybody
from bot.usecases.recipients import allow, arrive, reach_of
from tests.support.core import ANNA, BEN, CLEO, DORA, OPERATOR, Core
from tests.support.scenes import NOW, a_delivery


async def claim_of(core: Core, delivery: Delivery) -> Claim | None:
    return await core.database.look(lambda tx: tx.claim(delivery.id))


async def comes(core: Core, who: PersonId = DORA, name: str = "Dora") -> None:
    """They open the bot, for the first time or again."""
    person = Person(who, name)
    await core.database.run(lambda tx: tx.save_person(person))
    await core.act(who, arrive, person)


async def leaves(core: Core, who: PersonId) -> None:
    person = await core.database.look(lambda tx: tx.person(who))
    assert person is not None
    await core.database.run(lambda tx: tx.save_person(replace(person, reachable=False)))


async def for_dora(core: Core) -> Delivery:
    return await core.request(recipient=DORA, recipient_name="Dora")


async def handed_to(core: Core, delivery: Delivery, who: PersonId, by: PersonId) -> Delivery:
    return await core.on(by, delivery, hand_over, person=who, name="?")


async def owed(core: Core, who: PersonId, delivery: Delivery) -> bool:
    card = await core.card(who, delivery)
    return card is not None and card.wanted > card.shown


# -- picked


async def test_somebody_who_is_here_has_it_at_once_and_there_is_no_claim(core: Core):
    delivery = await core.request(recipient=BEN, recipient_name="Ben")
    assert (delivery.recipient, delivery.awaited, delivery.picked_by) == (BEN, False, ANNA)
    assert await claim_of(core, delivery) is None


async def test_somebody_who_never_came_is_awaited_with_a_claim_and_shown_nothing(core: Core):
    delivery = await core.stored(recipient=DORA, recipient_name="Dora")
    assert (delivery.recipient, delivery.awaited) == (DORA, True)
    assert await claim_of(core, delivery) is not None
    assert await core.card(DORA, delivery) is None


async def test_nobody_but_whoever_is_awaited_can_use_the_link_or_the_code(core: Core):
    delivery = await for_dora(core)
    claim = await claim_of(core, delivery)
    assert claim is not None
    ben = Person(BEN, "Ben")
    for _ in range(FREE_TRIES + 1):
        assert await core.act(BEN, claim_by_code, ben, claim.code) == KeptForAnother()
        assert await core.act(BEN, claim_by_link, ben, claim_payload(claim)) == KeptForAnother()
    tries = await core.database.look(lambda tx: tx.wrong_tries(BEN, core.clock.now()))
    assert tries.asked == 0
    assert await core.alerts() == []
    anna = Person(ANNA, "Anna")
    assert await core.act(ANNA, claim_by_code, anna, claim.code) == Own(delivery.id)
    taken = await core.act(DORA, claim_by_link, Person(DORA, "Dora"), claim_payload(claim))
    assert (taken.recipient, taken.awaited, taken.picked_by) == (DORA, False, ANNA)
    assert await claim_of(core, delivery) is None


async def test_a_stranger_learns_no_more_while_it_has_no_locker(core: Core):
    delivery = await for_dora(core)
    claim = await claim_of(core, delivery)
    await core.on(ANNA, delivery, cancel)
    await core.work()
    assert claim is not None
    answer = await core.act(BEN, claim_by_link, Person(BEN, "Ben"), claim_payload(claim))
    assert answer == KeptForAnother()


async def test_when_they_come_it_is_theirs_by_their_id_and_everybody_sees_it(core: Core):
    delivery = await core.stored(recipient=DORA, recipient_name="D.")
    other = await core.request(recipient=DORA, recipient_name="D.")
    await core.all_shown()
    await comes(core)
    for each in (delivery, other):
        now = await core.now(each)
        assert (now.recipient, now.recipient_name, now.awaited) == (DORA, "Dora", False)
        assert await claim_of(core, each) is None
        assert await core.rings(DORA, each)
        assert await owed(core, ANNA, each)
        assert "claimed" in await core.history(each)
    await core.on(DORA, delivery, ask_pick_up_code)


async def test_whoever_left_the_bot_is_awaited_until_they_are_back(core: Core):
    await leaves(core, BEN)
    delivery = await core.request(recipient=BEN, recipient_name="Ben")
    assert delivery.awaited
    await comes(core, BEN, "Ben")
    assert not (await core.now(delivery)).awaited


async def test_what_was_given_up_before_they_came_is_not_shown_but_theirs_if_it_goes_on(
    core: Core,
):
    delivery = await for_dora(core)
    await core.on(ANNA, delivery, cancel)
    await core.work()
    await comes(core)
    assert await core.card(DORA, delivery) is None
    again = await core.on(ANNA, delivery, try_again)
    assert (again.recipient, again.awaited) == (DORA, False)


async def test_whoever_came_while_nobody_noticed_has_it_once_the_parcel_is_in(core: Core):
    delivery = await core.rented(recipient=DORA, recipient_name="Dora")
    await core.database.run(lambda tx: tx.save_person(Person(DORA, "Dora")))
    await core.put_in(delivery)
    core.clock.turn(1)
    await core.look()
    assert not (await core.now(delivery)).awaited
    assert await claim_of(core, delivery) is None
    assert await core.rings(DORA, delivery)


async def test_the_sender_makes_it_a_link_for_anyone(core: Core):
    delivery = await for_dora(core)
    old = await claim_of(core, delivery)
    await core.on(ANNA, delivery, hand_over)
    new = await claim_of(core, delivery)
    assert old is not None
    assert new is not None
    assert new.code != old.code
    await comes(core)
    assert (await core.now(delivery)).recipient is None
    assert (await core.claimed(delivery, CLEO)).recipient == CLEO


async def test_a_successor_waits_for_the_same_person_with_the_same_claim(core: Core):
    delivery = await core.reserved(recipient=DORA, recipient_name="Dora")
    claim = await claim_of(core, delivery)
    new = await core.on(ANNA, delivery, another_size, size=Size.LARGE)
    assert (new.recipient, new.awaited, new.picked_by) == (DORA, True, ANNA)
    moved = await claim_of(core, new)
    assert claim is not None
    assert moved == replace(claim, delivery=new.id)


async def test_the_sender_takes_back_what_nobody_came_for_and_may_wait_for_them_no_more(
    core: Core,
):
    delivery = await core.stored(recipient=DORA, recipient_name="Dora")
    await core.on(ANNA, delivery, take_back)
    assert await claim_of(core, delivery) is None
    await comes(core)
    with pytest.raises(NotPermitted):
        await core.on(DORA, delivery, ask_pick_up_code)
    assert not await core.rings(DORA, delivery)


# -- who never comes


async def test_the_sender_is_reminded_once_that_whoever_was_picked_has_not_come(core: Core):
    delivery = await core.stored(recipient=DORA, recipient_name="Dora")
    await core.all_shown()
    await core.pass_time(hours=11, minutes=59)
    assert not await core.rings(ANNA, delivery)
    await core.pass_time(minutes=2)
    assert await core.rings(ANNA, delivery)
    await core.all_shown()
    await core.pass_time(hours=30)
    assert not await core.rings(ANNA, delivery)
    assert await core.card(DORA, delivery) is None


async def test_the_reminder_waits_for_the_end_of_quiet_hours(core: Core):
    quiet = Person(ANNA, "Anna", quiet_from=time(22), quiet_until=time(8))
    delivery = await core.stored(recipient=DORA, recipient_name="Dora")
    await core.database.run(lambda tx: tx.save_person(quiet))
    await core.all_shown()
    await core.pass_time(hours=12, minutes=5)  # 23:05 in Austin
    assert not await core.rings(ANNA, delivery)
    await core.pass_time(hours=9)
    assert await core.rings(ANNA, delivery)


async def test_whoever_comes_in_time_is_reminded_as_anybody_is(core: Core):
    delivery = await core.stored(recipient=DORA, recipient_name="Dora")
    await core.pass_time(hours=13)
    await comes(core)
    await core.all_shown()
    await core.pass_time(hours=12)
    assert await core.rings(DORA, delivery)
    assert not await core.rings(ANNA, delivery)


def test_a_parcel_that_somebody_fetches_reminds_nobody_of_who_never_came() -> None:
    waiting = a_delivery(State.STORED, awaited=True, picked_by=ANNA)
    kinds = [kind for _, kind in deadlines(waiting, Policy())]
    assert Deadline.AWAITED in kinds
    assert Deadline.FIRST_REMINDER not in kinds
    for apart in ({"taken_back": True}, {"fetcher": OPERATOR}, {"reminders_sent": 1}):
        kinds = [kind for _, kind in deadlines(replace(waiting, **apart), Policy())]  # type: ignore[arg-type]  # fields by name
        assert Deadline.AWAITED not in kinds
    short = replace(waiting, collect_until=waiting.reported_at)
    assert (waiting.reported_at, Deadline.AWAITED) in deadlines(short, Policy())


def test_a_newcomers_own_reminder_is_counted_anew_only_while_it_is_ahead() -> None:
    waiting = a_delivery(State.STORED, awaited=True, reminders_sent=1)
    policy = Policy()
    assert waiting.reported_at is not None
    first = waiting.reported_at + policy.first_reminder
    assert reminders_of_newcomer(waiting, policy, first - timedelta(seconds=1)) == 0
    assert reminders_of_newcomer(waiting, policy, first) == 1
    late = replace(waiting, reminders_sent=2)
    assert reminders_of_newcomer(late, policy, NOW) == 2


# -- refused


@pytest.mark.parametrize(
    ("person", "refused", "becomes"),
    [
        (None, False, Reach.AWAITED),
        (Person(BEN, "Ben"), False, Reach.HERE),
        (Person(BEN, "Ben", reachable=False), False, Reach.AWAITED),
        (Person(BEN, "Ben"), True, Reach.REFUSES),
        (Person(BEN, "Ben", pickable=False), False, Reach.REFUSES),
        (Person(BEN, "Ben", pickable=False, reachable=False), False, Reach.REFUSES),
        (None, True, Reach.REFUSES),
    ],
)
def test_what_becomes_of_a_pick(person: Person | None, refused: bool, becomes: Reach) -> None:
    assert reach(person, refused=refused) is becomes


async def test_not_for_me_is_for_good_and_the_sender_has_a_link_for_anyone(core: Core):
    delivery = await core.stored(recipient=BEN, recipient_name="Ben")
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    await core.all_shown()
    declined = await core.on(BEN, delivery, decline)
    assert (declined.recipient, declined.recipient_name, declined.declined) == (None, "Ben", True)
    assert await core.rings(ANNA, delivery)
    assert await owed(core, BEN, delivery)
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    with pytest.raises(NotYours):
        await core.on(BEN, delivery, ask_pick_up_code)

    another = await core.request(recipient=BEN, recipient_name="Ben")
    assert (another.recipient, another.declined) == (None, True)
    assert await claim_of(core, another) is not None
    from_cleo = await core.request(CLEO, recipient=BEN, recipient_name="Ben")
    assert from_cleo.recipient == BEN, "others may pick them"
    by_link = await core.claimed(another, BEN)
    assert (by_link.recipient, by_link.declined, by_link.picked_by) == (BEN, False, None)

    await core.act(BEN, allow, ANNA)
    assert (await core.request(recipient=BEN, recipient_name="Ben")).recipient == BEN


async def test_only_whoever_was_picked_can_refuse(core: Core):
    delivery = await core.claimed(await core.request(), BEN)
    with pytest.raises(NotPermitted):
        await core.on(BEN, delivery, decline)
    mine = await core.request(recipient=ANNA, recipient_name="Anna")
    with pytest.raises(NotPermitted):
        await core.on(ANNA, mine, decline)
    taken = await core.stored(recipient=BEN, recipient_name="Ben")
    await core.on(ANNA, taken, take_back)
    with pytest.raises(NotPermitted):
        await core.on(BEN, taken, decline)


async def test_who_refused_is_not_picked_by_trying_again_or_one_more(core: Core):
    delivery = await core.request(recipient=BEN, recipient_name="Ben")
    prepared = await core.prepare(recipient=BEN, recipient_name="Ben")
    await core.on(ANNA, delivery, cancel)
    await core.work()
    await core.on(BEN, prepared, decline)
    again = await core.on(ANNA, delivery, try_again)
    assert (again.recipient, again.declined) == (None, True)
    assert await claim_of(core, again) is not None
    other = await core.prepare(CLEO, recipient=BEN, recipient_name="Ben")
    more = await core.on(CLEO, other, one_more)
    assert more.recipient == BEN
    await core.on(BEN, other, decline)
    assert (await core.on(CLEO, more, one_more)).recipient is None


async def test_refusing_is_undone_by_no_ones_being_forgotten_but_ones_own(core: Core):
    delivery = await core.prepare(recipient=BEN, recipient_name="Ben")
    await core.on(BEN, delivery, decline)
    await core.database.run(lambda tx: tx.forget_person(ANNA))
    assert await core.act(BEN, _reach_of, BEN) is Reach.REFUSES
    await core.database.run(lambda tx: tx.forget_person(BEN))
    assert await core.act(BEN, _reach_of, BEN) is Reach.AWAITED


async def _reach_of(act: Any, person: PersonId) -> Reach:
    return await reach_of(act.tx, person, by=ANNA)


async def test_the_export_says_what_was_refused_and_names_nobody(core: Core):
    delivery = await core.prepare(recipient=BEN, recipient_name="Ben")
    now = core.clock.now()
    await core.on(BEN, delivery, decline)
    held = await core.database.look(lambda tx: held_about(tx, Person(BEN, "Ben"), now))
    assert held["refused_senders_since"] == [now]
    assert held["person"]["pickable"] is True
    theirs = await core.database.look(lambda tx: held_about(tx, Person(CLEO, "Cleo"), now))
    assert theirs["refused_senders_since"] == []


# -- handed on


async def test_whoever_handed_it_on_by_link_keeps_it_while_nobody_has_claimed_it(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, hand_over)
    claim = await claim_of(core, delivery)
    kept = await core.on(BEN, delivery, keep)
    assert (kept.recipient, kept.recipient_name, kept.handed_over_by) == (BEN, "Ben", None)
    assert await claim_of(core, delivery) is None
    assert claim is not None
    await core.on(BEN, delivery, ask_pick_up_code)
    with pytest.raises(NotYours):
        await core.on(BEN, delivery, keep)


async def test_once_somebody_has_it_it_can_not_be_taken_back(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, hand_over)
    taken = await core.claimed(delivery, CLEO)
    assert (taken.recipient, taken.handed_over_by) == (CLEO, BEN)
    with pytest.raises(NotPermitted):
        await core.on(BEN, delivery, keep)
    for use_case in (ask_pick_up_code, hand_over, decline):
        with pytest.raises(NotYours):
            await core.on(BEN, delivery, use_case)


async def test_handed_on_to_somebody_who_never_came_it_can_be_taken_back(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    passed = await handed_to(core, delivery, DORA, BEN)
    assert (passed.recipient, passed.awaited, passed.handed_over_by) == (DORA, True, BEN)
    await core.on(BEN, delivery, keep)
    await comes(core)
    assert (await core.now(delivery)).recipient == BEN
    assert await core.card(DORA, delivery) is None


async def test_handed_on_to_somebody_who_is_here_it_is_theirs_and_their_phone_rings(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    await core.all_shown()
    passed = await handed_to(core, delivery, CLEO, BEN)
    assert (passed.recipient, passed.picked_by, passed.handed_over_by) == (CLEO, BEN, BEN)
    assert passed.old_code_until is not None
    assert await claim_of(core, delivery) is None
    assert await core.rings(CLEO, delivery)
    assert not await core.rings(BEN, delivery)


async def test_whoever_was_handed_it_refuses_whoever_handed_it_on_and_not_the_sender(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await handed_to(core, delivery, CLEO, BEN)
    await core.all_shown()
    declined = await core.on(CLEO, delivery, decline)
    assert (declined.recipient, declined.handed_over_by) == (None, BEN)
    assert await core.rings(ANNA, delivery)
    assert await core.rings(BEN, delivery)
    assert (await core.on(BEN, delivery, keep)).recipient == BEN
    assert (await core.request(recipient=CLEO, recipient_name="Cleo")).recipient == CLEO
    refused = await core.database.look(lambda tx: tx.refusals_of(CLEO))
    assert [each.sender for each in refused] == [BEN]


async def test_handing_on_to_oneself_changes_nothing(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    before = await core.now(delivery)
    assert await handed_to(core, delivery, BEN, BEN) == before


async def test_the_next_who_hands_it_on_takes_the_place_of_the_first(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await handed_to(core, delivery, CLEO, BEN)
    await core.all_shown()
    passed = await handed_to(core, delivery, DORA, CLEO)
    assert passed.handed_over_by == CLEO
    assert await owed(core, BEN, delivery), "it says that he has no part any more"
    with pytest.raises(NotYours):
        await core.on(BEN, delivery, keep)


async def test_the_sender_hands_over_above_everybodys_head(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, hand_over)
    await core.all_shown()
    passed = await handed_to(core, delivery, CLEO, ANNA)
    assert (passed.recipient, passed.handed_over_by, passed.picked_by) == (CLEO, None, ANNA)
    assert await owed(core, BEN, delivery)


async def test_whoever_handed_it_on_hears_when_it_was_collected(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, hand_over)
    await core.claimed(delivery, CLEO)
    assert (await core.collected(delivery, CLEO)).state is State.COLLECTED
    for person in (ANNA, BEN, CLEO):
        assert await core.rings(person, delivery)


async def test_an_operator_who_gives_it_away_does_not_become_its_recipient(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    given = await core.on(OPERATOR, delivery, give)
    assert permitted(Action.KEEP, given, OPERATOR, core.policy) is None


async def test_what_an_operator_fetches_out_is_nobodys_to_keep_or_refuse(core: Core):
    delivery = await core.stored(recipient=DORA, recipient_name="Dora")
    fetched = await core.on(OPERATOR, delivery, fetch)
    assert await claim_of(core, delivery) is None
    await comes(core)
    here = await core.now(fetched)
    assert permitted(Action.DECLINE, here, DORA, core.policy) is None
    assert here.collector == OPERATOR


async def test_an_operators_words_are_for_those_whose_parcel_it_is(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, hand_over)
    await core.claimed(delivery, CLEO)
    await core.on(OPERATOR, delivery, message_everybody, text="Door 14 sticks")
    drafts = [await core.database.look(lambda tx, of=who: tx.draft(of)) for who in (CLEO, BEN)]
    assert ["written" in draft.answers for draft in drafts] == [True, False]


async def test_whoever_handed_it_on_and_is_forgotten_hears_no_more(core: Core):
    delivery = await core.claimed(await core.stored(), BEN)
    await core.on(BEN, delivery, hand_over)
    await core.claimed(delivery, CLEO)
    await core.database.run(lambda tx: tx.forget_person(BEN))
    assert (await core.now(delivery)).handed_over_by is None
    await core.on(CLEO, delivery, ask_pick_up_code)
    assert await core.card(BEN, delivery) is None
