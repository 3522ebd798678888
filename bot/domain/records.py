"""Records: what operators take away of deliveries and of what happened to them, a line each.

Guarantees: the fields of a record are its columns, in their order; none is a code, a claim, a link
or a sender's note. In CSV a cell that a spreadsheet would take for a formula begins with an
apostrophe, and so is text.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.ids import DeliveryId, PersonId, TowerId


class RecordKind(StrEnum):
    """What there is a record of."""

    DELIVERIES = "deliveries"
    EVENTS = "events"


class RecordForm(StrEnum):
    """How records are written down; the value is the end of the file's name, too."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` until just before `until`."""

    since: datetime
    until: datetime

    @property
    def last_day(self) -> date:
        """The last day (UTC) of which any part is in it."""
        return (self.until - timedelta(microseconds=1)).astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery. `created_at` is what decides whether it is in a period."""

    id: DeliveryId
    created_at: datetime
    state: str
    tower: TowerId
    locker_name: str | None
    size: str
    locker_size: str | None
    drop_off_opener: str | None
    pick_up_opener: str | None
    sender: PersonId
    recipient: PersonId | None
    changed_at: datetime | None
    occupied_at: datetime | None
    reported_at: datetime | None
    collect_until: datetime | None
    overdue_at: datetime | None
    collected_at: datetime | None
    extensions: int
    door_reports: int
    taken_back: bool
    fetcher: PersonId | None
    successor: DeliveryId | None
    tower_name: str | None = None
    sender_name: str | None = None
    recipient_name: str | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A line of a delivery's history: who did what (nobody: Harbor, or time itself). `detail` is a
    size, a door, or the words that were written: a reason, a problem, a message."""

    at: datetime
    delivery: DeliveryId
    number: int
    event: str
    by: PersonId | None
    detail: str | None
    tower: TowerId | None = None
    locker_name: str | None = None


Record = DeliveryRecord | EventRecord
COLUMNS = {
    RecordKind.DELIVERIES: tuple(field.name for field in fields(DeliveryRecord)),
    RecordKind.EVENTS: tuple(field.name for field in fields(EventRecord)),
}


def period(first: str, last: str = "", *, now: datetime) -> Period:
    """What is meant by two days, each in it as a whole, or two moments; without `last`, until now.

    Raises ValueError, in words that say what is wrong.
    """
    since, until = _moment(first), _moment(last, through=True) if last else now
    if since >= until:
        raise ValueError(f"{first} is not before {last or 'now'}")
    return Period(since, until)


def last_days(days: int, now: datetime) -> Period:
    """So many days (UTC), today's the last."""
    tomorrow = datetime.combine(now.astimezone(UTC).date(), time(), UTC) + timedelta(days=1)
    return Period(tomorrow - timedelta(days=days), tomorrow)


def _moment(text: str, *, through: bool = False) -> datetime:
    """A day's beginning (`through`: its end) or a moment, UTC where no offset is written."""
    try:
        with suppress(ValueError):  # no day, but it may be a moment
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=through)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no day (2026-11-30) and no moment (2026-11-30T18:00+01:00)"
        ) from None


def file_name(kind: RecordKind, form: RecordForm, which: Period) -> str:
    """How a file of these records is called."""
    return f"{kind}-{which.since.astimezone(UTC).date()}-{which.last_day}.{form}"


# -- writing


def begun(kind: RecordKind, form: RecordForm) -> str:
    """What stands before the first record."""
    return "[" if form is RecordForm.JSON else _rows([COLUMNS[kind]])


def written(records: Sequence[Record], form: RecordForm, *, first: bool) -> str:
    """A portion of the records; `first`: none stands before it."""
    if form is RecordForm.CSV:
        return _rows([[_cell(each) for each in _values(record)] for record in records])
    comma = "" if first else ","
    lines = (json.dumps(_object(record), ensure_ascii=False) for record in records)
    return f"{comma}\n" + ",\n".join(lines) if records else ""


def ended(form: RecordForm) -> str:
    """What stands after the last record."""
    return "\n]\n" if form is RecordForm.JSON else ""


_FORMULAS = tuple("=+-@＝＋－＠")
_CONTROLS = ("\t", "\r", "\n")


def escaped(cell: str) -> str:
    """`cell` as text for any spreadsheet."""
    formula = cell.startswith(_CONTROLS) or cell.lstrip().startswith(_FORMULAS)
    return f"'{cell}" if formula else cell


def _rows(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return escaped(_plain(value) if isinstance(value, datetime) else str(value))


def _object(record: Record) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _values(record: Record) -> list[Any]:
    return [getattr(record, field.name) for field in fields(record)]
