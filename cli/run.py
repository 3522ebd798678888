"""`lockerbot run`: the bot until it is asked to end; by polling, or by webhooks (PUBLIC_URL)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
import uvloop
from starlette.types import ASGIApp

from bot.domain.ids import PersonId
from bot.ports.errors import EdgeError
from cli.assembly import Assembly
from cli.bootstrap import assembled
from cli.complaints import BadSetting
from cli.condition import live, reading, ready
from cli.lifetime import Lifetime, described_run, release
from cli.logs import set_up_logging
from cli.loops import people_first
from cli.memory import few_arenas, spare_the_collector
from cli.picture import at_start
from cli.preflight import NOT_MET, check_disk, check_key
from cli.progress import progress
from cli.settings import Settings
from cli.stopping import stop_requested
from cli.system_clock import SystemClock
from handlers.commands import announce, announce_to
from handlers.profile import portray, present
from handlers.telegram.receiver import Receiver
from storage import open_database
from storage import reseal as reseal_all
from web.app import Metrics, create_app
from web.deliveries import TelegramHook
from web.serving import is_loopback, serving

if TYPE_CHECKING:
    from cli.reporting import Reports
    from web.pages import Pages

log = structlog.get_logger()

UNTIL_AN_OPERATOR_IS_MET = timedelta(minutes=1)
"""How long before an operator who has not opened the bot yet is offered their commands again."""

_SWEEPS_WAIT = 1.0
"""Seconds. Whoever pressed a button while the bot was away does not wait for its first look."""


@contextlib.contextmanager
def reporting(settings: Settings) -> Iterator[Reports | None]:
    """Where faults are reported, for as long as the block lasts; None: nowhere."""
    if settings.sentry_dsn is None:
        yield None
        return
    from cli.reporting import Reports

    reports = Reports(
        settings.sentry_dsn.get_secret_value(),
        release=release(),
        environment=settings.harbor_environment,
    )
    try:
        yield reports
    finally:
        reports.close()


def start() -> None:
    """`lockerbot run` from its settings to its end. Raises BadSetting, Misconfigured."""
    settings = Settings.load()
    with reporting(settings) as reports:
        set_up_logging(settings.log_level, settings.log_format, reports)
        uvloop.run(run(settings))


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; a fault of the bot's own that ends it is logged, and the exit
    code is 1. Raises BadSetting, Misconfigured."""
    few_arenas()
    check_disk(settings)
    stop, lifetime = stop_requested(), Lifetime()
    try:
        async with (
            assembled(settings, SystemClock(), sweeps_wait=_SWEEPS_WAIT) as assembly,
            answering(settings, assembly),
            lifetime.told(settings, assembly),
        ):
            settling = asyncio.create_task(_settle_in(assembly), name="settling in")
            await receive(settings, assembly, stop)
            settling.cancel()
    except (BadSetting, EdgeError):
        raise
    except Exception:
        log.exception("crashed")
        sys.exit(1)
    finally:
        lifetime.over()


async def _settle_in(assembly: Assembly) -> None:
    await people_first(assembly, _SWEEPS_WAIT)
    spare_the_collector()


async def receive(settings: Settings, assembly: Assembly, stop: asyncio.Event) -> None:
    """Take updates until `stop`; whatever ends the receiver early is raised here."""
    receiver = assembly.receiver
    if settings.public_url is None:
        incoming = asyncio.create_task(receiver.poll(), name="receiver")
    else:
        url = settings.public_url + settings.webhook_path
        incoming = asyncio.create_task(_hooked(receiver, url, settings.webhook_secret))
    greeting = asyncio.create_task(_greet(assembly, settings), name="greeting")
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({incoming, stopped}, return_when=asyncio.FIRST_COMPLETED)
    greeting.cancel()
    stopped.cancel()
    receiver.stop()
    await incoming


