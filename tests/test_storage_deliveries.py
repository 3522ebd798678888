"""Deliveries and their history, on both databases."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.delivery import Delivery, RequestKind, Trouble
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.tower import Size
from bot.ports.database import Database
from bot.ports.errors import Conflict
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
        if field.name.endswith(("_at", "_until", "_due"))
    }
    return a_delivery(
        "full",
        sender=ANNA,
        state=State.STORED,
        revision=4,
        recipient=BEN,
        recipient_name="Бен 📦",
        handed_over_by=CLEO,
        low=True,
        larger_allowed=False,
        note="o'clock; -- ?%s",
        locker=LockerId(3),
        locker_name="12",
        locker_size=Size.X_LARGE,
        candidate=LockerId(4),
        reservation=9_000_000_000,
        want=RequestKind.RELEASE,
        want_attempts=2,
        want_by=BEN,
        reminders_sent=1,
        extensions=2,
        taken_back=True,
        fetcher=BEN,
        door_reports=3,
        trouble=Trouble.REFUSED,
        successor=DeliveryId("next"),
        elsewhere=OTHER,
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
    changed = await database.run(
        lambda tx: tx.save_delivery(replace(full, id=plain.id, version=plain.version))
    )
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


async def test_deliveries_come_in_the_order_asked_for_without_the_unknown(
    database: Database,
) -> None:
    many = [f"d{number}" for number in range(1200)]
    await add(database, *(a_delivery(name) for name in many))
    asked = [*many[::-1], "unknown", "d7"]
    found = await database.look(lambda tx: tx.deliveries([DeliveryId(each) for each in asked]))
    assert names(found) == [*many[::-1], "d7"]
    assert await database.look(lambda tx: tx.deliveries([])) == []


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
    page = await database.look(lambda tx: tx.deliveries_of(ANNA, live=True, limit=2, offset=1))
    assert names(page) == ["self", "sent"]


async def test_live_deliveries_are_those_that_have_or_may_have_a_locker(database: Database) -> None:
    await add(database, *(a_delivery(state.value, state=state) for state in State))
    live = await database.look(lambda tx: tx.live_deliveries())
    assert sorted(names(live)) == ["releasing", "rented", "requested", "reserved", "stored"]


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


async def test_wants_and_alarms_come_when_they_are_due_the_longest_due_first(
    database: Database,
) -> None:
    assert await database.look(lambda tx: tx.next_want()) is None
    assert await database.look(lambda tx: tx.next_deadline()) is None
    await add(
        database,
        a_delivery("late", want=RequestKind.LOCKER, want_due=at(-1)),
        a_delivery("later", want=RequestKind.RELEASE, want_due=at(-3)),
        a_delivery("now", want=RequestKind.LOCKER, want_due=NOW),
        a_delivery("soon", want=RequestKind.LOCKER, want_due=at(1), deadline_at=at(-2)),
        a_delivery("no want", want_due=at(-9), deadline_at=at(2)),
    )
    assert names(await database.look(lambda tx: tx.deliveries_wanting(NOW, 9))) == [
        "later",
        "late",
        "now",
    ]
    assert names(await database.look(lambda tx: tx.deliveries_wanting(NOW, 1))) == ["later"]
    assert names(await database.look(lambda tx: tx.deliveries_due(NOW, 9))) == ["soon"]
    assert await database.look(lambda tx: tx.next_want()) == at(-3)
    assert await database.look(lambda tx: tx.next_deadline()) == at(-2)


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
