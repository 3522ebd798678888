"""The words by which people and parcels are found, as they are stored."""

# ruff: noqa: S608 - what is put into SQL here is names and a number of rows; values are parameters

from __future__ import annotations

from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.lifecycle import ENDS
from bot.domain.search import words_of
from storage.connection import Connection, marks, tuples
from storage.tables.rows import stamp


def as_stored(word: str) -> str:
    """Hexadecimal digits, which both databases order alike, whatever they make of letters."""
    return word.encode("utf-8", "replace").hex()


async def write_words(db: Connection, person: PersonId, name: str) -> None:
    """The words of `name`, and no others, are those by which `person` is found."""
    await _write(db, "people_words", "person", person, name)


async def write_words_of_parcel(db: Connection, delivery: Delivery) -> None:
    """The words of its name, and no others, are those by which `delivery` is found."""
    name = delivery.parcel_name or ""
    await _write(db, "parcel_words", "delivery", delivery.id, name)
    if name and delivery.state in ENDS:
        await write_end_of_parcel(db, delivery)


async def write_end_of_parcel(db: Connection, delivery: Delivery) -> None:
    """Beside the words of its name, where `delivery` was and when it was over."""
    changed = delivery.changed_at
    await db.execute(
        "update parcel_words set tower = ?, ended_at = ? where delivery = ?",
        (delivery.tower, 0 if changed is None else stamp(changed), delivery.id),
    )


async def _write(db: Connection, table: str, column: str, whose: object, name: str) -> None:
    words = [as_stored(word) for word in words_of(name)]
    but = f" and word not in ({marks(len(words))})" if words else ""
    await db.execute(f"delete from {table} where {column} = ?{but}", (whose, *words))
    if words:
        await db.execute(
            f"""insert into {table} ({column}, word) values {tuples(len(words), 2)}
                on conflict ({column}, word) do nothing""",
            [value for word in words for value in (whose, word)],
        )
