"""A business says who it is: in the first message, in help, under privacy and in the profile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import astuple

import pytest
from structlog.testing import capture_logs

from bot.domain.business import Business
from bot.domain.policy import Policy
from bot.ports.database import Database
from cli.complaints import BadSetting
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from handlers.app import build_application, build_dialogue
from handlers.commands import announce
from handlers.profile import present
from sandbox.telegram.app import DEFAULT_BOT, create_app
from tests.support.chats import OPERATOR, Chats, chats
from wording.business import LONGEST_DESCRIPTION, LONGEST_SHORT, description, short_description
from wording.language import LANGUAGES, speak

ACME = Business(
    "Acme <Parcels>", "@acme_help", "privacy@acme.example", "https://acme.example/terms"
)
NOBODY = Business()


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    policy = Policy(operators=frozenset({OPERATOR}), business=ACME)
    async with chats(sqlite_database, policy=policy) as world:
        yield world


async def test_people_read_whose_bot_it_is_where_they_look_for_it(world: Chats) -> None:
    anna = await world.phone("Anna")
    await anna.open()
    await anna.sees("Acme <Parcels>", "What would you like to do?")
    await anna.text("/help")
    await anna.sees(
        "Run by Acme <Parcels>.",
        "Questions: @acme_help",
        "Privacy: privacy@acme.example",
        "Terms: https://acme.example/terms",
    )
    await anna.text("/privacy")
    await anna.sees("Run by Acme <Parcels>.", "Privacy: privacy@acme.example")
    assert "Terms" not in await anna.screen()


async def test_the_profile_is_written_in_each_language_and_only_where_it_differs(
    world: Chats,
) -> None:
    telegram = create_app(clock=world.clock, limits=False)
    wiring = world.application.bot_data
    async with (
        serving_sandbox(telegram) as url,
        build_application(DEFAULT_BOT, url, wiring, build_dialogue()) as application,
    ):
        written = []
        bot = application.bot
        for name in ("set_my_description", "set_my_short_description", "set_my_commands"):
            _count(bot, name, written)
        await present(application, ACME)
        await announce(application)
        others = len(LANGUAGES) - 1  # English is what everybody else reads, too
        first = 2 * (1 + others) + 1 + len(LANGUAGES)
        assert len(written) == first
        await present(application, ACME)
        await announce(application)
        assert len(written) == first
        await present(application, Business("Other"))
        assert len(written) == first + 2 * (1 + others)
        said = (await bot.get_my_description("de")).description
        short = (await bot.get_my_short_description()).short_description
    assert said.endswith("\nBetrieben von Other.")
    assert short == "Parcels through lockers.\nRun by Other."


def _count(bot: object, name: str, written: list[str]) -> None:
    real = getattr(bot, name)

    async def counted(*words: object) -> object:
        written.append(name)
        return await real(*words)

    with bot._unfrozen():  # type: ignore[attr-defined]  # its attributes are otherwise final
        setattr(bot, name, counted)


@pytest.mark.parametrize("fault", ["bad_gateway", "reset", "too_many_requests"])
async def test_a_telegram_that_fails_is_a_warning_and_nothing_more(
    world: Chats, fault: str
) -> None:
    await world.faults("telegram", {"name": fault, "call": "getMyDescription"})
    with capture_logs() as logged:
        await present(world.application, ACME)
    await world.faults("telegram")
    assert [each["event"] for each in logged if each["log_level"] == "warning"] == [
        "profile not set"
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_profile_are_as_short_as_telegram_demands(language: str) -> None:
    words = speak(language)
    longest = Business(
        "😀" * 60, "@" + "x" * 32, "p" * 100 + "@acme.example", "https://" + "t" * 112
    )
    for business in (NOBODY, ACME, longest):
        for text, most in (
            (description(words, business), LONGEST_DESCRIPTION),
            (short_description(words, business), LONGEST_SHORT),
        ):
            assert 0 < len(text.encode("utf-16-le")) // 2 <= most
    assert len(description(words, NOBODY)) < len(description(words, ACME))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("LOCKERBOT_BUSINESS_NAME", ("Acme & Sons",), ("", "x" * 61, "two\nlines")),
        (
            "LOCKERBOT_SUPPORT_CONTACT",
            ("@acme_help", "help@acme.example", "+49 30 123456", "https://acme.example/help"),
            ("call us", "http://acme.example", "<b>@acme</b>", "https://{host}/"),
        ),
        (
            "LOCKERBOT_PRIVACY_ADDRESS",
            ("privacy@acme.example", "https://acme.example/privacy"),
            ("acme.example", "@acme", "javascript:alert(1)"),
        ),
        (
            "LOCKERBOT_TERMS_URL",
            ("https://acme.example/terms",),
            ("http://acme.example", "https://acme", "https://acme.example/a b"),
        ),
    ],
)
def test_what_people_could_not_use_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    for value in good:
        monkeypatch.setenv(name, value)
        assert value in astuple(Settings.load().policy.business)
    for value in filter(None, bad):
        monkeypatch.setenv(name, value)
        with pytest.raises(BadSetting, match=name):
            Settings.load()
