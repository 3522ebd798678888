"""The settings of a bot that is measured: between stand-ins, opening by tokens."""

from __future__ import annotations

from typing import Any

from cli.settings import Settings

KEY = "a key for benchmarks"
"""Seals nothing of worth."""


def settings_for(token: str, telegram: str, database: str, harbor: str, **more: Any) -> Settings:
    """For the account of `token` at the stand-in `telegram`, on `database`, with the stand-in
    `harbor`, which takes any client; `more` are further settings, or others."""
    given = {**_told(token, database, harbor), "TELEGRAM_API_URL": telegram}
    return Settings.load(**given | more)


def environment_for(token: str, database: str, harbor: str) -> dict[str, str]:
    """The same for a process of its own, but where Telegram is."""
    return {**_told(token, database, harbor), "PORT": "0", "PUBLIC_URL": ""}


def _told(token: str, database: str, harbor: str) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": token,
        "DATABASE_URL": database,
        "LOCKERBOT_SECRET_KEY": KEY,
        "LOCKERBOT_OPENER": "token",
        "HARBOR_API_URL": harbor,
        "HARBOR_ACCOUNTS_URL": harbor,
        "HARBOR_CLIENT_ID": "bench",
        "HARBOR_CLIENT_SECRET": "bench",
    }
