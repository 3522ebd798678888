"""`python -m crash.replica`: what the harness kills; `lockerbot run` but for three things.

It speaks as fast as it can, since a sandbox limits nobody. With ROUTER_URL it has Telegram deliver
there: PUBLIC_URL is checked as ever (https), then this copy of the settings, and no other, is given
the loopback address that the sandbox accepts. With CRASH_AIM it has the points of `crash.points`.
"""

from __future__ import annotations

import os

import uvloop

from cli.bootstrap import assembled
from cli.logs import set_up_logging
from cli.memory import spare_the_collector
from cli.run import answering, receive
from cli.settings import Settings
from cli.stopping import stop_requested
from cli.system_clock import SystemClock
from crash.points import install_from
from handlers.telegram.rate_limit import RateLimit


async def run(settings: Settings) -> None:
    """Work until SIGTERM."""
    stop, clock = stop_requested(), SystemClock()
    pace = RateLimit(clock, overall=None, a_chat=None)
    async with (
        assembled(settings, clock, pace=pace) as assembly,
        answering(settings, assembly),
    ):
        spare_the_collector()
        await receive(settings, assembly, stop)


def main() -> None:
    """The process."""
    settings = Settings.load()
    if router := os.environ.get("ROUTER_URL"):
        settings = settings.model_copy(update={"public_url": router})
    set_up_logging(settings.log_level, settings.log_format)
    install_from(os.environ)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
