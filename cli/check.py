"""`lockerbot check`: tries every setting and both counterparties; a table of what works.

Guarantees: nothing is changed anywhere. Whether Harbor has open requests is asked by a harmless
question, whose answer is INFERRED to tell: that there is none of number 0, or that there is no such
call at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console
from rich.table import Table

from bot.domain.alerts import LINKS_KEY
from bot.domain.ids import PersonId
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.ports.errors import EdgeError, Refused
from cli.openers import asks_for_digits, demands, described, differing
from cli.preflight import A_GROUP, NOT_MET, check_key, groups
from cli.settings import BadSetting, Settings, page_links
from cli.system_clock import SystemClock
from handlers.telegram.probing import has_met, username
from harbor.access import Access
from harbor.client import Harbor
from harbor.errors import HarborError, NotFound
from harbor.lockers import UNKNOWN_PATH, HarborLockers
from storage import open_database

Trial = Callable[[], Awaitable[str]]


async def check(settings: Settings) -> int:
    """Print the table; 0 when all of it works, 1 when something does not.

    Raises BadSetting, for towers that can't be set apart as they are, too.
    """
    settings.need("TELEGRAM_BOT_TOKEN", "LOCKERBOT_SECRET_KEY")
    access, operators = settings.harbor, dict.fromkeys(settings.operator_chat_ids)
    trials: dict[str, Trial] = {
        "database": lambda: _database(settings),
        "Telegram": lambda: _telegram(settings),
        "Harbor": lambda: _harbor(settings, access),
    }
    for chat in operators:
        trials[f"operator {chat}"] = partial(_operator, settings, chat)
    table = Table("what", "works", "")
    table.columns[0].overflow = "fold"  # names of settings are to be copied
    failed = False
    for name, trial in trials.items():
        try:
            told, works = await trial(), True
        except EdgeError as error:
            told, works = str(error), False
        failed |= not works
        table.add_row(name, "yes" if works else "NO", told)
    policy = settings.policy
    for name, told in _openers(policy).items():
        table.add_row(name, "set", told)
    if Opener.LINK in _configured(policy):
        table.add_row("open requests", *await _open_requests(settings, access))
    if any(asks_for_digits(each) for each in (policy.openers, *policy.tower_openers.values())):
        table.add_row("keypad digits", *_where_digits_come_from(settings))
    for name, told in _noted(settings):
        table.add_row(name, "set" if told else "not set", told or "")
    Console().print(table)
    return int(failed)


async def _database(settings: Settings) -> str:
    async with open_database(settings.database_url, keys=settings.keys, migrate=False) as database:
        await check_key(database)
        counts = await database.look(lambda tx: tx.counts())
    return f"{sum(counts.deliveries.values())} deliveries, {counts.cards_owed} cards owed"


async def _telegram(settings: Settings) -> str:
    token = settings.telegram_bot_token
    assert token is not None, "asked for above"
    name = await username(token.get_secret_value(), settings.telegram_api_url)
    return f"@{name}"


async def _operator(settings: Settings, chat: int) -> str:
    if chat in groups(settings):
        raise Refused(A_GROUP)
    token = settings.telegram_bot_token
    assert token is not None, "asked for above"
    if not await has_met(token.get_secret_value(), settings.telegram_api_url, PersonId(chat)):
        raise Refused(NOT_MET)
    return "has opened the bot"


async def _harbor(settings: Settings, access: Access) -> str:
    async with Harbor(access, clock=SystemClock().now) as harbor:
        lockers = HarborLockers(harbor, settings.only_towers)
        towers, assigned = await lockers.towers(), await lockers.assigned()
    if wrong := differing(towers, settings.policy):
        raise BadSetting(f"LOCKERBOT_TOWERS: {wrong}")
    return f"{access.environment}: {len(towers)} towers, {len(assigned)} lockers assigned"


def _openers(policy: Policy) -> dict[str, str]:
    """By what the doors open everywhere, where they open otherwise, and what that demands."""
    told = {"LOCKERBOT_OPENER": described(policy.openers)}
    for tower, openers in policy.tower_openers.items():
        if openers != policy.openers:
            told[f"tower {tower}"] = described(openers)
    return told | {f"opener {name}": demand for name, demand in demands(policy).items()}


def _configured(policy: Policy) -> set[Opener]:
    everywhere = (policy.openers, *policy.tower_openers.values())
    return {opener for each in everywhere for opener in (each.drop_off, each.pick_up)}


async def _open_requests(settings: Settings, access: Access) -> tuple[str, str]:
    """Whether Harbor has them, as far as can be told without making one."""
    instead = "doors are opened by tokens instead"
    if settings.harbor_routes.get("open_drop_off_request", "as it is").strip() == "":
        return "no", f"switched off by HARBOR_ROUTES: {instead}"
    if await _denied_lately(settings):
        return "no", f"Harbor has none, as it last told the bot: {instead}"
    try:
        async with Harbor(access, clock=SystemClock().now) as harbor:
            await harbor.open_request(0)
    except NotFound as error:
        if error.detail == UNKNOWN_PATH:
            return "no", f"Harbor seems to have none: {instead}"
        if not error.detail:  # a gateway's page, which says nothing about Harbor
            return "unknown", str(error)
    except HarborError as error:
        return "unknown", str(error)
    return "yes", "Harbor seems to have them"


async def _denied_lately(settings: Settings) -> bool:
    try:
        async with open_database(
            settings.database_url, keys=settings.keys, migrate=False
        ) as database:
            alert = await database.look(lambda tx: tx.alert(LINKS_KEY))
    except EdgeError:
        return False
    return alert is not None and alert.cleared_at is None


def _where_digits_come_from(settings: Settings) -> tuple[str, str]:
    if settings.harbor_signature is None:
        return "not set", "no HARBOR_WEBHOOK_SECRET: digits come only from Harbor's own answer"
    return "set", "from Harbor's own answer, or from a push whose signature holds"


def _noted(settings: Settings) -> list[tuple[str, str]]:
    operators = ", ".join(map(str, settings.operator_chat_ids))
    signed = settings.harbor_webhook_algorithm if settings.harbor_webhook_secret else ""
    return [
        ("PUBLIC_URL", settings.public_url or ""),
        ("parcel pages", page_links(settings.public_url).format(page="…")),
        ("LOCKERBOT_TRUSTED_PROXIES", ", ".join(map(str, settings.trusted_proxies))),
        ("OPERATOR_CHAT_IDS", operators),
        ("HARBOR_WEBHOOK_SECRET", signed),
    ]
