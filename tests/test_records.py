"""Records: which there are of a period, and how they are written down."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.records import (
    COLUMNS,
    Period,
    RecordForm,
    RecordKind,
    begun,
    ended,
    escaped,
    file_name,
    last_days,
    period,
    written,
)
from bot.ports.database import Database
from bot.usecases.records import PORTION, Wanted, taken
from tests.support.databases import a_delivery
from tests.support.records import NOW, happened, made

DAY = datetime(2026, 3, 1, tzinfo=UTC)
HERE, THERE = TowerId("00000000000000aa"), TowerId("00000000000000bb")
WHOLE = Period(DAY, DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("first", "last", "since", "until"),
    [
        ("2026-03-01", "2026-03-01", DAY, DAY + timedelta(days=1)),
        ("2026-02-01", "", datetime(2026, 2, 1, tzinfo=UTC), NOW),
        ("2026-03-01T10:00+02:00", "2026-03-01T10:00", DAY.replace(hour=8), DAY.replace(hour=10)),
    ],
)
def test_days_are_meant_as_a_whole_and_moments_to_the_second(
    first: str, last: str, since: datetime, until: datetime
) -> None:
    assert period(first, last, now=NOW) == Period(since, until)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("yesterday", ""),
        ("2026-02-30", ""),
        ("", "2026-03-01"),
        ("2026-03-02", "2026-03-01"),
        ("2026-03-02", ""),
        ("2026-03-01", "9999-12-31"),
    ],
)
def test_what_is_no_span_of_time_is_said_in_words(first: str, last: str) -> None:
    with pytest.raises(ValueError, match=r"is no day|is not before"):
        period(first, last, now=NOW)


@pytest.mark.parametrize(
    ("first", "since"),
    [
        ("20260301", DAY),
        ("2026-03-01T10", DAY.replace(hour=10)),
        ("2026-03-01 10", DAY.replace(hour=10)),
        ("2026-03-01t10", DAY.replace(hour=10)),
        ("2026-03-01_10:00", DAY.replace(hour=10)),
    ],
)
def test_a_day_is_told_from_a_moment_however_both_are_written(first: str, since: datetime) -> None:
    ends = since + timedelta(days=since == DAY)
    assert period("2026-02-01", first, now=NOW).until == ends
    assert period(first, now=NOW).since == since


@pytest.mark.usefixtures("nepal")
def test_days_and_moments_are_those_of_utc_wherever_the_machine_is() -> None:
    evening = DAY.replace(hour=20)  # tomorrow, for the machine
    assert last_days(1, evening) == WHOLE
    ten = period("2026-03-01T10:00", now=NOW)
    assert ten.since.isoformat() == "2026-03-01T10:00:00+00:00"
    written_there = period("2026-03-01T12:00+02:00", now=NOW)
    assert written_there.since.isoformat() == "2026-03-01T10:00:00+00:00"
    name = file_name(RecordKind.EVENTS, RecordForm.CSV, Period(evening, WHOLE.until))
    assert name == "events-2026-03-01-2026-03-01.csv"


def test_what_is_no_span_is_said_by_what_was_written() -> None:
    with pytest.raises(ValueError, match=r"^2026-03-02 is not before 2026-03-01$"):
        period("2026-03-02", "2026-03-01", now=NOW)
    with pytest.raises(ValueError, match=r"^2027-03-02 is not before now$"):
        period("2027-03-02", now=NOW)
    with pytest.raises(ValueError, match=r"^'soon' is no day"):
        period("soon", now=NOW)
    with pytest.raises(ValueError, match="is no day"):
        period("0001-01-01T00:00+02:00", now=NOW)  # in UTC, that is before there were years


def test_a_file_is_called_by_its_first_and_its_last_day() -> None:
    name = file_name(RecordKind.EVENTS, RecordForm.CSV, last_days(7, NOW))
    assert name == "events-2026-02-23-2026-03-01.csv"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1", " \t@x"]
)
def test_a_cell_that_begins_like_a_formula_is_text(cell: str) -> None:
    assert escaped(cell) == f"'{cell}"
    record = made(sender_name=cell, tower_name=cell, locker_name=cell)
    text = begun(RecordKind.DELIVERIES, RecordForm.CSV) + written(
        [record], RecordForm.CSV, first=True
    )
    [read] = csv.DictReader(io.StringIO(text, newline=""))
    assert {read[name] for name in ("sender_name", "tower_name", "locker_name")} == {f"'{cell}"}


def test_any_other_cell_is_as_it_is() -> None:
    said = ["Anna", "14", "", "a=b", "it's", 'say "so", please', "two\nlines", "'=1"]
    record = [happened(detail=each) for each in said]
    text = begun(RecordKind.EVENTS, RecordForm.CSV) + written(record, RecordForm.CSV, first=True)
    assert [row["detail"] for row in csv.DictReader(io.StringIO(text, newline=""))] == said


def test_a_cell_is_empty_true_or_a_moment_as_the_value_is() -> None:
    record = made(taken_back=True, overdue_at=NOW)
    text = begun(RecordKind.DELIVERIES, RecordForm.CSV) + written(
        [record, made()], RecordForm.CSV, first=True
    )
    told, plain = csv.DictReader(io.StringIO(text, newline=""))
    assert (told["taken_back"], told["overdue_at"]) == ("true", "2026-03-01T12:31:00+00:00")
    assert (plain["taken_back"], plain["overdue_at"]) == ("false", "")


def test_in_json_a_name_is_written_in_its_own_letters() -> None:
    text = written([made(sender_name="Zoë Кіт")], RecordForm.JSON, first=True)
    assert '"sender_name": "Zoë Кіт"' in text


def test_nothing_that_opens_a_door_or_a_claim_has_a_column() -> None:
    names = {name for columns in COLUMNS.values() for name in columns}
    secrets = {"code", "claim", "link", "note", "text", "payload", "reservation", "page"}
    assert not [name for name in names if secrets & set(name.split("_"))]


async def keep(database: Database, count: int) -> None:
    """So many deliveries here, a second apart, one there, and what happened to each."""

    async def step(tx) -> None:
        await tx.save_person(Person(PersonId(1), "=Anna"))
        for number in range(count):
            at = DAY + timedelta(seconds=number // 2)
            name = f"d{number:05}"
            await tx.add_delivery(a_delivery(name, created_at=at, note="a secret wish"))
            await tx.record(
                HistoryEntry(DeliveryId(name), at, HistoryEvent.REQUESTED, PersonId(1), "medium")
            )
        await tx.add_delivery(a_delivery("there", tower=THERE, created_at=DAY))
        await tx.record(HistoryEntry(DeliveryId("there"), DAY, HistoryEvent.CLOSED, None, "why"))
        late = WHOLE.until
        await tx.add_delivery(a_delivery("later", created_at=late))
        await tx.record(HistoryEntry(DeliveryId("later"), late, HistoryEvent.REQUESTED))

    await database.run(step)


async def text_of(database: Database, wanted: Wanted) -> str:
    return "".join([part async for part in taken(database, wanted)])


async def test_every_delivery_and_event_of_a_period_is_there_once_and_in_order(
    database: Database,
) -> None:
    count = 2 * PORTION + 1
    await keep(database, count - 1)
    for kind, name in ((RecordKind.DELIVERIES, "id"), (RecordKind.EVENTS, "delivery")):
        rows = json.loads(await text_of(database, Wanted(kind, RecordForm.JSON, WHOLE)))
        found = [row[name] for row in rows]
        assert sorted(found) == sorted([f"d{number:05}" for number in range(count - 1)] + ["there"])
        placed = [(row.get("at") or row["created_at"], row[name]) for row in rows]
        assert placed == sorted(placed)
        assert list(rows[0]) == list(COLUMNS[kind])
        table = await text_of(database, Wanted(kind, RecordForm.CSV, WHOLE))
        assert [row[name] for row in csv.DictReader(io.StringIO(table, newline=""))] == found
        assert "secret" not in table


async def test_a_portion_that_just_fills_ends_the_file_well(database: Database) -> None:
    await keep(database, PORTION)
    here = frozenset({HERE})
    wanted = Wanted(RecordKind.EVENTS, RecordForm.JSON, WHOLE, here)
    assert len(json.loads(await text_of(database, wanted))) == PORTION
    nothing = replace(wanted, period=Period(DAY - timedelta(days=9), DAY))
    assert json.loads(await text_of(database, nothing)) == []
    assert begun(RecordKind.EVENTS, RecordForm.JSON) + ended(RecordForm.JSON) == "[\n]\n"


def test_of_chosen_towers_an_operator_gets_those_alone_that_are_theirs() -> None:
    otto, olga = PersonId(8), PersonId(9)
    policy = Policy(operators=frozenset({olga}), tower_operators={THERE: frozenset({otto})})
    chosen = Wanted(RecordKind.EVENTS, RecordForm.CSV, WHOLE, frozenset({HERE, THERE}))
    assert chosen.for_(olga, policy) == chosen
    assert chosen.for_(otto, policy) == replace(chosen, towers=frozenset({THERE}))
    here = replace(chosen, towers=frozenset({HERE}))
    assert here.for_(otto, policy) == replace(here, towers=frozenset())


async def test_an_operator_of_some_towers_gets_what_is_there_alone(database: Database) -> None:
    await keep(database, 2)
    otto, olga, anna = PersonId(8), PersonId(9), PersonId(1)
    policy = Policy(operators=frozenset({olga}), tower_operators={THERE: frozenset({otto})})
    wanted = Wanted(RecordKind.DELIVERIES, RecordForm.JSON, WHOLE)
    for who, count in ((olga, 3), (otto, 1), (anna, 0)):
        assert len(json.loads(await text_of(database, wanted.for_(who, policy)))) == count
