"""Settings, what is stored about a person, and being forgotten."""

from __future__ import annotations

from datetime import time

import pytest

from bot.domain.lifecycle import State
from bot.domain.tower import Low
from handlers.errands.settings import own_name, read_span
from tests.support.chats import MARKET, Chats
from tests.support.phones import Phone, buttons
from tests.support.sixty import sixty_parcels
from wording.language import LANGUAGES, speak


async def book(anna: Phone) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself", "Add a note")
    await anna.text("for the <aunt>")
    await anna.press("Reserve")


async def test_a_chosen_language_counts_at_once_for_cards_too(world: Chats, anna: Phone) -> None:
    await book(anna)
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    await anna.sees("Thursday")
    await anna.text("/settings")
    await anna.press("Language", "Deutsch")
    await anna.sees("Donnerstag")
    person = await world.person(anna)
    assert person is not None
    assert (person.language, person.language_chosen) == ("de", True)


async def test_every_language_is_offered_by_its_own_name(anna: Phone) -> None:
    await anna.text("/settings")
    await anna.press("Language")
    labels = await anna.labels()
    assert "✅ English" in labels
    for code in LANGUAGES:
        assert any(own_name(code) in label for label in labels)


async def test_a_chosen_language_outlives_what_the_phone_says(world: Chats, anna: Phone) -> None:
    await anna.text("/settings")
    await anna.press("Language", "Français")
    await anna.open()
    person = await world.person(anna)
    assert person is not None
    assert person.language == "fr"


async def test_quiet_hours_are_tapped_typed_and_switched_off(world: Chats, anna: Phone) -> None:
    await anna.text("/settings")
    await anna.press("Quiet hours", "22:00–07:00")
    await anna.sees("Settings")
    assert "🌙 Quiet hours: 22:00–07:00" in await anna.labels()
    await anna.press("Quiet hours")
    await anna.text("half past ten till seven")
    await anna.sees("I could not read that", "Quiet hours")
    await anna.text("22:30 - 6:45")
    assert "🌙 Quiet hours: 22:30–06:45" in await anna.labels()
    await anna.press("Quiet hours", "Off")
    person = await world.person(anna)
    assert person is not None
    assert person.quiet_from is None


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("22-7", (time(22), time(7))),
        ("22:30-7:00", (time(22, 30), time(7))),
        (" 9.15 – 10h05 ", (time(9, 15), time(10, 5))),
        ("0-24", None),
        ("25-7", None),
        ("22:61-7", None),
        ("22-22", None),
        ("", None),
        ("²²-7", None),
        ("٢٢-٧", (time(22), time(7))),
    ],
)
def test_spans_are_read_as_people_write_them(typed: str, span: tuple[time, time] | None) -> None:
    assert read_span(typed) == span


async def test_reminders_toggle_and_low_doors_have_three_positions(
    world: Chats, anna: Phone
) -> None:
    await anna.text("/settings")
    await anna.press("✅ Reminders", "◻️ Any door", "✅ Rather a low door")
    assert {"◻️ Reminders", "✅ Only a low door"} <= set(await anna.labels())
    person = await world.person(anna)
    assert person is not None
    assert (person.reminders, person.low_locker) == (False, Low.ONLY)
    await anna.press("✅ Only a low door")
    assert "◻️ Any door, high or low" in await anna.labels()


async def test_nobody_is_forgotten_while_a_parcel_of_theirs_is_under_way(
    world: Chats, anna: Phone
) -> None:
    await book(anna)
    await anna.text("/privacy")
    await anna.press("Forget me")
    await anna.sees("Not yet", MARKET)
    await anna.forge("forget_ok")
    assert await world.person(anna) is not None


async def test_of_a_forgotten_person_one_last_plain_message_is_left(
    world: Chats, anna: Phone
) -> None:
    await anna.text("/privacy")
    await anna.press("Forget me", "Yes, forget me")
    assert (await anna.toasts())[-1].startswith("Done.")
    assert await world.person(anna) is None
    assert await anna.cards() == ["Done. I know nothing about you any more."]
    await anna.open()
    await anna.sees("What would you like to do?")


async def test_the_last_message_speaks_their_language_and_older_cards_go(world: Chats) -> None:
    ben = await world.phone("Ben", language_code="de")
    await ben.open()
    made = await sixty_parcels(world, ben.id, ben.id, State.COLLECTED)
    await ben.text("/parcels")
    await ben.forge(f"card:{made[0].id}:1")
    assert len(await ben.cards()) == 2
    await ben.text("/privacy")
    await ben.forge("forget")
    await ben.forge("forget_ok")
    (last,) = await ben.cards()
    assert last == speak("de")._("Done. I know nothing about you any more.")
    assert not buttons((await ben.messages())[0])
