"""The conversation as a whole: whatever is thrown at it, the present question is the answer."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import BotCommandScopeAllPrivateChats, BotCommandScopeChat

from bot.domain.ids import PersonId
from bot.domain.person import Draft
from cli.sandbox_server import serving_sandbox
from handlers.app import build_application, build_dialogue, entry_points, questions, states
from handlers.commands import announce, announce_to
from handlers.conversation.navigation import HELP, NOTHING, aside, go, led_aside, resume, start
from sandbox.telegram.app import DEFAULT_BOT, create_app
from sandbox.telegram.text.entities import formatted
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.databases import opened
from tests.support.phones import Phone, buttons
from wording.language import LANGUAGES

ANNA = PersonId(1)
PRIVATE_CHATS = BotCommandScopeAllPrivateChats()


# -- the list itself


def test_every_place_has_its_question_and_its_answers() -> None:
    assert set(questions()) == set(states()) - {NOTHING}


def test_an_aside_returns_to_the_very_place_it_led_away_from() -> None:
    place = go(start(Draft(ANNA), "send/who"), "send/size", tower="01", size="small")
    asked = aside(place, "ask/drop", delivery="d")
    assert resume(asked) == place
    helped = aside(asked, HELP)
    assert resume(helped) == asked
    assert led_aside(helped)


@given(st.lists(st.sampled_from(["ask/drop", "ask/door", HELP]), max_size=30))
def test_asides_never_pile_up(states: list[str]) -> None:
    draft = start(Draft(ANNA), "send/size", tower="01")
    for state in states:
        if not (draft.errand == "help" and state == HELP):
            draft = aside(draft, state)
    depth = 0
    while led_aside(draft):
        draft, depth = resume(draft), depth + 1
    assert depth <= 2
    assert (draft.errand, draft.step) == ("send", "size")


# -- out of turn


async def test_whatever_is_no_answer_gets_the_present_question_again(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET)
    sent = await anna.text("what?")
    acts: list[Callable[[], Awaitable[object]]] = [
        anna.sticker,
        lambda: anna.photo("nice"),
        anna.contact,
        lambda: anna.edit(sent, "large"),
        lambda: anna.text("/nonsense"),
        lambda: anna.location(30.0, -97.0),
        lambda: anna.forge("garbage with spaces"),
        lambda: anna.forge("size:enormous"),
        lambda: anna.forge("x" * 64),
    ]
    for act in acts:
        await act()
        assert await world.state(anna) == "send/size"
        (screen,) = await anna.cards()
        assert "Which size?" in screen


async def test_an_old_button_says_so_and_shows_how_things_stand(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium")
    await anna.forge("size:large")
    assert (await world.draft(anna)).answers["size"] == "medium"
    assert (await anna.toasts())[-1] == "That button is from before. This is how things stand now."


async def test_cancel_leaves_from_anywhere_and_touches_no_parcel(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Reserve")
    before = await world.deliveries(anna)
    await anna.press("Menu", "Send a parcel", "Nearest")
    await anna.text("/cancel")
    await anna.sees("Back to the menu.", "What would you like to do?")
    await anna.text("/cancel")
    await anna.sees("There is nothing to cancel")
    assert await world.deliveries(anna) == before


async def test_every_screen_has_a_way_back_and_a_way_to_help(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium")
    for label in ("Myself", "Add a note"):
        assert {"‹ Back", "❔ Help"} <= set(await anna.labels())
        await anna.press(label)
    for command in ("/collect", "/parcels", "/settings", "/privacy"):
        await anna.text(command)
        assert {"‹ Back", "❔ Help"} <= set(await anna.labels())


async def test_help_leads_back_to_the_very_question_with_its_answers(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium")
    before = await world.draft(anna)
    await anna.text("/help")
    await anna.sees("You are sending a parcel", "How it works")
    await anna.press("Back")
    after = await world.draft(anna)
    assert (after.step, after.answers) == (before.step, before.answers)


async def test_a_menu_opened_from_a_card_comes_below_everything_else(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Reserve", "Menu")
    await anna.press("Get drop-off code")
    card = await anna.sees("🚪 Locker")
    await anna.press("Menu", on=card)
    assert "What would you like to do?" in await anna.screen()
    assert len(await anna.cards()) == 3


async def test_where_no_question_stands_the_menu_is_the_answer(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Reserve")
    assert await world.state(anna) == NOTHING
    await anna.sticker()
    assert "What would you like to do?" in await anna.screen()


async def test_a_name_full_of_markup_breaks_no_screen(world: Chats) -> None:
    hostile = await world.phone('<b>"&\u202e' + "א" * 50)
    await hostile.open()
    await hostile.press("Send a parcel", MARKET, "Medium", "Myself", "Add a note")
    await hostile.text("<script>&amp;" * 30)
    await hostile.press("Reserve", "Get drop-off code")
    assert (await hostile.code()).startswith("HARBOR://OPEN/")


async def test_who_comes_back_after_blocking_sees_their_parcels_as_they_stand(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Reserve", "Get drop-off code")
    code = await anna.code()
    await anna.block()
    await world.tower.put_in(code)
    await anna.unblock()
    await anna.sees("Your parcel is in its locker")


async def test_a_place_of_an_older_version_shows_the_menu(world: Chats, anna: Phone) -> None:
    place = await world.draft(anna)
    old = start(place, "bygone/step")
    await world.database.run(lambda tx: tx.save_draft(old))
    await anna.sticker()
    await anna.sees("What would you like to do?")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_way_to_a_code_is_as_short_in_every_language(world: Chats, language: str) -> None:
    """By position, since the words differ: the first tower, the first size, the link, reserve."""
    person = await world.phone("Someone", language_code=language)
    await person.open()
    for data in ("send", "tower:", "size:", "to_link", "reserve", "din:"):
        message = (await person.messages())[-1]
        button = next(b for b in buttons(message) if b["callback_data"].startswith(data))
        await person.press(button["text"], on=message)
    assert (await person.code()).startswith("HARBOR://OPEN/")


async def test_commands_are_announced_in_each_language_and_ops_to_operators_alone(
    world: Chats,
) -> None:
    telegram = create_app(clock=world.clock, limits=False)
    telegram.state.phones.make("Olga", id=OPERATOR)
    telegram.state.phones.open(OPERATOR)
    wiring = world.application.bot_data
    async with (
        serving_sandbox(telegram) as url,
        build_application(DEFAULT_BOT, url, wiring, build_dialogue()) as application,
    ):
        for _announced_once_more in range(2):
            await announce(application)
            assert await announce_to(application, OPERATOR)
        everybody = await application.bot.get_my_commands(PRIVATE_CHATS, "pl")
        operator = await application.bot.get_my_commands(BotCommandScopeChat(OPERATOR), "de")
    known = {name for handler in entry_points() for name in getattr(handler, "commands", ())}
    assert {command.command for command in operator} == known
    assert {command.command for command in everybody} == known - {"ops"}


# -- at random

_WORDS = st.sampled_from(
    [
        "medium",
        "XL",
        "K7QF-2M9X",
        "22-7",
        "@nobody",
        "congress",
        "/cancel",
        "/send",
        "/collect",
        "/settings",
        "/parcels",
        "/privacy",
        "/ops",
        "/help",
        "/start c_guess",
        "<b>&",
        "🙂" * 200,
    ]
) | st.text(min_size=1, max_size=80).filter(lambda words: bool(formatted(words, "", None)[0]))
_ACTS = st.lists(
    st.tuples(st.just("press"), st.integers(0, 40))
    | st.tuples(st.just("text"), _WORDS)
    | st.tuples(st.sampled_from(["sticker", "photo", "contact", "location"]), st.none())
    | st.tuples(
        st.just("forge"),
        st.sampled_from(
            [
                "reserve",
                "size:medium",
                "note",
                "prev:size",
                "page:9999",
                "tower:0",
                "quiet:off",
                "forget_ok",
                "to_link",
                "to_me",
                "closed",
                "export",
            ]
        ),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=_ACTS)
def test_no_sequence_of_taps_and_words_leads_where_there_is_no_question(
    acts: list[tuple[str, object]],
) -> None:
    asyncio.run(_throw(acts))


async def _throw(acts: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/lockerbot.db"
        async with opened(url) as database, chats(database) as world:
            anna = await world.phone("Anna")
            await anna.open()
            for act, argument in acts:
                await _do(anna, act, argument)
                shown = await anna.cards()
                assert shown, f"nothing is shown after {act} {argument!r}"
                assert not any("Something went wrong" in card for card in shown)
                assert "Something went wrong" not in " ".join(await anna.toasts())


async def _do(anna: Phone, act: str, argument: object) -> None:
    if act == "press":
        shown = [
            (message, button)
            for message in await anna.messages()
            for button in buttons(message)
            if "callback_data" in button
        ]
        if shown:
            message, button = shown[int(str(argument)) % len(shown)]
            await anna.forge(button["callback_data"], on=message)
    elif act == "text":
        if str(argument).strip():
            await anna.text(str(argument))
    elif act == "location":
        await anna.location(30.0, -97.0)
    elif act == "forge":
        if await anna.messages():
            await anna.forge(str(argument))
    else:
        await getattr(anna, act)()
