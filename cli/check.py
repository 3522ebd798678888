"""`lockerbot check`: tries every setting and both counterparties; a table of what works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.table import Table

from bot.ports.errors import EdgeError
from cli.settings import Settings
from cli.system_clock import SystemClock
from handlers.telegram.probing import username
from harbor.access import Access
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from storage import open_database

Trial = Callable[[], Awaitable[str]]


async def check(settings: Settings) -> int:
    """Print the table; 0 when all of it works, 1 when something does not. Raises BadSetting."""
    settings.need("TELEGRAM_BOT_TOKEN", "LOCKERBOT_SECRET_KEY")
    access = settings.harbor
    trials: dict[str, Trial] = {
        "database": lambda: _database(settings),
        "Telegram": lambda: _telegram(settings),
        "Harbor": lambda: _harbor(settings, access),
    }
    table = Table("what", "works", "")
    failed = False
    for name, trial in trials.items():
        try:
            told, works = await trial(), True
        except EdgeError as error:
            told, works = str(error), False
        failed |= not works
        table.add_row(name, "yes" if works else "NO", told)
    for name, told in _noted(settings):
        table.add_row(name, "set" if told else "not set", told or "")
    Console().print(table)
    return int(failed)


async def _database(settings: Settings) -> str:
    async with open_database(settings.database_url, keys=settings.keys, migrate=False) as database:
        counts = await database.look(lambda tx: tx.counts())
    return f"{sum(counts.deliveries.values())} deliveries, {counts.cards_owed} cards owed"


async def _telegram(settings: Settings) -> str:
    token = settings.telegram_bot_token
    assert token is not None, "asked for above"
    name = await username(token.get_secret_value(), settings.telegram_api_url)
    return f"@{name}"


async def _harbor(settings: Settings, access: Access) -> str:
    async with Harbor(access, clock=SystemClock().now) as harbor:
        lockers = HarborLockers(harbor, settings.only_towers)
        towers, assigned = await lockers.towers(), await lockers.assigned()
    return f"{access.environment}: {len(towers)} towers, {len(assigned)} lockers assigned"


def _noted(settings: Settings) -> list[tuple[str, str]]:
    operators = ", ".join(map(str, settings.operator_chat_ids))
    signed = settings.harbor_webhook_algorithm if settings.harbor_webhook_secret else ""
    return [
        ("PUBLIC_URL", settings.public_url or ""),
        ("OPERATOR_CHAT_IDS", operators),
        ("HARBOR_WEBHOOK_SECRET", signed),
    ]
