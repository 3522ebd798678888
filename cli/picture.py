"""The picture in the bot's profile: at start where it has none, and by `lockerbot picture`.

Guarantees: what the command is given, or else what is configured, or else the bot's own drawing, in
the form that Telegram takes. What draws (Pillow) is loaded when a picture is made, not before: most
bots have one when they start.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bot.ports.errors import Refused
from cli.fields import NO_PICTURE
from cli.settings import Settings
from handlers.profile import replace_picture


def at_start(settings: Settings) -> Callable[[], bytes] | None:
    """What makes the picture for a bot that has none; None where it is to stay without. It raises
    OSError and ValueError for a file that has changed since the settings were read."""
    if settings.picture == NO_PICTURE:
        return None
    return _own if settings.picture is None else partial(_read, Path(settings.picture))


async def picture(settings: Settings, file: Path | None) -> None:
    """Replace the picture that the bot has. Raises BadSetting, Refused for a file that can't be
    used, Misconfigured, TryLater."""
    settings.need("TELEGRAM_BOT_TOKEN")
    assert settings.telegram_bot_token is not None, "asked for above"
    drawn = partial(_read, file) if file is not None else at_start(settings) or _own
    try:
        made = drawn()
    except (OSError, ValueError) as error:
        raise Refused(f"{file or settings.picture} {_why(error)}") from error
    token = settings.telegram_bot_token.get_secret_value()
    await replace_picture(token, settings.telegram_api_url, made)


def _own() -> bytes:
    from pictures import own

    return own.profile()


def _read(file: Path) -> bytes:
    from pictures import own

    return own.as_profile(file.read_bytes())


def _why(error: Exception) -> str:
    return f"can't be read ({error.strerror})" if isinstance(error, OSError) else str(error)
