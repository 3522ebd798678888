"""The bot put together: core, edges and the loops between them, for as long as a block lasts.

Guarantees: everything that was opened is closed in the opposite order, once the loops have ended
(`cli/loops.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.workers.alerts import Alerts
from bot.workers.auditor import Auditor
from bot.workers.harbor_requests import HarborRequests
from bot.workers.loop import Loop
from bot.workers.open_requests import OpenRequests
from bot.workers.outbox import Outbox
from bot.workers.reminders import Reminders
from bot.workers.retention import Retention
from bot.workers.sampler import Sampler
from bot.workers.saving import Saving
from bot.workers.signals import Signal, Signals
from bot.workers.towers import Towers
from bot.workers.waiting import WaitingList
from bot.workers.watcher import Watcher
from cli.assembly import Assembly
from cli.complaints import BadSetting
from cli.loops import turning
from cli.openers import demands, described, differing
from cli.preflight import check_key, say_of_groups
from cli.settings import Settings, page_links
from handlers.app import build_application, build_dialogue, phrases, questions
from handlers.conversation.context import Wiring
from handlers.conversation.presenter import ChatPresenter
from handlers.conversation.questions import Sight
from handlers.conversation.screens import Screens
from handlers.conversation.transactional import App
from handlers.telegram.allowance import OVERALL
from handlers.telegram.messenger import TelegramMessenger
from handlers.telegram.rate_limit import RateLimit
from handlers.telegram.receiver import Receiver
from handlers.telegram.shares import Shares
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from harbor.webhooks import Signature
from storage import open_database
from timezones import zones_at

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the parts must agree on; `signature`: how Harbor signs its pushes; `page`: where parcel
    pages are, as `Links.page` says."""

    token: str = field(repr=False)
    api_url: str
    policy: Policy
    locale: str = "en"
    signature: Signature | None = None
    page: str = ""


@contextlib.asynccontextmanager
async def assembled(
    settings: Settings,
    clock: Clock,
    *,
    pace: RateLimit | None = None,
    pages_at: str | None = None,
    sweeps_wait: float = 0.0,
) -> AsyncIterator[Assembly]:
    """Everything opened and the loops turning; updates come in by the caller's choice.

    `pace`: how fast to speak, if not as fast as the settings say; `pages_at`: the address of the
    parcel pages, if that is not `PUBLIC_URL`; `sweeps_wait`: see `turning`. Raises BadSetting for
    what is missing, and what storage raises when it can't be opened.
    """
    settings.need("TELEGRAM_BOT_TOKEN", "LOCKERBOT_SECRET_KEY")
    token = settings.telegram_bot_token
    assert token is not None, "asked for above"
    access = settings.harbor
    plan = Plan(
        token=token.get_secret_value(),
        api_url=settings.telegram_api_url,
        policy=settings.policy,
        locale=settings.locale,
        signature=settings.harbor_signature,
        page=page_links(pages_at or settings.public_url),
    )
    say_of_groups(settings)
    log.info("openers", opener=described(plan.policy.openers), **demands(plan.policy))
    signals, saving = Signals(), Saving(clock)
    async with (
        open_database(
            settings.database_url, keys=settings.keys, signals=signals, saving=saving
        ) as database,
        Harbor(access, clock=clock.now) as harbor,
    ):
        await check_key(database)
        await _placed(settings, database)
        lockers = HarborLockers(harbor, settings.only_towers, settings.country)
        overall = replace(OVERALL, a_second=settings.messages_a_second)
        pace = pace or RateLimit(clock, overall=overall, shares=Shares(database, clock))
        assembly = assemble(plan, database, lockers, clock, pace, signals, saving)
        async with turning(assembly, sweeps_wait=sweeps_wait):
            yield assembly


