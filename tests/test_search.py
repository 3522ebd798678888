"""Operators find any delivery; on both databases, and nobody finds what is not theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.claims import Claim
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.search import MOST_FOUND, MOST_PEOPLE, delivery_id, tower_words, words_of
from bot.ports.database import Database
from bot.usecases.actor import Actor, NotYours
from bot.usecases.find import Found, Secret, named, search
from storage import open_database
from tests.support.databases import KEYS
from tests.support.scenes import NOW, OTHER, TOWER, a_delivery

OLGA, OTTO = PersonId(9), PersonId(8)
POLICY = Policy(operators=frozenset({OLGA}), tower_operators={OTHER.id: frozenset({OTTO})})
ANNA = Person(PersonId(1), "Anna Smith", username="Anna_S")
BOB = Person(PersonId(2), "Bob Łukasz O'Brien-Zoë")
CLAIM = Claim(DeliveryId("0000000001"), "K7QF2M9X", "x" * 22)


def one(number: int, state: State = State.COLLECTED, **facts: object) -> Delivery:
    """A delivery of Anna's for Bob; the higher its number, the later it changed."""
    made = replace(
        a_delivery(state),
        id=DeliveryId(f"{number:010d}"),
        sender=ANNA.id,
        recipient=BOB.id,
        changed_at=NOW + timedelta(minutes=number),
    )
    if state is State.STORED and "locker" not in facts:
        made = replace(made, locker=LockerId(100 + number))
    return replace(made, **facts)  # type: ignore[arg-type]


async def keep(database: Database, *deliveries: Delivery) -> None:
    async def step(tx):
        await tx.save_towers([TOWER, OTHER])
        for person in (ANNA, BOB):
            await tx.save_person(person)
        for delivery in deliveries:
            await tx.add_delivery(delivery)

    await database.run(step)


async def find(database: Database, query: str, who: PersonId = OLGA) -> Found:
    return await database.look(lambda tx: search(tx, who, POLICY, query))


async def found(database: Database, query: str, who: PersonId = OLGA) -> list[int]:
    """The numbers of what is found."""
    return [int(each) for each in (await find(database, query, who)).deliveries]


@pytest.mark.parametrize(
    "query",
    [
        *("bob", "BOB", "Bo", "lukasz", "Łukasz bob", "obrien", "O'Brien", "zoe", "Zoë Bob", "2"),
        *("anna", "smith ann", "@anna_s", "ANNA_S", "1"),
    ],
)
async def test_people_are_found_by_words_of_their_names_usernames_and_ids(
    database: Database, query: str
) -> None:
    await keep(database, one(1), one(2, State.STORED), one(3, State.RENTED, tower=OTHER.id))
    assert sorted(await found(database, query)) == [1, 2, 3]


@pytest.mark.parametrize("query", ["cleo", "bob jones", "nna", "@anna", "3", "", "  ", "?!"])
async def test_nobody_is_found_by_what_is_not_said_of_them(database: Database, query: str) -> None:
    await keep(database, one(1), one(2, State.STORED))
    assert await find(database, query) == Found()


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("14", [4, 3, 2, 1]),
        ("7", [5]),
        ("market", [4, 3]),
        ("Market 14", [4, 3]),
        ("14 market", [4, 3]),
        ("main station 14", [2, 1]),
        ("main station 7", [5]),
        ("madrid 7", [5]),
        ("market 7", []),
        (OTHER.id, [4, 3]),
        ("a3", [6]),
        ("bob market", [4]),
        ("bob smith", [4, 2]),
    ],
)
async def test_what_is_at_a_tower_and_behind_a_door_is_found(
    database: Database, query: str, numbers: list[int]
) -> None:
    await keep(
        database,
        one(1),
        one(2, State.STORED),
        one(3, tower=OTHER.id),
        one(4, State.STORED, tower=OTHER.id),
        one(5, locker_name="7"),
        one(6, locker_name="A3", tower=TowerId("cc")),
    )
    if query == "a3":  # a door of a tower that nobody knows any more is no door
        numbers = []
    assert sorted(await found(database, query), reverse=True) == numbers


