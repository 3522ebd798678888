"""What operators can do to a delivery, an orphan and an alert; and what becomes of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.alerts import Alert
from bot.domain.card import alert_subject
from bot.domain.delivery import Delivery, RequestKind, Role
from bot.domain.history import HistoryEntry
from bot.domain.ids import LockerId
from bot.domain.lifecycle import State
from bot.domain.openers import token_text
from bot.domain.person import Person
from bot.domain.tower import Locker, LockerStatus, Size
from bot.ports.database import Database
from bot.ports.errors import Refused
from bot.usecases import operate
from bot.usecases.actor import NotPermitted, NotYours
from bot.usecases.book import another_size, cancel
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from bot.usecases.collect import claim_by_code, hand_over, take_back
from bot.usecases.extend import more_time
from bot.usecases.report import report_problem
from bot.workers.watcher import Watcher
from tests.support.core import ANNA, BEN, CLEO, OPERATOR, TOWER, Core, Twisted, core_on


@pytest.fixture
async def core(database: Database) -> AsyncIterator[Core]:
    async with core_on(database) as core:
        yield core


async def waiting_for_ben(core: Core) -> Delivery:
    delivery = await core.stored()
    await core.claimed(delivery, BEN)
    await core.all_shown()
    return await core.now(delivery)


async def taken_out(core: Core, delivery: Delivery) -> None:
    await core.take_out(delivery)
    core.clock.turn(1)
    await core.look()


async def last_entry(core: Core, delivery: Delivery, event: str) -> HistoryEntry:
    entries = await core.database.look(lambda tx: tx.history(delivery.id))
    return [entry for entry in entries if entry.event == event][-1]


async def alert(core: Core, key: str) -> Alert:
    found = await core.database.look(lambda tx: tx.alert(key))
    assert found is not None
    return found


# -- a parcel that nobody collects


async def test_an_operator_fetches_out_what_nobody_collects(core: Core):
    delivery = await waiting_for_ben(core)
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    await core.all_shown()
    await core.on(OPERATOR, delivery, operate.fetch, reason=" the tower \n moves ")
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None
    assert await core.rings(ANNA, delivery)
    assert await core.rings(BEN, delivery)
    await core.work()
    code = await core.database.look(lambda tx: tx.code(delivery.id))
    assert code is not None
    assert (code.holder, code.revealed) == (OPERATOR, True)
    assert await core.code_card(OPERATOR, delivery) is not None
    entry = await last_entry(core, delivery, "fetched_by_operator")
    assert (entry.by, entry.detail) == (OPERATOR, "the tower moves")
    await taken_out(core, delivery)
    over = await core.now(delivery)
    assert (over.state, over.fetcher) == (State.COLLECTED, OPERATOR)
    assert await core.assigned() == set()


async def test_what_an_operator_fetches_out_is_nobody_elses_to_move(core: Core):
    delivery = await waiting_for_ben(core)
    await core.on(OPERATOR, delivery, operate.fetch)
    for who in (ANNA, BEN):
        with pytest.raises(NotPermitted):
            await core.on(who, delivery, ask_pick_up_code)
        with pytest.raises(NotPermitted):
            await core.on(who, delivery, hand_over)
    with pytest.raises(NotPermitted):
        await core.on(ANNA, delivery, take_back)
    with pytest.raises(NotPermitted):
        await core.on(ANNA, delivery, another_size, size=Size.LARGE)
    await core.all_shown()
    await core.pass_time(hours=100)
    assert not await core.rings(BEN, delivery)
    assert not await core.rings(ANNA, delivery)


async def test_a_second_operator_can_take_the_fetching_over(sqlite_database: Database):
    async with core_on(sqlite_database, operators=frozenset({OPERATOR, CLEO})) as core:
        delivery = await waiting_for_ben(core)
        await core.on(OPERATOR, delivery, operate.fetch)
        await core.work()
        with pytest.raises(NotPermitted):
            await core.on(OPERATOR, delivery, operate.fetch)
        await core.on(CLEO, delivery, operate.fetch)
        await core.work()
        code = await core.database.look(lambda tx: tx.code(delivery.id))
        assert code is not None
        assert code.holder == CLEO


async def test_an_operator_lets_a_parcel_wait_beyond_any_limit(core: Core):
    delivery = await waiting_for_ben(core)
    for _ in range(core.policy.extensions):
        await core.on(BEN, delivery, more_time)
    await core.pass_time(days=20)
    assert [key.partition(":")[0] for key in await core.alerts()] == ["overdue"]
    await core.on(OPERATOR, delivery, operate.hold, reason="Ben is ill")
    held = await core.now(delivery)
    assert held.collect_until == core.clock.now() + core.policy.extension
    assert (held.overdue_at, held.extensions) == (None, core.policy.extensions)
    assert await core.alerts() == []
    assert (await last_entry(core, delivery, "extended")).detail == "Ben is ill"
    await core.pass_time(hours=25)
    assert [key.partition(":")[0] for key in await core.alerts()] == ["overdue"]


async def test_an_operator_gives_a_parcel_to_somebody_else(core: Core):
    delivery = await waiting_for_ben(core)
    await core.on(OPERATOR, delivery, operate.give, reason="Ben has moved")
    given = await core.now(delivery)
    assert (given.recipient, given.handed_over_by) == (None, OPERATOR)
    assert await core.card(OPERATOR, delivery) is not None, "there is the link to pass on"
    assert await core.rings(ANNA, delivery)
    with pytest.raises(NotYours):
        await core.on(BEN, delivery, ask_pick_up_code)
    await core.claimed(delivery, CLEO)
    await core.on(CLEO, delivery, ask_pick_up_code)
    await core.work()
    await taken_out(core, delivery)
    assert (await core.now(delivery)).state is State.COLLECTED


async def test_fetching_is_given_up_when_the_parcel_is_given_to_somebody(core: Core):
    delivery = await waiting_for_ben(core)
    await core.on(OPERATOR, delivery, operate.fetch)
    await core.work()
    await core.on(OPERATOR, delivery, operate.give)
    await core.claimed(delivery, CLEO)
    assert (await core.now(delivery)).collector == CLEO
    assert await core.database.look(lambda tx: tx.code(delivery.id)) is None


@pytest.mark.parametrize(
    "act", [operate.fetch, operate.hold, operate.give, operate.end, operate.release]
)
async def test_nobody_but_an_operator_can_do_what_operators_can(
    sqlite_database: Database, act: Callable[..., Any]
):
    async with core_on(sqlite_database) as core:
        delivery = await waiting_for_ben(core)
        for who in (ANNA, BEN, CLEO):
            with pytest.raises(NotYours):
                await core.on(who, delivery, act)
        assert await core.now(delivery) == delivery


async def test_no_delivery_that_holds_a_parcel_can_be_ended(core: Core):
    delivery = await waiting_for_ben(core)
    with pytest.raises(NotPermitted):
        await core.on(OPERATOR, delivery, operate.end)
    with pytest.raises(NotPermitted):
        await core.on(OPERATOR, delivery, operate.release)
    assert await core.now(delivery) == delivery


async def test_a_parcel_put_in_after_an_operator_ended_the_delivery_is_stored(core: Core):
    (await core.control.put("/sandbox/sync", json={"automatic": False})).raise_for_status()
    delivery = await core.rented()
    text = await core.code(delivery)
    await core.on(OPERATOR, delivery, operate.end, reason="closing time")
    await core.work()
    await core.all_shown()
    (await core.hold(text)).raise_for_status()
    await core.at_door(delivery, "put-in", parcel="hat")
    await core.at_door(delivery, "close")
    (await core.control.post(f"/sandbox/towers/{TOWER}/sync")).raise_for_status()
    core.clock.turn(4000)
    await core.look()
    assert (await core.now(delivery)).state is State.STORED
    assert await core.alerts() == []
    assert await core.rings(ANNA, delivery)
    await core.claimed(delivery, BEN)  # there is a claim again
    (await core.control.put("/sandbox/sync", json={"automatic": True})).raise_for_status()
    await core.on(BEN, delivery, ask_pick_up_code)
    await core.work()
    await taken_out(core, delivery)
    assert (await core.now(delivery)).state is State.COLLECTED


async def test_releasing_a_locker_says_why_and_rings(core: Core):
    delivery = await core.rented()
    await core.all_shown()
    await core.on(OPERATOR, delivery, operate.release, reason="it rattles")
    assert await core.rings(ANNA, delivery)
    assert (await last_entry(core, delivery, "released_by_operator")).detail == "it rattles"
    await core.work()
    assert await core.status(delivery) in ("declined", "available")


# -- a locker that an ended delivery was to try


async def test_the_locker_of_a_closed_delivery_is_no_orphan_while_it_is_being_released(core: Core):
    delivery = await core.reserved()
    tried = replace(
        delivery, state=State.REQUESTED, locker=None, candidate=delivery.locker, request=None
    )
    await core.database.run(lambda tx: tx.save_delivery(tried))
    await core.on(OPERATOR, delivery, operate.end)
    assert (await core.now(delivery)).asks is RequestKind.RELEASE
    core.clock.turn(2)
    await core.look()
    assert await core.alerts() == []


async def test_a_declined_locker_of_a_closed_delivery_stays_accounted_for(core: Core):
    (await core.control.put("/sandbox/sync", json={"automatic": False})).raise_for_status()
    delivery = await core.rented()
    await core.on(OPERATOR, delivery, operate.end)
    await core.work()
    assert await core.status(delivery) == "declined"
    core.clock.turn(core.policy.drop_off.total_seconds() + 60)
    await core.look()
    assert await core.alerts() == []


# -- orphans


async def stray(core: Core) -> Locker:
    """A locker that is ours at Harbor, and that nobody here knows."""
    lockers = await core.lockers.lockers(TOWER)
    locker = next(x for x in lockers if x.status is LockerStatus.AVAILABLE)
    await core.lockers.drop_off_token(TOWER, locker.id, 3000)
    return locker


def at(locker: Locker) -> Delivery:
    return Delivery(None, ANNA, TOWER, Size.SMALL, locker=locker.id)  # type: ignore[arg-type]  # a door for `at_door`


async def with_parcel(core: Core) -> tuple[str, Locker]:
    locker = await stray(core)
    token = await core.lockers.drop_off_token(TOWER, locker.id, 3000)
    (await core.hold(token_text(TOWER, locker.id, token))).raise_for_status()
    await core.at_door(at(locker), "put-in", parcel="hat")
    await core.at_door(at(locker), "close")
    await core.look()
    return f"orphan:{TOWER}/{locker.id}", locker


async def test_an_orphan_is_told_by_the_name_of_its_door(core: Core):
    key, locker = await with_parcel(core)
    told = await alert(core, key)
    assert (told.locker_name, told.status) == (locker.name, LockerStatus.OCCUPIED)
    assert locker.name != str(locker.id)


async def test_what_lies_in_an_orphan_is_fetched_out_by_an_operator(core: Core):
    key, locker = await with_parcel(core)
    with pytest.raises(NotYours):
        await core.act(ANNA, operate.fetch_orphan, key)
    await core.act(OPERATOR, operate.release_orphan, key)
    assert not (await alert(core, key)).release, "a parcel is inside"
    found = await core.act(OPERATOR, operate.fetch_orphan, key)
    assert await core.alerts() == []
    assert (found.state, found.sender, found.collector) == (State.STORED, OPERATOR, OPERATOR)
    assert found.locker_name == locker.name
    assert await core.act(OPERATOR, operate.fetch_orphan, key) is None
    await core.work()
    await taken_out(core, found)
    assert (await core.now(found)).state is State.COLLECTED
    assert await core.history(found) == ["found_by_operator", "pick_up_issued", "collected"]
    assert await core.assigned() == set()


async def test_harbors_refusal_to_take_an_orphan_back_is_told(core: Core):
    locker = await stray(core)

    async def release(tower: str, door: LockerId) -> None:
        raise Refused("409")

    twisted: Any = Twisted(core, release=release)
    watcher = Watcher(core.database, twisted, core.clock, core.policy, core.signals)
    await watcher.look()
    key = f"orphan:{TOWER}/{locker.id}"
    await core.act(OPERATOR, operate.release_orphan, key)
    assert ((await alert(core, key)).release, (await alert(core, key)).owner) == (True, OPERATOR)
    await core.all_shown()
    await watcher.look()
    told = await alert(core, key)
    assert (told.release, told.refused) == (False, True)
    card = await core.database.look(lambda tx: tx.card(OPERATOR, f"alert:{key}"))
    assert card is not None
    assert card.ring, "whoever asked for it waits for the answer"


async def test_a_reserved_orphan_that_harbor_keeps_comes_free_by_itself(core: Core):
    lockers = await core.lockers.lockers(TOWER)
    locker = next(x for x in lockers if x.status is LockerStatus.AVAILABLE)
    await core.lockers.reserve(TOWER, locker.id, 300)
    await core.look()
    [key] = await core.alerts()
    await core.act(OPERATOR, operate.release_orphan, key)
    await core.look()
    told = await alert(core, key)
    assert (told.refused, told.status) == (True, LockerStatus.RESERVED)
    core.clock.turn(301)
    await core.look()
    assert await core.alerts() == []


# -- alerts


async def test_a_problem_is_over_when_an_operator_has_dealt_with_it(core: Core):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, report_problem, text="it smells")
    [key] = await core.alerts()
    with pytest.raises(NotYours):
        await core.act(ANNA, operate.see, key)
    await core.act(OPERATOR, operate.see, key)
    assert await core.alerts() == [key]
    seen = await alert(core, key)
    assert (seen.seen_by, seen.seen_at) == (OPERATOR, core.clock.now())
    assert (seen.text, seen.person) == ("it smells", ANNA)
    with pytest.raises(NotYours):
        await core.on(ANNA, delivery, operate.settle)
    assert await core.on(OPERATOR, delivery, operate.settle, reason=" It is  gone ")
    assert await core.alerts() == []
    line = await last_entry(core, delivery, "problem_settled")
    assert (line.by, line.detail) == (OPERATOR, "It is gone")
    assert not await core.on(OPERATOR, delivery, operate.settle)


async def test_whoever_settles_a_problem_unseen_has_seen_it(core: Core):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, report_problem, text="it smells")
    [key] = await core.alerts()
    before = await core.database.look(lambda tx: tx.draft(ANNA))
    assert await core.on(OPERATOR, delivery, operate.settle)
    assert (await alert(core, key)).seen_by == OPERATOR
    assert await core.database.look(lambda tx: tx.draft(ANNA)) == before, "there is nothing to say"


async def test_words_for_one_are_written_down_with_whom_they_are_for(core: Core):
    delivery = await core.reserved()
    claimed = await core.claimed(delivery, BEN)
    with pytest.raises(NotYours):
        await core.on(BEN, claimed, operate.message_one, role=Role.SENDER, text="hello")
    for role, person in ((Role.SENDER, ANNA), (Role.RECIPIENT, BEN)):
        told = await core.on(OPERATOR, claimed, operate.message_one, role=role, text="x" * 300)
        line = await last_entry(core, delivery, "message_to_one")
        assert told == line.told == person
        assert line.detail == "x" * 200
    await core.database.run(lambda tx: tx.forget_person(BEN))
    line = await last_entry(core, delivery, "message_to_one")
    assert (line.told, line.detail) == (None, None)
    lonely = await core.reserved()
    none = await core.on(OPERATOR, lonely, operate.message_one, role=Role.RECIPIENT, text="x")
    assert none is None
    assert "message_to_one" not in await core.history(lonely)


async def test_many_reports_of_one_delivery_are_one_alert_that_rings_once_and_ends(core: Core):
    delivery = await core.reserved()
    await core.claimed(delivery, BEN)
    await core.on(ANNA, delivery, report_problem, text="it smells")
    [key] = await core.alerts()
    await core.all_shown()
    for number in range(24):
        await core.on(BEN, delivery, report_problem, text=f"still, {number}")
    assert await core.alerts() == [key]
    said = await alert(core, key)
    assert (said.text, said.reports, said.person) == ("still, 23", 25, BEN)
    card = await core.database.look(lambda tx: tx.card(OPERATOR, alert_subject(key)))
    assert card is not None
    assert (card.wanted > card.shown, card.ring) == (True, False)
    assert (await core.history(delivery)).count("problem") == 25
    await core.act(OPERATOR, operate.see, key)
    await core.on(ANNA, delivery, report_problem, text="and again")
    said = await alert(core, key)
    assert (said.stands, said.reports, said.seen_at) == (True, 26, None)
    card = await core.database.look(lambda tx: tx.card(OPERATOR, alert_subject(key)))
    assert card is not None
    assert card.ring
    await core.on(OPERATOR, delivery, operate.settle)
    await core.on(ANNA, delivery, report_problem, text="and again")
    said = await alert(core, key)
    assert (said.stands, said.reports, said.seen_at) == (True, 1, None)


async def test_an_alert_that_has_an_end_of_its_own_stands_on_when_it_was_seen(core: Core):
    _, locker = await with_parcel(core)
    key = f"orphan:{TOWER}/{locker.id}"
    await core.act(OPERATOR, operate.see, key)
    assert await core.alerts() == [key]
    first = (await alert(core, key)).seen_at
    core.clock.turn(60)
    await core.act(OPERATOR, operate.see, key)
    assert (await alert(core, key)).seen_at == first


async def test_a_problem_outlives_its_delivery_by_a_month_at_most(core: Core):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, report_problem, text="it smells")
    await core.pass_time(days=40)
    assert len(await core.alerts()) == 1
    await core.on(ANNA, delivery, cancel)
    await core.work()
    core.clock.turn(1)
    await core.look()
    await core.work()
    assert (await core.now(delivery)).state is State.CANCELLED
    await core.pass_time(days=29)
    assert len(await core.alerts()) == 1
    await core.pass_time(days=2)
    assert await core.alerts() == []


async def test_a_problem_of_a_delivery_that_is_under_way_again_waits_to_be_seen(core: Core):
    (await core.control.put("/sandbox/sync", json={"automatic": False})).raise_for_status()
    delivery = await core.rented()
    await core.on(ANNA, delivery, report_problem, text="it smells")
    text = await core.code(delivery)
    await core.on(OPERATOR, delivery, operate.end)
    await core.work()
    [key] = await core.alerts()
    assert (await alert(core, key)).ends_at is not None
    (await core.hold(text)).raise_for_status()
    await core.at_door(delivery, "put-in", parcel="hat")
    await core.at_door(delivery, "close")
    (await core.control.post(f"/sandbox/towers/{TOWER}/sync")).raise_for_status()
    core.clock.turn(1)
    await core.look()
    assert (await core.now(delivery)).state is State.STORED
    assert (await alert(core, key)).ends_at is None


async def test_guessing_is_over_a_day_after_the_last_wrong_try(core: Core):
    cleo = Person(CLEO, "Cleo")
    for _ in range(5):
        await core.act(CLEO, claim_by_code, cleo, "AAAA-AAAA")
    alerts = await core.alerts()
    assert [key.partition(":")[0] for key in alerts] == ["guessing"]
    await core.pass_time(hours=20)
    await core.act(CLEO, claim_by_code, cleo, "AAAA-AAAB")
    await core.pass_time(hours=20)
    assert await core.alerts() == alerts
    await core.pass_time(hours=5)
    assert await core.alerts() == []


# -- it does not fit, though the parcel is in


async def test_a_parcel_that_is_in_moves_to_another_locker(core: Core):
    old = await waiting_for_ben(core)
    new = await core.on(ANNA, old, another_size, size=Size.LARGE)
    await core.work()
    old, new = await core.now(old), await core.now(new)
    assert (old.state, old.collector, old.successor) == (State.STORED, ANNA, new.id)
    assert (new.state, new.recipient, new.locker_size) == (State.RESERVED, BEN, Size.LARGE)
    code = await core.database.look(lambda tx: tx.code(old.id))
    assert code is not None
    assert (code.holder, code.revealed) == (ANNA, True)
    assert await core.card(BEN, old) is None
    assert await core.card(BEN, new) is not None
    assert await core.card(ANNA, old) is not None
    assert await core.card(ANNA, new) is not None
    await taken_out(core, old)
    assert (await core.now(old)).state is State.COLLECTED
    await core.on(ANNA, new, ask_drop_off_code)
    await core.work()
    await core.put_in(new)
    core.clock.turn(1)
    await core.look()
    assert (await core.now(new)).state is State.STORED
    assert await core.card(BEN, old) is None
    with pytest.raises(NotPermitted):
        await core.on(ANNA, old, another_size, size=Size.SMALL)


async def test_the_claim_of_a_parcel_that_moves_stays_good(core: Core):
    old = await core.stored()
    claim = await core.database.look(lambda tx: tx.claim(old.id))
    assert claim is not None
    new = await core.on(ANNA, old, another_size, size=Size.LARGE)
    taken = await core.act(BEN, claim_by_code, Person(BEN, "Ben"), claim.code)
    assert taken.id == new.id
