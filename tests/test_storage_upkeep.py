"""Remembered towers, counts and pruning, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.domain.alerts import Alert, AlertKind, harbor_away
from bot.domain.card import Card
from bot.domain.delivery import HarborRequest, RequestKind
from bot.domain.ids import MessageId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.tower import Hours, Tower
from bot.ports.database import Database
from bot.ports.upkeep import Counts
from storage import StorageBroken
from tests.support.databases import a_delivery

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
DAY = timedelta(days=1)
ANNA = PersonId(7_000_000_001)
BEN = PersonId(7_000_000_002)


def a_tower(number: int, **more) -> Tower:
    return Tower(
        TowerId(f"{number:016x}"), f"Tower {number}", "Hafenstraße 1", "Łódź", None, None,
        "Europe/Warsaw", **more,
    )  # fmt: skip


async def test_towers_are_remembered_as_they_were_last_saved(database: Database) -> None:
    span = Hours(time(8), time(20, 30))
    full = replace(
        a_tower(
            2,
            country="PL",
            hours={0: (span, Hours(time(21), time(23, 59, 59))), 6: ()},
            location=77,
        ),
        latitude=51.759248,
        longitude=-0.1,
    )
    await database.run(lambda tx: tx.save_towers([a_tower(n) for n in range(1200)]))
    assert len(await database.look(lambda tx: tx.towers())) == 1200
    await database.run(lambda tx: tx.save_towers([full, a_tower(1)]))
    assert await database.look(lambda tx: tx.towers()) == [full, a_tower(1)]
    await database.run(lambda tx: tx.save_towers([]))
    assert await database.look(lambda tx: tx.towers()) == []


async def test_a_tower_may_have_no_zone_and_is_found_by_its_id(database: Database) -> None:
    zoneless = replace(a_tower(1), zone=None)
    await database.run(lambda tx: tx.save_towers([zoneless, a_tower(2)]))
    assert await database.look(lambda tx: tx.tower(zoneless.id)) == zoneless
    assert await database.look(lambda tx: tx.tower(TowerId("00"))) is None


async def shown(tx, subject: str, message: int) -> Card:
    """A card that has been shown, and is nobody's."""
    await tx.mark(ANNA, subject, now=NOW)
    [card] = [each for each in await tx.lease_cards(NOW, NOW + DAY, 99) if each.subject == subject]
    after = await tx.card_shown(card, message=MessageId(message), form="text", digest="")
    assert after is not None
    return after


async def test_counts_say_what_there_is_and_what_is_owed(database: Database) -> None:
    assert await database.look(lambda tx: tx.counts()) == Counts({}, 0, 0)

    async def fill(tx):
        await tx.add_delivery(a_delivery("a", want=RequestKind.LOCKER))
        await tx.add_delivery(a_delivery("b"))
        await tx.add_delivery(a_delivery("c", state=State.STORED))
        await tx.mark(ANNA, "delivery:a", now=NOW)
        await shown(tx, "screen", 1)

    await database.run(fill)
    assert await database.look(lambda tx: tx.counts()) == Counts(
        {"requested": 2, "stored": 1}, cards_owed=1, requests_owed=1
    )


async def test_since_when_the_oldest_is_owed_is_told_of_whoever_can_be_reached(
    database: Database,
) -> None:
    async def step(tx):
        await tx.save_person(Person(ANNA, "Anna", language="en"))
        await tx.save_person(Person(BEN, "Ben", language="en", reachable=False))
        for minutes, delivery in ((5, "late"), (2, "latest"), (9, "early")):
            asked = NOW + timedelta(minutes=minutes)
            request = HarborRequest.made(RequestKind.LOCKER, asked)
            await tx.add_delivery(replace(a_delivery(delivery), request=request))
        await tx.mark(BEN, "delivery:a", now=NOW)
        await tx.mark(PersonId(99), "alert:a", now=NOW)  # an operator who never came
        await tx.mark(ANNA, "delivery:a", now=NOW + timedelta(minutes=1))
        await tx.mark(ANNA, "delivery:a", now=NOW + timedelta(minutes=3))

    await database.run(step)
    counts = await database.look(lambda tx: tx.counts())
    assert counts.card_owed_since == NOW + timedelta(minutes=1), "not since the latest mark"
    assert counts.request_asked_at == NOW + timedelta(minutes=2)

    async def put_off(tx):
        [card] = [c for c in await tx.lease_cards(NOW + DAY, NOW + 2 * DAY, 9) if c.chat == ANNA]
        await tx.card_failed(card, NOW + 5 * DAY)

    await database.run(put_off)
    counts = await database.look(lambda tx: tx.counts())
    assert counts.card_owed_since == NOW + timedelta(minutes=1), "however often it was tried"


async def test_pruning_forgets_the_old_and_keeps_what_is_needed(database: Database) -> None:
    async def fill(tx):
        for update, day in enumerate((0, 1, 5)):
            await tx.open_update(update, ANNA, NOW + day * DAY)
        for day, key in ((0, "old"), (5, "new")):
            await tx.raise_alert(Alert(key, AlertKind.DOOR, NOW))
            await tx.clear_alert(key, NOW + day * DAY)
        await tx.raise_alert(Alert("stands", AlertKind.DOOR, NOW))
        await shown(tx, "emptied", 1)
        await tx.mark(ANNA, "emptied", now=NOW)
        [card] = await tx.lease_cards(NOW, NOW + DAY, 1)
        await tx.empty_card(card)
        await shown(tx, "shown", 2)
        await tx.mark(ANNA, "owed", now=NOW)

    await database.run(fill)
    assert await database.run(lambda tx: tx.prune(NOW + 2 * DAY, 99)) == 4
    assert await database.run(lambda tx: tx.prune(NOW + 2 * DAY, 99)) == 0

    async def rest(tx):
        openings = [await tx.open_update(update, ANNA, NOW) for update in range(3)]
        assert [opening.fresh for opening in openings] == [True, True, False]
        assert await tx.alert("old") is None
        assert await tx.alert("new") is not None
        assert await tx.alert("stands") is not None
        cards = [await tx.card(ANNA, subject) for subject in ("owed", "shown", "emptied")]
        assert [card is not None for card in cards] == [True, True, False]

    await database.run(rest)


async def test_pruning_takes_no_more_than_it_is_told_at_once(database: Database) -> None:
    async def fill(tx):
        for update in range(10):
            await tx.open_update(update, ANNA, NOW)

    await database.run(fill)
    pruned = [await database.run(lambda tx: tx.prune(NOW + DAY, 4)) for _ in range(4)]
    assert pruned == [4, 4, 2, 0]


async def test_a_look_cannot_write(database: Database) -> None:
    for write in (
        lambda tx: tx.raise_alert(harbor_away(NOW, "TryLater")),
        lambda tx: tx.mark(ANNA, "screen", now=NOW),
    ):
        for ask in (database.look, database.glance):
            with pytest.raises(StorageBroken, match=r"read-?\s?only"):
                await ask(write)
    assert await database.look(lambda tx: tx.alerts()) == []
