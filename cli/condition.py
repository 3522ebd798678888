"""How the running bot is: for whoever restarts it, for whoever sends it work, and for Prometheus.

Guarantees: neither Harbor nor Telegram is asked anything for it; nobody waits longer than
`PATIENCE` for the database.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bot.domain.oversight import is_stuck
from bot.ports.database import Transaction
from bot.ports.errors import EdgeError
from bot.ports.upkeep import Counts
from cli.assembly import Assembly
from web.reading import Reading, Stuck

PATIENCE = 3.0
"""Seconds."""


async def live(bot: Assembly) -> Mapping[str, Any]:
    """`{"ok", "reasons"}` for /livez: what only a restart may mend. Asks nobody."""
    still = [name for name, loop in bot.loops.items() if loop.stands_still]
    reasons = [f"the loop {name} stands still" for name in still]
    return {"ok": not reasons, "reasons": reasons}


async def ready(bot: Assembly) -> Mapping[str, Any]:
    """`{"ok", "reasons", …}` for /readyz: why the bot is of no use now. Harbor being away is no
    reason: what is asked of it waits, and whatever else people want is done."""
    counts: Counts | None = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            counts = await bot.counts()
    reasons = ["storage does not answer"] if counts is None else []
    if (unsaved := bot.saving.why) is not None:
        reasons.append(f"nothing can be saved: {unsaved}")
    if (deaf := bot.receiver.deaf) is not None:
        reasons.append(f"nobody is heard: {deaf}")
    return {
        "ok": not reasons,
        "reasons": reasons,
        "watcher_lag_seconds": bot.lag(),
        "cards_owed": counts.cards_owed if counts else None,
        "requests_owed": counts.requests_owed if counts else None,
    }


async def reading(bot: Assembly, build: Mapping[str, str]) -> Reading:
    """One scrape's worth for the metrics; `build` is what is run, and how."""
    now, receiver, wiring = bot.clock.now(), bot.receiver, bot.application.bot_data
    counts, stuck = await _counted(bot)
    taken = receiver.taken_at
    return Reading(
        counts,
        bot.outbox.tally,
        bot.lag(),
        harbor_ok=not bot.watcher.away,
        now=now,
        stuck=stuck,
        build=build,
        update_age=None if taken is None else (now - taken).total_seconds(),
        telegram_ok=receiver.deaf is None,
        saving_ok=bot.saving.why is None,
        failed_steps=wiring.failed,
        failed_turns={name: loop.failures for name, loop in bot.loops.items()},
        journal=bot.signals.journal,
        harbor=bot.lockers.calls,
        telegram=wiring.calls,
    )


async def _counted(bot: Assembly) -> tuple[Counts | None, Stuck]:
    now = bot.clock.now()

    async def step(tx: Transaction) -> tuple[Counts, Stuck]:
        live = await tx.deliveries_at_harbor()
        stuck = Stuck(
            overdue=sum(delivery.overdue_at is not None for delivery in live),
            stuck=sum(is_stuck(delivery, now) for delivery in live),
            doors=sum(delivery.door_reports > 0 for delivery in live),
            alerts=Counter(alert.kind for alert in await tx.alerts()),
        )
        return await tx.counts(), stuck

    try:
        async with asyncio.timeout(PATIENCE):
            return await bot.database.look(step)
    except (EdgeError, TimeoutError):
        return None, Stuck()
