"""How much of Harbor's JSON may be odd before it counts as unreadable.

Guarantees: a number that we act on is a whole one that a database holds; fields that we do not
know are ignored; a name that we do not know (a status, a size)
is kept and logged once; an unreadable accessory reads as its default and is logged once. No error
quotes its input, since the input may be a code.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import structlog
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from bot.domain.ids import LockerId, TowerId

log = structlog.get_logger(__name__)

MOST_SAID = 64
_said: set[tuple[str, str, str]] = set()

KEEP_QUIET = ConfigDict(extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True)

Named = TypeVar("Named", bound=StrEnum)


class Wire(BaseModel):
    """An object of Harbor's: read once, then unchangeable."""

    model_config = ConfigDict(frozen=True, **KEEP_QUIET)


def known(kind: type[Named], name: str, otherwise: Named) -> Named:
    """The member of `kind` called `name`; if there is none, `otherwise` and a line in the log."""
    try:
        return kind(name)
    except ValueError:
        _say_once("harbor.unknown_name", kind.__name__, name[:60])
        return otherwise


def lenient(default: Any = None) -> WrapValidator:
    """An accessory: whatever can't be read becomes `default`, and never fails its object."""

    def read(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return default if value is None else handler(value)
        except ValidationError:
            _say_once("harbor.unreadable_accessory", info.field_name or "", "")
            return default

    return WrapValidator(read)


def _say_once(event: str, what: str, name: str) -> None:
    said = event, what, name
    if said not in _said and len(_said) < MOST_SAID:  # whoever makes names up fills no log
        _said.add(said)
        log.warning(event, what=what, name=name)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a moment lies within the years 1 to 9999, in UTC too") from None


def _whole(number: Any) -> Any:
    if isinstance(number, (bool, float)):
        raise ValueError("an id is a whole number")  # noqa: TRY004 - what pydantic catches
    return number


def _any_id(given: Any) -> int | str:
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise ValueError("an id is a number or a text")  # noqa: TRY004 - what pydantic catches
    name = str(given)
    if not re.fullmatch(r"[!-~]{1,128}", name):
        raise ValueError("an id is short, printable and without spaces")
    return int(name) if re.fullmatch(r"0|[1-9][0-9]{0,17}", name) else name


def _tower_id(text: str) -> TowerId:
    if not re.fullmatch(r"[0-9A-Fa-f]{16}", text):
        raise ValueError("a tower id has 16 hexadecimal digits")
    return TowerId(text.lower())


def _hexadecimal(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", secret.get_secret_value()):
        raise ValueError("a payload has an even number of hexadecimal digits")
    return secret


def _printable(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("a token is printable and without spaces")
    return secret


def _local(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("a time of day is local, without a zone")
    return at


def _digits(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[0-9]{1,16}", secret.get_secret_value()):
        raise ValueError("a keypad code is made of 1 to 16 digits")
    return secret


Number = Annotated[int, BeforeValidator(_whole), Field(ge=0, lt=2**63)]
"""An id that Harbor counts, as a number or in digits."""

LockerNumber = Annotated[LockerId, BeforeValidator(_whole), Field(ge=1, lt=2**63)]
"""A locker's id; 0 stands for none here."""

AnyId = Annotated[int | str, BeforeValidator(_any_id)]
"""An id of whatever kind that is given back as it came: a number where it reads as one, or a text
(a UUID)."""

LocalTime = Annotated[time, AfterValidator(_local)]
"""A time of day where the location is."""

HeaderSecret = Annotated[SecretStr, AfterValidator(_printable)]
"""An access token: goes into a header as it is."""

Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""An instant in UTC. Harbor's zone-less times are taken for UTC (INFERRED)."""

Tower16 = Annotated[TowerId, AfterValidator(_tower_id)]
"""16 hexadecimal digits in either case, kept in lower case."""

Digits = Annotated[SecretStr, AfterValidator(_digits)]
"""What is typed on a tower's keypad; its length is UNKNOWN."""

HexSecret = Annotated[SecretStr, AfterValidator(_hexadecimal)]
"""Bytes for a tower, opaque to us, that open a door: never shown by repr or str."""
