"""Rows and values: which column holds which field, and how, read off the dataclass itself.

Guarantees: `rows.read(rows.write(value)) == value` for whatever a database can hold; of text it
can't (NUL, lone surrogates) a replacement character is kept. Moments are stored as microseconds
since 1970 UTC, times of day as ISO text, truth as 0 or 1, mappings as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum, StrEnum
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def stamp(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(stamped: int) -> datetime:
    """The moment that `stamp` turned into `stamped`."""
    return _EPOCH + timedelta(0, 0, stamped)


def text(value: str) -> str:
    """`value` as both databases can hold it."""
    if value.isascii() and "\0" not in value:
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def document(value: Any) -> str:
    """`value` as JSON in plain ASCII, which any string survives."""
    return json.dumps(value, separators=(",", ":"))


class Codec(NamedTuple):
    """How a field's value goes into a column and comes out of it; None: as it is."""

    write: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None


_CODECS: Mapping[Any, Codec] = {
    int: Codec(),
    float: Codec(),
    str: Codec(text),
    bool: Codec(int, bool),
    datetime: Codec(stamp, moment),
    time: Codec(time.isoformat, time.fromisoformat),
    Mapping: Codec(lambda value: document(dict(value)), json.loads),
}


def _codec(hint: Any) -> Codec:
    kind = hint
    if get_origin(hint) in (Union, UnionType):
        [kind] = [part for part in get_args(hint) if part is not NoneType]
    kind = getattr(kind, "__supertype__", kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Codec(str, {member.value: member for member in kind}.__getitem__)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return Codec(int, kind)
    return _CODECS[get_origin(kind) or kind]


class Rows(Generic[T]):
    """The columns of one dataclass, in its own order; `codecs` overrides a field's.

    Fields that `without` names have no column of their own; they must come last, with a default.
    """

    def __init__(self, kind: type[T], *, without: Sequence[str] = (), **codecs: Codec) -> None:
        hints = get_type_hints(kind)
        self._kind = kind
        self.columns = tuple(field.name for field in fields(kind) if field.name not in without)
        chosen = [codecs.get(name) or _codec(hints[name]) for name in self.columns]
        self._writes = [
            (name, codec.write) for name, codec in zip(self.columns, chosen, strict=True)
        ]
        self._reads = [(place, codec.read) for place, codec in enumerate(chosen) if codec.read]

    def listed(self, table: str = "") -> str:
        """The columns as SQL, each of `table` if there is one."""
        return ", ".join(f"{table}.{name}" if table else name for name in self.columns)

    def assigned(self, *but: str) -> str:
        """`column = ?` for every column except `but`; the values are `write(…, *but)`."""
        return ", ".join(f"{name} = ?" for name in self.columns if name not in but)

    def excluded(self, *but: str) -> str:
        """`column = excluded.column` for every column except `but`."""
        return ", ".join(f"{name} = excluded.{name}" for name in self.columns if name not in but)

    def write(self, value: T, *but: str) -> list[Any]:
        """The columns' values, except those of `but`."""
        values = []
        for name, write in self._writes:
            if name not in but:
                found = getattr(value, name)
                values.append(found if write is None or found is None else write(found))
        return values

    def read(self, row: Sequence[Any]) -> T:
        """The value that a row of all columns holds."""
        values = list(row)
        for place, read in self._reads:
            if values[place] is not None:
                values[place] = read(values[place])
        return self._kind(*values)

    def read_all(self, found: Sequence[Sequence[Any]]) -> list[T]:
        """The values of many rows."""
        return [self.read(row) for row in found]
