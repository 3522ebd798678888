"""`lockerbot audit`: whether what is ours at Harbor and what is kept here are the same.

Guarantees: reads only; what is wrong is printed, a line each, only if a second reading says so too.
No name of a person, no code, link or note is printed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.workers.auditor import Auditor, Fault, Finding
from cli.database import as_it_is
from cli.settings import Settings
from cli.system_clock import SystemClock
from harbor.client import Harbor
from harbor.lockers import HarborLockers

PAUSE = 5.0
"""Seconds between the two readings: what is merely under way has come to an end by then."""


async def audit(settings: Settings) -> list[str]:
    """A line for each thing that is wrong. Raises BadSetting, EdgeError."""
    clock = SystemClock()
    async with (
        as_it_is(settings) as database,
        Harbor(settings.harbor, clock=clock.now) as harbor,
    ):
        lockers = HarborLockers(harbor, settings.only_towers)
        auditor = Auditor(database, lockers, clock, settings.policy)
        first = await auditor.audit()
        if not first:
            return []
        await pause()
        before = {each.same for each in first}
        return [line(each) for each in await auditor.audit() if each.same in before]


async def pause() -> None:
    """Until the second reading."""
    await asyncio.sleep(PAUSE)


def line(finding: Finding) -> str:
    """One thing that is wrong: what, where, and what is known of it."""
    return " ".join([f"{finding.fault}:", *_about(finding), f"({_meant(finding)})"])


def _about(finding: Finding) -> Iterator[str]:
    if finding.tower is not None:
        yield f"tower {finding.tower}"
    if finding.locker is not None:
        yield f"door {finding.name or '?'} (locker {finding.locker})"
    if finding.locker is not None:
        yield f"{finding.status.value if finding.status else 'not listed'} at Harbor"
    if finding.delivery is not None:
        last = "last known from " if finding.fault is Fault.ORPHAN else ""
        yield f"{last}delivery {finding.delivery.id}, {finding.delivery.state.value}"


def _meant(finding: Finding) -> str:
    if finding.fault is Fault.UNREAD:
        return finding.why
    if finding.fault is Fault.ORPHAN:
        if finding.asked:
            return "no live delivery has it; the bot asked for it, and gives it back by itself"
        return "no live delivery has it, and nothing shows that the bot asked for it"
    return {
        Fault.UNHELD: "not among our lockers at Harbor, and its tower's list does not say why",
        Fault.FREED: "not among our lockers at Harbor: the bot has yet to conclude that it is over",
        Fault.ODD: "the delivery does not explain that status",
    }[finding.fault]
