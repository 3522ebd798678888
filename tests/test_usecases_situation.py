"""Who sees what of a delivery: its claim, its code, its story and what waits beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import no_links, orphan, problem_reported
from bot.domain.card import delivery_subject
from bot.domain.claims import Claim
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, LockerId, MessageId, PersonId, TowerId
from bot.domain.lifecycle import HOLDING, LIVE, State
from bot.domain.openers import Opener
from bot.domain.person import Person
from bot.domain.situation import Situation
from bot.domain.tower import Locker, LockerStatus
from bot.ports.database import Database
from bot.usecases.situation import (
    Surroundings,
    read_alert,
    read_card,
    read_situation,
    with_stories,
)
from tests.support.scenes import (
    ANNA,
    BEN,
    BY_LINK,
    CARA,
    CLAIM,
    ID,
    LINKS,
    NOW,
    OTHER,
    POLICY,
    TOWER,
    a_code,
    a_delivery,
)

OLGA = Person(PersonId(9), "Olga")
AUSTIN = replace(OTHER, zone="America/Chicago")
KNOWN = Surroundings(NOW, POLICY, {TOWER.id: TOWER, OTHER.id: OTHER}, LINKS)
STORY = HistoryEntry(ID, NOW, HistoryEvent.RESERVED)
SEEN_WITH_ITS_STORY = {
    State.STORED,
    State.COLLECTED,
    State.RELEASING,
    State.CANCELLED,
    State.LAPSED,
    State.CLOSED,
}

Read = Callable[[Database, Delivery, Person], Awaitable[Situation | None]]


async def by_card(database: Database, delivery: Delivery, reader: Person) -> Situation | None:
    return await read_card(database, delivery.id, reader.id, KNOWN)


async def by_step(database: Database, delivery: Delivery, reader: Person) -> Situation | None:
    return await database.look(lambda tx: read_situation(tx, delivery.id, reader.id, KNOWN))


@pytest.fixture(params=[by_card, by_step])
def read(request: pytest.FixtureRequest) -> Read:
    """Both ways in which a situation is read."""
    found: Read = request.param
    return found


async def keep(database: Database, *deliveries: Delivery, code: CodeKind | None = None) -> None:
    """The deliveries with all their people; the first with a claim, a story and Ben's code."""
    first = deliveries[0]

    async def step(tx):
        for person in (ANNA, BEN, CARA, OLGA):
            await tx.save_person(person)
        for delivery in deliveries:
            await tx.add_delivery(delivery)
        await tx.save_claim(replace(CLAIM, delivery=first.id))
        await tx.record(STORY)
        if code is not None:
            await tx.save_code(replace(a_code(code, BEN.id), delivery=first.id))

    await database.run(step)


async def in_every_state(database: Database, **facts: object) -> list[Delivery]:
    """One of each state, in lockers of their own, each with a claim, a story and Ben's code."""
    made = [
        replace(a_delivery(state, **facts), id=DeliveryId(state.value), locker=LockerId(number))
        for number, state in enumerate(State, 1)
    ]

    async def step(tx):
        for person in (ANNA, BEN, CARA, OLGA):
            await tx.save_person(person)
        for delivery in made:
            await tx.add_delivery(delivery)
            claim = Claim(delivery.id, f"K7QF2M9{delivery.locker:X}", delivery.state.value)
            await tx.save_claim(claim)
            await tx.record(replace(STORY, delivery=delivery.id))
            code = a_code(CodeKind.PICK_UP, BEN.id)
            await tx.save_code(replace(code, delivery=delivery.id))

    await database.run(step)
    return made


async def seen(read: Read, database: Database, delivery: Delivery, reader: Person) -> Situation:
    situation = await read(database, delivery, reader)
    assert situation is not None
    return situation


