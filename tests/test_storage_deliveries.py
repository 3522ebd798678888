"""Deliveries, their history and what is asked of Harbor for them, on both databases."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.domain.delivery import Delivery, HarborRequest, NoPhoto, RequestKind, Trouble, Turn
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.tower import Low, Size
from bot.ports.database import Database, Transaction
from bot.ports.deliveries import Leased
from bot.ports.errors import Conflict, TryLater
from storage.tables.deliveries import _all_live
from storage.tables.rows import stamp
from storage.urls import sqlite_path
from tests.support.databases import a_delivery

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
ANNA, BEN, CLEO = PersonId(7_000_000_001), PersonId(2), PersonId(3)
TOWER, OTHER = TowerId("00000000000000aa"), TowerId("00000000000000bb")


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def add(database: Database, *deliveries: Delivery) -> list[Delivery]:
    async def step(tx):
        return [await tx.add_delivery(delivery) for delivery in deliveries]

    return await database.run(step)


def names(deliveries: list[Delivery]) -> list[str]:
    return [delivery.id for delivery in deliveries]


def full_delivery() -> Delivery:
    """One in which no field has its default."""
    moments = {
        field.name: at(place + 0.000001)
        for place, field in enumerate(fields(Delivery))
        if field.name.endswith(("_at", "_until"))
    }
    return a_delivery(
        "full",
        sender=ANNA,
        state=State.STORED,
        revision=4,
        recipient=BEN,
        recipient_name="Бен 📦",
        picked_by=CLEO,
        awaited=True,
        declined=True,
        handed_over_by=CLEO,
        low=Low.ONLY,
        larger_allowed=False,
        note="o'clock; -- ?%s",
        parcel_name="Mum's 🥾",
        photo="AgACAgIAAxkBAAIBQ2",
        no_photo=NoPhoto.LOST,
        problem_reported=True,
        locker=LockerId(3),
        locker_name="12",
        locker_size=Size.X_LARGE,
        candidate=LockerId(4),
        reservation="7b1c0f4e-8a59-4d6e-9b6e-0b6b1d0c2f11",
        fetcher=CLEO,
        request=HarborRequest(9_000_000_001, RequestKind.RELEASE, at(9.000001), BEN, 2),
        reminders_sent=1,
        extensions=2,
        taken_back=True,
        door_reports=3,
        door_suspect=True,
        trouble=Trouble.REFUSED,
        successor=DeliveryId("next"),
        elsewhere=OTHER,
        drop_off_opener=Opener.LINK,
        pick_up_opener=Opener.TOKEN,
        turn=Turn.LEFT,
        **moments,
    )


async def test_every_field_of_a_delivery_comes_back(database: Database) -> None:
    full, defaults = full_delivery(), a_delivery("plain")
    same = [
        field.name
        for field in fields(Delivery)
        if getattr(full, field.name) == getattr(defaults, field.name)
    ]
    assert same == ["tower", "size", "version"]
    [saved, plain] = await add(database, full, defaults)
    assert saved == replace(full, version=1)
    assert await database.look(lambda tx: tx.delivery(full.id)) == saved
    assert await database.look(lambda tx: tx.delivery(plain.id)) == replace(defaults, version=1)
    elsewhere = replace(full, id=plain.id, version=plain.version, tower=OTHER)
    changed = await database.run(lambda tx: tx.save_delivery(elsewhere))
    assert await database.look(lambda tx: tx.delivery(plain.id)) == changed


async def test_a_delivery_is_added_once(database: Database) -> None:
    await add(database, a_delivery("a"))
    with pytest.raises(Conflict):
        await add(database, a_delivery("a"))


async def test_of_two_who_saved_the_same_delivery_the_second_is_told(database: Database) -> None:
    [first] = await add(database, a_delivery("a"))
    saved = await database.run(lambda tx: tx.save_delivery(replace(first, note="one")))
    with pytest.raises(Conflict):
        await database.run(lambda tx: tx.save_delivery(replace(first, note="two")))
    with pytest.raises(Conflict):
        await database.run(lambda tx: tx.save_delivery(replace(first, id=DeliveryId("none"))))
    assert await database.look(lambda tx: tx.delivery(first.id)) == saved
    assert saved.version == 2


async def test_a_person_sees_what_they_send_and_what_they_get_the_latest_first(
    database: Database,
) -> None:
    await add(
        database,
        a_delivery("sent", sender=ANNA, changed_at=at(1)),
        a_delivery("got", sender=BEN, recipient=ANNA, state=State.STORED, changed_at=at(3)),
        a_delivery("self", sender=ANNA, recipient=ANNA, changed_at=at(2)),
        a_delivery("ended", sender=ANNA, state=State.COLLECTED, changed_at=at(4)),
        a_delivery("others", sender=BEN, recipient=CLEO, changed_at=at(5)),
        a_delivery("undated", sender=ANNA),
    )
    live = await database.look(lambda tx: tx.deliveries_of(ANNA, live=True))
    assert names(live) == ["got", "self", "sent", "undated"]
    assert names(await database.look(lambda tx: tx.deliveries_of(ANNA, live=False))) == ["ended"]
    page = await database.look(lambda tx: tx.deliveries_of(ANNA, live=True, limit=2))
    assert names(page) == ["got", "self"]


async def test_live_deliveries_are_those_that_have_or_may_have_a_locker(database: Database) -> None:
    await add(database, *(a_delivery(state.value, state=state) for state in State))
    elsewhere = a_delivery("elsewhere", state=State.REQUESTED, tower=OTHER)
    await add(database, elsewhere)
    live = await database.look(lambda tx: tx.deliveries_at_harbor())
    for tower in {delivery.tower for delivery in live} | {TowerId("nowhere")}:
        there = await database.look(partial(_at_harbor_in, tower))
        assert there == sorted((x for x in live if x.tower == tower), key=lambda x: x.id)
    assert sorted(names(live)) == [
        *("elsewhere", "releasing", "rented", "requested", "reserved", "stored")
    ]
    versions = await database.look(lambda tx: tx.versions_at_harbor())
    assert versions == {delivery.id: delivery.version for delivery in live}
    rented = next(delivery for delivery in live if delivery.state is State.RENTED)
    await database.run(lambda tx: tx.save_delivery(replace(rented, door_reports=1)))
    later = await database.look(lambda tx: tx.versions_at_harbor())
    assert {each for each in later if later[each] != versions[each]} == {rented.id}
    found = await database.look(lambda tx: tx.deliveries_with([rented.id, DeliveryId("none")]))
    assert [(x.id, x.door_reports, x.version) for x in found] == [(rented.id, 1, later[rented.id])]


async def test_whose_a_locker_is_now_and_whose_it_was(database: Database) -> None:
    def of(name: str, state: State, tower=TOWER, changed=5.0, **lockers) -> Delivery:
        return a_delivery(name, state=state, tower=tower, changed_at=at(changed), **lockers)

    await add(
        database,
        of("has", State.RESERVED, locker=LockerId(1)),
        of("tries", State.REQUESTED, candidate=LockerId(1)),
        of("elsewhere", State.RESERVED, OTHER, locker=LockerId(1)),
        of("had", State.LAPSED, locker=LockerId(1), changed=6),
        of("tried", State.CANCELLED, candidate=LockerId(2), changed=7),
        of("both", State.CANCELLED, locker=LockerId(1), candidate=LockerId(2), changed=8),
        of("old", State.LAPSED, locker=LockerId(1), changed=1),
        of("never", State.CANCELLED),
    )
    live = await database.look(lambda tx: tx.live_at(TOWER, LockerId(1)))
    assert names(live) == ["has", "tries"]
    asked = [(TOWER, LockerId(1)), (TOWER, LockerId(2)), (TOWER, LockerId(1))]
    ended = await database.look(lambda tx: tx.deliveries_at(asked, at(2)))
    assert names(ended) == ["both", "tried", "had"]
    assert await database.look(lambda tx: tx.deliveries_at([], at(2))) == []


async def test_lockers_by_the_thousand_can_be_asked_about_at_once(database: Database) -> None:
    await add(
        database,
        *(
            a_delivery(str(number), state=State.LAPSED, locker=LockerId(number), changed_at=NOW)
            for number in (0, 1999)
        ),
    )
    asked = [(TOWER, LockerId(number)) for number in range(2000)]
    found = await database.look(lambda tx: tx.deliveries_at(asked, at(-1)))
    assert sorted(names(found)) == ["0", "1999"]


async def test_deadlines_come_when_they_are_due_the_longest_due_first(database: Database) -> None:
    assert await database.look(lambda tx: tx.next_deadline()) is None
    await add(
        database,
        a_delivery("soon", deadline_at=at(-2)),
        a_delivery("sooner", deadline_at=at(-3)),
        a_delivery("later", deadline_at=at(2)),
        a_delivery("never"),
    )
    assert names(await database.look(lambda tx: tx.deliveries_due(NOW, 9))) == ["sooner", "soon"]
    assert names(await database.look(lambda tx: tx.deliveries_due(NOW, 1))) == ["sooner"]
    assert await database.look(lambda tx: tx.next_deadline()) == at(-3)


# -- requests of Harbor


async def lease(database: Database, minutes: float = 0, limit: int = 9) -> list[Leased]:
    """Take the turn for what is due, for a minute."""
    return await database.run(
        lambda tx: tx.lease_requests(at(minutes), at(minutes + 1), limit), one_statement=True
    )


def whose(leased: list[Leased]) -> list[str]:
    return [each.delivery.id for each in leased]


async def find(database: Database, name: str) -> Delivery:
    found = await database.look(lambda tx: tx.delivery(DeliveryId(name)))
    assert found is not None
    return found


async def test_requests_come_when_they_are_due_the_longest_due_first(database: Database) -> None:
    assert await database.look(lambda tx: tx.next_request_due()) is None
    await add(
        database,
        a_delivery("late", want=RequestKind.LOCKER, want_due=at(-1)),
        a_delivery("later", want=RequestKind.RELEASE, want_due=at(-3)),
        a_delivery("now", want=RequestKind.LOCKER, want_due=NOW),
        a_delivery("soon", want=RequestKind.LOCKER, want_due=at(1)),
        a_delivery("nothing asked", deadline_at=at(-9)),
    )
    assert await database.look(lambda tx: tx.next_request_due()) == at(-3)
    assert whose(await lease(database, limit=1)) == ["later"]
    assert sorted(whose(await lease(database))) == ["late", "now"]
    assert await database.look(lambda tx: tx.next_request_due()) == at(1)


async def test_a_request_is_leased_by_one_until_the_lease_is_over(database: Database) -> None:
    await add(database, a_delivery("a", want=RequestKind.LOCKER, want_due=NOW))
    [mine] = await lease(database)
    assert mine.delivery == await find(database, "a")
    assert await lease(database, 0.9) == []
    assert await database.look(lambda tx: tx.next_request_due()) == at(1)
    [theirs] = await lease(database, 1)
    assert theirs.lease != mine.lease
    await database.run(lambda tx: tx.give_back(mine))
    assert await lease(database, 1) == [], "it was no longer its to give back"
    await database.run(lambda tx: tx.give_back(theirs))
    assert whose(await lease(database, 1)) == ["a"]


async def test_of_two_who_lease_requests_at_once_each_is_ones(database: Database) -> None:
    many = [f"d{number}" for number in range(40)]
    await add(database, *(a_delivery(name, want=RequestKind.LOCKER) for name in many))
    told = await asyncio.gather(*(lease(database, limit=15) for _ in range(4)))
    rest = await lease(database, limit=40)
    assert sorted(name for leased in [*told, rest] for name in whose(leased)) == sorted(many)


async def test_a_request_that_failed_is_due_later_and_counts_its_failures(
    database: Database,
) -> None:
    await add(database, a_delivery("a", want=RequestKind.LOCKER, want_due=NOW))
    [leased] = await lease(database)
    await database.run(lambda tx: tx.request_failed(leased, at(5)), one_statement=True)
    await database.run(lambda tx: tx.give_back(leased), one_statement=True)
    failed = (await find(database, "a")).request
    assert failed is not None
    assert (failed.failures, failed.run_at) == (1, at(5))
    assert await lease(database, 4) == []
    assert whose(await lease(database, 5)) == ["a"]


async def test_whose_turn_is_over_puts_no_request_off(database: Database) -> None:
    await add(database, a_delivery("a", want=RequestKind.LOCKER, want_due=NOW))
    [late] = await lease(database)
    [holder] = await lease(database, 1)
    await database.run(lambda tx: tx.request_failed(late, at(60)), one_statement=True)
    assert await find(database, "a") == holder.delivery
    await database.run(lambda tx: tx.request_failed(holder, at(5)), one_statement=True)
    failed = (await find(database, "a")).request
    assert failed is not None
    assert (failed.failures, failed.run_at) == (1, at(5))


async def test_a_new_request_neither_waits_for_nor_inherits_what_befell_the_old(
    database: Database,
) -> None:
    await add(database, a_delivery("a", want=RequestKind.LOCKER, want_due=NOW))
    [leased] = await lease(database)
    release = HarborRequest.made(RequestKind.RELEASE, at(0.5))
    saved = replace(await find(database, "a"), request=release)
    await database.run(lambda tx: tx.save_delivery(saved))
    assert await lease(database, 0.5) == [], "one call at a time, whatever is asked"
    await database.run(lambda tx: tx.request_failed(leased, at(60)))
    assert (await find(database, "a")).request == release
    await database.run(lambda tx: tx.give_back(leased))
    [now] = await lease(database, 0.5)
    assert now.delivery.request == release


async def test_saving_a_delivery_leaves_when_its_request_is_due_to_the_worker(
    database: Database,
) -> None:
    await add(database, a_delivery("a", want=RequestKind.LOCKER, want_due=NOW))
    before = await find(database, "a")
    [leased] = await lease(database)
    await database.run(lambda tx: tx.request_failed(leased, at(5)))
    await database.run(lambda tx: tx.save_delivery(replace(before, note="fragile")))
    kept = (await find(database, "a")).request
    assert kept is not None
    assert (kept.failures, kept.run_at) == (1, at(5))
    done = replace(await find(database, "a"), request=None)
    await database.run(lambda tx: tx.save_delivery(done))
    assert (await find(database, "a")).request is None
    assert await database.look(lambda tx: tx.next_request_due()) is None


async def test_leases_of_a_process_that_was_killed_are_ended_at_once(database: Database) -> None:
    await add(database, a_delivery("a", want=RequestKind.LOCKER), a_delivery("b"))
    assert await database.run(lambda tx: tx.free_requests()) == 0
    await lease(database)
    assert await database.run(lambda tx: tx.free_requests()) == 1
    assert whose(await lease(database)) == ["a"]


HOLDING = (State.RESERVED, State.RENTED, State.RELEASING, State.STORED)


@pytest.mark.parametrize("state", HOLDING)
async def test_no_two_live_deliveries_are_in_one_locker(database: Database, state: State) -> None:
    held = {"state": State.STORED, "locker": LockerId(3)}
    await add(database, a_delivery("first", **held))
    await add(database, a_delivery("elsewhere", tower=OTHER, **held))
    [second] = await add(database, a_delivery("second"))
    with pytest.raises(TryLater):
        await database.run(
            lambda tx: tx.save_delivery(replace(second, state=state, locker=LockerId(3)))
        )
    assert await find(database, "second") == second


@pytest.mark.parametrize("state", [state for state in State if state not in HOLDING])
async def test_a_locker_that_one_delivery_only_had_may_be_anothers(
    database: Database, state: State
) -> None:
    await add(
        database,
        a_delivery("before", state=state, locker=LockerId(3)),
        a_delivery("now", state=State.STORED, locker=LockerId(3)),
        a_delivery("next", state=State.REQUESTED, candidate=LockerId(3)),
    )
    live = await database.look(lambda tx: tx.live_at(TOWER, LockerId(3)))
    assert "now" in names(live)


async def test_reported_doors_are_those_of_live_deliveries(database: Database) -> None:
    await add(
        database,
        a_delivery("fine", changed_at=at(3)),
        a_delivery("stuck", door_reports=1, changed_at=at(1)),
        a_delivery("stuck again", door_reports=2, changed_at=at(2)),
        a_delivery("over", door_reports=2, state=State.COLLECTED, changed_at=at(4)),
    )
    found = await database.look(lambda tx: tx.doors_reported(9))
    assert names(found) == ["stuck again", "stuck"]
    assert names(await database.look(lambda tx: tx.doors_reported(1))) == ["stuck again"]


async def test_history_keeps_its_order_within_a_moment(database: Database) -> None:
    [one, other] = await add(database, a_delivery("one"), a_delivery("other"))
    told = [
        HistoryEntry(one.id, NOW, HistoryEvent.REQUESTED, ANNA, "medium"),
        HistoryEntry(one.id, NOW, HistoryEvent.RESERVED),
        HistoryEntry(one.id, at(-1), HistoryEvent.MESSAGE, None, "it's ? %s"),
    ]

    async def tell(tx):
        for moment in told:
            await tx.record(moment)
        await tx.record(HistoryEntry(other.id, NOW, HistoryEvent.REQUESTED, BEN))

    await database.run(tell)
    assert await database.look(lambda tx: tx.history(one.id)) == told
    assert len(await database.look(lambda tx: tx.history(other.id))) == 1


async def test_an_event_without_a_name_here_hides_no_other_and_is_logged_once(
    database: Database, database_url: str
) -> None:
    strange = f"folded_{type(database).__name__}"
    [one] = await add(database, a_delivery("one"))
    first = HistoryEntry(one.id, NOW, HistoryEvent.REQUESTED, ANNA, "medium")
    await database.run(lambda tx: tx.record(first))
    odd = ("one", 2, stamp(at(1)), strange, BEN)
    statement = "insert into history (delivery, number, at, event, by) values (?, ?, ?, ?, ?)"
    if path := sqlite_path(database_url):
        with closing(sqlite3.connect(path)) as lite, lite:
            lite.execute(statement, odd)
    else:
        with psycopg.connect(database_url) as server:
            server.execute(statement.replace("?", "%s"), odd)
    last = HistoryEntry(one.id, at(2), HistoryEvent.RESERVED)
    await database.run(lambda tx: tx.record(last))
    with capture_logs() as logs:
        for _ in range(2):
            told = await database.look(lambda tx: tx.history(one.id))
            assert told == [first, HistoryEntry(one.id, at(1), HistoryEvent.UNKNOWN, BEN), last]
    assert [(entry["event"], entry["name"]) for entry in logs] == [
        ("history_event_unknown", strange)
    ]


async def test_recent_towers_are_the_senders_own_the_latest_first(database: Database) -> None:
    await add(
        database,
        a_delivery("1", sender=ANNA, tower=TOWER, created_at=at(1)),
        a_delivery("2", sender=ANNA, tower=OTHER, created_at=at(2)),
        a_delivery("3", sender=ANNA, tower=TOWER, created_at=at(3)),
        a_delivery("4", sender=BEN, recipient=ANNA, tower=TowerId("cc"), created_at=at(4)),
    )
    assert await database.look(lambda tx: tx.recent_towers(ANNA, 5)) == [TOWER, OTHER]
    assert await database.look(lambda tx: tx.recent_towers(ANNA, 1)) == [TOWER]
    assert await database.look(lambda tx: tx.recent_towers(CLEO, 5)) == []


async def _at_harbor_in(tower: TowerId, tx: Transaction) -> list[Delivery]:
    return await tx.deliveries_at_harbor_in(tower)


async def test_of_all_live_deliveries_those_that_have_not_changed_are_kept_and_no_other(
    database: Database,
) -> None:
    stays, goes = await add(
        database, a_delivery("a", state=State.STORED), a_delivery("b", state=State.STORED)
    )
    before = {each.id: each for each in await database.look(lambda tx: tx.deliveries_at_harbor())}
    assert set(before) == {stays.id, goes.id}
    await database.run(lambda tx: tx.save_delivery(replace(goes, state=State.COLLECTED)))
    [after] = await database.look(lambda tx: tx.deliveries_at_harbor())
    assert after is before[stays.id]
    assert list(_all_live._last.values()) == [after]
