"""Asks Harbor for what opens a door, and writes it down.

Guarantees: it is safe to ask again after a lost answer, since nobody was shown that code; after a
failure of our own what Harbor gave is used, and not asked for once more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.delivery import Delivery, HarborRequest
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.lifecycle import Event
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.lockers import Lockers
from bot.usecases.cards import keep_code
from bot.usecases.transitions import transition
from bot.workers.codes import Issued, issue
from bot.workers.given import Given
from bot.workers.standing import MAKES_SENSE_IN, CarriedOut, standing


class CodeRequests:
    """See the module; for drop-off and pick-up codes alike."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        policy: Policy,
        carried_out: CarriedOut,
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._carried_out = carried_out
        self._given: Given[Issued] = Given()

    async def ask(self, delivery: Delivery, request: HarborRequest) -> None:
        """Ask for a token; safe to repeat after a lost answer, since nobody was shown that one."""
        if delivery.locker is None:
            await self._carried_out.note(request, delivery)
            return
        asked_at = self._clock.now()
        given = self._given.to(request)
        if given is None or given.code.expires_at <= asked_at:
            given = await issue(self._lockers, delivery, request, asked_at, self._policy)
            self._given.keep(request, given)
        issued = given

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await standing(tx, delivery, request)
            if current is None or current.state not in MAKES_SENSE_IN[request.kind]:
                return
            code = replace(issued.code, revealed=request.by is not None)
            if request.by is not None:
                tx.answers(request.by)
            changes: dict[str, Any] = {"code_until": code.expires_at}
            if issued.event is Event.DROP_OFF_ISSUED:
                changes |= {"held_until": code.expires_at, "reminders_sent": 0}
            if issued.fell_back:
                changes |= {"pick_up_opener": Opener.TOKEN}
                await tx.record(HistoryEntry(current.id, now, HistoryEvent.FELL_BACK))
            after = await transition(
                tx,
                current,
                issued.event,
                now=now,
                policy=self._policy,
                by=request.by,
                request=None,
                trouble=None,
                **changes,
            )
            await keep_code(tx, after, code, now=now)

        await self._database.run(step, brief=True)
        self._given.forget(request)
