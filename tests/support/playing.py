"""What a story is played on: the core with its real presenter, a database, a Harbor on a socket and
phones in memory; a bot that can be started again at any moment; dice that always fall alike.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter
from datetime import datetime

import pytest

import bot.workers.harbor_requests
from bot.domain.card import Card
from bot.domain.message import Message
from bot.domain.tower import LockerStatus, Size
from bot.workers.outbox import Outbox
from bot.workers.reminders import Reminders
from bot.workers.signals import Signals
from bot.workers.watcher import Watcher
from handlers.conversation.presenter import ChatPresenter
from sandbox.clock import Clock
from tests.support.core import TOWER, Core, worker_on
from tests.support.databases import listen
from tests.support.memory_chat import MemoryChat


class Bot:
    """All that a restart brings up anew; what it must know is in the database."""

    def __init__(self, core: Core, chat: MemoryChat) -> None:
        self._core = core
        tools = core.database, core.lockers, core.clock, core.policy
        self._signals = Signals()
        listen(core.database, self._signals)
        self.worker = worker_on(*tools, self._signals)
        self.watcher = Watcher(*tools, self._signals)
        self.timekeeper = Reminders(core.database, core.clock, core.policy, self._signals)
        truth = presenter(core, core.clock)
        self.outbox = Outbox(core.database, chat, truth, core.clock, self._signals)

    async def react(self) -> None:
        """Do all that is due, but for looking at Harbor."""
        for _ in range(50):
            await self.worker.turn()
            await self.worker.settle()
            await self.outbox.turn()
            await self.outbox.settle()
            if not (self.worker.busy or self.outbox.busy):
                return
        raise AssertionError("the bot never comes to rest")

    async def recover(self) -> None:
        """As a process does that is started after another was killed."""
        await self.worker.recover()
        await self.outbox.recover()

    async def live(self) -> None:
        """One round of everything."""
        await self.timekeeper.turn()
        await self.react()
        await self.watcher.turn()
        await self.watcher.settle()
        await self.react()


def presenter(core: Core, clock: Clock) -> ChatPresenter:
    """The real one, but for the screens, which are not what is played with."""

    async def no_screen(*_: object) -> Message | None:
        return Message("…")

    return ChatPresenter(core.database, clock, core.policy, no_screen, bot=lambda: "parcels_bot")


async def present_at(core: Core, card: Card, moment: datetime) -> Message | None:
    """What it would show, had the clock stood still since `moment`."""
    view, _ = await presenter(core, Clock(moment, stopped=True)).present(card)
    return view


def load_the_dice(patch: pytest.MonkeyPatch) -> None:
    """What the bot leaves to chance (ids, which locker, who comes first) is the same each time, so
    that Hypothesis can play a story again and make it shorter."""
    patch.setattr(secrets, "choice", random.Random(1).choice)
    patch.setattr(bot.workers.harbor_requests, "AT_ONCE", 1)


async def nearly_full(core: Core) -> None:
    """Leave so few lockers at the tower that people get in each other's way."""
    left: Counter[Size | None] = Counter()
    for locker in await core.lockers.lockers(TOWER):
        left[locker.size] += 1
        if left[locker.size] > 2 and locker.status is LockerStatus.AVAILABLE:
            path = f"/sandbox/towers/{TOWER}/lockers/{locker.id}/status"
            (await core.control.post(path, json={"status": "out of service"})).raise_for_status()
