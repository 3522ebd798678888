"""Names in the environment and `.env` that no setting has, and which setting was meant.

Guarantees: values are looked at only as to whether there is one, and whether it is text; none is
ever told.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

PREFIX = "LOCKERBOT_"
FILE = Path(".env")
"""Beside where the program is started."""
_OURS = ("TELEGRAM_", "HARBOR_", "OPERATOR_")
"""How other names begin that hardly anybody but this bot reads."""
_NEAR = 0.85
"""How alike a misspelt name must be, from 0 to 1."""

FOREIGN: Mapping[str, tuple[str, ...]] = {
    "TELEGRAM_BOT_TOKEN": (
        "TELEGRAM_TOKEN",
        "BOT_TOKEN",
        "TELEGRAM_API_TOKEN",
        "TELEGRAM_API_KEY",
        "TG_BOT_TOKEN",
        "TG_TOKEN",
        "BOTTOKEN",
        "API_TOKEN",
        "TOKEN",
    ),
    "LOCKERBOT_SECRET_KEY": ("SECRET_KEY", "ENCRYPTION_KEY", "FERNET_KEY"),
    "HARBOR_CLIENT_ID": ("HARBOR_ID", "HARBOR_CLIENT", "HARBOR_USERNAME", "CLIENT_ID"),
    "HARBOR_CLIENT_SECRET": (
        "HARBOR_SECRET",
        "HARBOR_API_KEY",
        "HARBOR_PASSWORD",
        "CLIENT_SECRET",
    ),
    "HARBOR_ENVIRONMENT": ("HARBOR_ENV",),
    "HARBOR_API_URL": ("HARBOR_URL", "HARBOR_BASE_URL", "HARBOR_API_BASE_URL"),
    "HARBOR_ACCOUNTS_URL": ("HARBOR_AUTH_URL", "HARBOR_TOKEN_URL"),
    "DATABASE_URL": ("DB_URL", "DATABASE_URI", "POSTGRES_URL", "SQLALCHEMY_DATABASE_URI"),
    "PUBLIC_URL": ("WEBHOOK_URL", "BASE_URL", "PUBLIC_BASE_URL"),
    "OPERATOR_CHAT_IDS": (
        "OPERATOR_IDS",
        "OPERATORS",
        "ADMIN_IDS",
        "ADMIN_ID",
        "ADMIN_CHAT_ID",
        "ADMIN_CHAT_IDS",
    ),
}
"""By the setting, what other bots call it; the most telling name first."""


def unreadable(known: Collection[str]) -> Iterator[str]:
    """A line where `.env` can't be read, for each line in it that is none, and for each setting of
    which no text can be made."""
    try:
        if FILE.is_file():
            for line in parse_stream(io.StringIO(FILE.read_text("utf-8"))):
                if line.error or (line.key and line.value is None):
                    yield f"{FILE}, line {line.original.line}: is not NAME=value; write it so"
    except OSError as error:
        yield f"{FILE}: can't be read ({error.strerror}); let whoever runs the bot read it"
    except UnicodeDecodeError:
        yield f"{FILE}: is not written in UTF-8; save it so"
    for name, value in os.environ.items():
        if name.upper() in known and not value.isascii() and _is_no_text(value):
            yield f"{name.upper()}: is not written in UTF-8; write it anew"


def _is_no_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def given() -> list[str]:
    """Every name that has a value, in capitals and sorted."""
    named = {**dotenv_values(FILE), **os.environ}
    return sorted({name.upper() for name, value in named.items() if value})


def unknown(known: Collection[str]) -> Iterator[str]:
    """A line for each `LOCKERBOT_*` name that no setting has, empty or not."""
    ours = sorted(name for name in known if name.startswith(PREFIX))
    for name in sorted({*os.environ, *dotenv_values(FILE)}):
        if name.upper().startswith(PREFIX) and name.upper() not in ours:
            (near,) = difflib.get_close_matches(name.upper(), ours, n=1, cutoff=0)
            yield f"{name}: there is no such setting; did you mean {near}?"


def in_place_of(setting: str, known: Collection[str]) -> str | None:
    """The name under which somebody seems to have set `setting`, None where there is none."""
    return foreign(known).get(setting) or slips(known).get(setting)


def foreign(known: Collection[str]) -> dict[str, str]:
    """By each setting that is not set, the name of other bots' that is set in its place."""
    there = given()
    found = {
        setting: next((name for name in names if name in there and name not in known), None)
        for setting, names in FOREIGN.items()
        if setting not in there
    }
    return {setting: name for setting, name in found.items() if name is not None}


def slips(known: Collection[str]) -> dict[str, str]:
    """By each setting that is not set, a misspelt name that is."""
    there, others = given(), {name for names in FOREIGN.values() for name in names}
    found: dict[str, str] = {}
    for name in there:
        if name.startswith(_OURS) and name not in known and name not in others:
            near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=_NEAR)
            found |= {setting: name for setting in near if setting not in there}
    return found
