"""`lockerbot check`: tries every setting and both counterparties; a table of what works.

Guarantees: nothing is made, migrated or changed anywhere, and every problem is told at once; what
depends on a setting that can't be used is not tried. Whether Harbor has open requests is asked by a
harmless question, whose answer is INFERRED to tell: that there is none of number 0, or that there
is no such call at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.domain.alerts import LINKS_KEY
from bot.domain.ids import PersonId, TowerId
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.ports.errors import EdgeError, Refused
from cli.complaints import BadSetting
from cli.loading import NEEDED
from cli.names import foreign, slips, unknown
from cli.openers import asks_for_digits, demands, described, differing
from cli.outside import Untold, clock, delivery, leads_here
from cli.preflight import (
    A_GROUP,
    NO_GROUP,
    NOT_IN_IT,
    NOT_MET,
    check_key,
    of_another_environment,
)
from cli.settings import Settings, page_links
from cli.system_clock import SystemClock
from handlers.telegram.probing import has_met, username, webhook
from harbor.access import API_URLS, Access
from harbor.client import Harbor
from harbor.errors import HarborError, NotFound
from harbor.lockers import UNKNOWN_PATH, HarborLockers
from storage import known, missing, open_database

Row = tuple[str, str, str]
"""What, whether it works, and more about it."""

_DATABASE = ("DATABASE_URL", "LOCKERBOT_SECRET_KEY")
_TELEGRAM = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL")
_HARBOR = (
    "HARBOR_CLIENT_ID",
    "HARBOR_CLIENT_SECRET",
    "HARBOR_ENVIRONMENT",
    "HARBOR_API_URL",
    "HARBOR_ACCOUNTS_URL",
    "HARBOR_ROUTES",
)
_HOOK = (*_TELEGRAM, "LOCKERBOT_SECRET_KEY", "TELEGRAM_WEBHOOK_SECRET", "PUBLIC_URL")
_CLOCK = ("TELEGRAM_API_URL", "HARBOR_API_URL", "HARBOR_ENVIRONMENT")
_TOWERS = ("LOCKERBOT_TOWERS", "LOCKERBOT_OPENER")


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, and the settings without which it can't be.

    `ask` raises EdgeError where it does not work, BadSetting where a setting is the reason."""

    name: str
    ask: Callable[[], Awaitable[str]]
    needs: tuple[str, ...]


async def check(settings: Settings, wrong: Mapping[str, str]) -> int:
    """Print the table; 0 when all of it works, 1 when something does not.

    `wrong`: what is known of settings that can't be used, by name; `settings` holds defaults in
    their place. Raises BadSetting at the end, with a line for each problem of the settings.
    """
    unusable = dict(wrong) | {
        line.partition(":")[0]: line
        for line in settings.lacking(*(name for name in NEEDED if name not in wrong))
    }
    complaints = [*unknown(Settings.names()), *unusable.values(), *_slips(unusable)]
    if other := of_another_environment(settings):
        complaints.append(other)
    tried = await asyncio.gather(
        *(_tried(trial, unusable, complaints) for trial in _trials(settings))
    )
    rows: list[Row] = list(tried)
    failed = any(works == "NO" for _, works, _ in rows)
    rows += [(name, "set", told) for name, told in _openers(settings.policy).items()]
    rows += await _links_and_digits(settings, unusable)
    rows += [(name, "set" if told else "not set", told) for name, told in _noted(settings)]
    rows += [
        (name, "not read", f"set {setting}, if that is meant")
        for setting, name in foreign(Settings.names()).items()
        if setting not in unusable
    ]
    table = Table("what", "works", "")
    table.columns[0].overflow = "fold"  # names of settings are to be copied
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
    if complaints:
        raise BadSetting("\n".join(complaints))
    return int(failed)


def _slips(unusable: Collection[str]) -> Iterator[str]:
    """Misspelt names of settings that may be left out; the others are told as not set."""
    for setting, name in slips(Settings.names()).items():
        if setting not in unusable:
            yield f"{name}: there is no such setting; did you mean {setting}?"


def _hindered(needs: Iterable[str], unusable: Collection[str]) -> tuple[str, str] | None:
    lacking = [name for name in needs if name in unusable]
    return ("not tried", f"for want of {', '.join(lacking)}") if lacking else None


async def _tried(trial: Trial, unusable: Collection[str], complaints: list[str]) -> Row:
    if hindered := _hindered(trial.needs, unusable):
        return trial.name, *hindered
    try:
        return trial.name, "yes", await trial.ask()
    except Untold as error:
        return trial.name, "unknown", str(error)
    except EdgeError as error:
        return trial.name, "NO", str(error)
    except BadSetting as error:
        complaints.append(str(error))
        return trial.name, "NO", str(error)