async def test_what_is_gone_and_who_is_gone_see_nothing(
    sqlite_database: Database, read: Read
) -> None:
    stored = a_delivery(State.STORED)
    await keep(sqlite_database, stored)
    assert await read(sqlite_database, replace(stored, id=DeliveryId("gone")), ANNA) is None
    assert await read(sqlite_database, stored, Person(PersonId(77), "Nobody")) is None


async def test_a_situation_holds_what_was_read_and_what_is_known(
    sqlite_database: Database, read: Read
) -> None:
    stored = a_delivery(State.STORED)
    await keep(sqlite_database, stored, code=CodeKind.PICK_UP)
    of_ben = await seen(read, sqlite_database, stored, BEN)
    assert of_ben == Situation(
        of_ben.delivery,
        BEN,
        NOW,
        POLICY,
        TOWER,
        LINKS,
        sender=ANNA,
        recipient=BEN,
        code=a_code(CodeKind.PICK_UP, BEN.id),
        history=[STORY],
        companions=[],
    )
    assert of_ben.delivery.id == stored.id


async def test_the_claim_is_for_who_forwards_it_while_nobody_has_claimed(
    sqlite_database: Database, read: Read
) -> None:
    for open_still in await in_every_state(sqlite_database, recipient=None, handed_over_by=CARA.id):
        for reader, forwards in ((ANNA, True), (CARA, True), (BEN, False), (OLGA, False)):
            claim = (await seen(read, sqlite_database, open_still, reader)).claim
            may = forwards and open_still.state in LIVE
            assert (claim is not None) == may, (open_still.state, reader.name)


async def test_a_claim_that_somebody_has_used_is_forwarded_no_more(
    sqlite_database: Database, read: Read
) -> None:
    await keep(sqlite_database, a_delivery(State.STORED))
    assert (await seen(read, sqlite_database, a_delivery(State.STORED), ANNA)).claim is None


async def test_a_code_is_for_its_holder_while_there_is_a_door_to_open(
    sqlite_database: Database, read: Read
) -> None:
    for delivery in await in_every_state(sqlite_database):
        opens = delivery.state in HOLDING - {State.RELEASING}
        for reader in (ANNA, BEN, CARA, OLGA):
            code = (await seen(read, sqlite_database, delivery, reader)).code
            assert (code is not None) == (reader is BEN and opens), (delivery.state, reader.name)


async def test_whoever_has_no_part_any_more_holds_no_code(
    sqlite_database: Database, read: Read
) -> None:
    given_on = a_delivery(State.STORED, recipient=CARA.id)
    await keep(sqlite_database, given_on, code=CodeKind.PICK_UP)
    assert (await seen(read, sqlite_database, given_on, BEN)).code is None


async def test_the_story_is_for_those_concerned_where_a_card_has_room_for_it(
    sqlite_database: Database, read: Read
) -> None:
    for delivery in await in_every_state(sqlite_database):
        for reader in (ANNA, BEN, CARA, OLGA):
            history = (await seen(read, sqlite_database, delivery, reader)).history
            told = reader is not CARA and delivery.state in SEEN_WITH_ITS_STORY
            story = [replace(STORY, delivery=delivery.id)] if told else []
            assert list(history) == story, (delivery.state, reader.name)


async def test_the_whole_story_is_told_in_every_state_to_those_concerned_alone(
    sqlite_database: Database,
) -> None:
    rented = a_delivery(State.RENTED)
    await keep(sqlite_database, rented)

    async def whole(reader: Person) -> list[HistoryEntry]:
        found = await sqlite_database.look(
            lambda tx: read_situation(tx, rented.id, reader.id, KNOWN, whole_story=True)
        )
        assert found is not None
        return list(found.history)

    assert [await whole(reader) for reader in (ANNA, BEN, OLGA, CARA)] == [[STORY]] * 3 + [[]]


