"""What goes into a row comes out of it, for every kind of value and in both databases' eyes."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import get_type_hints

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import Alert
from bot.domain.card import Card
from bot.domain.codes import Code
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import TowerId
from bot.domain.person import Draft, Person
from bot.domain.tower import Hours, Tower
from storage import migrate
from storage.tables import deliveries
from storage.tables.rows import Rows, moment, stamp, text
from storage.tables.upkeep import TOWERS
from storage.urls import sqlite_path

BIG = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | BIG | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KINDS = (Person, Draft, HistoryEntry, Code, Card, Alert)
SPECIAL = {"answers": st.dictionaries(st.text(), JSON), "detail": st.dictionaries(st.text(), JSON)}

for plain, strategy in ((int, BIG), (datetime, MOMENTS), (str, WORDS)):
    st.register_type_strategy(plain, strategy)


def values(kind: type) -> st.SearchStrategy:
    hints = get_type_hints(kind)
    special = {
        name: SPECIAL[name] for name in hints if name in SPECIAL and "Mapping" in str(hints[name])
    }
    return st.builds(kind, **{name: st.from_type(hints[name]) for name in hints} | special)


@given(st.one_of(*map(values, KINDS)))
def test_any_value_survives_its_row(value: object) -> None:
    rows = Rows(type(value))
    written = rows.write(value)
    assert all(isinstance(each, int | str | float | None) for each in written)
    assert not any(type(each) is bool for each in written)
    assert rows.read(written) == value


@given(st.builds(Delivery, request=st.none()))
def test_any_delivery_survives_its_row(value: Delivery) -> None:
    nothing_asked = (None, None, None, None, 0, None)
    assert deliveries.read((*deliveries.FIELDS.write(value), *nothing_asked)) == value


@given(
    st.dictionaries(
        st.integers(0, 6),
        st.lists(st.builds(Hours, st.times(), st.times())).map(tuple),
    )
    | st.none()
)
def test_any_opening_hours_survive_their_row(hours: dict[int, tuple[Hours, ...]] | None) -> None:
    tower = Tower(TowerId("aa"), "n", "a", "c", 1.5, None, "UTC", hours)
    assert TOWERS.read(TOWERS.write(tower)) == tower


@given(MOMENTS)
def test_moments_are_exact_to_the_microsecond(at: datetime) -> None:
    assert moment(stamp(at)) == at


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_can_be_stored(value: str) -> None:
    kept = text(value)
    assert "\0" not in kept
    assert kept.encode().decode() == kept
    assert text(kept) == kept
    assert len(kept) == len(value)


def columns_of(url: str, table: str) -> set[str]:
    path = sqlite_path(url)
    with closing(sqlite3.connect(path) if path else psycopg.connect(url)) as connection:
        return {column[0] for column in connection.execute(f"select * from {table}").description}


TABLES = {
    "people": (Person, {"indexed"}),
    "drafts": (Draft, set()),
    "deliveries": (Delivery, {*deliveries.REQUEST, "lease", "leased_until"}),
    "history": (HistoryEntry, {"number"}),
    "codes": (Code, set()),
    "cards": (Card, {"ring_at"}),
    "alerts": (Alert, set()),
    "towers": (Tower, {"place"}),
}


async def test_every_field_has_its_column_and_every_column_its_field(bare_url: str) -> None:
    await migrate(bare_url)
    for table, (kind, more) in TABLES.items():
        names = {field.name for field in fields(kind)} - ({"ring"} if kind is Card else set())
        assert columns_of(bare_url, table) == names | more, table


def test_a_field_of_an_unknown_type_is_refused_at_once() -> None:
    @dataclass
    class Odd:
        them: set[int]

    with pytest.raises(KeyError):
        Rows(Odd)
