"""The latest deliveries that are over of which any of several conditions is true.

Guarantees: each condition is looked up by itself, by its own index, and no more is read of it than
may be needed.
"""

# ruff: noqa: S608 - what is put into SQL here is conditions of ours; values are parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from bot.domain.ids import DeliveryId
from bot.ports.search import Ended
from storage.connection import Connection, chunks, marks
from storage.tables.rows import moment

_AT_ONCE = 100
"""Parts of one question; SQLite takes 500."""
_SHARES, _LEAST = 2, 50
"""How many times its even share is read of each condition at first, and how much at least."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of a row of `source`, which has an id and a changed_at: SQL and its values. Of
    one delivery there are up to `rows_each`."""

    which: str
    values: Sequence[Any]
    source: str = "deliveries"
    rows_each: int = 1


async def latest(db: Connection, which: Sequence[Condition], limit: int) -> Ended:
    """The latest `limit` of which any of these is true, each once. Of each a share is read first,
    and all that may be needed only where that may not have been enough."""
    if not which:
        return []
    share = min(limit, max(_LEAST, _SHARES * limit // len(which)))
    read = await _portions(db, which, share)
    first = _latest_of(read, limit)
    enough = len(first) == limit
    oldest = first[-1][1] if enough else 0
    short = [
        place
        for place, rows in enumerate(read)
        if len(rows) == share and rows[-1][1] >= oldest and not (enough and share == limit)
    ]
    asked = [which[place] for place in short]
    most = limit * max((one.rows_each for one in asked), default=1)
    if most > share:
        for place, rows in zip(short, await _portions(db, asked, most), strict=True):
            read[place] = rows
    return [
        (DeliveryId(id_), moment(changed) if changed else None)
        for id_, changed in _latest_of(read, limit)
    ]


async def _portions(
    db: Connection, which: Sequence[Condition], limit: int
) -> list[list[tuple[str, int]]]:
    """Of each condition the latest `limit` deliveries: their ids, and when they changed."""
    found: list[list[tuple[str, int]]] = [[] for _ in which]
    ask = _joined if db.lateral else _united
    for some in chunks(range(len(which)), _AT_ONCE):
        conditions = [(place, which[place]) for place in some]
        rows = await db.fetch_all(*ask(conditions, int(limit)))
        for place, id_, changed in rows:
            found[place].append((id_, changed))
    return found


# The limit is written out: of one that it is only told later, PostgreSQL assumes the worst, and
# sorts all that there ever was.


def _united(which: Sequence[tuple[int, Condition]], limit: int) -> tuple[str, Sequence[Any]]:
    """A select for each condition, with its place."""
    parts = [
        f"""select * from (
                select {place} as part, id, coalesce(changed_at, 0) as changed
                from {one.source} where {one.which} order by changed_at desc limit {limit}
            ) as part{place}"""
        for place, one in which
    ]
    return " union all ".join(parts), [value for _, one in which for value in one.values]


def _joined(which: Sequence[tuple[int, Condition]], limit: int) -> tuple[str, Sequence[Any]]:
    """The same in one select for all that are worded alike: PostgreSQL takes longer to plan a
    hundred selects than to run them."""
    alike: dict[tuple[str, str], list[tuple[int, Condition]]] = {}
    for place, one in which:
        alike.setdefault((one.source, one.which), []).append((place, one))
    parts: list[str] = []
    for (source, wording), them in alike.items():
        names = [f"v{number}" for number, _ in enumerate(them[0][1].values)]
        asked = wording
        for name in names:
            asked = asked.replace("?", f"asked.{name}", 1)
        rows = ", ".join(f"({place}, {marks(len(names))})" for place, _ in them)
        parts.append(
            f"""select asked.part, latest.id, latest.changed
                from (values {rows}) as asked (part, {", ".join(names)})
                cross join lateral (
                    select id, coalesce(changed_at, 0) as changed from {source} where {asked}
                    order by changed_at desc limit {limit}
                ) as latest"""
        )
    return " union all ".join(parts), [
        value for them in alike.values() for _, one in them for value in one.values
    ]


def _latest_of(read: Sequence[Sequence[tuple[str, int]]], limit: int) -> list[tuple[str, int]]:
    """The latest of all that was read, each once."""
    found = dict(row for rows in read for row in rows)
    return sorted(found.items(), key=itemgetter(1), reverse=True)[:limit]