async def test_a_card_can_be_read_without_its_stories(sqlite_database: Database) -> None:
    stored = a_delivery(State.STORED)
    await keep(sqlite_database, stored, replace(stored, id=DeliveryId("beside"), locker=None))
    bare = await read_card(sqlite_database, stored.id, BEN.id, KNOWN, stories=False)
    assert bare is not None
    assert (bare.history, bare.companions) == ((), ())
    whole = await sqlite_database.look(lambda tx: with_stories(tx, bare, whole=False))
    assert (whole.history, [each.id for each in whole.companions]) == ([STORY], ["beside"])


async def test_what_else_waits_in_the_tower_is_told_to_who_collects(
    sqlite_database: Database, read: Read
) -> None:
    stored = a_delivery(State.STORED)
    free = {"locker": None, "locker_name": None}
    beside = a_delivery(State.STORED, **free)
    others = [
        replace(beside, id=DeliveryId("beside")),
        replace(beside, id=DeliveryId("elsewhere"), tower=OTHER.id),
        replace(beside, id=DeliveryId("hers"), recipient=CARA.id),
        replace(a_delivery(State.COLLECTED, **free), id=DeliveryId("over")),
        replace(a_delivery(State.REQUESTED), id=DeliveryId("not in yet")),
    ]
    await keep(sqlite_database, stored, *others)
    of_ben = await seen(read, sqlite_database, stored, BEN)
    assert [each.id for each in of_ben.companions] == ["beside"]
    assert list((await seen(read, sqlite_database, stored, ANNA)).companions) == []
    over = await seen(read, sqlite_database, others[3], BEN)
    assert list(over.companions) == []


@pytest.mark.parametrize(
    ("state", "shown", "ring", "told"),
    [
        (State.STORED, True, False, True),
        (State.STORED, True, True, False),
        (State.STORED, False, False, False),
        (State.RENTED, True, False, False),
    ],
)
async def test_the_recipient_has_been_told_when_their_phone_shows_that_the_parcel_is_in(
    sqlite_database: Database, read: Read, state: State, shown: bool, ring: bool, told: bool
) -> None:
    delivery = a_delivery(state)
    await keep(sqlite_database, delivery)
    subject, later = delivery_subject(delivery.id), NOW + timedelta(minutes=1)

    async def step(tx):
        await tx.mark(BEN.id, subject, now=NOW, ring=False)
        if shown:
            [card] = await tx.lease_cards(later, later, 10)
            await tx.card_shown(card, message=MessageId(5), form="text", digest="x")
        if ring:
            await tx.mark(BEN.id, subject, now=NOW, ring=True)

    await sqlite_database.run(step)
    assert (await seen(read, sqlite_database, delivery, ANNA)).recipient_told is told
    assert not (await seen(read, sqlite_database, delivery, BEN)).recipient_told


@pytest.mark.parametrize("recipient", [None, BEN.id])
async def test_a_parcel_that_nobody_has_claimed_or_been_shown_has_told_nobody(
    sqlite_database: Database, read: Read, recipient: PersonId | None
) -> None:
    untold = a_delivery(State.STORED, recipient=recipient)
    await keep(sqlite_database, untold)
    assert not (await seen(read, sqlite_database, untold, ANNA)).recipient_told


async def test_another_parcel_prepared_for_the_place_is_told_to_its_sender(
    sqlite_database: Database, read: Read
) -> None:
    first = a_delivery(State.PREPARED)
    second = replace(first, id=DeliveryId("second"))
    stored = replace(a_delivery(State.STORED), id=DeliveryId("stored"))
    await keep(sqlite_database, first)
    assert not (await seen(read, sqlite_database, first, ANNA)).more_prepared
    await keep_more(sqlite_database, stored)
    assert (await seen(read, sqlite_database, stored, ANNA)).more_prepared
    assert not (await seen(read, sqlite_database, stored, BEN)).more_prepared
    await keep_more(sqlite_database, second)
    assert (await seen(read, sqlite_database, first, ANNA)).more_prepared


async def keep_more(database: Database, delivery: Delivery) -> None:
    async def step(tx):
        await tx.add_delivery(delivery)

    await database.run(step)