async def test_a_part_that_a_door_or_a_tower_has_does_not_stand_for_the_next(
    database: Database,
) -> None:
    await keep(database, one(1), one(2, State.STORED))
    for query in ("14 cleo", "main cleo", "@anna_s cleo", "anna cleo"):
        assert await found(database, query) == [], query


async def test_what_has_no_door_yet_is_found_by_its_people(database: Database) -> None:
    await keep(database, one(1, State.REQUESTED, locker=None, locker_name=None))
    assert await found(database, "bob") == [1]
    assert await found(database, "none") == []


async def test_what_is_under_way_comes_first_then_the_latest(database: Database) -> None:
    live = [one(2, State.STORED), one(4, State.RENTED)]
    await keep(database, one(9), one(1), *live, one(5, State.CANCELLED))
    assert await found(database, "anna") == [4, 2, 9, 5, 1]


async def test_somebody_picked_whom_the_bot_has_not_met_is_found_while_it_is_under_way(
    database: Database,
) -> None:
    awaited = {"recipient": PersonId(77), "recipient_name": "Dora Diaz", "awaited": True}
    await keep(database, one(1, State.STORED, **awaited))
    assert await found(database, "diaz") == await found(database, "77") == [1]


async def test_an_operator_of_one_tower_finds_what_is_there_and_nothing_else(
    database: Database,
) -> None:
    await keep(
        database,
        *(one(1), one(2, State.STORED), one(3, tower=OTHER.id)),
        one(4, State.STORED, tower=OTHER.id),
    )
    for query in ("bob", "14", "market", "1"):
        assert sorted(await found(database, query, OTTO)) == [3, 4], query
    for query in ("main station", TOWER.id):
        assert await found(database, query, OTTO) == []
    assert await found(database, "bob", PersonId(5)) == []


async def test_somebody_forgotten_or_renamed_is_not_found_by_the_old_name(
    database: Database,
) -> None:
    await keep(database, one(1), one(2, recipient=None))
    await database.run(lambda tx: tx.save_person(replace(BOB, name="Robert")))
    assert await found(database, "bob") == []
    assert await found(database, "robert") == [1]
    await database.run(lambda tx: tx.forget_person(BOB.id))
    assert await found(database, "robert") == await found(database, "2") == []
    assert await found(database, "anna") == [2, 1]


async def test_more_than_a_thousand_are_said_to_be_more(sqlite_database: Database) -> None:
    await keep(sqlite_database, *(one(number) for number in range(1, MOST_FOUND + 1)))
    assert not (await find(sqlite_database, "bob")).more
    await keep(sqlite_database, one(MOST_FOUND + 1))
    everything = await find(sqlite_database, "bob")
    assert (len(everything.deliveries), everything.more) == (MOST_FOUND, True)
    assert everything.deliveries[0] == one(MOST_FOUND + 1).id


async def test_of_a_name_that_many_have_only_what_is_under_way_is_found(
    sqlite_database: Database,
) -> None:
    crowd = [Person(PersonId(100 + number), "Anna Jones") for number in range(MOST_PEOPLE)]
    theirs = [one(1), one(2, State.STORED), one(3, sender=PersonId(101))]
    await keep(sqlite_database, *theirs)
    for person in crowd:
        await sqlite_database.run(lambda tx, person=person: tx.save_person(person))
    assert await find(sqlite_database, "anna") == Found((DeliveryId("0000000002"),), crowd=True)
    assert await found(sqlite_database, "anna smith") == [2, 1]
    assert await found(sqlite_database, "anna jones") == [3]


async def test_whoever_was_met_by_an_earlier_version_is_found_once_it_is_opened_anew(
    database: Database, database_url: str
) -> None:
    await keep(database, one(1))

    async def as_before(tx):
        await tx._db.execute("update people set indexed = 0")
        await tx._db.execute("delete from people_words")

    await database.run(as_before)
    assert await found(database, "bob") == []
    async with open_database(database_url, keys=KEYS):
        assert await found(database, "bob") == [1]


