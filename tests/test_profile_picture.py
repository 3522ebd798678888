"""The bot's picture: set where there is none, else kept, and replaced by command alone."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from structlog.testing import capture_logs

from cli.complaints import BadSetting
from cli.picture import at_start
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from handlers.profile import portray
from pictures import own
from sandbox.stage import create_stage
from tests.support.chats import Chats
from tests.support.commands import finished, ran
from tests.support.hooked import hooked
from tests.support.phones import PATIENCE
from wording.business import description, short_description
from wording.language import LANGUAGES, speak


def red(size: tuple[int, int] = (200, 200)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, (255, 0, 0)).save(written, "PNG")
    return written.getvalue()


def pictures(world: Chats) -> list[bytes]:
    return [each.content for each in world.telegram.profile.pictures]


async def until(world: Chats, seen: Callable[[], Any]) -> None:
    """Once that is so; looked at anew with each change of Telegram's."""
    anna = await world.phone("Anna")
    async with asyncio.timeout(PATIENCE):
        shown = await anna.chat()
        while not seen():
            shown = await anna.chat(shown["revision"], 1)


@pytest.mark.parametrize("polling", [False, True], ids=["webhooks", "polling"])
async def test_the_empty_chat_speaks_in_each_language_and_has_a_picture(
    sqlite_url: str, polling: bool
) -> None:
    async with hooked(sqlite_url, polling=polling) as world:
        await until(world, lambda: pictures(world))
        assert pictures(world) == [own.profile()]
        for language in LANGUAGES:
            phone = await world.phone("Ada", language_code=language)
            chat = await phone.chat()
            words = speak(language)
            said = description(words, world.policy.business)
            assert (chat["messages"], chat["description"]) == ([], said)
            shown = await world.http.get(f"/telegram{chat['picture_url']}")
            assert shown.content == own.profile()
            short = world.telegram.profile.words("short_description", language)
            assert short == short_description(words, world.policy.business)


async def test_a_picture_that_is_there_stays_whoever_has_set_it(world: Chats) -> None:
    await world.receiver.introduced.wait()
    await portray(world.application, lambda: own.as_profile(red()))
    theirs = pictures(world)
    assert theirs == [own.as_profile(red())]
    await portray(world.application, own.profile)
    assert pictures(world) == theirs


@pytest.mark.parametrize("call", ["getUserProfilePhotos", "setMyProfilePhoto"])
@pytest.mark.parametrize("fault", ["bad_gateway", "reset", "too_many_requests"])
async def test_a_telegram_that_fails_is_a_warning_and_nothing_more(
    world: Chats, call: str, fault: str
) -> None:
    await world.receiver.introduced.wait()
    more = {"retry_after": 30} if fault == "too_many_requests" else {}
    await world.faults("telegram", {"name": fault, "call": call, **more})
    with capture_logs() as logged:
        await portray(world.application, own.profile)
    await world.faults("telegram")
    warnings = [each["event"] for each in logged if each["log_level"] == "warning"]
    assert warnings == ["picture not set"]
    assert pictures(world) == []
    await portray(world.application, own.profile)
    assert pictures(world) == [own.profile()]


async def test_a_file_that_is_gone_by_now_is_a_warning_and_nothing_more(
    world: Chats, tmp_path: Path
) -> None:
    await world.receiver.introduced.wait()
    file = tmp_path / "logo.png"
    file.write_bytes(red())
    drawn = at_start(Settings.load(LOCKERBOT_PICTURE=str(file)))
    assert drawn is not None
    assert drawn() == own.as_profile(red())
    file.unlink()
    with capture_logs() as logged:
        await portray(world.application, drawn)
    assert [each["event"] for each in logged] == ["picture not set"]


def test_none_leaves_the_bot_without_a_picture_and_nothing_is_its_own() -> None:
    assert at_start(Settings.load(LOCKERBOT_PICTURE="none")) is None
    drawn = at_start(Settings.load())
    assert drawn is not None
    assert drawn() == own.profile()


def test_a_picture_that_can_not_be_used_is_refused_when_the_settings_are_read(
    tmp_path: Path,
) -> None:
    words = tmp_path / "logo.png"
    words.write_text("no picture")
    for file, why in (
        (tmp_path / "nowhere.png", "can't be read"),
        (tmp_path, "can't be read"),
        (words, "is no picture"),
    ):
        with pytest.raises(BadSetting, match=f"LOCKERBOT_PICTURE: .*{why}"):
            Settings.load(LOCKERBOT_PICTURE=str(file))


@pytest.mark.long
async def test_by_command_the_picture_is_replaced_whatever_is_there(tmp_path: Path) -> None:
    stage = create_stage(limits=False)
    kept = stage.state.stage.telegram.state.telegram.profile.pictures
    (tmp_path / "logo.png").write_bytes(red())
    (tmp_path / "words.png").write_text("no picture")
    async with serving_sandbox(stage) as url:
        assert (await finished(tmp_path, "picture", TELEGRAM_API_URL=f"{url}/telegram"))[0] == 0
        code, said, _ = await finished(
            tmp_path, "picture", "logo.png", TELEGRAM_API_URL=f"{url}/telegram"
        )
        assert (code, said) == (0, "the bot has that picture now\n")
        assert [each.content for each in kept] == [own.as_profile(red()), own.profile()]
        code, _, complaint = await finished(
            tmp_path, "picture", "words.png", TELEGRAM_API_URL=f"{url}/telegram"
        )
    assert code == 1
    assert "words.png is no picture that can be read" in complaint
    assert len(kept) == 2


async def test_what_draws_is_loaded_when_a_picture_is_made_and_not_at_a_start(
    tmp_path: Path,
) -> None:
    tells = """
import sys
from cli.run import Settings, at_start
drawn = at_start(Settings.load())
before = "PIL" in sys.modules
drawn()
print(before, "PIL" in sys.modules)
"""
    assert await ran(tmp_path, "-c", tells) == "False True\n"
