"""The bodies of Harbor's API, in its own mixture of camelCase and snake_case."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

LONGEST_DURATION = 30 * 86_400
"""Harbor's limit is unknown; this one keeps dates sane."""


class Camel(BaseModel):
    """A body in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Hours(BaseModel):
    """A span of opening hours, `HH:MM:SS` local time."""

    start: str
    end: str


class LocationBody(Camel):
    """A place with a tower, as in `GET /locations/`."""

    id: int
    name: str
    lat: float
    lon: float
    description: str | None = None
    address1: str
    address2: str | None = None
    city: str
    state: str
    zip: str
    country: str = "United States"
    notes: str | None = None
    access_hours: dict[str, list[Hours]] | None = None
    timezone: str | None = None


class StatusBody(BaseModel):
    """A locker's status; only `available` = 1 is known of the ids."""

    name: str
    id: int


class TypeBody(BaseModel):
    """A locker's size: 1 small, 2 medium, 3 large, 4 x-large."""

    name: str
    description: str | None = None
    id: int


class LockerBody(Camel):
    """A locker, as in `GET /towers/{tower_id}/lockers`."""

    id: int
    name: str
    is_low_locker: bool
    tower_id: str
    status: StatusBody
    type: TypeBody
    access_mode: str = "public"


class Count(Camel):
    """How many lockers are free, of how many."""

    available_lockers: int
    total_lockers: int


class TypeCount(Camel):
    """The count of one size."""

    locker_type: TypeBody
    locker_availability: Count


class AvailabilityBody(Camel):
    """Counts by size and in all."""

    by_type: list[TypeCount]
    locker_availability: Count


class LocationWithAvailability(LocationBody):
    """A location of an area; the shape is INFERRED."""

    availability: AvailabilityBody


class ReservationRequest(BaseModel):
    """How long to hold a locker, in seconds."""

    duration: int = Field(ge=1, le=LONGEST_DURATION, examples=[300])


class ReservationBody(BaseModel):
    """A reservation; the shape is INFERRED, webhooks show that it has an integer id."""

    id: int
    tower_id: str
    locker: LockerBody
    duration: int
    expires: str


class TokenRequest(BaseModel):
    """What a locker token is for (echoed in webhooks), and how long it lasts, in seconds."""

    client_info: str = Field(default="", max_length=200)
    duration: int = Field(ge=1, le=LONGEST_DURATION, examples=[3000])


class TokenBody(BaseModel):
    """A locker token: two opaque hexadecimal strings for the tower."""

    id: int
    tower_id: str
    locker: LockerBody
    payload: str
    payload_auth: str
    expires: str


def _sendable(payload: dict[str, Any]) -> dict[str, Any]:
    """The same, if it can be echoed: Python reads JSON that it can't write (NaN, half a pair)."""
    json.dumps(payload, allow_nan=False, ensure_ascii=False).encode()
    return payload


class _OpenRequest(Camel):
    return_url: str = ""
    client_info: str = Field(default="", max_length=200)
    payload: Annotated[dict[str, JsonValue], AfterValidator(_sendable)] = Field(
        default_factory=dict
    )
    keypad_intent: str | None = None
    persist_keypad_code: bool = False


class DropOffLinkRequest(_OpenRequest):
    """Ask for a link that opens some free locker of a size."""

    location_id: int = Field(examples=[11])
    locker_type_id: int = Field(examples=[1])
    require_low_locker: bool = False


class PickUpLinkRequest(_OpenRequest):
    """Ask for a link that opens an occupied locker of one's own."""

    locker_id: int = Field(examples=[102])


class OpenRequestBody(Camel):
    """A Locker Open request; of its fields `id`, `lockerId`, `towerId`, `linkToken` are known.

    A keypad code joins them, under a name that is UNKNOWN and can be set.
    """

    model_config = ConfigDict(extra="allow")

    id: int
    locker_id: int
    tower_id: str
    link_token: str
    return_url: str
    client_info: str
    payload: dict[str, Any]


class AuthorizeRequest(Camel):
    """Who will hold the SDK token: free text."""

    user_id: str


class AccessToken(BaseModel):
    """A bearer token for the SDK API."""

    access_token: str
    token_type: str = "bearer"


class AccountsToken(BaseModel):
    """The accounts endpoint's answer; times in seconds."""

    access_token: str
    expires_in: int
    refresh_expires_in: int = 0
    refresh_token: str | None = None
    token_type: str = "Bearer"
    scope: str


class Identity(BaseModel):
    """Whose bearer token it is; the shape is UNKNOWN."""

    id: str
    scope: str


class Detail(BaseModel):
    """A refusal in words."""

    detail: str


class OAuthRefusal(BaseModel):
    """A refusal of the accounts endpoint."""

    error: str
    error_description: str