# -- what names one delivery


async def meant(database: Database, text: str, who: PersonId = OLGA) -> object:
    return await database.run(lambda tx: named(Actor(tx, who, NOW, POLICY), text))


async def test_a_delivery_is_named_by_its_id_and_by_its_claim(database: Database) -> None:
    await keep(database, one(1, State.STORED, recipient=None))
    await database.run(lambda tx: tx.save_claim(CLAIM))
    kept = await database.look(lambda tx: tx.delivery(CLAIM.delivery))
    assert await meant(database, " OOOOOOOOO1 ") == kept
    for text in ("k7qf-2m9x", "K7QF 2M9X", f"https://t.me/x?start=c_{CLAIM.link}"):
        assert await meant(database, text) == Secret(kept), text
        assert await meant(database, text, OTTO) == Secret(None), text
    assert await meant(database, "0000000001", OTTO) is None
    assert await meant(database, "K7QF-2M9Y") is None
    with pytest.raises(NotYours):
        await meant(database, "0000000001", PersonId(5))


async def test_what_is_at_ones_own_tower_is_named_and_a_link_that_leads_nowhere_is_kept_secret(
    database: Database,
) -> None:
    await keep(database, one(1, State.STORED, recipient=None, tower=OTHER.id))
    await database.run(lambda tx: tx.save_claim(CLAIM))
    kept = await database.look(lambda tx: tx.delivery(CLAIM.delivery))
    assert await meant(database, "0000000001", OTTO) == kept
    assert await meant(database, "K7QF-2M9X", OTTO) == Secret(kept)
    assert await meant(database, f"https://t.me/x?start=c_{'y' * 22}") == Secret(None)
    assert await meant(database, "nobody knows") is None


async def test_a_claim_code_of_letters_alone_is_read_as_one(database: Database) -> None:
    await keep(database, one(1, State.STORED, recipient=None))
    await database.run(lambda tx: tx.save_claim(replace(CLAIM, code="KQFTMNXR")))
    kept = await database.look(lambda tx: tx.delivery(CLAIM.delivery))
    assert await meant(database, "kqftmnxr") == Secret(kept)


async def test_a_claim_code_that_an_operator_types_is_no_try(database: Database) -> None:
    await keep(database, one(1, State.STORED))
    for _time in range(20):
        await meant(database, "K7QF-2M9Y")
    tries = await database.look(lambda tx: tx.wrong_tries(OLGA, NOW - timedelta(days=9)))
    assert (tries.asked, tries.unasked) == (0, 0)
    assert await database.look(lambda tx: tx.all_wrong_tries(NOW - timedelta(days=9))) == 0


# -- words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  Bob  SMITH ", ("bob", "smith")),
        ("Zoë Größe", ("zoe", "grosse")),
        ("Anna-Lena d'Arc", ("anna", "lena", "darc")),
        ("Юлія 王小明 ☂️", ("юлія", "王小明")),
        ("a a A", ("a",)),
        ("", ()),
        ("x" * 99, ("x" * 32,)),
    ],
)
def test_words_are_plain_and_each_stands_once(text: str, words: tuple[str, ...]) -> None:
    found = words_of(text)
    assert found == tuple(word for each in words for word in words_of(each)) == found
    assert [*map(len, found)] == [*map(len, words)]


def test_an_id_is_read_as_it_may_be_written() -> None:
    assert delivery_id("7K2M9XQ4TZ") == delivery_id(" 7k2m9xq4tz ") == "7k2m9xq4tz"
    assert delivery_id("7k2m9xq4t") is delivery_id("7k2m9xq4tu") is None


def test_the_numbers_of_an_address_are_no_words_of_a_tower() -> None:
    assert tower_words(TOWER) == {"main", "station", "road", "madrid", TOWER.id}
