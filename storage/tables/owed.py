"""Owed work is a row with two times: when it is due, and whose turn it is until when.

Guarantees: one statement takes a lease, so of several processes one gets it; only the holder of a
lease may put its row off or give it back; a lease that its holder did not live to give back runs
out. The same for cards and for requests of Harbor: `run_at`, `leased_until`, `lease`, `failures`.
"""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from storage.connection import Connection, Row, Then
from storage.tables.rows import moment, stamp

_FREE = "(leased_until is null or leased_until <= ?)"


@dataclass(frozen=True, slots=True)
class Owed:
    """The owed rows of one table: `key` identifies a row, `owed` is the condition that it is."""

    table: str
    key: str
    owed: str
    lapsed: Mapping[str, str] = field(default_factory=dict)
    """What columns become where a lease ran out, since what its holder did last is not known."""

    def _after_a_lapse(self) -> str:
        """For a row that is taken up: nothing is set where its last holder gave it back."""
        changed = (
            f", {column} = case when leased_until is null then {column} else {value} end"
            for column, value in self.lapsed.items()
        )
        return "".join(changed)

    async def next_due(self, db: Connection) -> datetime | None:
        """When the earliest is (or was) due, and its lease (if any) over."""
        row = await db.fetch_one(
            f"""select min(case when leased_until > run_at then leased_until else run_at end)
                from {self.table} where {self.owed}"""
        )
        return moment(row[0]) if row and row[0] is not None else None

    async def lease(
        self,
        db: Connection,
        lease: int,
        now: datetime,
        until: datetime,
        limit: int,
        *,
        order: str,
        returning: str,
        which: str = "true",
    ) -> Sequence[Row]:
        """Take the turn for what is due and nobody's (and `which` is true of), the first in
        `order`, by this lease; what somebody else is taking just now is left to them."""
        return await db.fetch_all(
            f"""with due as materialized (
                    select {self.key} from {self.table}
                    where {self.owed} and run_at <= ? and {_FREE} and {which}
                    order by {order} limit ?
                    {db.skip_locked}
                ) update {self.table} set lease = ?, leased_until = ?{self._after_a_lapse()}
                where {self.key} in (select {self.key} from due) returning {returning}""",
            (stamp(now), stamp(now), limit, lease, stamp(until)),
        )

    async def renew(
        self, db: Connection, key: Any, lease: int, until: datetime, returning: str
    ) -> Row | None:
        """Keep the turn until later; None when it is no longer the caller's."""
        return await db.fetch_one(
            f"""update {self.table} set leased_until = ? where {self.key} = ? and lease = ?
                returning {returning}""",
            (stamp(until), key, lease),
        )

    async def give_back(
        self, db: Connection, key: Any, lease: int | None, note: Then | None = None
    ) -> None:
        """The turn is over, and the row anybody's; `note` is told when it is due."""
        await db.execute(
            f"""update {self.table} set lease = null, leased_until = null
                where {self.key} = ? and lease = ? returning run_at""",
            (key, lease),
            note=note,
        )

    async def put_off(
        self, db: Connection, key: Any, lease: int | None, until: datetime, *, unsure: bool = False
    ) -> None:
        """Failed once more: due again at `until`, and anybody's. `unsure`: what came of it is not
        known, as where a lease runs out."""
        await db.execute(
            f"""update {self.table} set run_at = ?, failures = failures + 1, lease = null,
                    leased_until = null{self._after_a_lapse() if unsure else ""}
                where {self.key} = ? and lease = ?""",
            (stamp(until), key, lease),
        )

    async def free_all(self, db: Connection, returning: str) -> list[Row]:
        """End every lease, where no other process can hold one; the rows that had one."""
        return list(await db.fetch_all(f"{self.freeing()} returning {returning}"))

    def freeing(self, which: str = "true") -> str:
        """SQL: end those leases of which `which` is true, and whose holders are gone."""
        return f"""update {self.table} set lease = null, leased_until = null{self._after_a_lapse()}
                   where leased_until is not null and {which}"""
