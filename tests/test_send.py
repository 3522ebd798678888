"""A sender books a drop-off: tower, size, who collects, and the tap that reserves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.lifecycle import State
from bot.domain.tower import Size
from bot.ports.database import Database
from handlers.errands.send.booking import read_size
from tests.support.chats import MARKET, Chats, chats
from tests.support.phones import Phone, buttons
from wording.language import speak

NEWCOMER = ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve", "Get drop-off code")
RETURNING = ("Send again", "Send a link", "Reserve", "Get drop-off code")
BOOK = NEWCOMER[:-1]


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database) as world:
        yield world


@pytest.fixture
async def anna(world: Chats) -> Phone:
    anna = await world.phone("Anna")
    await anna.open()
    return anna


async def press(phone: Phone, *labels: str) -> None:
    for label in labels:
        await phone.press(label)


async def test_a_newcomer_sees_a_drop_off_code_after_six_taps(anna: Phone) -> None:
    assert len(NEWCOMER) <= 6
    await press(anna, *NEWCOMER)
    assert (await anna.code()).startswith("HARBOR://OPEN/")


async def test_who_has_sent_before_sees_a_drop_off_code_after_four_taps(anna: Phone) -> None:
    await press(anna, *BOOK)
    await anna.open()
    assert (await anna.labels())[0] == f"📦 Send again: {MARKET}, medium"
    assert len(RETURNING) <= 4
    await press(anna, *RETURNING)
    assert (await anna.code()).startswith("HARBOR://OPEN/")


async def test_the_screen_becomes_the_card_and_no_message_is_left_over(
    world: Chats, anna: Phone
) -> None:
    await press(anna, *BOOK)
    (card,) = await anna.cards()
    assert "Reserved until 11:05" in card
    assert await world.state(anna) == "none/none"


async def test_a_shared_location_lists_the_nearest_tower_first_with_its_distance(
    world: Chats, anna: Phone
) -> None:
    await press(anna, "Send a parcel", "Nearest")
    assert await anna.labels() == ["📍 Share my location", "‹ Back", "❔ Help"]
    await anna.location(30.3051, -97.7276)
    labels = await anna.labels()
    assert labels[0] == "Hyde Park Hardware · 50\u00a0ft"
    assert labels[1].startswith(f"{MARKET} · 3.1")
    assert labels[1].endswith("\u00a0mi")
    assert (await anna.chat())["keyboard"] is None
    assert "here" in (await world.draft(anna)).answers
    await anna.press("Hyde Park")
    assert "here" not in (await world.draft(anna)).answers


async def test_the_keys_below_a_question_lead_back_and_to_help(world: Chats, anna: Phone) -> None:
    await press(anna, "Send a parcel", "Nearest")
    await anna.text("❔ Help")
    await anna.sees("How it works")
    await anna.press("Back")
    assert await world.state(anna) == "send/near"
    await anna.text("‹ Back")
    assert await world.state(anna) == "send/tower"


async def test_a_tower_is_found_by_a_part_of_its_address_in_any_case(anna: Phone) -> None:
    await anna.press("Send a parcel")
    await anna.text("DUVAL austin")
    assert [label for label in await anna.labels() if "Hyde" in label or "Congress" in label] == [
        "Hyde Park Hardware"
    ]
    await anna.text("nowhere at all <b>")
    await anna.sees("Nothing found for “nowhere at all <b>”")
    await anna.press("All towers")
    assert len([b for b in buttons((await anna.messages())[-1]) if "tower:" in b["callback_data"]])


async def test_a_closed_tower_says_so_in_the_list_and_on_its_own_screen(
    world: Chats, anna: Phone
) -> None:
    await world.turn(12 * 3600)  # 23:00 in Austin
    await press(anna, "Send a parcel", "Hyde Park Hardware · closed until Tuesday 7:00\u00a0AM")
    await anna.sees("Closed now, opens tomorrow 7:00\u00a0AM")


async def test_towers_used_before_come_first(anna: Phone) -> None:
    await press(anna, "Send a parcel", "Pearl", "Small", "Myself", "Reserve")
    await anna.text("/send")
    assert (await anna.labels())[0].startswith("🕘 Pearl")


async def test_a_size_that_is_full_only_says_so(world: Chats, anna: Phone) -> None:
    await world.tower.take_all("medium")
    await press(anna, "Send a parcel", MARKET)
    await anna.press("Medium · full")
    assert (await anna.toasts())[-1] == "No locker of that size is free there just now."
    assert await world.state(anna) == "send/size"


async def test_sizes_show_how_many_are_free_now(world: Chats, anna: Phone) -> None:
    await press(anna, "Send a parcel", MARKET)
    before = [label for label in await anna.labels() if "free" in label]
    await press(anna, "Small", "Myself", "Reserve")
    await world.turn(10)
    await press(anna, "Menu", "Send a parcel", MARKET)
    after = [label for label in await anna.labels() if "free" in label]
    assert before != after
    assert before[1:] == after[1:]


async def test_when_harbor_is_away_the_screen_says_how_old_its_counts_are(
    world: Chats, anna: Phone
) -> None:
    await press(anna, "Send a parcel", MARKET, "Back")
    await world.faults("harbor", {"name": "500", "call": "*", "times": None})
    world.clock.turn(600)
    await anna.press(MARKET)
    await anna.sees("Counted at 11:00", "Harbor can't be reached")


async def test_low_and_larger_are_remembered(world: Chats, anna: Phone) -> None:
    await press(
        anna, "Send a parcel", MARKET, "◻️ Low", "✅ A larger", "Medium", "Myself", "Reserve"
    )
    (delivery,) = await world.deliveries(anna)
    assert (delivery.low, delivery.larger_allowed) == (True, False)
    await press(anna, "Menu", "Send a parcel", MARKET)
    assert {"✅ Low lockers first", "◻️ A larger one is fine"} <= set(await anna.labels())


@pytest.mark.parametrize(
    ("typed", "size"), [("medium", "medium"), ("XL", "x-large"), ("s", "small")]
)
async def test_a_typed_size_is_as_good_as_a_tapped_one(
    world: Chats, anna: Phone, typed: str, size: str
) -> None:
    await press(anna, "Send a parcel", MARKET)
    await anna.text(typed)
    assert (await world.draft(anna)).answers["size"] == size
    await anna.sees("Who collects it?")


def test_sizes_are_read_in_the_persons_language() -> None:
    german = speak("de")
    assert read_size(german.size(Size.LARGE).upper(), german) is Size.LARGE
    assert read_size("enormous", german) is None


async def test_a_picked_person_who_knows_the_bot_is_told_here(world: Chats, anna: Phone) -> None:
    ben = await world.phone("Ben")
    await ben.open()
    await press(anna, "Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(ben)
    await anna.sees("For Ben, who is told here.")
    await anna.press("Reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.recipient == ben.id
    await ben.sees("a parcel from Anna")


async def test_a_picked_person_who_never_opened_the_bot_gets_a_link_by_the_senders_hands(
    world: Chats, anna: Phone
) -> None:
    cleo = await world.phone("Cleo")
    await press(anna, "Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(cleo)
    await anna.sees("For Cleo, who hasn't opened this bot yet")
    await anna.press("Reserve")
    link, _ = await anna.claim()
    await cleo.open(link)
    await cleo.sees("a parcel from Anna")


async def test_picking_oneself_is_collecting_oneself(world: Chats, anna: Phone) -> None:
    await press(anna, "Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(anna)
    await press(anna, "Reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.recipient == delivery.sender == anna.id


async def test_a_note_is_cut_shown_and_can_be_taken_back(world: Chats, anna: Phone) -> None:
    await press(anna, "Send a parcel", MARKET, "Medium", "Myself", "Add a note")
    await anna.text("<i>fragile</i> " * 40)
    await anna.sees("A note has room for 200 characters", "📝 <i>fragile</i>")
    await press(anna, "Change the note", "Without a note", "Reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.note is None


async def test_back_leads_through_every_question_to_the_menu(world: Chats, anna: Phone) -> None:
    await press(anna, "Send a parcel", MARKET, "Medium", "Myself", "Add a note")
    places = []
    while await world.state(anna) != "menu/menu":
        places.append(await world.state(anna))
        await anna.press("Back")
    assert places == ["send/note", "send/review", "send/who", "send/size", "send/tower"]


async def test_a_second_tap_on_back_goes_no_further(world: Chats, anna: Phone) -> None:
    await press(anna, "Send a parcel", MARKET, "Medium")
    (message,) = await anna.messages()
    await anna.press("Back", on=message)
    await anna.forge("prev:who", on=message)
    assert await world.state(anna) == "send/size"


async def test_a_second_tap_on_reserve_reserves_nothing_more(world: Chats, anna: Phone) -> None:
    await press(anna, *BOOK)
    await anna.forge("reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.state is State.RESERVED


async def test_a_tower_that_nobody_knows_can_not_be_forged(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel")
    await anna.forge("tower:0123456789abcdef")
    assert await world.state(anna) == "send/tower"


async def test_nobody_knows_a_tower_while_harbor_was_never_reached(
    world: Chats, anna: Phone
) -> None:
    await world.faults("harbor", {"name": "500", "call": "*", "times": None})
    await anna.press("Send a parcel")
    await anna.sees("I know of no tower yet")