async def test_the_tower_with_room_is_told_by_name(sqlite_database: Database, read: Read) -> None:
    nowhere = a_delivery(State.NO_LOCKER)
    await keep(sqlite_database, nowhere)
    assert (await seen(read, sqlite_database, nowhere, ANNA)).elsewhere == OTHER


def test_a_tower_that_nobody_remembers_goes_by_its_id() -> None:
    unknown = KNOWN.tower(TowerId("0123456789abcdef"))
    assert unknown.id == "0123456789abcdef"
    assert (unknown.name, unknown.zone, unknown.hours) == ("0123…cdef", None, None)
    assert (unknown.address, unknown.city) == ("", "")
    assert (unknown.latitude, unknown.longitude) == (None, None)
    assert KNOWN.tower(OTHER.id) == OTHER


def test_while_harbor_has_yet_to_pick_the_locker_a_parcel_is_at_the_location() -> None:
    hall = replace(TOWER, location=7, location_name="Station")
    known = replace(KNOWN, towers={TOWER.id: hall})
    by_link = a_delivery(State.REQUESTED, **BY_LINK)
    assert known.place_of(by_link) == replace(hall, name="Station")
    mixed = replace(by_link, pick_up_opener=Opener.TOKEN)
    assert known.place_of(mixed) == replace(hall, name="Station")
    assert known.place_of(a_delivery(State.RENTED, **BY_LINK)) == hall
    assert known.place_of(a_delivery(State.REQUESTED)) == hall


def test_times_name_their_zone_where_towers_stand_in_several() -> None:
    assert not KNOWN.zones
    assert replace(KNOWN, towers={TOWER.id: TOWER, AUSTIN.id: AUSTIN}).zones


async def test_an_alert_is_for_operators_with_all_that_it_is_about(
    sqlite_database: Database,
) -> None:
    stored = a_delivery(State.STORED)
    await keep(sqlite_database, stored)
    alert = replace(problem_reported(NOW, stored, BEN.id, "stuck"), seen_by=OLGA.id, seen_at=NOW)

    async def step(tx):
        await tx.raise_alert(alert)
        await tx.save_alert(alert)
        of_olga = await read_alert(tx, alert.key, OLGA.id, KNOWN)
        return of_olga, await read_alert(tx, alert.key, BEN.id, KNOWN)

    of_olga, of_ben = await sqlite_database.run(step)
    assert of_ben is None
    assert (of_olga.alert, of_olga.now, of_olga.policy) == (alert, NOW, POLICY)
    assert (of_olga.tower, of_olga.sender, of_olga.seen_by) == (TOWER, ANNA, OLGA)
    assert of_olga.delivery.id == stored.id


async def test_an_alert_about_a_tower_names_it_and_one_about_nothing_names_none(
    sqlite_database: Database,
) -> None:
    await keep(sqlite_database, a_delivery(State.STORED))
    orphaned = orphan(NOW, Locker(LockerId(3), "3", OTHER.id, LockerStatus.OCCUPIED, None))
    unlinked = no_links(NOW)

    async def step(tx):
        await tx.raise_alert(orphaned)
        await tx.raise_alert(unlinked)
        return [await read_alert(tx, a.key, OLGA.id, KNOWN) for a in (orphaned, unlinked)]

    found = await sqlite_database.run(step)
    assert [each.tower for each in found] == [OTHER, None]
    theirs = replace(POLICY, operators=frozenset(), tower_operators={OTHER.id: {OLGA.id}})
    known = replace(KNOWN, policy=theirs)
    for alert, read in ((orphaned, True), (unlinked, False)):
        of_olga = await sqlite_database.look(
            lambda tx, key=alert.key: read_alert(tx, key, OLGA.id, known)
        )
        assert (of_olga is not None) is read
    assert {(each.delivery, each.sender, each.seen_by) for each in found} == {(None, None, None)}
    assert await sqlite_database.look(lambda tx: read_alert(tx, "gone", OLGA.id, KNOWN)) is None