def _trials(settings: Settings) -> Iterator[Trial]:
    yield Trial("database", lambda: _database(settings), ("DATABASE_URL",))
    yield Trial("Telegram", lambda: _telegram(settings), _TELEGRAM)
    yield Trial("webhook", lambda: _webhook(settings), _HOOK)
    yield Trial("Harbor", lambda: _harbor(settings), (*_HARBOR, *_TOWERS))
    yield Trial("clock", lambda: _clock(settings), _CLOCK)
    if (url := settings.public_url) is not None:
        reach = partial(leads_here, url, settings.host, settings.port)
        yield Trial("public address", reach, ("HOST", "PORT"))
    towers: dict[int, list[TowerId | None]] = {}
    for _setting, chat, tower in settings.operators():
        towers.setdefault(chat, []).append(tower)
    for chat, theirs in towers.items():
        yield Trial(f"operator {chat}", partial(_operator, settings, chat, theirs), _TELEGRAM)
    if settings.operator_group_id is not None:
        yield Trial("operators' group", lambda: _group(settings), _TELEGRAM)


async def _database(settings: Settings) -> str:
    if lacks := await missing(settings.database_url):
        if len(lacks) == len(known()):
            return f"there is none yet: `lockerbot run` makes it (up to {lacks[-1]})"
        return f"to be brought up to date: `lockerbot run` applies {', '.join(lacks)}"
    if not settings.keys:
        return "up to date; what is in it can't be read without LOCKERBOT_SECRET_KEY"
    async with open_database(settings.database_url, keys=settings.keys, migrate=False) as database:
        await check_key(database)
        counts = await database.look(lambda tx: tx.counts())
    return f"{sum(counts.deliveries.values())} deliveries, {counts.cards_owed} cards owed"


def _token(settings: Settings) -> str:
    assert settings.telegram_bot_token is not None, "needed by what is tried"
    return settings.telegram_bot_token.get_secret_value()


async def _telegram(settings: Settings) -> str:
    return f"@{await username(_token(settings), settings.telegram_api_url)}"


async def _webhook(settings: Settings) -> str:
    hook = await webhook(_token(settings), settings.telegram_api_url)
    url = settings.public_url
    return delivery(hook, url and url + settings.webhook_path, datetime.now(UTC))


async def _operator(settings: Settings, chat: int, towers: Sequence[TowerId | None]) -> str:
    if chat <= 0:
        raise Refused(A_GROUP)
    if not await has_met(_token(settings), settings.telegram_api_url, PersonId(chat)):
        raise Refused(NOT_MET)
    some = [tower for tower in towers if tower is not None]
    if not some:
        return "has opened the bot"
    if len(some) < len(towers):
        return "has opened the bot; of all towers (OPERATOR_CHAT_IDS), so need not be named at one"
    return f"has opened the bot; of {', '.join(some)} only"


async def _group(settings: Settings) -> str:
    if settings.operator_group is None:
        raise Refused(NO_GROUP)
    if not await has_met(_token(settings), settings.telegram_api_url, settings.operator_group):
        raise Refused(NOT_IN_IT)
    return "the bot is in it"


async def _harbor(settings: Settings) -> str:
    access, only = settings.harbor, settings.only_towers
    async with Harbor(access, clock=SystemClock().now) as harbor:
        lockers = HarborLockers(harbor, only)
        towers, assigned = await lockers.towers(), await lockers.assigned()
    if wrong := differing(towers, settings.policy):
        raise BadSetting(f"LOCKERBOT_TOWERS: {wrong}")
    if absent := sorted(set(only or ()) - {tower.id for tower in towers}):
        raise Refused(f"Harbor shows no tower {', '.join(absent)}: see LOCKERBOT_TOWERS")
    return f"{access.environment}: {len(towers)} towers, {len(assigned)} lockers assigned"


async def _clock(settings: Settings) -> str:
    harbor = settings.harbor_api_url or API_URLS[settings.harbor_environment]
    return await clock({"Telegram": settings.telegram_api_url, "Harbor": harbor})


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


async def _links_and_digits(settings: Settings, unusable: Collection[str]) -> list[Row]:
    policy, rows = settings.policy, []
    if Opener.LINK in _configured(policy):
        if hindered := _hindered((*_HARBOR, *_DATABASE), unusable):
            rows.append(("open requests", *hindered))
        else:
            rows.append(("open requests", *await _open_requests(settings, settings.harbor)))
    if any(asks_for_digits(each) for each in (policy.openers, *policy.tower_openers.values())):
        rows.append(("keypad digits", *_where_digits_come_from(settings)))
    return rows


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
