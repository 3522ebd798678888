"""Names that senders give their parcels: who reads them, who finds by them, and what is no name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.ports.database import Database, Transaction
from bot.usecases.export import held_about
from bot.usecases.find_own import search_own
from storage.tables import search
from tests.support.chats import MARKET, Chats
from tests.support.core import ANNA, BEN, START
from tests.support.databases import a_delivery
from tests.support.phones import Phone
from tests.support.scenes import TOWER

ORDER = "Order <1042>"


async def book(anna: Phone, name: str | None, *who: str) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", *(who or ("Myself",)))
    if name is not None:
        await anna.press("Name it")
        await anna.text(name)
    await anna.press("Reserve")


async def the_parcel(world: Chats, phone: Phone) -> Delivery:
    return (await world.deliveries(phone))[0]


async def test_both_people_and_the_operator_read_the_name_and_find_by_it(
    world: Chats, anna: Phone, ben: Phone, olga: Phone
) -> None:
    await book(anna, ORDER, "Send a link")
    await anna.sees("🏷 Order")
    await ben.open((await anna.claim())[0])
    await ben.sees("🏷 Order", "parcel from Anna")
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    await ben.sees("🏷 Order", "is waiting for you")
    await ben.press("Get pick-up code")
    await world.tower.take_out(await ben.code())
    await ben.sees("🏷 Order", "You have collected")
    await olga.text("/ops order 1042")
    await olga.sees("One delivery found", "1042")
    for phone in (anna, ben):
        await phone.text("/parcels")
        await phone.text("nobody's hat")
        await phone.sees("Nothing found")
        for words in ("ORDER", "1042 market"):
            await phone.text(words)
            await phone.press("collected")
        await phone.text("/parcels")


async def test_a_booking_without_a_name_has_neither_a_step_nor_a_line_of_it(
    world: Chats, anna: Phone
) -> None:
    await book(anna, None)
    assert (await the_parcel(world, anna)).parcel_name is None
    assert not any("🏷" in card for card in await anna.cards())


async def test_the_name_is_given_later_changed_and_taken_away_from_the_card(
    world: Chats, anna: Phone
) -> None:
    await book(anna, None)
    await anna.press("Name it")
    await anna.sees("What do you call this parcel?", MARKET)
    await anna.text("Mum's boots")
    await anna.sees("🏷 Mum's boots")
    await anna.press("Rename")
    await anna.text("Dad's boots")
    assert (await the_parcel(world, anna)).parcel_name == "Dad's boots"
    await anna.press("Rename", "Without a name")
    assert (await the_parcel(world, anna)).parcel_name is None
    await anna.loses("Dad's boots")


async def test_a_parcel_that_is_tried_elsewhere_or_again_keeps_its_name(
    world: Chats, anna: Phone
) -> None:
    await book(anna, "Order 7")
    await anna.press("Another size", "Large · ")
    assert {each.parcel_name for each in await world.deliveries(anna)} == {"Order 7"}


@pytest.mark.parametrize(
    "unseen",
    ["\u2800\u3164", "\u200b\u2060\u200e", "@anna_s", "https://evil.example", "go.to.me"],
)
async def test_what_shows_nothing_or_leads_somewhere_is_no_name(
    world: Chats, anna: Phone, unseen: str
) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself", "Name it")
    await anna.text(unseen)
    await anna.sees("A name needs letters or digits", "What do you call this parcel?")
    assert await world.state(anna) == "send/name"
    await anna.text("the hat")
    await anna.press("Reserve")
    assert (await the_parcel(world, anna)).parcel_name == "the hat"


async def test_a_name_of_500_signs_in_three_lines_is_one_short_line(
    world: Chats, anna: Phone
) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself", "Name it")
    await anna.text("one\n\ntwo\n" + "x" * 500)
    await anna.sees("A name has room for 40 characters; I cut it.")
    await anna.press("Reserve")
    name = (await the_parcel(world, anna)).parcel_name
    assert name == "one two " + "x" * 31 + "…"


async def test_only_the_sender_names_a_parcel(world: Chats, anna: Phone, ben: Phone) -> None:
    await book(anna, "Order 7", "Send a link")
    await ben.open((await anna.claim())[0])
    delivery = await the_parcel(world, ben)
    await ben.forge(f"name:{delivery.id}:{delivery.revision}")
    await ben.text("mine")
    assert (await the_parcel(world, anna)).parcel_name == "Order 7"


async def test_what_looks_like_a_claim_code_among_ones_parcels_is_looked_for(
    world: Chats, anna: Phone
) -> None:
    await book(anna, "1042-7733")
    await anna.text("/parcels")
    await anna.text("1042-7733")
    await anna.press("locker reserved")


async def _named(tx: Transaction, delivery: Delivery) -> None:
    await tx.add_delivery(delivery)
    await tx.index_parcel(delivery)


# Rare words; frequent ones of few spellings; frequent ones of too many.
@pytest.mark.parametrize(("frequent", "spellings"), [(search._FREQUENT, 50), (1, 50), (1, 0)])
async def test_what_is_over_is_found_by_words_of_its_name_and_no_longer_once_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch, frequent: int, spellings: int
) -> None:
    monkeypatch.setattr(search, "_FREQUENT", frequent)
    monkeypatch.setattr(search, "_SPELLINGS", spellings)
    made = [
        a_delivery("boots", sender=ANNA, state=State.COLLECTED, parcel_name="Mum's new Boots"),
        a_delivery("hat", sender=BEN, state=State.COLLECTED, parcel_name="Mum's Hat"),
        a_delivery("live", sender=BEN, state=State.STORED, parcel_name="Mum's scarf"),
    ]

    async def write(tx: Transaction) -> None:
        await tx.save_person(Person(ANNA, "Anna"))
        await tx.save_towers([replace(TOWER, id=made[0].tower)])
        for delivery in made:
            await _named(tx, delivery)

    async def found(*words: str, towers: list[TowerId] | None = None) -> set[str]:
        ended, _ = await database.look(lambda tx: tx.ended_called(words, towers, 10))
        return {delivery for delivery, _ in ended}

    await database.run(write)
    assert await found("mums") == {"boots", "hat"}
    assert await found("boot", "mums") == {"boots"}
    assert await found("mums", towers=[made[0].tower]) == {"boots", "hat"}
    assert await found("mums", towers=[TowerId("elsewhere")]) == set()
    assert await found() == set()
    held = await database.look(lambda tx: held_about(tx, Person(ANNA, "Anna"), START))
    assert [each["parcel_name"] for each in held["deliveries"]] == ["Mum's new Boots"]
    await database.run(lambda tx: tx.forget_person(ANNA))
    assert await found("mums") == {"hat"}
    gone = await database.look(lambda tx: tx.delivery(made[0].id))
    assert gone is not None
    assert gone.parcel_name is None
    await database.run(lambda tx: tx.index_parcel(replace(made[1], parcel_name=None)))
    assert await found("mums") == set()


async def test_of_very_many_of_one_name_the_latest_are_found_in_their_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FREQUENT", 4)
    names = ("gift", "gifts", "gift wrap", "gift", "gift wrap", "gifts wrap")

    async def write(tx: Transaction) -> None:
        for number, name in enumerate(names):
            over = START + timedelta(minutes=number)
            made = a_delivery(str(number), state=State.STORED, parcel_name=name, changed_at=START)
            await _named(tx, made)
            saved = await tx.delivery(made.id)
            assert saved is not None
            ended = replace(saved, state=State.COLLECTED, changed_at=over)
            await tx.save_delivery(replace(ended, locker=None))

    async def found(*words: str, limit: int = 10) -> tuple[list[str], bool]:
        ended, whole = await database.look(lambda tx: tx.ended_called(words, None, limit))
        return [delivery for delivery, _ in ended], whole

    await database.run(write)
    assert await found("gift") == (["5", "4", "3", "2", "1", "0"], True)
    assert await found("gift", limit=2) == (["5", "4"], True)
    assert await found("wrap", "gift") == (["5", "4", "2"], True)
    monkeypatch.setattr(search, "_FREQUENT", 2)  # each in two names and more
    assert await found("wrap", "gift") == (["5", "4"], False)
    assert await found("gift", "wrap") == (["5", "4"], False)  # of two spellings the latest each
    monkeypatch.setattr(search, "_SPELLINGS", 1)
    assert await found("gift", "wrap") == (["5", "4"], False)
    assert await found("gift", "gifts") == (["5"], False)
    monkeypatch.setattr(search, "_FREQUENT", 6)
    assert await found("gift", "gifts") == (["5", "1"], True)


async def test_a_parcel_that_is_called_so_twice_takes_the_place_of_no_other(
    database: Database,
) -> None:
    async def write(tx: Transaction) -> None:
        for number in range(4):
            over = START + timedelta(minutes=number)
            made = a_delivery(str(number), state=State.COLLECTED, changed_at=over)
            await _named(tx, replace(made, parcel_name="gift gifts gifted"))

    await database.run(write)
    ended, _ = await database.look(lambda tx: tx.ended_called(["gift"], None, 3))
    assert [delivery for delivery, _ in ended] == ["3", "2", "1"]


async def test_ones_own_are_found_by_person_tower_and_door_and_nobody_elses(
    database: Database,
) -> None:
    stranger = PersonId(77)
    made = [
        a_delivery("out", sender=ANNA, recipient=BEN, state=State.STORED, locker_name="B7"),
        a_delivery("past", sender=BEN, recipient=ANNA, state=State.COLLECTED, locker_name="B8"),
        a_delivery("not", sender=BEN, recipient=stranger, state=State.STORED, locker_name="B7"),
    ]

    async def write(tx: Transaction) -> None:
        await tx.save_person(Person(ANNA, "Anna"))
        await tx.save_person(Person(BEN, "Bén Müller"))
        for delivery in made:
            await tx.add_delivery(delivery)

    async def found(query: str) -> list[str]:
        return [each.id for each in await database.look(lambda tx: search_own(tx, ANNA, query))]

    await database.run(write)
    assert await found("ben") == ["out", "past"], "what is under way comes first"
    assert await found("muller b8") == ["past"]
    assert await found("b7") == ["out"]
    assert await found("anna") == []
