"""The settings of a bot that is measured: between stand-ins, opening by tokens."""

from __future__ import annotations

from typing import Any

from cli.settings import Settings

KEY = "a key for benchmarks"
"""Seals nothing of worth."""


def settings_for(token: str, telegram: str, database: str, harbor: str, **more: Any) -> Settings:
    """For the account of `token` at the stand-in `telegram`, on `database`, with the stand-in
    `harbor`, which takes any client; `more` are further settings, or others."""
    given: dict[str, Any] = {
        "telegram_bot_token": token,
        "telegram_api_url": telegram,
        "database_url": database,
        "LOCKERBOT_SECRET_KEY": KEY,
        "LOCKERBOT_OPENER": "token",
        "harbor_api_url": harbor,
        "harbor_accounts_url": harbor,
        "harbor_client_id": "bench",
        "harbor_client_secret": "bench",
    }
    return Settings.load(**given | more)


def environment_for(token: str, database: str, harbor: str) -> dict[str, str]:
    """The same for a process of its own, but where Telegram is."""
    return {
        "TELEGRAM_BOT_TOKEN": token,
        "DATABASE_URL": database,
        "LOCKERBOT_SECRET_KEY": KEY,
        "LOCKERBOT_OPENER": "token",
        "HARBOR_API_URL": harbor,
        "HARBOR_ACCOUNTS_URL": harbor,
        "HARBOR_CLIENT_ID": "bench",
        "HARBOR_CLIENT_SECRET": "bench",
        "PORT": "0",
        "PUBLIC_URL": "",
    }
