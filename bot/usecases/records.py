"""Records of a period, read portion by portion and written down as text.

Guarantees: no more than a portion is held at once, however long the period; a portion is one
snapshot, the whole is not: what changes meanwhile is told as it is when its portion is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from bot.domain.ids import PersonId, TowerId
from bot.domain.policy import Policy
from bot.domain.records import (
    DeliveryRecord,
    EventRecord,
    Period,
    Record,
    RecordForm,
    RecordKind,
    begun,
    ended,
    written,
)
from bot.ports.database import Database, Transaction

PORTION = 500
"""Records read at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records, and how they are written down; `towers`: at these alone, None: at any."""

    kind: RecordKind
    form: RecordForm
    period: Period
    towers: frozenset[TowerId] | None = None

    def for_(self, operator: PersonId, policy: Policy) -> Wanted:
        """Those of them at the towers that `operator` looks after."""
        theirs = policy.towers_of(operator)
        if theirs is None or self.towers is None:
            return replace(self, towers=self.towers if theirs is None else theirs)
        return replace(self, towers=self.towers & theirs)


async def taken(database: Database, wanted: Wanted) -> AsyncIterator[str]:
    """The file's text, portion by portion."""
    yield begun(wanted.kind, wanted.form)
    last: Record | None = None
    while True:
        records = await _portion(database, wanted, last)
        yield written(records, wanted.form, first=last is None)
        if len(records) < PORTION:
            break
        last = records[-1]
    yield ended(wanted.form)


async def _portion(
    database: Database, wanted: Wanted, last: Record | None
) -> list[DeliveryRecord] | list[EventRecord]:
    period, towers = wanted.period, wanted.towers

    async def deliveries(tx: Transaction) -> list[DeliveryRecord]:
        after = last if isinstance(last, DeliveryRecord) else None
        return await tx.delivery_records(period, towers, after, PORTION)

    async def events(tx: Transaction) -> list[EventRecord]:
        after = last if isinstance(last, EventRecord) else None
        return await tx.event_records(period, towers, after, PORTION)

    if wanted.kind is RecordKind.DELIVERIES:
        return await database.look(deliveries, one_statement=True)
    return await database.look(events, one_statement=True)