def assemble(
    plan: Plan,
    database: Database,
    lockers: HarborLockers,
    clock: Clock,
    pace: RateLimit,
    signals: Signals,
    saving: Saving | None = None,
) -> Assembly:
    """All parts put together, none of them at work yet: see `turning`."""
    policy, kept = plan.policy, saving or Saving(clock)
    towers = Towers(
        database,
        lockers,
        clock,
        zones_at,
        found=lambda all_: _say_what_differs(all_, policy),
    )
    open_requests = OpenRequests(database, clock, policy)
    watcher = Watcher(database, lockers, clock, policy, signals)
    worker = HarborRequests(database, lockers, clock, policy, signals, open_requests)
    reminders = Reminders(database, clock, policy, signals)
    waiting = WaitingList(database, towers, clock, policy, signals, open_requests)
    application = _application(plan, database, clock, open_requests)
    sight = Sight(
        database=database,
        towers=towers,
        clock=clock,
        policy=policy,
        open_requests=open_requests,
        health=lambda: assembly.condition(),
        locale=plan.locale,
    )
    presenter = _presenter(plan, sight, lambda: assembly.application.bot.username)
    outbox = Outbox(database, TelegramMessenger(application.bot, pace), presenter, clock, signals)
    retention = Retention(database, clock, policy)
    auditor = Auditor(database, lockers, clock, policy)
    sampler = Sampler(database, lockers, clock)
    receiver, alerts = Receiver(application, clock), Alerts(database, clock, policy)
    hearing = receiver.hearing
    loops = {
        "requests": Loop("requests", clock, worker.turn, signals.requests),
        "watcher": Loop("watcher", clock, watcher.turn, signals.lockers),
        "reminders": Loop("reminders", clock, reminders.turn, signals.deadlines),
        "outbox": Loop("outbox", clock, outbox.turn, signals.cards),
        "waiting": Loop("waiting", clock, waiting.turn, signals.waits),
        "retention": Loop("retention", clock, retention.turn, Signal()),
        "audit": Loop("audit", clock, auditor.turn, Signal()),
        "figures": Loop("figures", clock, sampler.turn, Signal()),
        "saving": Loop("saving", clock, lambda: kept.tell(database, policy), kept.over),
        "hearing": Loop("hearing", clock, lambda: hearing.tell(alerts), hearing.changed),
    }
    assembly = Assembly(
        database=database,
        lockers=lockers,
        clock=clock,
        policy=policy,
        application=application,
        receiver=receiver,
        towers=towers,
        worker=worker,
        watcher=watcher,
        reminders=reminders,
        outbox=outbox,
        waiting=waiting,
        loops=loops,
        signals=signals,
        saving=kept,
        signature=plan.signature,
    )
    return assembly


def _application(plan: Plan, database: Database, clock: Clock, open_requests: OpenRequests) -> App:
    wiring = Wiring(
        database=database,
        clock=clock,
        policy=plan.policy,
        open_requests=open_requests,
        phrases=phrases(),
        locale=plan.locale,
    )
    return build_application(plan.token, plan.api_url, wiring, build_dialogue())


def _presenter(plan: Plan, sight: Sight, bot: Callable[[], str]) -> ChatPresenter:
    return ChatPresenter(
        sight.database,
        sight.clock,
        plan.policy,
        Screens(sight, questions()),
        bot=bot,
        page=plan.page,
        locale=plan.locale,
    )


async def _placed(settings: Settings, database: Database) -> None:
    """Raise BadSetting where towers that are known, and ours to use, are set apart wrongly."""
    known = await database.look(lambda tx: tx.towers())
    only = settings.only_towers
    ours = [tower for tower in known if only is None or tower.id in only]
    if wrong := differing(ours, settings.policy):
        raise BadSetting(f"LOCKERBOT_TOWERS: {wrong}")


def _say_what_differs(towers: Sequence[Tower], policy: Policy) -> None:
    if wrong := differing(towers, policy):
        log.error("towers_differ", setting="LOCKERBOT_TOWERS", why=wrong)
