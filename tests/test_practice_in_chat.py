"""Practice in a chat, over real HTTP: a whole parcel of which nothing is real, and nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.openers import BY_TOKEN
from bot.domain.practice import Stage
from handlers.conversation.navigation import MENU, NOTHING
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.databases import opened
from tests.support.openers import BOTH_BY_LINK
from tests.support.phones import Phone, buttons, said
from tests.support.ways import run, url_for, ways

MARK = "🎓 Practice"
FIRST = "Practise first"
BY_CODE = (
    "Practice tower",
    "Medium",
    "Reserve a locker",
    "Get drop-off code",
    "Parcel in",
    "Now be Robin",
    "Get pick-up code",
    "Parcel out",
)
BY_LINK = (
    "Practice tower",
    "Medium",
    "I'm at the tower",
    "Open door 14",
    "Parcel in",
    "Now be Robin",
    "Get opening link",
    "Open door 14",
    "Parcel out",
)


async def asked_of_harbor(world: Chats, after: int) -> list[str]:
    """What was asked of Harbor since that changes something there."""
    wire = (await world.http.get("/harbor/sandbox/wire", params={"after": after})).json()
    heard = [each for each in wire if each["direction"] == "in" and each["method"] != "GET"]
    return [each["path"] for each in heard if "connect/token" not in each["path"]]


async def kept(world: Chats) -> dict[str, Any]:
    """Whatever a real parcel would leave behind."""

    async def look(tx: Any) -> dict[str, Any]:
        counts = await tx.counts(deliveries=True)
        return {
            "deliveries": counts.deliveries,
            "owed": (counts.cards_owed, counts.requests_owed),
            "alerts": [alert.key for alert in await tx.alerts()],
        }

    return await world.database.look(look)


@pytest.mark.parametrize(
    "way",
    ways(
        "polling, SQLite",
        "polling, PostgreSQL, link",
        "webhooks, SQLite, link",
        "webhooks, PostgreSQL",
    ),
)
async def test_a_whole_parcel_is_practised_and_nothing_of_it_is_real(
    way: str, request: pytest.FixtureRequest
) -> None:
    by_link = "link" in way
    async with run(way, url_for(way, request), BOTH_BY_LINK if by_link else BY_TOKEN) as world:
        anna = await world.phone("Anna")
        olga = await world.phone("Olga", id=OPERATOR)
        await olga.open()
        await anna.open()
        before, rings = await kept(world), await anna.rings()
        wire = (await world.http.get("/harbor/sandbox/wire")).json()
        await anna.press(FIRST)
        for label in BY_LINK if by_link else BY_CODE:
            (message,) = await anna.messages()
            assert said(message).startswith(MARK)
            await anna.press(label)
        await anna.sees(MARK, "You have collected the parcel from Anna", "Not real were")
        assert len(await anna.messages()) == 1
        assert await anna.rings() == rings
        assert await kept(world) == before
        assert await asked_of_harbor(world, wire[-1]["n"] if wire else 0) == []
        assert len(await olga.messages()) == 1
        person = await world.person(anna)
        assert person is not None
        assert (person.last_tower, person.last_size) == (None, None)
        await anna.press("Leave practice")
        await anna.sees("What would you like to do?")
        assert (await anna.toasts())[-1] == "Practice is over. Nothing of it was real."


async def test_the_door_by_link_is_said_to_open_and_nothing_else(sqlite_url: str) -> None:
    async with run("polling, SQLite", sqlite_url, BOTH_BY_LINK) as world:
        anna = await world.phone("Anna")
        await anna.open()
        await anna.text("/practice")
        await anna.press(*BY_LINK[:3])
        before = await anna.screen()
        await anna.press("Open door 14")
        assert (await anna.toasts())[-1].startswith("Practice: door 14 would open now. Put")
        assert await anna.screen() == before


async def test_a_restart_goes_on_where_practice_stood(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        async with chats(database) as world:
            anna = await world.phone("Anna", id=77)
            await anna.open()
            await anna.text("/practice")
            await anna.press(*BY_CODE[:3])
            before = await anna.screen()
        async with chats(database) as world:
            world.clock.turn(3 * 86400)
            await world.faults("telegram", {"name": "jumping_ids", "times": 1, "by": 1_000_000})
            anna = await world.phone("Anna", id=77)
            await anna.text("hello?")
            assert await anna.screen() == before
            await anna.press(*BY_CODE[3:])
            await anna.sees("You have collected the parcel from Anna")


async def test_an_errand_that_stands_open_is_kept_and_led_back_to(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium")
    booking = await world.draft(anna)
    await anna.text("/practice")
    await anna.sees(MARK, "What you were doing is kept: “‹ Leave practice” leads back to it.")
    await anna.press(*BY_CODE)
    assert "📦 Send a parcel" not in await anna.labels()
    await anna.press("Practise again")
    await anna.sees(MARK, "What you were doing is kept")
    await anna.press("Leave practice")
    assert (await anna.toasts())[-1].endswith("This is where you were; nothing was lost.")
    after = await world.draft(anna)
    assert (after.errand, after.step, after.answers) == (
        booking.errand,
        booking.step,
        booking.answers,
    )


async def test_cancel_leads_back_to_the_errand_that_was_kept(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium")
    await anna.text("/practice")
    await anna.text("/practice")
    await anna.press("Practice tower")
    await anna.text("/cancel")
    await anna.sees("Practice is over. This is where you were", "Who collects it?")
    await anna.text("/cancel")
    await anna.sees("Back to the menu", "What would you like to do?")


@pytest.mark.parametrize("stage", list(Stage))
async def test_practice_can_be_left_and_helped_at_every_stage(
    world: Chats, anna: Phone, stage: Stage
) -> None:
    await anna.text("/practice")
    await anna.press(*BY_CODE[: list(Stage).index(stage)])
    assert await world.state(anna) == f"practice/{stage}"
    before = await anna.screen()
    await anna.press("Help")
    await anna.sees("You are practising", "How it works")
    await anna.press("Back")
    assert await anna.screen() == before
    await anna.press("Leave practice")
    assert await world.state(anna) == MENU


async def test_an_old_button_of_practice_says_so_and_a_double_tap_goes_no_further(
    world: Chats, anna: Phone
) -> None:
    await anna.text("/practice")
    await anna.press(*BY_CODE[:2])
    await anna.forge("p_size:large")
    assert (await anna.toasts())[-1] == "That button is from before. This is how things stand now."
    assert (await world.draft(anna)).answers["size"] == "medium"
    await anna.press("Leave practice")
    await anna.forge("p_in")
    assert (await anna.toasts())[-1] == "That button is from before. This is how things stand now."
    assert await world.state(anna) == MENU


async def test_a_forged_size_changes_nothing(world: Chats, anna: Phone) -> None:
    await anna.text("/practice")
    await anna.press("Practice tower")
    for forged in ("p_size:enormous", "p_size"):
        await anna.forge(forged)
        assert await world.state(anna) == "practice/size"
        await anna.sees(MARK, "Which size?")


async def test_what_is_no_answer_gets_the_same_stage_again(world: Chats, anna: Phone) -> None:
    await anna.text("/practice")
    await anna.press(*BY_CODE[:3])
    for act in (anna.sticker, lambda: anna.photo("nice"), lambda: anna.location(30.0, -97.0)):
        await act()
        assert await world.state(anna) == "practice/reserved"
        (screen,) = await anna.cards()
        assert MARK in screen  # below a sentence, where what came can't be taken


# -- beside what is real


async def test_a_real_parcel_rings_as_always_and_practice_goes_on(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Send a link or code", "Reserve")
    link, _ = await anna.claim()
    await ben.open(link)
    await ben.text("/practice")
    await ben.press(*BY_CODE[:3])
    rings = await ben.rings()
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    await ben.sees("Ben, a parcel from Anna is waiting for you")
    assert await ben.rings() == rings + 1
    assert await world.state(ben) == "practice/reserved"
    await ben.press("Get pick-up code")  # of the real parcel
    await world.tower.take_out(await ben.code())
    await ben.sees("You have collected the parcel from Anna")
    await ben.press(*BY_CODE[3:])
    await ben.sees(MARK, "Not real were")


async def test_a_claim_link_is_followed_and_practice_stands(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Send a link or code", "Reserve")
    link, code = await anna.claim()
    await ben.open()
    await ben.text("/practice")
    await ben.press("Practice tower")
    await ben.text(f"they sent me {code}")
    await ben.sees("Ben, a parcel from Anna")
    assert await world.state(ben) == "practice/size"
    await ben.open(link)
    assert await world.state(ben) == "practice/size"


@pytest.mark.parametrize(
    ("place", "typed"),
    [
        ("/start", "PRACTICE-1"),
        ("/collect", "practice-2"),
        ("/collect", "it says PRACTICE 2"),
        ("/collect", "PRACTICE"),
        ("/send", "Practice-1"),
        ("/practice", "PRACTICE-1"),
        ("/parcels", "PRACTICE-2"),
        ("/help", "PRACTICE-2"),
    ],
)
async def test_a_code_of_practice_is_answered_plainly_wherever_it_is_typed(
    world: Chats, anna: Phone, place: str, typed: str
) -> None:
    await anna.text(place)
    state = await world.state(anna)
    await anna.text(typed)
    await anna.sees("🎓 Practice: that code is made up.", "typing it was no wrong try")
    assert await world.state(anna) == state


async def test_a_code_of_practice_is_no_try_however_often_it_is_typed(
    world: Chats, anna: Phone, olga: Phone
) -> None:
    for _ in range(12):
        await anna.text("/collect PRACTICE-2")
        await anna.text("/collect")
        await anna.text("PRACTICE-2")
    assert (await kept(world))["alerts"] == []
    await anna.text("K7QF-2M9X")
    first = await anna.screen()
    ben = await world.phone("Ben")
    await ben.open()
    await ben.text("/collect")
    await ben.text("K7QF-2M9X")
    assert await ben.screen() == first  # as many tries are left as for whoever never practised
    assert len(await olga.messages()) == 1


async def test_a_code_of_practice_where_no_question_stands_brings_the_menu(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Reserve")
    assert await world.state(anna) == NOTHING
    await anna.text("PRACTICE-1")
    await anna.sees("that code is made up", "What would you like to do?")


# -- where it is offered


async def test_a_newcomer_reads_in_two_lines_what_to_expect_and_is_offered_practice(
    world: Chats, anna: Phone
) -> None:
    title, send, collect, _, asked = (await anna.screen()).splitlines()
    assert title == "📦 Parcels through lockers"
    assert send.startswith("Send: ")
    assert collect.startswith("Collect: ")
    assert asked == "What would you like to do?"
    assert any(FIRST in label for label in await anna.labels())


async def test_whoever_has_sent_or_has_a_parcel_is_offered_it_by_its_command_alone(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Send a link or code", "Reserve")
    link, _ = await anna.claim()
    await ben.open(link)
    for phone in (anna, ben):
        await phone.text("/start")
        assert (await phone.screen()).splitlines() == [
            "📦 Parcels through lockers",
            "What would you like to do?",
        ]
        assert not any(FIRST in label for label in await phone.labels())
        await phone.text("/practice")
        await phone.sees(MARK, "Which tower?")


async def test_times_are_those_of_most_real_towers_once_any_are_known(
    world: Chats, anna: Phone
) -> None:
    await anna.text("/practice")
    await anna.press(*BY_CODE[:3])
    await anna.sees("Reserved until 17:05 UTC (5 min)")
    await anna.press("Leave practice", "Send a parcel")
    await anna.text("/practice")
    await anna.press(*BY_CODE[:3])
    await anna.sees("Reserved until 11:05 AM CST (5 min)")
    assert not any("callback_data" not in each for each in buttons((await anna.messages())[-1]))
