"""A database with a long past: a million parcels that have been collected, made by SQL alone.

Guarantees: each row is a copy of one that the bot has written, but for whose it is and when; the
database is SQLite, and nobody else has it open.
"""

# ruff: noqa: S608 - what is put into SQL here is numbers and names of columns, all our own

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

TEMPLATE = "0000000000"
"""The delivery that is copied, with its history and its cards."""

_PEOPLE_FROM = 5_000_000
_APART = 30_000_000
"""Microseconds between two parcels: a million of them are a year's."""


def copy_past(path: Path, *, parcels: int, people: int, updates: int) -> None:
    """So many parcels more, of so many people more (an even number, so that nobody sends to
    themselves); so many updates were handled lately."""
    sender = f"{_PEOPLE_FROM} + i % {people}"
    recipient = f"{_PEOPLE_FROM} + (i * 7 + 3) % {people}"
    mine = f"case when t.chat = (select sender from template) then {sender} else {recipient} end"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("pragma synchronous = off")
        raw.execute("pragma cache_size = -200000")
        raw.execute(
            "create temp table template as select sender, recipient from deliveries where id = ?",
            (TEMPLATE,),
        )
        _copy(raw, "people", "id = (select sender from template)", people, {"id": sender})
        times = ("created_at", "changed_at", "occupied_at", "reported_at", "collected_at")
        _copy(
            raw,
            "deliveries",
            f"id = '{TEMPLATE}'",
            parcels,
            {"id": _ID, "sender": sender, "recipient": recipient, "locker": "i % 5000 + 1"}
            | {name: f"t.{name} - i * {_APART}" for name in times},
        )
        _copy(
            raw,
            "history",
            f"delivery = '{TEMPLATE}'",
            parcels,
            {
                "delivery": _ID,
                "at": f"t.at - i * {_APART}",
                "by": f"case when t.by is not null then {sender} end",
            },
        )
        _copy(
            raw,
            "cards",
            f"subject = 'delivery:{TEMPLATE}'",
            parcels,
            {
                "id": "10000000000 + 4 * i + (t.chat = (select sender from template))",
                "chat": mine,
                "subject": f"'delivery:' || {_ID}",
                "message": "10 + 4 * i + (t.chat = (select sender from template))",
            },
        )
        _copy(raw, "updates", "id = (select min(id) from updates)", updates, {"id": "i + 1000000"})
        raw.commit()


_ID = "printf('%010d', 1000000 + i)"


def _copy(
    raw: sqlite3.Connection, table: str, which: str, count: int, instead: Mapping[str, str]
) -> None:
    columns = [row[1] for row in raw.execute(f"pragma table_info({table})")]
    values = ", ".join(instead.get(name, f"t.{name}") for name in columns)
    raw.execute(
        f"""with recursive numbers(i) as (
                select 1 union all select i + 1 from numbers where i < {count}
            ) insert into {table} select {values} from numbers, {table} as t where t.{which}"""
    )
