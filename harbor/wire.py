"""Harbor's objects: towers' lockers, locations, free counts, tokens, requests.

Guarantees: what we act upon (ids, a payload) is there and well formed, or the object is unreadable.
Everything else is read leniently: a door without a label goes by its number, a status that can't
be read is UNKNOWN; see `harbor.reading`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AliasChoices, AliasPath, Field, SecretStr, model_validator
from pydantic.dataclasses import dataclass

from bot.domain.ids import TowerId
from harbor.reading import (
    KEEP_QUIET,
    AnyId,
    Digits,
    HeaderSecret,
    HexSecret,
    LocalTime,
    LockerNumber,
    Moment,
    Number,
    Tower16,
    Wire,
    known,
    lenient,
)

Finite = Annotated[float, Field(allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class LockerStatus(StrEnum):
    """Harbor's locker statuses; UNKNOWN stands for a name that is not among them."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    RENTED = "rented"
    OCCUPIED = "occupied"
    DECLINED = "declined"
    OUT_OF_SERVICE = "out of service"
    UNKNOWN = "unknown"

    @classmethod
    def read(cls, name: str) -> LockerStatus:
        """The status called `name` in any spelling; `released` is the older name of `declined`."""
        plain = " ".join(name.lower().replace("_", " ").replace("-", " ").split())
        return known(cls, "declined" if plain == "released" else plain, cls.UNKNOWN)


class LockerSize(StrEnum):
    """Harbor's locker types; UNKNOWN stands for a name that is not among them."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    X_LARGE = "x-large"
    UNKNOWN = "unknown"

    @classmethod
    def read(cls, name: str) -> LockerSize:
        """The size called `name` in any spelling (`x-large`, `xlarge`, `X_Large`)."""
        plain = "".join(filter(str.isalnum, name.lower()))
        return known(cls, "x-large" if plain == "xlarge" else plain, cls.UNKNOWN)


@dataclass(frozen=True, slots=True, config=KEEP_QUIET)
class Locker:
    """One door. `id` goes into paths, `name` is the label on the door, "" where Harbor has none.

    There may be tens of thousands at a time; as models 10,000 of them take 10 MB more.
    """

    id: LockerNumber
    tower_id: Tower16 = Field(validation_alias=AliasChoices("towerId", "tower_id"))
    name: Annotated[str, lenient("")] = ""
    is_low: Annotated[bool, lenient(False)] = Field(
        default=False, validation_alias=AliasChoices("isLowLocker", "is_low_locker")
    )
    status_name: Annotated[str, lenient("")] = Field(
        default="", validation_alias=AliasChoices(AliasPath("status", "name"), "status")
    )
    size_name: Annotated[str, lenient("")] = Field(
        default="", validation_alias=AliasChoices(AliasPath("type", "name"), "type")
    )
    type_id: Annotated[Number | None, lenient()] = Field(
        default=None, validation_alias=AliasPath("type", "id")
    )

    @property
    def label(self) -> str:
        """What people call the door: its number where Harbor gives no name."""
        return self.name.strip() or str(self.id)

    @property
    def status(self) -> LockerStatus:
        """What Harbor's server believes of this door; `status_name` is how it said so."""
        return LockerStatus.read(self.status_name)

    @property
    def size(self) -> LockerSize:
        """How large the door is; `size_name` is how Harbor said so."""
        return LockerSize.read(self.size_name)


class Hours(Wire):
    """One span of a day during which a location may be entered, in its local time."""

    start: LocalTime
    end: LocalTime


class Location(Wire):
    """A place with towers. `access_hours`: None when Harbor says nothing, else weekday → spans."""

    id: Number
    name: Annotated[str, lenient("")] = ""
    lat: Annotated[Latitude | None, lenient()] = None
    lon: Annotated[Longitude | None, lenient()] = None
    description: Annotated[str | None, lenient()] = None
    address1: Annotated[str | None, lenient()] = None
    address2: Annotated[str | None, lenient()] = None
    city: Annotated[str | None, lenient()] = None
    state: Annotated[str | None, lenient()] = None
    zip: Annotated[str | None, lenient()] = None
    country: Annotated[str | None, lenient()] = None
    notes: Annotated[str | None, lenient()] = None
    timezone: Annotated[str | None, lenient()] = None
    access_hours: Annotated[dict[str, list[Hours]] | None, lenient()] = Field(
        None, validation_alias=AliasChoices("accessHours", "access_hours")
    )


class Tower(Wire):
    """A tower that discovery found, and where it stands."""

    id: TowerId
    location: Location


class FreeCount(Wire):
    """How many lockers are free, of how many."""

    free: int = Field(validation_alias="availableLockers")
    total: int = Field(validation_alias="totalLockers")


class SizeCount(Wire):
    """The free count of one locker type; `type_id` is what a Locker Open request wants."""

    type_id: int = Field(validation_alias=AliasPath("lockerType", "id"))
    size_name: Annotated[str, lenient("")] = Field(
        "", validation_alias=AliasPath("lockerType", "name")
    )
    count: FreeCount = Field(validation_alias="lockerAvailability")

    @property
    def size(self) -> LockerSize:
        """Which size this is."""
        return LockerSize.read(self.size_name)


class Availability(Wire):
    """How many lockers of a location are free, by size and altogether."""

    by_size: list[SizeCount] = Field(validation_alias="byType")
    count: FreeCount = Field(validation_alias="lockerAvailability")


class LockerToken(Wire):
    """What opens a door, until `expires` (None: Harbor did not say)."""

    payload: HexSecret
    payload_auth: HexSecret = Field(validation_alias=AliasChoices("payload_auth", "payloadAuth"))
    expires: Annotated[Moment | None, lenient()] = None
    id: Annotated[AnyId | None, lenient()] = None
    tower_id: Annotated[Tower16 | None, lenient()] = Field(
        None, validation_alias=AliasChoices("tower_id", "towerId")
    )
    locker: Annotated[Locker | None, lenient()] = None


class OpenRequest(Wire):
    """A Locker Open request. `link` opens the door to whoever holds it, so it is a secret."""

    id: AnyId
    locker_id: Annotated[LockerNumber | None, lenient()] = Field(
        None, validation_alias=AliasChoices("lockerId", "locker_id", AliasPath("locker", "id"))
    )
    tower_id: Annotated[Tower16 | None, lenient()] = Field(
        None, validation_alias=AliasChoices("towerId", "tower_id")
    )
    link: Annotated[SecretStr | None, lenient()] = Field(
        None, validation_alias=AliasChoices("linkToken", "link_token")
    )
    digits: Annotated[Digits | None, lenient()] = Field(
        None, validation_alias=AliasChoices("keypadCode", "keypad_code")
    )


class Reservation(Wire):
    """A reservation made. The body is UNKNOWN, so `id` is None unless Harbor gives one."""

    id: Annotated[AnyId | None, lenient()] = None

    @model_validator(mode="before")
    @classmethod
    def _any_json_will_do(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {}


class AccessToken(Wire):
    """What the accounts host issues; `expires_in` in seconds (300 at Harbor)."""

    access_token: HeaderSecret
    expires_in: Annotated[Finite, lenient(300.0)] = 300.0
