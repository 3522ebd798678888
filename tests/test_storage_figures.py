"""Figures as both databases count them: by the days of each tower, whatever else there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.delivery import Delivery
from bot.domain.figures import Collected, Doors, Seen, week
from bot.domain.ids import PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.tower import Tower
from bot.ports.database import Database
from bot.usecases.figures import of_last_days
from bot.workers.retention import KEPT
from tests.support.databases import a_delivery

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
HERE, THERE, GONE = (TowerId(f"00000000000000{end}") for end in ("aa", "bb", "cc"))
BERLIN, AUSTIN = "Europe/Berlin", "America/Chicago"
TOWERS = [
    Tower(HERE, "Here", "", "", None, None, BERLIN),
    Tower(THERE, "There", "", "", None, None, AUSTIN),
]
NEAR, FAR = {BERLIN: [HERE]}, {AUSTIN: [THERE]}
EVERY = {BERLIN: [HERE], AUSTIN: [THERE], "UTC": [GONE]}
WEEK = week(EVERY, NOW)
HOUR = timedelta(hours=1)


def made(name: str, at: datetime, tower: TowerId = HERE, **more: Any) -> Delivery:
    return a_delivery(name, tower=tower, created_at=at, **more)


def collected(name: str, at: datetime, lay: timedelta, tower: TowerId = HERE, **more: Any) -> Any:
    known = {"state": State.COLLECTED, "collected_at": at, "reported_at": at - lay}
    return made(name, at - 30 * 24 * HOUR, tower, **(known | more))


async def add(database: Database, *deliveries: Delivery) -> None:
    async def step(tx: Any) -> None:
        await tx.save_towers(TOWERS)
        for delivery in deliveries:
            await tx.add_delivery(delivery)

    await database.run(step)


async def note(database: Database, hour: datetime, seen: dict[TowerId, Doors]) -> None:
    await database.run(lambda tx: tx.note_doors(hour, seen))


async def test_a_booking_is_of_the_day_that_the_tower_had(database: Database) -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # Monday in Berlin, Sunday in Austin
    await add(
        database,
        made("a", late),
        made("b", late, THERE),
        made("c", late, GONE),
        made("before", WEEK.starts[BERLIN][0] - timedelta(seconds=1)),
        made("first", datetime(2026, 2, 23, 23, tzinfo=UTC)),
        made("still before there", datetime(2026, 2, 24, 5, tzinfo=UTC), THERE),
    )
    ask = database.look
    assert await ask(lambda tx: tx.booked_by_day(WEEK, EVERY)) == {0: 1, 5: 2, 6: 1}
    assert await ask(lambda tx: tx.booked_by_day(WEEK, NEAR)) == {0: 1, 6: 1}
    assert await ask(lambda tx: tx.booked_by_day(WEEK, FAR)) == {5: 1}
    assert await ask(lambda tx: tx.booked_by_day(WEEK, {})) == {}


async def test_a_parcel_that_was_booked_anew_counts_once(database: Database) -> None:
    again = made("again", NOW)
    before = made("before", NOW - timedelta(days=1), successor=again.id, state=State.CANCELLED)
    await add(database, again, before)
    assert await database.look(lambda tx: tx.booked_by_day(WEEK, NEAR)) == {6: 1}


async def test_only_what_recipients_have_collected_counts_and_only_known_waits_are_averaged(
    database: Database,
) -> None:
    await add(
        database,
        collected("ten", NOW, 10 * HOUR),
        collected("pushed", NOW, 10 * HOUR, occupied_at=NOW - 2 * HOUR),
        collected("unknown", NOW, HOUR, reported_at=None),
        collected("told too late", NOW, HOUR, occupied_at=NOW + timedelta(seconds=5)),
        collected("taken back", NOW, HOUR, taken_back=True),
        collected("fetched", NOW, HOUR, fetcher=PersonId(9)),
        collected("elsewhere", NOW, 3 * HOUR, THERE),
        made("not yet", NOW),
    )
    here = await database.look(lambda tx: tx.collected_by_day(WEEK, NEAR))
    assert here == {6: Collected(4, 3, 12 * HOUR)}
    every = await database.look(lambda tx: tx.collected_by_day(WEEK, EVERY))
    assert every == {6: Collected(5, 4, 15 * HOUR)}


async def test_of_an_hour_the_first_note_of_a_tower_counts_and_zones_are_kept_apart(
    database: Database,
) -> None:
    await add(database)
    hour = NOW.replace(minute=0)
    await note(database, hour, {HERE: Doors(3, 8), THERE: Doors(1, 4), GONE: Doors(2, 2)})
    await note(database, hour, {HERE: Doors(0, 9)})
    await note(database, WEEK.starts[BERLIN][0] - HOUR, {HERE: Doors(5, 5)})
    noted = await database.look(lambda tx: tx.towers_noted(hour))
    assert set(noted) == {HERE, THERE, GONE}
    assert await database.look(lambda tx: tx.towers_noted(hour - HOUR)) == set()
    assert await database.look(lambda tx: tx.doors_by_hour(WEEK, EVERY)) == [
        Seen(hour, BERLIN, Doors(3, 8)),
        Seen(hour, AUSTIN, Doors(1, 4)),
        Seen(hour, "UTC", Doors(2, 2)),
    ]
    assert await database.look(lambda tx: tx.doors_by_hour(WEEK, NEAR)) == [
        Seen(hour, BERLIN, Doors(3, 8))
    ]


async def test_many_towers_are_noted_at_once_and_forgotten_after_their_week(
    database: Database,
) -> None:
    hour, end = WEEK.starts["UTC"][0], WEEK.starts["UTC"][-1]
    towers = [TowerId(f"{n:016x}") for n in range(1500)]
    await note(database, hour, {tower: Doors(n, n + 1) for n, tower in enumerate(towers)})
    await add(database, made("first", hour, towers[0]), made("last", hour, towers[-1]))
    many = {"UTC": towers}
    seen = await database.look(lambda tx: tx.doors_by_hour(WEEK, many))
    assert sum(each.doors.free for each in seen) == sum(range(1500))
    assert await database.look(lambda tx: tx.booked_by_day(WEEK, many)) == {0: 2}
    await database.run(lambda tx: tx.prune(end - KEPT, 1000))
    assert await database.look(lambda tx: tx.towers_noted(hour)), "a whole week is told of"
    await database.run(lambda tx: tx.prune(hour + KEPT, 1000))
    assert not await database.look(lambda tx: tx.towers_noted(hour))


async def test_the_figures_of_a_tower_are_its_own(database: Database) -> None:
    await add(database, made("a", NOW), made("b", NOW, THERE), collected("c", NOW, HOUR, THERE))
    await note(database, NOW.replace(minute=0), {HERE: Doors(1, 2), THERE: Doors(3, 4)})
    here = await database.look(lambda tx: of_last_days(tx, TOWERS[:1], now=NOW))
    assert (here.booked, here.collected.count) == (1, 0)
    assert [*here.free.values()] == [Doors(1, 2)]
    assert [slot[1] for slot in here.free] == [18], "its own clock"
    every = await database.look(lambda tx: of_last_days(tx, TOWERS, now=NOW))
    assert (every.booked, every.collected.count) == (2, 1)
    nobody = await database.look(lambda tx: of_last_days(tx, [], now=NOW))
    assert (nobody.booked, [*nobody.free]) == (0, [])


async def test_with_no_delivery_there_is_no_first_booking(database: Database) -> None:
    assert await database.look(lambda tx: tx.first_booking()) is None
    await add(database, made("a", NOW), made("b", NOW - 9 * HOUR))
    assert await database.look(lambda tx: tx.first_booking()) == NOW - 9 * HOUR


async def test_what_was_noted_of_doors_and_parcels_stays_when_a_person_is_forgotten(
    database: Database,
) -> None:
    parcel = replace(collected("a", NOW, HOUR), recipient=PersonId(2))
    await add(database, parcel)
    before = await database.look(lambda tx: tx.collected_by_day(WEEK, NEAR))
    await database.run(lambda tx: tx.forget_person(PersonId(2)))
    assert await database.look(lambda tx: tx.collected_by_day(WEEK, NEAR)) == before