async def _hooked(receiver: Receiver, url: str, secret: str) -> None:
    """Webhooks: listening goes on in the web server."""
    await receiver.listen(url, secret)
    await receiver.stay_hooked(url, secret)


async def _greet(assembly: Assembly, settings: Settings) -> None:
    await assembly.receiver.introduced.wait()
    await announce(assembly.application)
    await asyncio.gather(_meet_operators(assembly), _present(assembly, settings))


async def _present(assembly: Assembly, settings: Settings) -> None:
    await present(assembly.application, assembly.policy.business, settings.locale)
    if (drawn := at_start(settings)) is not None:
        await portray(assembly.application, drawn)


async def _meet_operators(assembly: Assembly) -> None:
    """Until each has been met; those who have not been at the start are said."""
    unmet, said = sorted(assembly.policy.all_operators), False
    while unmet := [who for who in unmet if not await announce_to(assembly.application, who)]:
        for who in () if said else unmet:
            log.warning("operator_not_met", setting=_names(assembly, who), chat=who, why=NOT_MET)
        said = True
        await assembly.clock.sleep_until(assembly.clock.now() + UNTIL_AN_OPERATOR_IS_MET)


def _names(assembly: Assembly, operator: PersonId) -> str:
    """The setting by which somebody is an operator."""
    general = operator in assembly.policy.operators
    return "OPERATOR_CHAT_IDS" if general else "LOCKERBOT_TOWERS"


@contextlib.asynccontextmanager
async def answering(settings: Settings, assembly: Assembly) -> AsyncIterator[None]:
    """The web edge on HOST:PORT, and metrics apart from it where a port is set for them, for as
    long as the block lasts. Raises BadSetting."""
    hook = TelegramHook(settings.webhook_path, settings.webhook_secret, assembly.take)
    apart, run = settings.metrics_port is not None, described_run(settings)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None

    async def scraped() -> tuple[bytes, str]:
        from web.metrics import exposition  # and Prometheus' library, which not everybody needs

        return await exposition(lambda: reading(assembly, run))

    def metrics(host: str) -> Metrics:
        return Metrics(scraped, is_loopback(host), token)

    app = create_app(
        live=lambda: live(assembly),
        health=lambda: ready(assembly),
        metrics=None if apart else metrics(settings.host),
        telegram=hook if settings.public_url else None,
        harbor=assembly.push if settings.public_url else None,
        pages=_pages(settings, assembly),
    )
    async with contextlib.AsyncExitStack() as stack:
        await _served(stack, "", app, settings.host, settings.port)
        if settings.metrics_port is not None:
            host = settings.metrics_host
            alone = create_app(metrics=metrics(host))
            await _served(stack, "LOCKERBOT_METRICS_", alone, host, settings.metrics_port)
        yield


def _pages(settings: Settings, assembly: Assembly) -> Pages | None:
    if settings.public_url is None:
        return None
    from cli.pages import parcel_pages  # and what draws them
    from web.pages import Where

    where = Where(settings.public_url, proxies=settings.trusted_proxies)
    return parcel_pages(assembly, where, key=settings.page_key, locale=settings.locale)


async def _served(
    stack: contextlib.AsyncExitStack, prefix: str, app: ASGIApp, host: str, port: int
) -> None:
    try:
        await stack.enter_async_context(serving(app, host=host, port=port))
    except OSError as error:
        elsewhere = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        at, which = f"{host}:{port}", "HOST" if elsewhere else "PORT"
        raise BadSetting(
            f"{prefix}{which}: {at} can't be used ({error.strerror}); set another"
        ) from error


async def reseal(settings: Settings) -> int:
    """Seal every code and claim with the first key; how many there were. Raises BadSetting."""
    settings.need("LOCKERBOT_SECRET_KEY")
    async with open_database(settings.database_url, keys=settings.keys) as database:
        await check_key(database)
        with progress("encrypting") as told:
            return await reseal_all(database, told)
